import { isMap, isScalar, isSeq } from 'yaml';
import { readYaml } from '../../platform/yaml-source.js';

/**
 * `runtime_config.required_env` of a config.yaml that its owner may have edited: nothing but this list is judged, and
 * what is no name in it is passed over. Null when the text is no YAML.
 */
export function readRequiredEnv(text: string): readonly string[] | null {
  const parsed = readYaml(text);
  if ('faults' in parsed) return null;
  const { contents } = parsed.source.document;
  const settings = isMap(contents) ? contents.get('runtime_config', true) : null;
  const names = isMap(settings) ? settings.get('required_env', true) : null;
  if (!isSeq(names)) return [];
  const values = names.items.map((item) => (isScalar(item) ? item.value : null));
  return [...new Set(values.filter((value) => typeof value === 'string' && value !== ''))] as string[];
}
