import type { Db } from '../../platform/db.js';
import type { Logger } from '../../platform/logger.js';
import type { ConfigFile, InstanceSpec } from '../../provisioners/provisioner.js';
import { applyEnvMutators, type EnvMutator, EnvMutatorError } from './env-mutators.js';
import { deriveEnv } from './instance-env.js';
import { sanitizeRuntime, whyNotInstalled } from './runtimes.js';
import type { Failure } from './transition.js';
import { listSeedFiles, type ReconcileRow } from './workspaces.store.js';

/** Plug-ins may ask elsewhere, a start may not wait for them for ever. */
const ENV_MUTATORS_MS = 30_000;

/** What a start needs from other features. */
export interface StartSources {
  readonly templates: {
    /**
     * The files of the agent's configuration folder for this workspace: the stored template, else the generated default,
     * with `seedFiles` over it. Throws {@link StartRefusal} with `template_unreadable` when the stored template cannot be used.
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
    }): Promise<{ readonly files: readonly ConfigFile[] }>;
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

/** A start that cannot succeed until a person changes something. */
export class StartRefusal extends Error {
  override readonly name = 'StartRefusal';
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.text);
    this.failure = failure;
  }
}

export interface PreparedStart {
  readonly spec: InstanceSpec;
  /** What the start wrote into the configuration folder; null while it has written nothing. */
  written(): { readonly template: string | null } | null;
  /** Why the configuration on the volume kept the instance from starting; null while it has not. */
  refusal(): StartRefusal | null;
}

/** Puts together the whole of what one start needs, from the row and never from an earlier instance (R1, R22). */
export async function prepareStart(
  sources: StartSources,
  db: Db,
  row: ReconcileRow,
  signal: AbortSignal,
): Promise<PreparedStart> {
  const runtime = sanitizeRuntime(row.spec.runtime);
  const missing = whyNotInstalled(runtime);
  if (missing !== null) throw new StartRefusal({ reason: 'runtime_not_installed', text: missing });
  const secrets = await sources.secrets.readFor(db, row.id);
  const { env, confidential } = await makeEnv(sources, row, runtime, secrets.values, signal);
  const { template, files } = await composeConfiguration(sources, db, row);
  let written: { readonly template: string | null } | null = null;
  let refusal: StartRefusal | null = null;
  const spec: InstanceSpec = {
    workspaceId: row.id,
    name: row.name,
    generation: row.generation,
    runtime,
    memoryMb: sources.memoryMbOf(row.spec.tier),
    env,
    secretNames: [...secrets.confidential, ...confidential],
    platformUrl: sources.platformUrl(),
    issueToken: () => sources.tokens.issueForGeneration(row.id, row.generation),
    configFiles: files,
    // An edited configuration survives every start but one that was asked to lay a template over it (R2, R4, R5).
    seedConfig: row.pendingTemplate === null ? 'if-missing' : 'overwrite',
    configWritten() {
      written = { template };
    },
    checkConfig(configYaml) {
      const required = configYaml === null ? null : sources.templates.readRequiredEnv(configYaml);
      // The runtime says better than we what is wrong with its file.
      if (required === null)
        sources.logger.warn({ workspace: row.id }, 'config.yaml not read: required variables unknown');
      refusal = judgeRequiredEnv(required ?? [], env);
      return refusal?.message ?? null;
    },
    resetSession: row.pendingReset,
    workspaceDir: row.spec.workspace_dir,
  };
  return { spec, written: () => written, refusal: () => refusal };
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

/** What the configuration folder of a workspace begins with, and the template this comes from. Throws {@link StartRefusal}. */
export async function composeConfiguration(sources: Pick<StartSources, 'templates'>, db: Db, row: ReconcileRow) {
  const template = row.pendingTemplate ?? row.spec.template;
  const composed = await sources.templates.compose({
    name: row.name,
    role: row.role,
    runtime: sanitizeRuntime(row.spec.runtime),
    template,
    model: row.spec.model,
    tier: row.spec.tier,
    maxConcurrentTasks: row.spec.max_concurrent_tasks,
    seedFiles: await listSeedFiles(db, row.id),
  });
  return { ...composed, template };
}

/** The text is fixed by contract lifecycle §13.3 step 4; people search for it. */
function judgeRequiredEnv(required: readonly string[], env: Readonly<Record<string, string>>): StartRefusal | null {
  const missing = required.filter((name) => !env[name]);
  if (missing.length === 0) return null;
  const text =
    missing.length === 1
      ? `missing required env var "${missing[0]}" — add it under Config → Env Vars (or as a Global secret) and retry`
      : `missing required env vars ${missing.join(', ')} — add them under Config → Env Vars (or as Global secrets) and retry`;
  return new StartRefusal({ reason: 'missing_env', text, event: { missing: [...missing] } });
}
