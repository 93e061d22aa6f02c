import type { Db } from '../../platform/db.js';
import type { ConfigFile, InstanceSpec } from '../../provisioners/provisioner.js';
import { sanitizeRuntime, whyNotInstalled } from './runtimes.js';
import type { Failure } from './transition.js';
import { listSeedFiles, type ReconcileRow } from './workspaces.store.js';

/** What a start needs from other features. */
export interface StartSources {
  readonly templates: {
    /**
     * The files of the agent's configuration folder for this workspace: the stored template, else the generated default,
     * with `seedFiles` over it; and the names of environment variables the effective config.yaml requires.
     * Throws {@link StartRefusal} with `template_unreadable` when the stored template cannot be used.
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
    }): Promise<{ readonly files: readonly ConfigFile[]; readonly requiredEnv: readonly string[] }>;
  };
  readonly secrets: {
    /** Global secrets, overridden by the workspace's own. Throws {@link StartRefusal} with `secret_unreadable`. */
    readFor(db: Db, workspaceId: string): Promise<Readonly<Record<string, string>>>;
  };
  readonly tokens: {
    /** Mints the token of one generation and revokes every older one (design §4.3). */
    issueForGeneration(workspaceId: string, generation: number): Promise<string>;
  };
  /** Memory of an instance by tier, in MiB; null for no limit (contract lifecycle §14.3). */
  readonly memoryMbOf: (tier: number) => number | null;
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

/** Puts together the whole of what one start needs, from the row and never from an earlier instance (R1, R22). */
export async function prepareStart(
  sources: StartSources,
  db: Db,
  row: ReconcileRow,
  configWritten: (template: string | null) => void,
): Promise<InstanceSpec> {
  const runtime = sanitizeRuntime(row.spec.runtime);
  const missing = whyNotInstalled(runtime);
  if (missing !== null) throw new StartRefusal({ reason: 'runtime_not_installed', text: missing });
  const secrets = await sources.secrets.readFor(db, row.id);
  const { template, files, requiredEnv } = await composeConfiguration(sources, db, row);
  refuseMissingEnv(requiredEnv, secrets);
  return {
    workspaceId: row.id,
    name: row.name,
    generation: row.generation,
    runtime,
    model: row.spec.model,
    memoryMb: sources.memoryMbOf(row.spec.tier),
    env: { ...secrets, ...(row.role ? { MOLECULE_AGENT_ROLE: row.role } : {}) },
    secretNames: Object.keys(secrets),
    platformUrl: sources.platformUrl(),
    issueToken: () => sources.tokens.issueForGeneration(row.id, row.generation),
    configFiles: files,
    // An edited configuration survives every start but one that was asked to lay a template over it (R2, R4, R5).
    seedConfig: row.pendingTemplate === null ? 'if-missing' : 'overwrite',
    configWritten: () => configWritten(template),
    resetSession: row.pendingReset,
    workspaceDir: row.spec.workspace_dir,
  };
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
function refuseMissingEnv(required: readonly string[], env: Readonly<Record<string, string>>): void {
  const missing = required.filter((name) => !env[name]);
  if (missing.length === 0) return;
  const text =
    missing.length === 1
      ? `missing required env var "${missing[0]}" — add it under Config → Env Vars (or as a Global secret) and retry`
      : `missing required env vars ${missing.join(', ')} — add them under Config → Env Vars (or as Global secrets) and retry`;
  throw new StartRefusal({ reason: 'missing_env', text, event: { missing: [...missing] } });
}
