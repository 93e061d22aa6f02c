import { isUtf8 } from 'node:buffer';
import { BUNDLE_BYTES_MAX, type Bundle } from '@molecule/contract';
import { AppError, refuse } from '../../platform/http/app-error.js';
import type { Ports } from '../../ports.js';
import type { Secrets } from '../secrets/index.js';
import { CONFIG_FILE, type Templates } from '../templates/index.js';
import {
  type Configuration,
  type OpenConfiguration,
  StartRefusal,
  sanitizeRuntime,
  type WorkspaceCard,
  type WorkspaceReads,
} from '../workspaces/index.js';
import { isMemory, judgePath } from './bundle-path.js';
import { blankConfig, createBlanker, mapTexts } from './confidential.js';
import { readConfigFacts } from './config-yaml.js';
import { FILE_BYTES_MAX, FILES_MAX, LEVELS_MAX, SYSTEM_PROMPT_FILE, WORKSPACES_MAX } from './limits.js';
import { type NamedContent, skillOf, toSkills } from './skills.js';

export interface ExportDeps extends Pick<Ports, 'lanes' | 'logger'> {
  readonly workspaces: Pick<WorkspaceReads, 'list'>;
  readonly templates: Pick<Templates, 'compose'>;
  readonly openConfiguration: OpenConfiguration;
  readonly secrets: Pick<Secrets, 'readFor'>;
}

/** Where an agent answers says nothing to another server, and is none of its business. */
const ADDRESS_KEYS = ['url', 'additionalInterfaces', 'additional_interfaces', 'supportedInterfaces'];

/** One workspace could not be exported; the message says why, for people. */
class ExportFault extends Error {
  override readonly name = 'ExportFault';
}

/**
 * A workspace with everything below it (contract lifecycle §9.1). What its own files say, never another's (D10), without
 * credentials, memory and history. A child that cannot be read is left out and named. Refuses with `bundle_not_found` when
 * there is no such workspace or it cannot be read, and with `bundle_too_large`.
 */
export async function exportBundle(deps: ExportDeps, id: string): Promise<Bundle> {
  const cards = await deps.workspaces.list(deps.lanes.control);
  const root = cards.find((card) => card.id === id) ?? refuse('bundle_not_found');
  const childrenOf = (parent: string): readonly WorkspaceCard[] => cards.filter((card) => card.parentId === parent);
  let count = 0;
  let bytes = 0;

  async function toBundle(card: WorkspaceCard, level: number): Promise<Bundle> {
    count += 1;
    if (count > WORKSPACES_MAX)
      refuse('bundle_too_large', { help: `A bundle holds at most ${WORKSPACES_MAX} workspaces.` });
    if (level > LEVELS_MAX) refuse('bundle_too_large', { help: `A bundle has at most ${LEVELS_MAX} levels.` });
    const own = await describe(deps, card);
    bytes += Buffer.byteLength(JSON.stringify(own));
    if (bytes > BUNDLE_BYTES_MAX) {
      refuse('bundle_too_large', { help: `Together the workspaces take more than ${BUNDLE_BYTES_MAX} bytes.` });
    }
    const below: Bundle[] = [];
    const omitted: NonNullable<Bundle['omitted']> = [];
    for (const child of childrenOf(card.id)) {
      try {
        below.push(await toBundle(child, level + 1));
      } catch (error) {
        const reason = reasonOf(error);
        deps.logger.warn({ workspace: child.id, reason }, 'a workspace is left out of a bundle');
        omitted.push({ id: child.id, name: child.name, reason });
      }
    }
    return { ...own, sub_workspaces: below, ...(omitted.length > 0 ? { omitted } : {}) };
  }

  try {
    return await toBundle(root, 1);
  } catch (error) {
    return refuse('bundle_not_found', { help: `The workspace cannot be exported: ${reasonOf(error)}.`, cause: error });
  }
}

/** Why one workspace cannot be exported; throws on whatever is not about that workspace. */
function reasonOf(error: unknown): string {
  if (!(error instanceof ExportFault) && !(error instanceof StartRefusal)) throw error;
  return error.message.replace(/\.$/, '');
}

