import type { Connection } from '@molecule/contract';
import { type Flag, UsageError } from '../../command.js';

/** What to paste, by what it is pasted into. */
const SNIPPETS = {
  mcp: 'universal_mcp_snippet',
  curl: 'curl_register_template',
  python: 'python_snippet',
  'claude-code': 'claude_code_channel_snippet',
  hermes: 'hermes_channel_snippet',
  codex: 'codex_snippet',
  openclaw: 'openclaw_snippet',
} as const satisfies Record<string, keyof Connection>;

type Host = keyof typeof SNIPPETS;

export const FOR_FLAG: Flag = {
  kind: 'text',
  describe: `what the agent runs in: ${Object.keys(SNIPPETS).join(', ')} (default mcp, any MCP host)`,
};

const PLACEHOLDER = /<paste (?:auth_token )?from create response>/g;

/** Throws a UsageError for a host nobody wrote a snippet for. */
export function readHost(flag: string | boolean | undefined): Host {
  const wanted = flag ?? 'mcp';
  const host = Object.keys(SNIPPETS).find((name): name is Host => name === wanted);
  if (host === undefined) throw new UsageError(`--for takes one of ${Object.keys(SNIPPETS).join(', ')}`);
  return host;
}

/** The snippet with the token put in, when there is one to put in. */
export function snippetOf(connection: Connection, host: Host): string {
  const snippet = connection[SNIPPETS[host]].trimEnd();
  // A function, so that nothing in a token is read as a pattern.
  return connection.auth_token === '' ? snippet : snippet.replaceAll(PLACEHOLDER, () => connection.auth_token);
}
