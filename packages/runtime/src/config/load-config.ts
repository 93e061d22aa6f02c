import { readFile } from 'node:fs/promises';
import { parse, YAMLParseError } from 'yaml';
import { StartupError } from '../exit.js';
import { reasonOf } from '../log.js';
import type { PromptSource, RuntimeConfig } from './runtime-config.js';

const IDLE_INTERVAL_SECONDS = 600;
/** What a timer can hold. */
const SECONDS_MAX = 2_147_483;

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
    initialPrompt: readPrompt(field, 'initial_prompt'),
    idlePrompt: readPrompt(field, 'idle_prompt'),
    idleIntervalSeconds: field.seconds('idle_interval_seconds') ?? IDLE_INTERVAL_SECONDS,
    maxConcurrentTasks: Math.min(field.count('max_concurrent_tasks') ?? 1, TURNS_MAX),
  };
}

/** The inline text wins over the file (contract memory-mcp-rest §22.3). */
function readPrompt(
  field: ReturnType<typeof createFieldReader>,
  key: 'initial_prompt' | 'idle_prompt',
): PromptSource | null {
  const text = field.text(key)?.trim();
  if (text) return { text };
  const file = field.text(`${key}_file`);
  return file === null ? null : { file };
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
    /** 0 means "not set", as in the org templates that write this key. */
    seconds(key: string): number | null {
      const value = root[key];
      if (value === undefined || value === null || value === 0) return null;
      if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= SECONDS_MAX) return value;
      throw new StartupError(`${path}: ${key} must be a whole number of seconds from 1 to ${SECONDS_MAX}.`);
    },
    mapping(key: string): Mapping {
      const value = root[key];
      if (value === undefined || value === null) return {};
      return isMapping(value) ? value : refuse(key, 'a mapping');
    },
  };
}
