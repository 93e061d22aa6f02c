import type { AdapterContext, Peer } from '../adapters/adapter.js';
import type { RuntimeConfig } from '../config/runtime-config.js';
import type { Log } from '../log.js';
import { type DelegationFailure, delegationFailuresSection } from './delegation-failures.js';
import { peersSection } from './peers-section.js';
import { platformInstructions } from './platform-instructions.js';
import { readPlugins } from './plugins.js';
import { createPromptFiles, type PromptFiles, TOTAL_BYTES_MAX } from './prompt-files.js';
import { readSkills, toSkillText } from './skills.js';

const DEFAULT_PROMPT_FILE = 'system-prompt.md';
const STANDING_FILES = ['MEMORY.md', 'USER.md'];

export interface PromptParts {
  readonly configDir: string;
  readonly config: Pick<RuntimeConfig, 'promptFiles' | 'skills' | 'runtime'>;
  readonly self: AdapterContext['self'];
  /** Null when they could not be read. */
  readonly peers: readonly Peer[] | null;
  readonly lastDelegationFailures: readonly DelegationFailure[];
  /** What the platform has told about a restart; null when there is nothing new. */
  readonly restartNote: string | null;
  /** Told about files that are missing, refused or cut. */
  readonly log: Pick<Log, 'warn'>;
  readonly totalBytesMax?: number;
}

/**
 * Builds the system prompt of one turn in the order of the contract (lifecycle §21.2, memory-mcp-rest §22.4): platform
 * instructions, prompt files, MEMORY and USER, plugin rules, plugin guidelines, skills, peers, delegation failures, and
 * last what the platform has told about a restart. The
 * same files and peers give the same text. A file that cannot be used is left out with a warning: an agent with half a
 * prompt can still say so, one without a turn cannot. Never includes the prompt of another agent.
 */
export async function assemblePrompt(parts: PromptParts): Promise<string> {
  const files = createPromptFiles(parts.configDir, parts.log, parts.totalBytesMax ?? TOTAL_BYTES_MAX);
  const own = await readOwnFiles(files, parts.config.promptFiles);
  const plugins = await readPlugins(files);
  const { skills: listed, runtime } = parts.config;
  const skills = await readSkills(files, { listed, runtime, plugins: plugins.names });
  return [
    platformInstructions(parts.self),
    ...own,
    section('## Platform Rules', plugins.rules),
    section('## Platform Guidelines', plugins.guidelines),
    section('## Your Skills', skills.map(toSkillText)),
    peersSection(parts.peers),
    delegationFailuresSection(parts.lastDelegationFailures),
    section('## Since your last session', parts.restartNote === null ? [] : [parts.restartNote]),
  ]
    .filter((text) => text !== '')
    .join('\n\n');
}

/** Each file once, even when config.yaml lists it twice or lists MEMORY.md itself. */
async function readOwnFiles(files: PromptFiles, listed: readonly string[]): Promise<string[]> {
  const named = listed.length > 0 ? listed : [DEFAULT_PROMPT_FILE];
  const texts: string[] = [];
  for (const path of new Set([...named, ...STANDING_FILES])) {
    const text = await files.read(path, { expected: named.includes(path) });
    if (text !== null && text !== '') texts.push(text);
  }
  return texts;
}

function section(title: string, texts: readonly string[]): string {
  return texts.length === 0 ? '' : [title, ...texts].join('\n\n');
}
