import { AppError } from '../../platform/http/app-error.js';
import type { Channels } from '../channels/index.js';
import type { Schedules, TemplateSchedule } from '../schedules/index.js';
import type { Secrets } from '../secrets/index.js';
import { CONFIG_FILE, type FolderContent, generateConfig, type Templates } from '../templates/index.js';
import {
  checkCreateFields,
  DEFAULT_RUNTIME,
  parseAccess,
  parseWorkspaceDir,
  sanitizeRuntime,
  type WorkspaceSpec,
} from '../workspaces/index.js';
import { composeChannels } from './compose-channels.js';
import type { ImportNode } from './import-plan.js';
import { faultAt, type OrgFault, type Place } from './located.js';
import { isEmpty, mergeRouting, type NodeConfigKeys, withNodeKeys } from './node-config.js';
import type { OrgDefinition, OrgNode, OrgSchedule, PromptSource } from './org-definition.js';
import { OrgFileFault, OrgFileMissing, type OrgFiles } from './org-files.js';
import { createPluginReader, mergePlugins } from './plugins.js';
import { expandVariables } from './variables.js';

export interface ComposeDeps {
  readonly templates: Pick<Templates, 'find' | 'isSafeName' | 'readConfig'>;
  readonly secrets: Pick<Secrets, 'checkNames'>;
  readonly schedules: Pick<Schedules, 'judge'>;
  readonly channels: Pick<Channels, 'isKnown' | 'judge'>;
  /** Where plugins lie, one folder each; on equal names the later folder wins. */
  readonly pluginFolders: readonly string[];
}

/** A node with everything decided that does not depend on what exists already. */
export interface ComposedNode extends ImportNode {
  readonly place: Place;
  readonly children: readonly ComposedNode[];
}

export interface ComposedOrg {
  readonly roots: readonly ComposedNode[];
  /** What is done otherwise than the org says, and how many workspaces it concerns. */
  readonly remarks: ReadonlyMap<string, number>;
}

/** Reads one part of a node; what goes wrong is noted at its place, and the fallback takes its stead. */
type Attempt = <T>(place: Place, fallback: T, read: () => T | Promise<T>) => Promise<T>;

const SYSTEM_PROMPT_FILE = 'system-prompt.md';
const TIER = 2;

/**
 * Turns an org definition into workspaces (contract lifecycle §8.4): defaults applied, prompts and files read, every
 * field judged. Reads files, writes nothing; all faults of the tree come back together.
 */
