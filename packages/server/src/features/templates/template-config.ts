import type { Template } from '@molecule/contract';
import { isMap, isNode } from 'yaml';
import { readYaml, type YamlFault, type YamlSource } from '../../platform/yaml-source.js';

/** A template as it is listed; the id is added by the folder it lies in. */
export type TemplateConfig = Omit<Template, 'id'>;

/** Reads the keys of a template's config.yaml that the platform needs (contract lifecycle §5.1, §21.2). Others are left alone. */
export function parseTemplateConfig(
  text: string,
): { readonly config: TemplateConfig } | { readonly faults: readonly YamlFault[] } {
  const parsed = readYaml(text);
  if ('faults' in parsed) return parsed;
  const { source } = parsed;
  if (!isMap(source.document.contents)) {
    return {
      faults: [{ line: 1, column: 1, reason: 'config.yaml must be a mapping with keys such as name and runtime' }],
    };
  }
  let root: unknown;
  try {
    root = source.document.toJS();
  } catch (error) {
    // The library refuses documents whose aliases multiply without bound.
    return { faults: [{ reason: error instanceof Error ? error.message : 'cannot be read' }] };
  }
  const faults: YamlFault[] = [];
  const reader = createReader(source, faults, root);
  const config = toConfig(reader);
  return faults.length > 0 ? { faults } : { config };
}

function toConfig(reader: Reader): TemplateConfig {
  const models = reader.objects('runtime_config', 'models');
  const requiredEnv = reader.texts('runtime_config', 'required_env');
  const seconds = reader.integer('runtime_config', 'provision_timeout_seconds');
  const skills = reader.texts('skills');
  const providers = reader.texts('runtime_config', 'providers');
  const registry = reader.objects('providers');
  return {
    name: reader.text('name') ?? '',
    description: reader.text('description') ?? '',
    tier: reader.integer('tier') ?? 1,
    runtime: reader.text('runtime') ?? '',
    model: reader.text('model') || reader.text('runtime_config', 'model') || '',
    ...(models.length > 0 ? { models: [...models] } : {}),
    ...(requiredEnv.length > 0 ? { required_env: [...requiredEnv] } : {}),
    skills: [...skills],
    skill_count: skills.length,
    ...(seconds !== null && seconds > 0 ? { provision_timeout_seconds: seconds } : {}),
    ...(providers.length > 0 ? { providers: [...providers] } : {}),
    // The two shapes are independent: a slug in one never creates an entry in the other (R30).
    ...(registry.length > 0
      ? { provider_registry: registry.map((entry) => ({ ...entry, base_url: entry.base_url ?? '' })) }
      : {}),
  };
}

type Mapping = Readonly<Record<string, unknown>>;
type Path = readonly [string] | readonly [string, string];

interface Reader {
  text(...path: Path): string | null;
  integer(...path: Path): number | null;
  texts(...path: Path): readonly string[];
  objects(...path: Path): readonly Mapping[];
}

/** Null, absent and empty mean "not set"; any other value of a wrong type is a fault with its place. */
function createReader(source: YamlSource, faults: YamlFault[], root: unknown): Reader {
  function valueAt(path: Path): unknown {
    let value: unknown = root;
    for (const [index, key] of path.entries()) {
      if (value === null || value === undefined) return null;
      if (!isMapping(value)) {
        addFault(path.slice(0, index), 'a mapping');
        return null;
      }
      value = Object.hasOwn(value, key) ? value[key] : null;
    }
    return value ?? null;
  }

  function addFault(path: readonly string[], expected: string): void {
    const node = source.document.getIn(path, true);
    const place = isNode(node) ? source.placeOf(node) : {};
    const reason = `${path.join('.')} must be ${expected}`;
    if (!faults.some((fault) => fault.reason === reason)) faults.push({ ...place, reason });
  }

  function listAt<T>(path: Path, expected: string, read: (item: unknown) => T | null): readonly T[] {
    const value = valueAt(path);
    if (value === null) return [];
    const items = Array.isArray(value) ? value.map(read) : [null];
    if (items.some((item) => item === null)) addFault(path, expected);
    return items.filter((item) => item !== null);
  }

  return {
    text(...path) {
      const value = valueAt(path);
      if (value === null) return null;
      // `version: 1.0` is a number in YAML; people mean the text.
      if (typeof value === 'string' || typeof value === 'number') return String(value);
      addFault(path, 'a text');
      return null;
    },
    integer(...path) {
      const value = valueAt(path);
      if (value === null || (typeof value === 'number' && Number.isInteger(value))) return value;
      addFault(path, 'a whole number');
      return null;
    },
    texts: (...path) => listAt(path, 'a list of texts', (item) => (typeof item === 'string' ? item : null)),
    objects: (...path) => listAt(path, 'a list of mappings', (item) => (isMapping(item) ? item : null)),
  };
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
