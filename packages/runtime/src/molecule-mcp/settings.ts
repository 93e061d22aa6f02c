/** One workspace this program speaks for. */
export interface McpWorkspace {
  readonly id: string;
  readonly token: string;
}

/** Everything the program learns from its environment (contract memory-mcp-rest §6.2). */
export interface McpSettings {
  /** The first is the primary one. */
  readonly workspaces: readonly [McpWorkspace, ...McpWorkspace[]];
  /** Without a slash at its end. */
  readonly platformUrl: string;
  readonly configsDir: string;
  readonly card: Readonly<Record<string, unknown>>;
  /** How long an agent is told to wait for a message at the start of a turn; 0 means not at all. */
  readonly pollTimeoutSeconds: number;
  readonly heartbeat: boolean;
  readonly inbox: boolean;
  readonly verbose: boolean;
  /** How long `delegate_task` waits before it says that the task goes on. */
  readonly delegationSeconds: number;
}

export type McpEnvironment =
  | { readonly ok: true; readonly settings: McpSettings }
  /** Each in words for the person who wrote the configuration. */
  | { readonly ok: false; readonly problems: readonly string[] };

interface Surroundings {
  readonly variables: Readonly<Record<string, string>>;
  /** The token in a file of the configuration folder; null when there is none. */
  readonly readTokenFile: (folder: string) => string | null;
  /** A folder that can be written, so that the token of the platform and the cursor have a place. */
  readonly findConfigsDir: (wanted: string | null) => string;
}

const POLL_TIMEOUT_DEFAULT = 2;
const POLL_TIMEOUT_MAX = 60;
const DELEGATION_SECONDS_DEFAULT = 30;
const ID_SHOWN = 8;

/** Reads the environment, or says everything that is wrong with it at once. */
export function readMcpEnvironment({ variables, readTokenFile, findConfigsDir }: Surroundings): McpEnvironment {
  const problems: string[] = [];
  const configsDir = findConfigsDir(variables.CONFIGS_DIR || null);
  const platformUrl = (variables.PLATFORM_URL ?? '').trim().replace(/\/+$/, '');
  if (platformUrl === '') problems.push('PLATFORM_URL is missing: the address of the platform, as in the snippet.');
  else if (!isHttp(platformUrl)) problems.push(`PLATFORM_URL is no http or https address: ${platformUrl}`);
  const several = variables.MOLECULE_WORKSPACES?.trim() ?? '';
  const workspaces =
    several === '' ? readOne(variables, configsDir, readTokenFile, problems) : readSeveral(several, problems);
  const [first, ...others] = workspaces;
  if (problems.length > 0 || first === undefined) return { ok: false, problems };
  return {
    ok: true,
    settings: {
      workspaces: [first, ...others],
      platformUrl,
      configsDir,
      card: toCard(variables, first.id),
      pollTimeoutSeconds: readPollTimeout(variables.MOLECULE_MCP_POLL_TIMEOUT_SECS),
      heartbeat: variables.MOLECULE_MCP_DISABLE_HEARTBEAT !== '1',
      inbox: variables.MOLECULE_MCP_DISABLE_INBOX !== '1',
      verbose: variables.MOLECULE_MCP_VERBOSE === '1',
      delegationSeconds: readWhole(variables.DELEGATION_TIMEOUT) || DELEGATION_SECONDS_DEFAULT,
    },
  };
}

/** What is printed when it cannot start. */
export function helpText(problems: readonly string[]): string {
  return `molecule-mcp cannot start:
${problems.map((problem) => `  - ${problem}`).join('\n')}

It is started by an MCP host, with these variables:
  PLATFORM_URL               address of the platform
  WORKSPACE_ID               id of the workspace
  MOLECULE_WORKSPACE_TOKEN   its token (or the file .auth_token in CONFIGS_DIR)
or, for several workspaces at once, instead of the last two:
  MOLECULE_WORKSPACES        [{"id":"…","token":"…"}, …]
The ready command is printed by "./molecule ws invite <name>" where the server runs.
`;
}

function readOne(
  variables: Surroundings['variables'],
  configsDir: string,
  readTokenFile: Surroundings['readTokenFile'],
  problems: string[],
): McpWorkspace[] {
  const id = variables.WORKSPACE_ID?.trim() ?? '';
  const token = variables.MOLECULE_WORKSPACE_TOKEN?.trim() || readTokenFile(configsDir) || '';
  if (id === '') problems.push('WORKSPACE_ID is missing: the id of the workspace this agent works in.');
  if (token === '') {
    problems.push(`MOLECULE_WORKSPACE_TOKEN is missing, and there is no token in ${configsDir}/.auth_token.`);
  }
  return [{ id, token }];
}

function readSeveral(text: string, problems: string[]): McpWorkspace[] {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    problems.push('MOLECULE_WORKSPACES is not valid JSON.');
    return [];
  }
  if (!Array.isArray(list) || list.length === 0) {
    problems.push('MOLECULE_WORKSPACES must be a JSON array with at least one entry.');
    return [];
  }
  const seen = new Set<string>();
  return list.flatMap((entry: unknown, index): McpWorkspace[] => {
    const where = `MOLECULE_WORKSPACES[${index}]`;
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
      problems.push(`${where} must be an object {"id", "token"}.`);
      return [];
    }
    const id = textOf(entry, 'id');
    const token = textOf(entry, 'token');
    if (id === '') problems.push(`${where} has no id.`);
    if (token === '') problems.push(`${where} has no token.`);
    if (id !== '' && seen.has(id)) problems.push(`${where} repeats the id ${id}.`);
    seen.add(id);
    return [{ id, token }];
  });
}

function toCard(variables: Surroundings['variables'], id: string): McpSettings['card'] {
  const skills = (variables.MOLECULE_AGENT_SKILLS ?? '')
    .split(',')
    .map((skill) => skill.trim())
    .filter((skill) => skill !== '');
  const description = variables.MOLECULE_AGENT_DESCRIPTION?.trim();
  return {
    name: variables.MOLECULE_AGENT_NAME?.trim() || `molecule-mcp-${id.slice(0, ID_SHOWN)}`,
    ...(description ? { description } : {}),
    skills: skills.map((name) => ({ name })),
  };
}

function readPollTimeout(text: string | undefined): number {
  return Math.min(readWhole(text) ?? POLL_TIMEOUT_DEFAULT, POLL_TIMEOUT_MAX);
}

function readWhole(text: string | undefined): number | null {
  return text !== undefined && /^\s*\d{1,9}\s*$/.test(text) ? Number(text) : null;
}

function isHttp(text: string): boolean {
  return URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol);
}

function textOf(entry: object, key: string): string {
  const value: unknown = Reflect.get(entry, key);
  return typeof value === 'string' ? value.trim() : '';
}
