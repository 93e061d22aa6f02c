import type { Db } from '../../platform/db.js';
import { toError } from '../../platform/errors.js';
import type { Logger } from '../../platform/logger.js';
import type { ConfigFile, ConfigFolder, InstanceSpec } from '../../provisioners/provisioner.js';
import { resolveInitialConfig } from './config-source.js';
import { sanitizeRuntime, whyNotInstalled } from './runtimes.js';
import type { Failure } from './transition.js';
import { listSeedFiles, type ReconcileRow } from './workspaces.store.js';

/** What a start needs from other features. */
export interface StartSources {
  readonly templates: {
    /** Whether there is a template of this label, be it one that cannot be used. */
    isKnown(label: string): boolean;
    /**
     * The files of the agent's configuration folder for this workspace: the template of that label, else the generated
     * default, with `seedFiles` over it; and the names of environment variables the effective config.yaml requires.
     * Throws {@link StartRefusal} with `template_unreadable` when the template cannot be used.
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
    }): Promise<{
      readonly files: readonly ConfigFile[];
      readonly requiredEnv: readonly string[];
      readonly templateHash: string | null;
    }>;
  };
  readonly secrets: {
    /** Global secrets, overridden by the workspace's own. Throws {@link StartRefusal} with `secret_unreadable`. */
    readFor(db: Db, workspaceId: string): Promise<Readonly<Record<string, string>>>;
  };
  readonly tokens: {
    /** Mints the token of one generation and revokes every older one (design §4.3). */
    issueForGeneration(workspaceId: string, generation: number): Promise<string>;
  };
  /** Base URL under which an instance on this host reaches the server. */
  readonly platformUrl: () => string;
  readonly logger: Logger;
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

/** Which template a start has laid over the folder, and what it held then. */
export interface WrittenConfig {
  readonly template: string | null;
  readonly templateHash: string | null;
}

export interface PreparedStart {
  readonly spec: InstanceSpec;
  /** What the start wrote into the configuration folder; null while it has written nothing. */
  written(): WrittenConfig | null;
  /** Whether it began to start an instance, rather than finding one. */
  hasStarted(): boolean;
  /** Why the configuration could not be composed; null while it has not failed. A driver passes on only its own errors. */
  refusal(): Error | null;
}

/** Puts together the whole of what one start needs, from the row and never from an earlier instance (R1, R22). */
export async function prepareStart(sources: StartSources, db: Db, row: ReconcileRow): Promise<PreparedStart> {
  const runtime = toRuntime(sources.logger, row);
  const missing = whyNotInstalled(runtime);
  if (missing !== null) throw new StartRefusal({ reason: 'runtime_not_installed', text: missing });
  const secrets = await sources.secrets.readFor(db, row.id);
  const pending = toUsablePending(sources, row);
  const composition = createComposition(sources, db, { row, runtime, pending, env: secrets });
  let written: WrittenConfig | null = null;
  let hasStarted = false;
  const spec: InstanceSpec = {
    workspaceId: row.id,
    name: row.name,
    generation: row.generation,
    runtime,
    model: row.spec.model,
    env: { ...secrets, ...(row.role ? { MOLECULE_AGENT_ROLE: row.role } : {}) },
    secretNames: Object.keys(secrets),
    platformUrl: sources.platformUrl(),
    issueToken() {
      hasStarted = true;
      return sources.tokens.issueForGeneration(row.id, row.generation);
    },
    composeConfig: composition.compose,
    // An edited configuration survives every start but one that was asked to lay a template over it (R2, R4, R5).
    seedConfig: pending === null ? 'if-missing' : 'overwrite',
    configWritten() {
      written = composition.composed();
    },
    workspaceDir: row.spec.workspace_dir,
  };
  return { spec, written: () => written, hasStarted: () => hasStarted, refusal: composition.refusal };
}

/** Wherever a runtime reaches a path or a file it is one we know (contract lifecycle §12.2). */
function toRuntime(logger: Logger, row: ReconcileRow): string {
  const runtime = sanitizeRuntime(row.spec.runtime);
  if (runtime !== row.spec.runtime) {
    logger.warn(
      { workspace: row.id, asked: row.spec.runtime, runtime },
      'unknown runtime; the default stands in for it',
    );
  }
  return runtime;
}

/** One that has gone since it was asked for must not keep a workspace from starting (contract lifecycle §2.2). */
function toUsablePending({ templates, logger }: StartSources, row: ReconcileRow): string | null {
  if (row.pendingTemplate === null || templates.isKnown(row.pendingTemplate)) return row.pendingTemplate;
  logger.warn({ workspace: row.id, template: row.pendingTemplate }, 'the template asked for has gone; it is not laid');
  return null;
}

/**
 * The configuration a start would write, composed when a driver is about to write it and not before: what a folder that
 * is in place was made from may have gone long since.
 */
function createComposition(
  sources: StartSources,
  db: Db,
  start: {
    readonly row: ReconcileRow;
    readonly runtime: string;
    readonly pending: string | null;
    readonly env: Readonly<Record<string, string>>;
  },
) {
  const { row, runtime, pending, env } = start;
  let composed: WrittenConfig | null = null;
  let refusal: Error | null = null;

  async function compose(folder: ConfigFolder): Promise<readonly ConfigFile[]> {
    const stored = row.spec.template;
    // They were composed for one template and would take the place of another one's files.
    const belong = row.seededFor === null || row.seededFor === (pending ?? stored ?? '');
    const seedFiles = belong ? await listSeedFiles(db, row.id) : [];
    const template = pending ?? chooseInitial(folder, seedFiles.length > 0);
    const { files, requiredEnv, templateHash } = await sources.templates.compose({
      name: row.name,
      role: row.role,
      runtime,
      template,
      model: row.spec.model,
      tier: row.spec.tier,
      maxConcurrentTasks: row.spec.max_concurrent_tasks,
      seedFiles,
    });
    refuseMissingEnv(requiredEnv, env);
    composed = { template, templateHash };
    return files;
  }

  function chooseInitial(folder: ConfigFolder, hasOwnFiles: boolean): string | null {
    const stored = row.spec.template;
    const initial = resolveInitialConfig({
      workspaceId: row.id,
      runtime,
      storedTemplate: stored,
      hasOwnFiles,
      provisionedAt: row.provisionedAt?.toISOString() ?? folder.provisionedAt,
      templates: sources.templates,
    });
    if (initial.kind === 'nothing') throw new StartRefusal({ reason: 'config_missing', text: initial.text });
    if (initial.template !== stored) {
      const fields = { workspace: row.id, stored, template: initial.template };
      sources.logger.warn(fields, 'the configuration folder is empty; a default of the runtime is laid into it');
    }
    return initial.template;
  }

  return {
    composed: () => composed,
    refusal: () => refusal,
    compose: async (folder: ConfigFolder): Promise<readonly ConfigFile[]> => {
      try {
        return await compose(folder);
      } catch (error) {
        refusal = toError(error);
        throw error;
      }
    },
  };
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
