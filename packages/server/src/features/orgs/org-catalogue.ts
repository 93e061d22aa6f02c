import type { OrgTemplate, TemplateProblem } from '@molecule/contract';
import { refuse } from '../../platform/http/app-error.js';
import type { Logger } from '../../platform/logger.js';
import { type ComposeDeps, type ComposedOrg, composeOrg } from './compose-org.js';
import { collectRequirements, type EnvRequirements, toRequirement } from './env-requirements.js';
import { expandOrgFile } from './expand.js';
import { fromJson, type Located, type OrgFault } from './located.js';
import { type OrgDefinition, parseOrg } from './org-definition.js';
import {
  createNoFiles,
  createOrgFiles,
  findOrgFolder,
  isSafeDir,
  listOrgDirs,
  type OrgFiles,
  type OrgFolder,
} from './org-files.js';

/** An org template that was read and judged whole: it can be imported as it is. */
export interface ReadyOrg extends ComposedOrg {
  readonly definition: OrgDefinition;
  readonly requirements: EnvRequirements;
}

export interface OrgCatalogue {
  list(): Promise<readonly OrgTemplate[]>;
  problems(): Promise<readonly TemplateProblem[]>;
  /** Refuses with the code that says what is wrong, and `problems` with every place. */
  read(dir: string): Promise<ReadyOrg>;
  readInline(template: Readonly<Record<string, unknown>>): Promise<ReadyOrg>;
}

type Reading =
  | { readonly kind: 'ready'; readonly org: ReadyOrg }
  | { readonly kind: 'broken'; readonly stage: 'expansion' | 'meaning'; readonly faults: readonly OrgFault[] };

export interface OrgCatalogueDeps extends ComposeDeps {
  readonly logger: Logger;
  /** On equal names the later folder wins. */
  readonly folders: readonly string[];
}

export function createOrgCatalogue(deps: OrgCatalogueDeps): OrgCatalogue {
  /** What was logged of each folder, so that a listing repeats nothing. */
  const reported = new Map<string, string>();

  async function readFolder({ dir, root, file }: OrgFolder): Promise<Reading> {
    const expanded = expandOrgFile(root, file);
    if ('faults' in expanded) return { kind: 'broken', stage: 'expansion', faults: expanded.faults };
    return readTree(expanded.tree, dir, createOrgFiles(root));
  }

  async function readTree(tree: Located, fallbackName: string, files: OrgFiles): Promise<Reading> {
    const parsed = parseOrg(tree, fallbackName);
    if ('faults' in parsed) return { kind: 'broken', stage: 'meaning', faults: parsed.faults };
    const composed = await composeOrg(parsed.org, files, deps);
    if ('faults' in composed) return { kind: 'broken', stage: 'meaning', faults: composed.faults };
    return {
      kind: 'ready',
      org: { ...composed, definition: parsed.org, requirements: collectRequirements(parsed.org) },
    };
  }

  /** The readings of all folders, by name. */
  async function readAll(): Promise<{ readonly dir: string; readonly reading: Reading }[]> {
    const found = new Map<string, Reading>();
    for (const parent of deps.folders) {
      for (const dir of listOrgDirs(parent)) {
        const lookup = findOrgFolder(parent, dir);
        if (lookup.kind === 'found') found.set(dir, await readFolder(lookup.folder));
        if (lookup.kind === 'half') report(dir, 'the folder is a git clone without org.yaml; finish the clone');
        if (lookup.kind === 'escapes') {
          const reason = 'the folder is a link that leads outside the org templates folder';
          found.set(dir, { kind: 'broken', stage: 'expansion', faults: [{ file: '.', reason }] });
        }
      }
    }
    for (const [dir, reading] of found) {
      if (reading.kind === 'ready') reported.delete(dir);
      else report(dir, reading.faults.map(describeFault).join('; '));
    }
    return [...found].map(([dir, reading]) => ({ dir, reading }));
  }

  function report(dir: string, problem: string): void {
    if (reported.get(dir) === problem) return;
    reported.set(dir, problem);
    deps.logger.warn({ template: dir, problem }, 'org template cannot be used');
  }

  function ensureReady(reading: Reading, id: string): ReadyOrg {
    if (reading.kind === 'ready') return reading.org;
    const code = reading.stage === 'expansion' ? 'org_template_expansion_failed' : 'invalid_org_template';
    return refuse(code, { fields: { problems: reading.faults.map((fault) => ({ id, ...fault })) } });
  }

  return {
    async list() {
      const ready = (await readAll()).flatMap(({ dir, reading }) =>
        reading.kind === 'ready' ? [toListed(dir, reading.org)] : [],
      );
      // Small teams first: they are the ones to begin with.
      return ready.sort((a, b) => a.workspaces - b.workspaces || (a.dir < b.dir ? -1 : 1));
    },
    async problems() {
      return (await readAll()).flatMap(({ dir, reading }) =>
        reading.kind === 'broken' ? reading.faults.map((fault) => ({ id: dir, ...fault })) : [],
      );
    },
    async read(dir) {
      if (!isSafeDir(dir)) refuse('invalid_org_directory');
      for (const parent of deps.folders.toReversed()) {
        const lookup = findOrgFolder(parent, dir);
        if (lookup.kind === 'escapes') refuse('invalid_org_directory');
        if (lookup.kind === 'found') return ensureReady(await readFolder(lookup.folder), dir);
      }
      return refuse('org_template_not_found', { text: `org template not found: ${dir}` });
    },
    async readInline(template) {
      const reading = await readTree(fromJson(template), '', createNoFiles());
      return ensureReady(reading, 'template');
    },
  };
}

function toListed(dir: string, { definition, requirements }: ReadyOrg): OrgTemplate {
  return {
    dir,
    name: definition.name,
    description: definition.description,
    workspaces: definition.nodeCount,
    required_env: requirements.required.map(toRequirement),
    recommended_env: requirements.recommended.map(toRequirement),
  };
}

function describeFault({ file, line, reason }: OrgFault): string {
  return `${file}${line === undefined ? '' : `:${line}`}: ${reason}`;
}
