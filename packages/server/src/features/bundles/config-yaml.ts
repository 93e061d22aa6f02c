import { isMap } from 'yaml';
import { readYaml } from '../../platform/yaml-source.js';

/** What a bundle has to know of a config.yaml. */
export interface ConfigFacts {
  readonly runtime: string | null;
  readonly maxConcurrentTasks: number;
  /** Files whose text becomes part of what an agent is told. */
  readonly promptFiles: readonly string[];
  readonly tools: readonly { readonly id: string; readonly config: Record<string, unknown> }[];
}

const NOTHING: ConfigFacts = { runtime: null, maxConcurrentTasks: 1, promptFiles: [], tools: [] };
const TASKS_MAX = 1_000;

/** Never throws: what cannot be read says nothing, and whether it can be used is judged elsewhere. */
export function readConfigFacts(text: string): ConfigFacts {
  const parsed = readYaml(text);
  if ('faults' in parsed || !isMap(parsed.source.document.contents)) return NOTHING;
  const config = toPlain(() => parsed.source.document.toJS());
  const { runtime, max_concurrent_tasks: tasks, tools } = config;
  const named = [...listTexts(config.prompt_files), config.initial_prompt_file, config.idle_prompt_file];
  return {
    runtime: typeof runtime === 'string' && runtime.trim() !== '' ? runtime.trim() : null,
    maxConcurrentTasks:
      typeof tasks === 'number' && Number.isInteger(tasks) ? Math.min(Math.max(tasks, 1), TASKS_MAX) : 1,
    promptFiles: [...new Set(named.filter((name) => typeof name === 'string'))],
    tools: Array.isArray(tools) ? tools.flatMap((tool: unknown) => toTool(tool) ?? []) : [],
  };
}

/** The library refuses documents whose aliases multiply without bound. */
function toPlain(read: () => unknown): Record<string, unknown> {
  try {
    const value = read();
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function listTexts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

function toTool(tool: unknown): { id: string; config: Record<string, unknown> } | null {
  if (typeof tool === 'string') return { id: tool, config: {} };
  if (typeof tool !== 'object' || tool === null) return null;
  const { id, name, ...config }: { id?: unknown; name?: unknown } = tool;
  const called = id ?? name;
  return typeof called === 'string' ? { id: called, config: { ...config } } : null;
}
