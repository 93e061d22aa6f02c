import type { ImportedBundle } from '@molecule/contract';
import { AppError, refuse } from '../../platform/http/app-error.js';
import type { ImportNode, ImportWriter } from '../orgs/index.js';
import type { Templates } from '../templates/index.js';
import {
  checkCreateFields,
  DEFAULT_RUNTIME,
  StartRefusal,
  sanitizeRuntime,
  type WorkspaceSpec,
} from '../workspaces/index.js';
import { findConfig, readBundleFiles } from './bundle-files.js';
import { type BundleProblem, type BundleReader, createBundleReader, isMapping, shown } from './bundle-reader.js';
import { readConfigFacts } from './config-yaml.js';
import { LEVELS_MAX, WORKSPACES_MAX } from './limits.js';
import type { NamedContent } from './skills.js';

export interface ImportDeps {
  readonly templates: Pick<Templates, 'compose'>;
  readonly writer: Pick<ImportWriter, 'write'>;
}

const SCHEMA = /^1(\.\d+)?$/;
const ID_BYTES_MAX = 255;
/** As `POST /workspaces` without a tier. */
const TIER = 3;
const PROBLEMS_TOLD = 20;

/**
 * Creates the workspaces of a bundle through the ordinary path, all of them or none, each with a fresh id (contract
 * lifecycle §9.2, D10). Refuses with `invalid_bundle` and every mistake it found; then nothing was written.
 */
export async function importBundle(deps: ImportDeps, body: Readonly<Record<string, unknown>>): Promise<ImportedBundle> {
  const problems: BundleProblem[] = [];
  const ids = new Set<string>();
  let count = 0;

  async function toNode(value: unknown, parent: string | null, level: number): Promise<ImportNode | null> {
    count += 1;
    if (count === WORKSPACES_MAX + 1) {
      problems.push({ path: parent ?? '', reason: `the bundle has more than ${WORKSPACES_MAX} workspaces` });
    }
    if (count > WORKSPACES_MAX) return null;
    if (!isMapping(value)) {
      problems.push({ path: parent ?? '', reason: 'a workspace must be a mapping with at least a name' });
      return null;
    }
    const name = typeof value.name === 'string' ? value.name : '';
    const path = `${parent === null ? '' : `${parent} / `}${name === '' ? '(no name)' : name.slice(0, 80)}`;
    const node = createBundleReader(value, path, problems);
    checkSchema(node);
    const id = readId(node, ids);
    const files = readBundleFiles(node);
    const facts = readConfigFacts(findConfig(files) ?? '');
    const role = node.text('description') || null;
    const model = node.text('model') || null;
    const spec: WorkspaceSpec = {
      runtime: facts.runtime ?? DEFAULT_RUNTIME,
      // A bundle carries its files whole: no template of this server may be laid over them.
      template: null,
      model,
      tier: node.integer('tier') || TIER,
      workspace_dir: null,
      workspace_access: 'none',
      max_concurrent_tasks: facts.maxConcurrentTasks,
    };
    checkFields(node, { name: node.text('name'), role, model, runtime: spec.runtime });
    await checkFiles(deps, node, { name, role, spec, files });
    if (node.list('tools').length > 0 && findConfig(files) === null) {
      node.problem('its tools need a config.yaml among its prompts that lists them');
    }
    const children: ImportNode[] = [];
    const below = node.list('sub_workspaces');
    if (below.length > 0 && level >= LEVELS_MAX) {
      node.problem(`the bundle has more than ${LEVELS_MAX} levels`);
    } else {
      for (const child of below) {
        const read = await toNode(child, path, level + 1);
        if (read !== null) children.push(read);
      }
    }
    return {
      name,
      path,
      role,
      spec,
      externalUrl: null,
      seedFiles: files,
      secrets: {},
      canvas: null,
      schedules: [],
      channels: [],
      channelsSkipped: [],
      twinCount: 0,
      ...(id === '' ? {} : { sourceBundleId: id }),
      children,
    };
  }

  const root = await toNode(body, null, 1);
  if (root === null || problems.length > 0) return refuseWith(problems);
  const { results } = await deps.writer.write([root], 'add');
  return toImported(root, results.values());
}

/** One result per node, parents first: the order in which this walks the tree. */
function toImported(node: ImportNode, results: Iterator<{ readonly id: string }>): ImportedBundle {
  const { value } = results.next();
  const id: string = value.id;
  const children = node.children.map((child) => toImported(child, results));
  return {
    workspace_id: id,
    name: node.name,
    status: node.spec.runtime === 'external' ? 'awaiting_agent' : 'provisioning',
    ...(children.length > 0 ? { children } : {}),
  };
}

function checkSchema(node: BundleReader): void {
  const schema = node.text('schema');
  if (schema !== '' && !SCHEMA.test(schema))
    node.problem(`schema ${shown(schema)} is not known here; this server reads 1.0`);
}

/** Two workspaces of one bundle cannot be the same one. */
function readId(node: BundleReader, seen: Set<string>): string {
  const id = node.text('id');
  if (Buffer.byteLength(id) > ID_BYTES_MAX) node.problem(`id is longer than ${ID_BYTES_MAX} bytes`);
  if (id !== '' && seen.has(id)) node.problem(`the id ${shown(id)} is there twice`);
  seen.add(id);
  return id;
}

function checkFields(node: BundleReader, fields: Parameters<typeof checkCreateFields>[0]): void {
  try {
    checkCreateFields(fields);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    node.problem(error.help.replace(/\.$/, ''));
  }
}

/** What could not be started because of its files is told now, while somebody is looking. */
async function checkFiles(
  deps: ImportDeps,
  node: BundleReader,
  given: {
    readonly name: string;
    readonly role: string | null;
    readonly spec: WorkspaceSpec;
    readonly files: readonly NamedContent[];
  },
): Promise<void> {
  const { name, role, spec, files } = given;
  try {
    await deps.templates.compose({
      name,
      role,
      runtime: sanitizeRuntime(spec.runtime),
      template: null,
      model: spec.model,
      tier: spec.tier,
      maxConcurrentTasks: spec.max_concurrent_tasks,
      seedFiles: files,
    });
  } catch (error) {
    if (!(error instanceof StartRefusal)) throw error;
    node.problem(error.message);
  }
}

function refuseWith(problems: readonly BundleProblem[]): never {
  const told = problems
    .slice(0, PROBLEMS_TOLD)
    .map(({ path, reason }) => (path === '' ? reason : `${path}: ${reason}`));
  const more = problems.length > told.length ? [`and ${problems.length - told.length} more`] : [];
  return refuse('invalid_bundle', { help: `Nothing was imported. ${[...told, ...more].join('; ')}.` });
}