export async function composeOrg(
  org: OrgDefinition,
  files: OrgFiles,
  deps: ComposeDeps,
): Promise<ComposedOrg | { readonly faults: readonly OrgFault[] }> {
  const faults: OrgFault[] = [];
  const remarks = new Map<string, Set<OrgNode>>();
  const { defaults } = org;
  // A thousand nodes share a handful of templates, and each look reads the folder.
  const templateRuntimes = new Map<string, { readonly runtime: string | null } | null>();

  const readPlugin = createPluginReader(deps.pluginFolders);

  function findTemplate(name: string): { readonly runtime: string | null } | null {
    const known = templateRuntimes.get(name);
    if (known !== undefined) return known;
    const found = deps.templates.isSafeName(name) ? deps.templates.find(name) : null;
    templateRuntimes.set(name, found);
    return found;
  }

  function remark(node: OrgNode, what: string): void {
    remarks.set(what, (remarks.get(what) ?? new Set()).add(node));
  }

  async function composeNode(node: OrgNode): Promise<ComposedNode> {
    /** What `read` yields, or `fallback` and a fault where the author can mend it, a remark where something is missing. */
    const attempt: Attempt = async (place, fallback, read) => {
      try {
        return await read();
      } catch (error) {
        if (error instanceof OrgFileMissing) remark(node, `passed over: ${error.message}`);
        else if (error instanceof OrgFileFault) faults.push(faultAt(place, `${node.path}: ${error.message}`));
        else if (error instanceof AppError) faults.push(faultAt(place, `${node.path}: ${error.help}`));
        else throw error;
        return fallback;
      }
    };
    const template = node.template === null ? null : findTemplate(node.template);
    if (node.template !== null && template === null) {
      faults.push(
        faultAt(node.placeOf('template'), `${node.path}: there is no usable workspace template "${node.template}"`),
      );
    }
    const runtime = node.external
      ? 'external'
      : (node.settings.runtime ?? defaults.runtime ?? template?.runtime ?? DEFAULT_RUNTIME);
    const external = runtime === 'external';
    const model = node.settings.model ?? defaults.model;
    const tier = node.settings.tier ?? defaults.tier ?? TIER;
    await attempt(node.place, undefined, () => checkCreateFields({ name: node.name, role: node.role, model, runtime }));

    const env = {
      ...(await attempt({ file: '.env' }, {}, () => files.env(null))),
      ...(node.filesDir === null ? {} : await attempt(node.placeOf('files_dir'), {}, () => files.env(node.filesDir))),
    };
    await attempt({ file: '.env' }, undefined, () => deps.secrets.checkNames(Object.keys(env)));
    const workspaceDir = await attempt(node.placeOf('workspace_dir'), null, () => readWorkspaceDir(node, env));
    const access = await attempt(node.placeOf('workspace_access'), 'none' as const, () =>
      parseAccess(node.workspaceAccess ?? undefined, workspaceDir),
    );
    const folder = external ? null : await attempt(node.placeOf('files_dir'), null, () => readNodeFolder(node));
    // The org's folder is what is copied (contract lifecycle §8.4). Were the template stored, the next restart would
    // apply it over those files.
    const copied = folder === null ? node.template : null;
    if (copied !== node.template) {
      remark(node, `files_dir ${node.filesDir} is copied instead of the template ${node.template}`);
    }
    const seedFiles = external ? [] : await composeFiles(node, folder ?? [], { copied, runtime, model, tier }, attempt);
    const schedules = await composeSchedules(node, attempt);
    const { channels, skipped: channelsSkipped } = composeChannels(node.channels, env, deps.channels);
    const children: ComposedNode[] = [];
    for (const child of node.children) children.push(await composeNode(child));
    return {
      name: node.name,
      path: node.path,
      place: node.place,
      role: node.role,
      spec: {
        runtime,
        template: copied,
        // Only what the org names: a default of ours stays in config.yaml, where a key for another provider outranks it.
        model,
        tier,
        workspace_dir: workspaceDir,
        workspace_access: access,
        max_concurrent_tasks: node.maxConcurrentTasks,
      },
      externalUrl: external ? node.url : null,
      seedFiles,
      secrets: external ? {} : env,
      canvas: node.canvas,
      schedules,
      channels,
      channelsSkipped,
      twinCount: node.twinCount,
      children,
    };
  }

  /** Those that can run; the others are told (contract lifecycle §22). */
  async function composeSchedules(node: OrgNode, attempt: Attempt): Promise<TemplateSchedule[]> {
    const kept = new Map<string, TemplateSchedule>();
    for (const schedule of node.schedules) {
      const prompt = await readSchedulePrompt(node, schedule, attempt);
      // Already told, as a file that is not there.
      if (prompt === null) continue;
      const reason =
        schedule.name === ''
          ? 'it has no name'
          : kept.has(schedule.name)
            ? 'there is another of this name'
            : prompt === ''
              ? 'its prompt is empty'
              : deps.schedules.judge(schedule);
      if (reason !== null) {
        remark(node, `schedule passed over: ${schedule.name === '' ? '' : `${schedule.name}: `}${reason}`);
        continue;
      }
      const { name, cronExpr, timezone, enabled } = schedule;
      kept.set(name, { name, cronExpr, timezone, prompt, enabled });
    }
    return [...kept.values()];
  }

  async function readSchedulePrompt(node: OrgNode, { prompt }: OrgSchedule, attempt: Attempt): Promise<string | null> {
    if (prompt === null) return '';
    const text =
      'text' in prompt ? prompt.text : await attempt(prompt.place, null, () => files.text(node.filesDir, prompt.file));
    return text === null ? null : text.replaceAll('\r', '').trim();
  }

  async function readNodeFolder({ filesDir }: OrgNode): Promise<FolderContent | null> {
    return filesDir === null ? null : files.folder(filesDir);
  }

  async function composeFiles(
    node: OrgNode,
    folder: FolderContent,
    chosen: Pick<WorkspaceSpec, 'runtime' | 'model' | 'tier'> & { readonly copied: string | null },
    attempt: Attempt,
  ): Promise<{ path: string; content: Buffer }[]> {
    const { name, role, maxConcurrentTasks, filesDir } = node;
    const seed = new Map(folder.map((file) => [file.path, file.content]));
    for (const plugin of mergePlugins(defaults.plugins, node.settings.plugins)) {
      const content = await attempt(node.placeOf('plugins'), [], () => readPlugin(plugin));
      for (const file of content) seed.set(file.path, file.content);
    }
    if (node.systemPrompt !== null) seed.set(SYSTEM_PROMPT_FILE, Buffer.from(node.systemPrompt));

    const readPrompt = (own: PromptSource | null, fallback: PromptSource | null): Promise<string | null> => {
      const source = own ?? fallback;
      if (source === null) return Promise.resolve(null);
      if ('text' in source) return Promise.resolve(source.text);
      // A node's prompt files lie in its own folder, those of the defaults in the org's.
      return attempt(source.place, null, () => files.text(own === null ? null : filesDir, source.file));
    };
    const keys: NodeConfigKeys = {
      initialPrompt: await readPrompt(node.settings.initialPrompt, defaults.initialPrompt),
      idlePrompt: await readPrompt(node.settings.idlePrompt, defaults.idlePrompt),
      idleIntervalSeconds: node.settings.idleIntervalSeconds ?? defaults.idleIntervalSeconds,
      categoryRouting: mergeRouting(defaults.categoryRouting, node.settings.categoryRouting),
    };
    if (!isEmpty(keys)) {
      const base =
        seed.get(CONFIG_FILE)?.toString('utf8') ??
        (chosen.copied === null ? null : await deps.templates.readConfig(chosen.copied)) ??
        generateConfig({ ...chosen, runtime: sanitizeRuntime(chosen.runtime), name, role, maxConcurrentTasks });
      const edited = withNodeKeys(base, keys);
      if ('text' in edited) seed.set(CONFIG_FILE, Buffer.from(edited.text));
      else
        faults.push(
          ...edited.faults.map((fault) => ({ file: `${chosen.copied ?? filesDir ?? ''}/${CONFIG_FILE}`, ...fault })),
        );
    }
    return [...seed].map(([path, content]) => ({ path, content }));
  }

  const roots: ComposedNode[] = [];
  for (const root of org.roots) roots.push(await composeNode(root));
  if (faults.length > 0) return { faults: unique(faults) };
  return { roots, remarks: new Map([...remarks].map(([what, nodes]) => [what, nodes.size])) };
}

function readWorkspaceDir(node: OrgNode, env: Readonly<Record<string, string>>): string | null {
  if (node.workspaceDir === null) return null;
  const expanded = expandVariables(node.workspaceDir, env);
  if ('text' in expanded) return parseWorkspaceDir(expanded.text);
  throw new OrgFileFault(`workspace_dir names ${expanded.unresolved.join(', ')}, which no .env of the org sets`);
}

/** The org's `.env` is judged for every node; one report of it is enough. */
function unique(faults: readonly OrgFault[]): OrgFault[] {
  return [...new Map(faults.map((fault) => [JSON.stringify(fault), fault])).values()];
}