async function describe(deps: ExportDeps, card: WorkspaceCard): Promise<Bundle> {
  const configuration = await reading(() => deps.openConfiguration(card.id));
  if (configuration.isCut) throw new ExportFault('its configuration folder holds more files than can be listed');
  // Secrets that cannot be read cannot be looked for either: then the workspace is not exported.
  const { values, confidential } = await deps.secrets.readFor(deps.lanes.control, card.id);
  const blank = createBlanker(confidential.map((name) => values[name] ?? ''));
  const config = await readConfig(deps, card, configuration);
  const facts = readConfigFacts(config);
  const names = new Set(facts.promptFiles.filter((path) => path !== CONFIG_FILE && path !== SYSTEM_PROMPT_FILE));
  const files = await readFiles(
    configuration,
    (path) => skillOf(path) !== null || names.has(path) || path === SYSTEM_PROMPT_FILE,
  );
  for (const { path, content } of files) {
    const bytes = content.toString('latin1');
    if (!isUtf8(content) && blank(bytes) !== bytes) throw new ExportFault(`${path} holds a credential`);
  }
  const textOf = (path: string): string => files.find((file) => file.path === path)?.content.toString('utf8') ?? '';
  const prompts = files.filter(({ path }) => names.has(path) && skillOf(path) === null);
  const bundle: Bundle = {
    schema: '1.0',
    id: card.id,
    name: card.name,
    description: card.role ?? '',
    tier: card.tier,
    model: card.model ?? '',
    system_prompt: textOf(SYSTEM_PROMPT_FILE),
    skills: toSkills(files),
    tools: facts.tools.map(({ id, config: settings }) => ({ id, config: settings })),
    prompts: {
      [CONFIG_FILE]: blankConfig(config, blank),
      ...Object.fromEntries(prompts.map(({ path, content }) => [path, content.toString('utf8')])),
    },
    sub_workspaces: [],
    agent_card: withoutAddresses(card.agentCard),
    author: '',
    version: '1.0.0',
  };
  return { ...mapTexts(bundle, blank), schema: '1.0', id: card.id };
}

async function reading<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof AppError) throw new ExportFault(error.message, { cause: error });
    throw error;
  }
}

/** The file as the agent of this very workspace gets it, so that a bundle says the same before and after a start. */
async function readConfig(deps: ExportDeps, card: WorkspaceCard, configuration: Configuration): Promise<string> {
  const seedFiles = await readFiles(configuration, (path) => path === CONFIG_FILE);
  const { files } = await deps.templates.compose({
    name: card.name,
    role: card.role,
    runtime: sanitizeRuntime(card.runtime),
    template: null,
    model: card.model,
    tier: card.tier,
    maxConcurrentTasks: card.maxConcurrentTasks,
    seedFiles,
  });
  return files.find((file) => file.path === CONFIG_FILE)?.content.toString('utf8') ?? '';
}

/** Those a bundle may carry, by path. Throws an {@link ExportFault} for one that is too large to be carried. */
async function readFiles(
  configuration: Configuration,
  isWanted: (path: string) => boolean,
): Promise<readonly NamedContent[]> {
  const wanted = configuration.files.filter(
    ({ path }) => isWanted(path) && judgePath(path) === null && !isMemory(path),
  );
  if (wanted.length > FILES_MAX) throw new ExportFault(`it has more than ${FILES_MAX} files`);
  const read: NamedContent[] = [];
  for (const { path, size } of wanted) {
    const content = size > FILE_BYTES_MAX ? null : await reading(() => configuration.read(path, FILE_BYTES_MAX));
    if (content === null) throw new ExportFault(`${path} cannot be read, or is larger than ${FILE_BYTES_MAX} bytes`);
    read.push({ path, content });
  }
  return read.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function withoutAddresses(card: Readonly<Record<string, unknown>> | null): Record<string, unknown> | null {
  if (card === null) return null;
  return Object.fromEntries(Object.entries(card).filter(([key]) => !ADDRESS_KEYS.includes(key)));
}
