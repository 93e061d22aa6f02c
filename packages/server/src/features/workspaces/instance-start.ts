import type { Db } from '../../platform/db.js';
import type { Logger } from '../../platform/logger.js';
import type { ConfigFile, InstanceSpec } from '../../provisioners/provisioner.js';
import { applyEnvMutators, type EnvMutator, EnvMutatorError } from './env-mutators.js';
import { deriveEnv } from './instance-env.js';
import { sanitizeRuntime, whyNotInstalled } from './runtimes.js';
import { createStartConfig, type WrittenConfig } from './start-config.js';
import { StartRefusal } from './start-refusal.js';
import type { ReconcileRow } from './workspaces.store.js';

/** Plug-ins may ask elsewhere, a start may not wait for them for ever. */
const ENV_MUTATORS_MS = 30_000;

/** What a start needs from other features. */
export interface StartSources {
  readonly templates: {
    /** Whether there is a template of this label, be it one that cannot be used. */
    isKnown(label: string): boolean;
    /**
     * The files of the agent's configuration folder for this workspace: the template of that label, else the generated
     * default, with `seedFiles` over it. Throws {@link StartRefusal} with `template_unreadable` when the template cannot
     * be used.
     */
    compose(input: {
      readonly name: string;
      readonly role: string | null;
      readonly runtime: string;
      readonly template: string | null;
      readonly model: string | null;
      readonly tier: number;
      readonly maxConcurrentTasks: number;
      readonly seedFiles: readonly ConfigFile[];
    }): Promise<{ readonly files: readonly ConfigFile[]; readonly templateHash: string | null }>;
    /**
     * A config.yaml with these keys in place of what it said, everything else and every comment as it was; null when it
     * says that already, or is none.
     */
    amendConfig(configYaml: string, keys: Readonly<Record<string, string | number>>): string | null;
    /** Names of variables without which an agent with this config.yaml cannot work; null when it cannot be read. */
    readRequiredEnv(configYaml: string): readonly string[] | null;
  };
  readonly secrets: {
    /** Global secrets, overridden by the workspace's own. Throws {@link StartRefusal} with `secret_unreadable`. */
    readFor(
      db: Db,
      workspaceId: string,
    ): Promise<{
      readonly values: Readonly<Record<string, string>>;
      /** Names of those whose values must never be shown. */
      readonly confidential: readonly string[];
    }>;
  };
  readonly tokens: {
    /** Mints the token of one generation and revokes every older one (design §4.3). */
    issueForGeneration(workspaceId: string, generation: number): Promise<string>;
  };
  /** Memory of an instance by tier, in MiB; null for no limit (contract lifecycle §14.3). */
  readonly memoryMbOf: (tier: number) => number | null;
  /** In the order in which they run: the git identity first, what mints credentials last (contract lifecycle §4.10). */
  readonly envMutators: readonly EnvMutator[];
  readonly logger: Logger;
  /** Base URL under which an instance on this host reaches the server. */
  readonly platformUrl: () => string;
}

export interface PreparedStart {
  readonly spec: InstanceSpec;
  /** What the start wrote into the configuration folder; null while it has written nothing. */
  written(): WrittenConfig | null;
  /** Whether it began to start an instance, rather than finding one. */
  hasStarted(): boolean;
  /** Why the configuration kept the instance from starting; null while it has not. A driver passes on only its own errors. */
  refusal(): Error | null;
}

/** Puts together the whole of what one start needs, from the row and never from an earlier instance (R1, R22). */
export async function prepareStart(
  sources: StartSources,
  db: Db,
  row: ReconcileRow,
  signal: AbortSignal,
): Promise<PreparedStart> {
  const runtime = toRuntime(sources.logger, row);
  const missing = whyNotInstalled(runtime);
  if (missing !== null) throw new StartRefusal({ reason: 'runtime_not_installed', text: missing });
  const secrets = await sources.secrets.readFor(db, row.id);
  const { env, confidential } = await makeEnv(sources, row, runtime, secrets.values, signal);
  const config = createStartConfig(sources, db, { row, env });
  let hasStarted = false;
  const spec: InstanceSpec = {
    workspaceId: row.id,
    name: row.name,
    generation: row.generation,
    runtime,
    memoryMb: sources.memoryMbOf(row.spec.tier),
    env,
    secretNames: [...secrets.confidential, ...confidential],
    platformUrl: sources.platformUrl(),
    issueToken() {
      hasStarted = true;
      return sources.tokens.issueForGeneration(row.id, row.generation);
    },
    composeConfig: config.compose,
    seedConfig: config.seed,
    configWritten: config.noteWritten,
    amendConfig: config.amend,
    checkConfig: config.check,
    resetSession: row.pendingReset,
    workspaceDir: row.spec.workspace_dir,
  };
  return { spec, written: config.written, hasStarted: () => hasStarted, refusal: config.refusal };
}

/** Wherever a runtime reaches a path or a file it is one we know (contract lifecycle §12.2). */
function toRuntime(logger: Logger, row: ReconcileRow): string {
  const runtime = sanitizeRuntime(row.spec.runtime);
  if (runtime !== row.spec.runtime) {
    const fields = { workspace: row.id, asked: row.spec.runtime, runtime };
    logger.warn(fields, 'unknown runtime; the default stands in for it');
  }
  return runtime;
}

async function makeEnv(
  sources: StartSources,
  row: ReconcileRow,
  runtime: string,
  secrets: Readonly<Record<string, string>>,
  signal: AbortSignal,
) {
  const derived = deriveEnv({ secrets, runtime, model: row.spec.model, role: row.role });
  try {
    return await applyEnvMutators(sources.envMutators, { workspaceId: row.id, name: row.name }, derived, {
      signal,
      timeoutMs: ENV_MUTATORS_MS,
    });
  } catch (error) {
    if (!(error instanceof EnvMutatorError)) throw error;
    sources.logger.error({ workspace: row.id, err: error }, 'environment not made');
    // The text is fixed by contract lifecycle §4.10; what the plug-in said may hold anything (R44).
    throw new StartRefusal({ reason: 'env_plugin_failed', text: 'plugin env mutator chain failed' });
  }
}
