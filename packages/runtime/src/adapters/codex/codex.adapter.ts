import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RuntimeConfig } from '../../config/runtime-config.js';
import { MESSAGE_ID_VARIABLE } from '../../env.js';
import { SERVER_NAME } from '../../mcp/server-name.js';
import { type Adapter, AdapterError } from '../adapter.js';
import { type CliAdapterDeps, createCliAdapter } from '../cli/cli-adapter.js';
import { removeLeftovers } from '../cli/leftovers.js';
import { findProgram } from '../cli/program.js';
import { createCodexReader } from './codex-lines.js';
import { toToml } from './toml.js';

export interface CodexDeps extends CliAdapterDeps {
  readonly config: Pick<RuntimeConfig, 'model'>;
}

const NAME = 'codex';
const PROFILE_FILE = { before: 'turn-', behind: '.config.toml' } as const;
const OPENAI_URL = 'https://api.openai.com/v1';
/** A delegation may take as long as its deadline (design §7). */
const TOOL_SECONDS_MAX = 7 * 60 * 60;
/** It hands a tool server nothing of its environment but what is named. */
const TOOL_VARIABLES = [
  'WORKSPACE_ID',
  'PLATFORM_URL',
  'WORKSPACE_CONFIG_PATH',
  'CONFIGS_DIR',
  'MOLECULE_RUN_DIR',
  'MOLECULE_INSTANCE_ID',
  MESSAGE_ID_VARIABLE,
] as const;
const NO_SESSION = /no rollout found for thread id/;

/**
 * Codex as an agent: `codex exec --json` per message, the conversation continued with `resume`. What we decide lies in a
 * profile over `config.toml`, which stays its owner's.
 */
export function createCodexAdapter(deps: CodexDeps): Adapter {
  const { env } = deps;
  const program = findProgram(env, 'codex');
  const home = join(env.home, '.codex');
  const model = chooseModel(env.model, deps.config.model);
  const hasKey = Boolean(env.variables.OPENAI_API_KEY);
  removeLeftovers(home, PROFILE_FILE, deps.log);
  return createCliAdapter(
    {
      name: NAME,
      model: model.name,
      lacks() {
        const lack = model.foreign ?? (hasKey || existsSync(join(home, 'auth.json')) ? null : NO_KEY);
        return lack === null ? null : new AdapterError('model_misconfigured', lack, { retryable: false });
      },
      async call({ prompt, systemPrompt, sessionId }) {
        const profile = `${PROFILE_FILE.before}${deps.random.uuid()}`;
        const path = join(home, `${profile}${PROFILE_FILE.behind}`);
        await mkdir(home, { recursive: true, mode: 0o700 });
        await writeFile(path, toProfile(systemPrompt), { mode: 0o600 });
        const resume = sessionId === null ? [] : ['resume', sessionId];
        return {
          argv: [...program, 'exec', '--profile', profile, '--skip-git-repo-check', '--json', ...resume, '-'],
          env: { CODEX_HOME: home },
          after: () => rm(path, { force: true }),
          input: prompt,
        };
      },
      createReader: (transcript) => createCodexReader(transcript, env.variables),
      // It says so on its error output alone.
      readEnd: ({ lastWords }) => (lastWords.some((line) => NO_SESSION.test(line)) ? { kind: 'no_session' } : null),
    },
    deps,
  );

  function toProfile(systemPrompt: string): string {
    const [command = '', ...args] = deps.toolServer;
    return toToml({
      ...(model.name === null ? {} : { model: model.name }),
      ...(hasKey ? { model_provider: SERVER_NAME } : {}),
      ...(systemPrompt.trim() === '' ? {} : { developer_instructions: systemPrompt }),
      // Nobody is there to answer a question. As with every agent of this host: it is no sandbox (design §6).
      approval_policy: 'never',
      sandbox_mode: 'danger-full-access',
      check_for_update_on_startup: false,
      analytics: { enabled: false },
      model_providers: hasKey
        ? {
            [SERVER_NAME]: {
              name: 'OpenAI',
              base_url: env.variables.OPENAI_BASE_URL || OPENAI_URL,
              wire_api: 'responses',
              env_key: 'OPENAI_API_KEY',
            },
          }
        : {},
      mcp_servers: {
        [SERVER_NAME]: {
          command,
          args,
          env_vars: TOOL_VARIABLES,
          tool_timeout_sec: TOOL_SECONDS_MAX,
          startup_timeout_sec: 60,
        },
      },
    });
  }
}

const NO_KEY = 'This agent has no key for its model. Save OPENAI_API_KEY as a secret; the agent starts again with it.';

/**
 * Names of models as Codex has them. One of another provider that a person chose is refused; one that only a template
 * names, as a generated one does, is left to Codex.
 */
function chooseModel(
  chosen: string | null,
  fromTemplate: string | null,
): { readonly name: string | null; readonly foreign: string | null } {
  const explicit = chosen?.trim() ?? '';
  if (explicit !== '') {
    const name = ownName(explicit);
    const foreign = `The model ${explicit} is not one that Codex can use. Choose one of OpenAI for this agent, or another runtime.`;
    return name === null ? { name: null, foreign } : { name, foreign: null };
  }
  return { name: ownName(fromTemplate?.trim() ?? ''), foreign: null };
}

function ownName(model: string): string | null {
  const name = model.replace(/^openai[:/]/, '');
  return name === '' || /^[a-z0-9-]+:/.test(name) ? null : name;
}
