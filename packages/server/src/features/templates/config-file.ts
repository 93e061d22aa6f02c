import { isMap } from 'yaml';
import { readYaml, type YamlFault } from '../../platform/yaml-source.js';
import { defaultModel } from './default-model.js';

/** What a workspace row says about itself, as its agent must read it. */
export interface WorkspaceIdentity {
  readonly name: string;
  readonly role: string | null;
  readonly runtime: string;
  /** Explicit choice of the owner; null leaves the template's, or the default of the runtime. */
  readonly model: string | null;
  readonly tier: number;
  /** 1 is what every runtime does unasked, so it counts as no choice and leaves the template's. */
  readonly maxConcurrentTasks: number;
}

/**
 * The configuration of a workspace without a template. Keys, order and quoting are fixed by contract lifecycle §21.3; a
 * chosen number of tasks comes after them, and runtimes that do not know the key ignore it (§21.2).
 */
export function generateConfig(identity: WorkspaceIdentity): string {
  return [
    `name: ${quote(identity.name)}`,
    `description: ${quote(identity.role ?? '')}`,
    'version: 1.0.0',
    `tier: ${identity.tier}`,
    `runtime: ${identity.runtime}`,
    `model: ${quote(identity.model ?? defaultModel(identity.runtime))}`,
    'runtime_config:',
    '  timeout: 0',
    ...(identity.maxConcurrentTasks > 1 ? [`max_concurrent_tasks: ${identity.maxConcurrentTasks}`] : []),
    '',
  ].join('\n');
}

/**
 * A config.yaml of a template or an org as one workspace gets it: its own name, role, tier, runtime and number of tasks
 * in place of the template's, everything else and every comment as it was written. Its model stays: the owner's choice
 * reaches every agent as MODEL, and once it is taken back the template's is wanted again (contract lifecycle §4.7).
 */
export function adaptConfig(
  text: string,
  identity: WorkspaceIdentity,
): { readonly text: string } | { readonly faults: readonly YamlFault[] } {
  const parsed = readYaml(text);
  if ('faults' in parsed) return parsed;
  const { document } = parsed.source;
  // An empty file says as little as none.
  if (document.contents === null) return { text: generateConfig(identity) };
  if (!isMap(document.contents)) return { faults: [{ line: 1, column: 1, reason: 'must be a mapping of keys' }] };
  document.set('name', identity.name);
  if (identity.role !== null) document.set('role', identity.role);
  document.set('tier', identity.tier);
  document.set('runtime', identity.runtime);
  if (identity.maxConcurrentTasks > 1) document.set('max_concurrent_tasks', identity.maxConcurrentTasks);
  return { text: document.toString({ lineWidth: 0 }) };
}

/** The same for single keys: null when the file says them already, or is no mapping that could say them. */
export function amendConfig(text: string, keys: Readonly<Record<string, string | number>>): string | null {
  const parsed = readYaml(text);
  if ('faults' in parsed) return null;
  const { document } = parsed.source;
  if (!isMap(document.contents)) return null;
  const changed = Object.entries(keys).filter(([key, value]) => document.get(key) !== value);
  for (const [key, value] of changed) document.set(key, value);
  return changed.length === 0 ? null : document.toString({ lineWidth: 0 });
}

/** Double-quoted on one line: a JSON string is a YAML string, so no name can open another key. */
function quote(text: string): string {
  return JSON.stringify(text.replace(/[\r\n\u0085\u2028\u2029]+/g, ' '));
}
