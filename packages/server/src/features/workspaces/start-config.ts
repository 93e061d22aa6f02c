import type { Db } from '../../platform/db.js';
import { toError } from '../../platform/errors.js';
import type { ConfigFile, ConfigFolder, InstanceSpec } from '../../provisioners/provisioner.js';
import { resolveInitialConfig } from './config-source.js';
import type { StartSources } from './instance-start.js';
import { sanitizeRuntime } from './runtimes.js';
import { StartRefusal } from './start-refusal.js';
import { listSeedFiles, type ReconcileRow } from './workspaces.store.js';

/** Which template a start has laid over the folder, and what it held then. */
export interface WrittenConfig {
  readonly template: string | null;
  readonly templateHash: string | null;
}

/** The part of a start that is about its configuration folder, as a driver asks for it. */
export interface StartConfig {
  readonly seed: InstanceSpec['seedConfig'];
  readonly compose: InstanceSpec['composeConfig'];
  readonly amend: InstanceSpec['amendConfig'];
  readonly check: InstanceSpec['checkConfig'];
  noteWritten(): void;
  /** Null while nothing was written. */
  written(): WrittenConfig | null;
  /** Why it could not be composed, or kept the instance from starting; null while neither happened. */
  refusal(): Error | null;
}

/**
 * Composed when a driver is about to write it and not before: what a folder that is in place was made from may have gone
 * long since. What is judged is the config.yaml the agent will really find, composed just now or edited long ago (D14).
 */
export function createStartConfig(
  sources: Pick<StartSources, 'templates' | 'logger'>,
  db: Db,
  start: {
    readonly row: ReconcileRow;
    readonly env: Readonly<Record<string, string>>;
  },
): StartConfig {
  const { row, env } = start;
  const pending = toUsablePending(sources, row);
  let composed: WrittenConfig | null = null;
  let written: WrittenConfig | null = null;
  let refusal: Error | null = null;

  async function compose(folder: ConfigFolder): Promise<readonly ConfigFile[]> {
    const { files, ...rest } = await composeConfiguration(sources, db, { ...row, pendingTemplate: pending }, folder);
    composed = rest;
    return files;
  }

  return {
    // An edited configuration survives every start but one that was asked to lay a template over it (R2, R4, R5).
    seed: pending === null ? 'if-missing' : 'overwrite',
    async compose(folder) {
      try {
        return await compose(folder);
      } catch (error) {
        refusal = toError(error);
        throw error;
      }
    },
    amend: (configYaml) => sources.templates.amendConfig(configYaml, findChangedKeys(row)),
    check(configYaml) {
      const required = configYaml === null ? null : sources.templates.readRequiredEnv(configYaml);
      // The runtime says better than we what is wrong with its file.
      if (required === null)
        sources.logger.warn({ workspace: row.id }, 'config.yaml not read: required variables unknown');
      refusal = judgeRequiredEnv(required ?? [], env);
      return refusal?.message ?? null;
    },
    noteWritten() {
      written = composed;
    },
    written: () => written,
    refusal: () => refusal,
  };
}

/**
 * What the owner has changed since the last start, as config.yaml has it: the agent reads it there. What was not changed
 * stays as it stands in the file, because it may have been edited there.
 */
function findChangedKeys({ spec, startedSpec }: ReconcileRow): Readonly<Record<string, string | number>> {
  if (startedSpec === null) return {};
  return {
    ...(spec.tier === startedSpec.tier ? {} : { tier: spec.tier }),
    ...(spec.runtime === startedSpec.runtime ? {} : { runtime: sanitizeRuntime(spec.runtime) }),
    ...(spec.max_concurrent_tasks === startedSpec.max_concurrent_tasks
      ? {}
      : { max_concurrent_tasks: spec.max_concurrent_tasks }),
  };
}

/** What is written into a configuration folder, and the template it comes from. Throws {@link StartRefusal}. */
export async function composeConfiguration(
  sources: Pick<StartSources, 'templates' | 'logger'>,
  db: Db,
  row: ReconcileRow,
  folder: ConfigFolder = { provisionedAt: null },
): Promise<WrittenConfig & { readonly files: readonly ConfigFile[] }> {
  const { pendingTemplate: pending, spec } = row;
  const runtime = sanitizeRuntime(spec.runtime);
  // They were composed for one template and would take the place of another one's files.
  const belong = row.seededFor === null || row.seededFor === (pending ?? spec.template ?? '');
  const seedFiles = belong ? await listSeedFiles(db, row.id) : [];
  const template = pending ?? chooseInitial(sources, row, runtime, folder, seedFiles.length > 0);
  const { files, templateHash } = await sources.templates.compose({
    name: row.name,
    role: row.role,
    runtime,
    template,
    model: spec.model,
    tier: spec.tier,
    maxConcurrentTasks: spec.max_concurrent_tasks,
    seedFiles,
  });
  return { files, template, templateHash };
}

function chooseInitial(
  { templates, logger }: Pick<StartSources, 'templates' | 'logger'>,
  row: ReconcileRow,
  runtime: string,
  folder: ConfigFolder,
  hasOwnFiles: boolean,
): string | null {
  const stored = row.spec.template;
  const provisionedAt = row.provisionedAt?.toISOString() ?? folder.provisionedAt;
  const initial = resolveInitialConfig({
    workspaceId: row.id,
    runtime,
    storedTemplate: stored,
    hasOwnFiles,
    provisionedAt,
    templates,
  });
  if (initial.kind === 'nothing') throw new StartRefusal({ reason: 'config_missing', text: initial.text });
  if (initial.template !== stored) {
    const fields = { workspace: row.id, stored, template: initial.template };
    logger.warn(fields, 'the configuration folder is empty; a default of the runtime is laid into it');
  }
  return initial.template;
}

/** One that has gone since it was asked for must not keep a workspace from starting (contract lifecycle §2.2). */
function toUsablePending({ templates, logger }: Pick<StartSources, 'templates' | 'logger'>, row: ReconcileRow) {
  if (row.pendingTemplate === null || templates.isKnown(row.pendingTemplate)) return row.pendingTemplate;
  logger.warn({ workspace: row.id, template: row.pendingTemplate }, 'the template asked for has gone; it is not laid');
  return null;
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
