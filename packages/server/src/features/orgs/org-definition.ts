import { type EnvGroup, toEnvGroup } from './env-requirements.js';
import { createFieldReader, type FieldReader } from './field-reader.js';
import { faultAt, type Located, type OrgFault, type Place } from './located.js';

/** A prompt as text, or the file it lies in. */
export type PromptSource = { readonly text: string } | { readonly file: string; readonly place: Place };

/** What a node may set and the org's `defaults` supply when it does not (contract lifecycle §22). */
export interface NodeSettings {
  readonly runtime: string | null;
  readonly tier: number | null;
  readonly model: string | null;
  readonly plugins: readonly string[];
  readonly initialPrompt: PromptSource | null;
  readonly idlePrompt: PromptSource | null;
  readonly idleIntervalSeconds: number | null;
  readonly categoryRouting: ReadonlyMap<string, readonly string[]>;
  readonly memoryCount: number;
}

/** A schedule as written; what it lacks is told when the node is composed. */
export interface OrgSchedule {
  readonly name: string;
  readonly cronExpr: string;
  readonly timezone: string;
  readonly prompt: PromptSource | null;
  readonly enabled: boolean;
}

/** A channel as written, variables and all. */
export interface OrgChannel {
  readonly type: string;
  readonly config: ReadonlyMap<string, string>;
  readonly allowedUsers: readonly string[];
  readonly enabled: boolean;
}

export interface OrgNode {
  readonly name: string;
  /** Names from the root to this node, joined by " / ". */
  readonly path: string;
  readonly place: Place;
  readonly placeOf: (key: string) => Place;
  readonly settings: NodeSettings;
  readonly role: string | null;
  readonly template: string | null;
  readonly filesDir: string | null;
  readonly systemPrompt: string | null;
  readonly workspaceDir: string | null;
  readonly workspaceAccess: string | null;
  readonly maxConcurrentTasks: number;
  readonly external: boolean;
  readonly url: string | null;
  readonly canvas: { readonly x: number; readonly y: number } | null;
  readonly channels: readonly OrgChannel[];
  readonly schedules: readonly OrgSchedule[];
  /** How many further nodes of this name stand beside it. They are this one, and their children are among its own. */
  readonly twinCount: number;
  readonly children: readonly OrgNode[];
}

export interface OrgDefinition {
  readonly name: string;
  readonly description: string;
  readonly defaults: NodeSettings;
  readonly roots: readonly OrgNode[];
  readonly nodeCount: number;
  /** Of the org and all its nodes, as written. */
  readonly required: readonly EnvGroup[];
  readonly recommended: readonly EnvGroup[];
  readonly globalMemoryCount: number;
}

const LEVELS_MAX = 32;
const NODES_MAX = 5_000;

/** Gives an org template its meaning. Every fault of the whole tree is found before anything is decided. */
export function parseOrg(
  tree: Located,
  fallbackName: string,
): { readonly org: OrgDefinition } | { readonly faults: readonly OrgFault[] } {
  if (tree.kind !== 'map') return { faults: [faultAt(tree.place, 'an org template must be a mapping of keys')] };
  const faults: OrgFault[] = [];
  const required: EnvGroup[] = [];
  const recommended: EnvGroup[] = [];
  let nodeCount = 0;
  const reader = createFieldReader(tree, 'org', faults);
  const collectEnv = (from: FieldReader): void => {
    required.push(...readEnv(from, 'required_env'));
    recommended.push(...readEnv(from, 'recommended_env'));
  };

  function parseNodes(from: FieldReader, key: string, parent: string | null, level: number): OrgNode[] {
    const items = from.list(key);
    if (items.length > 0 && level > LEVELS_MAX) {
      from.fault(key, `the tree has more than ${LEVELS_MAX} levels`);
      return [];
    }
    const nodes = items.flatMap((item) => {
      nodeCount += 1;
      if (nodeCount === NODES_MAX + 1)
        faults.push(faultAt(item.place, `the org has more than ${NODES_MAX} workspaces`));
      if (nodeCount > NODES_MAX) return [];
      return parseNode(item, parent, level) ?? [];
    });
    return uniteTwins(nodes);
  }

  function parseNode(item: Located, parent: string | null, level: number): OrgNode | null {
    if (item.kind !== 'map') {
      faults.push(faultAt(item.place, `${parent ?? 'org'}: a workspace must be a mapping with at least a name`));
      return null;
    }
    const name =
      createFieldReader(item, parent ?? 'org', faults)
        .text('name')
        ?.trim() ?? '';
    if (name === '') {
      faults.push(faultAt(item.place, `${parent ?? 'org'}: a workspace without a name`));
      return null;
    }
    const path = parent === null ? name : `${parent} / ${name}`;
    const node = createFieldReader(item, path, faults);
    collectEnv(node);
    return {
      name,
      path,
      place: item.place,
      placeOf: node.placeOf,
      settings: parseSettings(node),
      role: node.text('role'),
      template: node.text('template'),
      filesDir: node.text('files_dir'),
      systemPrompt: node.text('system_prompt'),
      workspaceDir: node.text('workspace_dir'),
      workspaceAccess: node.text('workspace_access'),
      maxConcurrentTasks: Math.max(1, node.integer('max_concurrent_tasks') ?? 1),
      external: node.flag('external'),
      url: node.text('url'),
      canvas: readCanvas(node, path, faults),
      channels: node.list('channels').map((channel) => readChannel(channel, path, faults)),
      schedules: node.list('schedules').map((schedule) => readSchedule(schedule, path, faults)),
      twinCount: 0,
      children: parseNodes(node, 'children', path, level + 1),
    };
  }

  collectEnv(reader);
  const defaultsMap = reader.map('defaults');
  const defaults = parseSettings(
    createFieldReader(
      defaultsMap ?? { kind: 'map', place: tree.place, entries: new Map<string, Located>() },
      'defaults',
      faults,
    ),
  );
  const org: OrgDefinition = {
    name: reader.text('name')?.trim() || fallbackName,
    description: reader.text('description') ?? '',
    defaults,
    roots: parseNodes(reader, 'workspaces', null, 1),
    nodeCount: 0,
    required,
    recommended,
    globalMemoryCount: reader.list('global_memories').length,
  };
  if (nodeCount === 0 && faults.length === 0) reader.fault('workspaces', 'workspaces lists nothing to create');
  return faults.length > 0 ? { faults } : { org: { ...org, nodeCount } };
}

