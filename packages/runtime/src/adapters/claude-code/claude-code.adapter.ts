import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RuntimeConfig } from '../../config/runtime-config.js';
import { SERVER_NAME } from '../../mcp/server-name.js';
import { type Adapter, AdapterError } from '../adapter.js';
import { type CliAdapterDeps, createCliAdapter } from '../cli/cli-adapter.js';
import { removeLeftovers } from '../cli/leftovers.js';
import { findProgram } from '../cli/program.js';
import { createClaudeReader } from './claude-lines.js';

export interface ClaudeCodeDeps extends CliAdapterDeps {
  readonly config: Pick<RuntimeConfig, 'model'>;
}

const NAME = 'claude-code';
const PROMPT_FILE = { before: 'system-prompt-', behind: '.md' } as const;

/** Any one of these lets it reach a model. */
const CREDENTIALS = [
  'ANTHROPIC_API_KEY',
  'ANTHROPIC_AUTH_TOKEN',
  'CLAUDE_CODE_OAUTH_TOKEN',
  'CLAUDE_CODE_USE_BEDROCK',
  'CLAUDE_CODE_USE_VERTEX',
] as const;

/** What an agent of ours needs of it: no update of itself, no calls home, and no question nobody is there to answer. */
const FIXED_ENV = {
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  DISABLE_AUTOUPDATER: '1',
  // As root it refuses to work without questions unless it is told that somebody else bounds it.
  IS_SANDBOX: '1',
  // A delegation may take as long as its deadline (design §7).
  MCP_TOOL_TIMEOUT: String(7 * 60 * 60_000),
} as const;

const FLAGS = [
  '-p',
  '--input-format',
  'stream-json',
  '--output-format',
  'stream-json',
  '--include-partial-messages',
  '--verbose',
  '--dangerously-skip-permissions',
] as const;

/** Claude Code as an agent: `claude -p` per message, the conversation continued with `--resume`. */
export function createClaudeCodeAdapter(deps: ClaudeCodeDeps): Adapter {
  const { env } = deps;
  const program = findProgram(env, 'claude');
  const model = toModelName(env.model ?? deps.config.model);
  const [command = '', ...args] = deps.toolServer;
  // It starts the server with its own environment: workspace, address and token file reach it that way. `alwaysLoad`: a lead
  // sees its tools at once, where those of other servers may have to be searched for.
  const toolServer = { type: 'stdio', command, args, alwaysLoad: true };
  const mcpConfig = JSON.stringify({ mcpServers: { [SERVER_NAME]: toolServer } });
  removeLeftovers(env.runDir, PROMPT_FILE, deps.log);
  return createCliAdapter(
    {
      name: NAME,
      model,
      lacks() {
        if (CREDENTIALS.some((name) => env.variables[name])) return null;
        const text =
          'This agent has no key for its model. Save ANTHROPIC_API_KEY, or CLAUDE_CODE_OAUTH_TOKEN of a subscription, as a ' +
          'secret; the agent starts again with it.';
        return new AdapterError('model_misconfigured', text, { retryable: false });
      },
      async call({ prompt, systemPrompt, sessionId }) {
        // A file, because one argument may hold 128 KiB at most.
        const promptPath = join(env.runDir, `${PROMPT_FILE.before}${deps.random.uuid()}${PROMPT_FILE.behind}`);
        await writeFile(promptPath, systemPrompt, { mode: 0o600 });
        return {
          argv: [
            ...program,
            ...FLAGS,
            ...(model === null ? [] : ['--model', model]),
            ...(systemPrompt.trim() === '' ? [] : ['--append-system-prompt-file', promptPath]),
            '--mcp-config',
            mcpConfig,
            ...(sessionId === null ? [] : ['--resume', sessionId]),
          ],
          env: FIXED_ENV,
          after: () => rm(promptPath, { force: true }),
          input: `${JSON.stringify({ type: 'user', message: { role: 'user', content: prompt } })}\n`,
        };
      },
      createReader: (transcript) => createClaudeReader(transcript, env.variables),
    },
    deps,
  );
}

/** Its own names have no provider in front; null leaves the choice to it. */
function toModelName(model: string | null): string | null {
  const name = model?.trim().replace(/^anthropic[:/]/, '') ?? '';
  return name === '' ? null : name;
}
