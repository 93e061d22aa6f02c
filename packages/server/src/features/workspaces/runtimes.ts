interface Runtime {
  readonly id: string;
  /** Its adapter ships with the server: an agent of it can be started here, once the program it drives is there. */
  readonly hasAdapter: boolean;
  /** Seconds a start may take where neither a variable nor a template says otherwise (contract lifecycle §16.1). */
  readonly startLimitSeconds: number;
}

const START_LIMIT_SECONDS = 600;

/**
 * The engines this product knows (contract lifecycle §12.1). A template is no engine, whatever its name: which of them
 * one runs on is a key of its config.yaml, so nothing is ever added to this list by adding templates (§12.2, §12.3).
 */
const RUNTIMES: readonly Runtime[] = [
  { id: 'claude-code', hasAdapter: true, startLimitSeconds: START_LIMIT_SECONDS },
  { id: 'codex', hasAdapter: true, startLimitSeconds: START_LIMIT_SECONDS },
  { id: 'openclaw', hasAdapter: false, startLimitSeconds: START_LIMIT_SECONDS },
  // Installs a whole distribution at its first start.
  { id: 'hermes', hasAdapter: false, startLimitSeconds: 1_800 },
  { id: 'llm', hasAdapter: true, startLimitSeconds: START_LIMIT_SECONDS },
  { id: 'echo', hasAdapter: true, startLimitSeconds: START_LIMIT_SECONDS },
  // Nothing to start: it runs wherever its owner runs it.
  { id: 'external', hasAdapter: false, startLimitSeconds: START_LIMIT_SECONDS },
];

export const DEFAULT_RUNTIME = 'claude-code';

/** A runtime as it may reach paths and files: unknown ones become the default, as shipped clients expect (§12.2). */
export function sanitizeRuntime(runtime: string | null | undefined): string {
  return find(runtime)?.id ?? DEFAULT_RUNTIME;
}

/** Runtimes that remember conversations from one start to the next and forget them when asked (contract lifecycle §2.2). */
export const KEEPS_A_SESSION: ReadonlySet<string> = new Set(
  RUNTIMES.filter(({ hasAdapter }) => hasAdapter).map(({ id }) => id),
);

/** Null when the runtime can be started here; otherwise the sentence for the person who asked for it (design §10). */
export function whyNotInstalled(runtime: string): string | null {
  if (find(runtime)?.hasAdapter) return null;
  const known = RUNTIMES.filter(({ hasAdapter }) => hasAdapter).map(({ id }) => id);
  const choice = `${known.slice(0, -1).join(', ')} or ${known.at(-1)}`;
  return `Runtime ${runtime} is not installed on this server. Pick ${choice}.`;
}

/** The limit of a start by the engine alone. */
export function defaultStartLimitSeconds(runtime: string): number {
  return find(runtime)?.startLimitSeconds ?? START_LIMIT_SECONDS;
}

function find(runtime: string | null | undefined): Runtime | undefined {
  const id = (runtime ?? '').trim();
  return RUNTIMES.find((known) => known.id === id);
}
