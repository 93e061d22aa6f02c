import { isMap } from 'yaml';
import { readYaml, type YamlFault } from '../../platform/yaml-source.js';

/** Keys of config.yaml that an org sets for one node (contract lifecycle §8.4, §21.2). */
export interface NodeConfigKeys {
  readonly initialPrompt: string | null;
  readonly idlePrompt: string | null;
  readonly idleIntervalSeconds: number | null;
  readonly categoryRouting: ReadonlyMap<string, readonly string[]>;
}

const IDLE_INTERVAL_SECONDS = 600;

export function isEmpty(keys: NodeConfigKeys): boolean {
  return keys.initialPrompt === null && keys.idlePrompt === null && keys.categoryRouting.size === 0;
}

/** `text` with the keys set, comments and everything else kept. */
export function withNodeKeys(
  text: string,
  keys: NodeConfigKeys,
): { readonly text: string } | { readonly faults: readonly YamlFault[] } {
  const parsed = readYaml(text);
  if ('faults' in parsed) return parsed;
  const { document } = parsed.source;
  if (!isMap(document.contents)) return { faults: [{ line: 1, column: 1, reason: 'must be a mapping of keys' }] };
  if (keys.categoryRouting.size > 0) {
    document.set('category_routing', document.createNode(Object.fromEntries(keys.categoryRouting)));
  }
  if (keys.initialPrompt !== null) document.set('initial_prompt', keys.initialPrompt);
  if (keys.idlePrompt !== null) {
    // The interval means something only beside a prompt.
    document.set('idle_interval_seconds', keys.idleIntervalSeconds ?? IDLE_INTERVAL_SECONDS);
    document.set('idle_prompt', keys.idlePrompt);
  }
  return { text: document.toString({ lineWidth: 0 }) };
}

/** Per category the node's roles replace the defaults'; an empty list drops the category. Sorted by category. */
export function mergeRouting(
  defaults: ReadonlyMap<string, readonly string[]>,
  node: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, readonly string[]> {
  const merged = [...new Map([...defaults, ...node])].filter(([, roles]) => roles.length > 0);
  return new Map(merged.sort(([a], [b]) => (a < b ? -1 : 1)));
}
