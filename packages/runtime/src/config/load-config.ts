import { readFile } from 'node:fs/promises';
import { parse, YAMLParseError } from 'yaml';
import { StartupError } from '../exit.js';
import { reasonOf } from '../log.js';
import type { RuntimeConfig } from './runtime-config.js';

/** More at once is more than one process can do well; the platform lets an owner ask for any number. */
const TURNS_MAX = 64;

/**
 * Reads `config.yaml`. Throws {@link StartupError} with file, line and reason: a workspace that silently started
 * with defaults would answer under a wrong name and prompt.
 */
export async function loadConfig(path: string): Promise<RuntimeConfig> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new StartupError(
      `Cannot read ${path}: ${reasonOf(error)}. Every workspace needs a config.yaml; restart it with its template.`,
    );
  }
  return parseConfig(text, path);
}

export function parseConfig(text: string, path: string): RuntimeConfig {
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    const line = error instanceof YAMLParseError ? error.linePos?.[0].line : undefined;
    const firstLine = reasonOf(error).split('\n')[0] ?? '';
    throw new StartupError(`${path}${line === undefined ? '' : `:${line}`} is not valid YAML: ${firstLine}`);
  }
  if (document !== null && document !== undefined && !isMapping(document)) {
    throw new StartupError(`${path} must be a mapping of keys such as name and runtime, not a ${typeName(document)}.`);
  }
  const root = document ?? {};
  const field = createFieldReader(root, path);
  const runtimeConfig = field.mapping('runtime_config');
  const nested = createFieldReader(runtimeConfig, `${path}: runtime_config`);
  return {
    name: field.text('name') ?? 'Workspace',
    description: field.text('description') ?? '',
    role: field.text('role'),
    version: field.text('version') ?? '1.0.0',
    runtime: field.text('runtime') ?? 'llm',
    model: field.text('model') ?? nested.text('model'),
    promptFiles: field.texts('prompt_files'),
    skills: field.texts('skills'),
    requiredEnv: nested.texts('required_env'),
    maxConcurrentTasks: Math.min(field.count('max_concurrent_tasks') ?? 1, TURNS_MAX),
  };
}

type Mapping = Readonly<Record<string, unknown>>;

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function typeName(value: unknown): string {
  return Array.isArray(value) ? 'list' : typeof value;
}

/** Null and the empty string both mean "not set": generated files write empty keys. */
function createFieldReader(root: Mapping, path: string) {
  const refuse = (key: string, expected: string): never => {
    throw new StartupError(`${path}: ${key} must be ${expected}, not a ${typeName(root[key])}.`);
  };
  return {
    text(key: string): string | null {
      const value = root[key];
      if (value === undefined || value === null || value === '') return null;
      // `version: 1.0` is a number in YAML; people mean the text.
      if (typeof value === 'string' || typeof value === 'number') return String(value);
      return refuse(key, 'a text');
    },
    texts(key: string): readonly string[] {
      const value = root[key];
      if (value === undefined || value === null) return [];
      if (!Array.isArray(value)) return refuse(key, 'a list of texts');
      return value.map((item: unknown) => (typeof item === 'string' ? item : refuse(key, 'a list of texts')));
    },
    count(key: string): number | null {
      const value = root[key];
      if (value === undefined || value === null) return null;
      if (typeof value === 'number' && Number.isInteger(value) && value >= 1) return value;
      return refuse(key, 'a whole number from 1');
    },
    mapping(key: string): Mapping {
      const value = root[key];
      if (value === undefined || value === null) return {};
      return isMapping(value) ? value : refuse(key, 'a mapping');
    },
  };
}