/**
 * Nodes are matched with workspaces by parent and name, so a second one beside the first is found to exist already: it
 * creates nothing, and its children are looked at below the first (contract lifecycle §8.4 step 3).
 */
function uniteTwins(nodes: readonly OrgNode[]): OrgNode[] {
  const byName = new Map<string, OrgNode>();
  for (const node of nodes) {
    const first = byName.get(node.name);
    const united = first && {
      ...first,
      twinCount: first.twinCount + node.twinCount + 1,
      children: uniteTwins([...first.children, ...node.children]),
    };
    byName.set(node.name, united ?? node);
  }
  return [...byName.values()];
}

function parseSettings(reader: FieldReader): NodeSettings {
  return {
    runtime: reader.text('runtime')?.trim() || null,
    tier: reader.integer('tier') || null,
    model: reader.text('model')?.trim() || null,
    plugins: reader.texts('plugins'),
    initialPrompt: readPrompt(reader, 'initial_prompt'),
    idlePrompt: readPrompt(reader, 'idle_prompt'),
    idleIntervalSeconds: reader.integer('idle_interval_seconds') || null,
    categoryRouting: readRouting(reader),
    memoryCount: reader.list('initial_memories').length,
  };
}

/** The inline text wins over the file (contract lifecycle §22). */
function readPrompt(reader: FieldReader, key: 'initial_prompt' | 'idle_prompt' | 'prompt'): PromptSource | null {
  const text = reader.text(key);
  if (text !== null) return { text };
  const file = reader.text(`${key}_file`);
  return file === null ? null : { file, place: reader.placeOf(`${key}_file`) };
}

function readRouting(reader: FieldReader): ReadonlyMap<string, readonly string[]> {
  const routing = new Map<string, readonly string[]>();
  for (const [category, roles] of reader.map('category_routing')?.entries ?? []) {
    const items = roles.kind === 'list' ? roles.items : [];
    const names = items.flatMap((item) =>
      item.kind === 'scalar' && typeof item.value === 'string' ? [item.value] : [],
    );
    const empty = roles.kind === 'scalar' && roles.value === null;
    if ((roles.kind !== 'list' && !empty) || names.length < items.length) {
      reader.fault('category_routing', `category_routing.${category} must be a list of roles`);
    }
    routing.set(category, names);
  }
  return routing;
}

function readEnv(reader: FieldReader, key: 'required_env' | 'recommended_env'): EnvGroup[] {
  return reader.list(key).flatMap((item) => {
    const members = toMembers(item);
    if (members === null) reader.fault(key, `${key} lists names, or any_of with a list of names`);
    const group = members === null ? null : toEnvGroup(members);
    return group === null ? [] : [group];
  });
}

function toMembers(item: Located): readonly string[] | null {
  if (item.kind === 'scalar') return typeof item.value === 'string' ? [item.value.trim()] : null;
  const anyOf = item.kind === 'map' ? item.entries.get('any_of') : undefined;
  if (anyOf?.kind !== 'list' || anyOf.items.length === 0) return null;
  return anyOf.items.flatMap((member) =>
    member.kind === 'scalar' && typeof member.value === 'string' ? [member.value.trim()] : [],
  );
}

function readCanvas(node: FieldReader, path: string, faults: OrgFault[]): { x: number; y: number } | null {
  const map = node.map('canvas');
  if (map === null) return null;
  const reader = createFieldReader(map, `${path}: canvas`, faults);
  return { x: reader.number('x') ?? 0, y: reader.number('y') ?? 0 };
}

function readSchedule(item: Located, path: string, faults: OrgFault[]): OrgSchedule {
  const reader = readerOf(item, `${path}: schedule`, faults);
  return {
    name: reader.text('name')?.trim() ?? '',
    cronExpr: reader.text('cron_expr')?.trim() ?? '',
    timezone: reader.text('timezone')?.trim() || 'UTC',
    prompt: readPrompt(reader, 'prompt'),
    enabled: reader.flag('enabled', true),
  };
}

function readChannel(item: Located, path: string, faults: OrgFault[]): OrgChannel {
  const reader = readerOf(item, `${path}: channel`, faults);
  const config = reader.map('config');
  const entries = config === null ? [] : [...config.entries.keys()];
  const values = config === null ? null : createFieldReader(config, `${path}: channel config`, faults);
  return {
    type: reader.text('type')?.trim() ?? '',
    config: new Map(entries.map((key) => [key, values?.text(key) ?? ''])),
    // Ids of people are numbers to whoever writes them.
    allowedUsers: reader.texts('allowed_users'),
    enabled: reader.flag('enabled', true),
  };
}

/** A reader of one item of a list; anything but a mapping is a fault and has no fields. */
function readerOf(item: Located, subject: string, faults: OrgFault[]): FieldReader {
  if (item.kind === 'map') return createFieldReader(item, subject, faults);
  faults.push(faultAt(item.place, `${subject}: must be a mapping of keys`));
  return createFieldReader({ kind: 'map', place: item.place, entries: new Map<string, Located>() }, subject, faults);
}
