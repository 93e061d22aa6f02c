import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Routes, TemplateProblem } from '@molecule/contract';
import type { HandlersFor } from '../../platform/http/handlers.js';
import type { Ports } from '../../ports.js';
import type { Actor } from '../access/index.js';
import { type Catalogue, createCatalogue, toListed } from './catalogue.js';
import { type ComposedConfig, type ComposeInput, composeConfig } from './compose.js';
import { amendConfig } from './config-file.js';
import { createContentHashes } from './content-hash.js';
import { readRequiredEnv } from './required-env.js';
import { CONFIG_FILE, readFolderFiles } from './template-folder.js';
import { importTemplate } from './template-import.js';
import { createTemplateLookup, findForName, isSafeName, REBUILD_FOLDER, toRebuildLabel } from './template-lookup.js';

export { generateConfig } from './config-file.js';
export { CONFIG_FILE, type FolderContent, readFolder } from './template-folder.js';

export interface TemplatesDeps extends Pick<Ports, 'logger' | 'clock' | 'random'> {
  /** Extends the built-in templates; on equal names the user's win. Null when none is configured. */
  readonly userFolder: string | null;
  /** Where imported templates are kept when the user has named no folder; templates kept there earlier stay usable. */
  readonly ownFolder: string;
  /** Where the templates that ship with the product lie; tests name another. */
  readonly builtInFolder?: string;
}

export interface Templates {
  /** What a template supplies when the caller leaves it out; null when there is no usable template of this name. */
  find(name: string): { readonly runtime: string | null } | null;
  /** False for a name that could lie outside the templates folders. */
  isSafeName(name: string): boolean;
  /**
   * The template made for a workspace of this name: its folder is the name in lower case with hyphens, or its
   * configuration carries the name. Null when there is none (contract lifecycle §2.2 step 2).
   */
  findForName(workspaceName: string): string | null;
  /** Whether there is a template of this label, be it one that cannot be used. */
  isKnown(label: string): boolean;
  /**
   * Label of the folder below `org-templates/` of a templates folder that is made for a workspace of this name; null when
   * there is none (contract lifecycle §2.2 step 4).
   */
  findRebuildSource(workspaceName: string): string | null;
  /** Changes with the files of a template; as of the last look at the folders. Null when there is no such template. */
  hashOf(name: string): string | null;
  /** The text of a template's config.yaml; null when there is no usable template of this name. */
  readConfig(name: string): Promise<string | null>;
  /**
   * The files of an agent's configuration folder (design §5, contract lifecycle §8.4). Throws `StartRefusal` with reason `template_unreadable`.
   */
  compose(input: ComposeInput): Promise<ComposedConfig>;
  /** A config.yaml with these keys in place of what it said; null when nothing in it is to change, or it cannot be read. */
  amendConfig(configYaml: string, keys: Readonly<Record<string, string | number>>): string | null;
  /**
   * The variables a config.yaml says its agent needs, wherever it lies and whatever else is wrong with it (contract
   * lifecycle §13.3 step 4, D14); null when it is no YAML.
   */
  readRequiredEnv(configYaml: string): readonly string[] | null;
  /** The longest start any template of this runtime declares, in seconds; null when none does (contract lifecycle §5.3). */
  provisionTimeoutSeconds(runtime: string): number | null;
  /** Templates that cannot be used, with file, line and reason. */
  problems(): readonly TemplateProblem[];
  readonly handlers: Pick<HandlersFor<Routes, Actor>, 'listTemplates' | 'importTemplate'>;
}

const BUILT_IN_FOLDER = fileURLToPath(new URL('../../../../../templates/workspaces', import.meta.url));

export function createTemplates(deps: TemplatesDeps): Templates {
  const userFolders = [deps.ownFolder, ...(deps.userFolder === null ? [] : [deps.userFolder])];
  const folders = [deps.builtInFolder ?? BUILT_IN_FOLDER, ...userFolders];
  const catalogue = createCatalogue({ logger: deps.logger, folders });
  const rebuild = createCatalogue({
    logger: deps.logger,
    folders: folders.map((folder) => join(folder, REBUILD_FOLDER)),
  });
  const lookup = createTemplateLookup(catalogue, rebuild);
  const hashes = createContentHashes();
  const isKnown = (label: string): boolean => lookup.find(label) !== null || lookup.findProblem(label) !== null;
  return {
    find(name) {
      const template = isSafeName(name) ? catalogue.find(name) : null;
      return template === null ? null : { runtime: template.config.runtime || null };
    },
    isSafeName,
    isKnown,
    findForName: (workspaceName) => findForName(catalogue.known(), workspaceName),
    findRebuildSource(workspaceName) {
      const id = findForName(rebuild.list(), workspaceName);
      return id === null ? null : toRebuildLabel(id);
    },
    hashOf(name) {
      const template = catalogue.known().find(({ id }) => id === name);
      return template ? hashes(template) : null;
    },
    async readConfig(name) {
      const template = isSafeName(name) ? catalogue.find(name) : null;
      const files = template ? template.files.filter((file) => file.path === CONFIG_FILE) : [];
      const [config] = await readFolderFiles(files);
      return config?.content.toString('utf8') ?? null;
    },
    compose: (input) => composeConfig(lookup, input),
    amendConfig,
    readRequiredEnv,
    provisionTimeoutSeconds: (runtime) => longestTimeout(catalogue, runtime),
    problems: () => catalogue.problems(),
    handlers: {
      listTemplates: async () => ({ status: 200, body: catalogue.list().map(toListed) }),
      importTemplate: async ({ body }) => {
        const folder = deps.userFolder ?? deps.ownFolder;
        const { id } = await importTemplate({ ...deps, folder, isKnown }, body);
        return { status: 201, body: { status: 'imported', id, name: body.name } };
      },
    },
  };
}

function longestTimeout(catalogue: Catalogue, runtime: string): number | null {
  const declared = catalogue
    .known()
    .filter(({ config }) => config.runtime === runtime)
    .map(({ config }) => config.provision_timeout_seconds ?? 0);
  const longest = Math.max(0, ...declared);
  return longest > 0 ? longest : null;
}
