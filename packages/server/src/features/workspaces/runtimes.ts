/**
 * The engines this product knows (contract lifecycle §12.1) and which of them this server can start. Names outside the
 * list fall back to the platform default, as shipped clients expect (§12.2).
 */
const KNOWN_RUNTIMES = ['claude-code', 'codex', 'openclaw', 'hermes', 'llm', 'echo', 'external'] as const;
export const DEFAULT_RUNTIME = 'claude-code';

/** Runtimes with an adapter that ships with the server. */
const BUILT_IN: readonly string[] = ['llm', 'echo'];

/** Runtimes that remember conversations from one start to the next and forget them when asked (contract lifecycle §2.2). */
export const KEEPS_A_SESSION: ReadonlySet<string> = new Set(BUILT_IN);

export function sanitizeRuntime(runtime: string | null | undefined): string {
  const name = (runtime ?? '').trim();
  return (KNOWN_RUNTIMES as readonly string[]).includes(name) ? name : DEFAULT_RUNTIME;
}

/** Null when the runtime can be started here; otherwise the sentence for the person who asked for it (design §10). */
export function whyNotInstalled(runtime: string): string | null {
  if (BUILT_IN.includes(runtime)) return null;
  return `Runtime ${runtime} is not installed on this server. Pick ${BUILT_IN.join(' or ')}.`;
}
