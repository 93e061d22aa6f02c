import { describe, expect, it } from 'vitest';
import { toConnection, toPlatformUrl } from './connection.js';

const ID = '6a1b5f0e-9c3d-4e2f-8a7b-0123456789ab';
const URL = 'https://molecule.example.com/base';

/** Literals the canvas replaces by the token, byte for byte (contract memory-mcp-rest §9.2). */
const PLACEHOLDERS = {
  universal_mcp_snippet: ['MOLECULE_WORKSPACE_TOKEN="<paste from create response>"'],
  python_snippet: ['AUTH_TOKEN    = "<paste from create response>"'],
  claude_code_channel_snippet: ['MOLECULE_WORKSPACE_TOKENS=<paste auth_token from create response>'],
  hermes_channel_snippet: ['MOLECULE_WORKSPACE_TOKEN="<paste from create response>"'],
  codex_snippet: [
    'MOLECULE_WORKSPACE_TOKEN="<paste from create response>"',
    'MOLECULE_WORKSPACE_TOKEN = "<paste from create response>"',
  ],
  openclaw_snippet: ['WORKSPACE_TOKEN="<paste from create response>"'],
  curl_register_template: ['WORKSPACE_AUTH_TOKEN="<paste from create response>"'],
} as const;

/** What each tab must contain (contract memory-mcp-rest §9.3; universal MCP and curl as ruled in design §13). */
const MANDATORY: Readonly<Record<keyof typeof PLACEHOLDERS, readonly string[]>> = {
  universal_mcp_snippet: [
    'claude mcp add molecule -s user -- env',
    `npx -y -p ${URL}/dl/molecule-mcp.tgz molecule-mcp`,
    'every 20 s',
    'Origin',
  ],
  python_snippet: [
    "pip install 'git+https://github.com/Molecule-AI/molecule-sdk-python.git@main'",
    'RemoteAgentClient(',
    'A2AServer(agent_id=WORKSPACE_ID, inbound_url=INBOUND_URL, message_handler=handle)',
    'reported_url',
    'client.register()',
    'client.heartbeat()',
    'part.get("type") == "text"',
    'part.get("kind") == "text"',
  ],
  claude_code_channel_snippet: [
    'Bun',
    '/plugin marketplace add Molecule-AI/molecule-mcp-claude-channel',
    '/plugin install molecule@molecule-mcp-claude-channel',
    '~/.claude/channels/molecule/.env',
    'chmod 600',
    `MOLECULE_PLATFORM_URL=${URL}`,
    `MOLECULE_WORKSPACE_IDS=${ID}`,
    'claude --dangerously-load-development-channels --channels plugin:molecule@molecule-mcp-claude-channel',
    'plugin not installed',
    'not on approved channels allowlist',
    'config-missing',
    'channelsEnabled',
    'allowedChannelPlugins',
  ],
  hermes_channel_snippet: [
    "pip install 'git+https://github.com/Molecule-AI/hermes-channel-molecule.git'",
    `MOLECULE_WORKSPACE_ID="${ID}"`,
    `MOLECULE_PLATFORM_URL="${URL}"`,
    '~/.hermes/config.yaml',
    'hermes gateway --replace',
  ],
  codex_snippet: [
    'npm install -g @openai/codex@latest',
    'pip install molecule-ai-workspace-runtime',
    'pip install codex-channel-molecule',
    '[mcp_servers.molecule]',
    'command = "molecule-mcp"',
    '[mcp_servers.molecule.env]',
    'nohup codex-channel-molecule',
    'disown',
    '~/.codex-channel-molecule/sessions.json',
    '0.57',
  ],
  openclaw_snippet: [
    'npm install -g openclaw@latest',
    'openclaw mcp set molecule',
    '"command":"molecule-mcp"',
    'nohup openclaw gateway --dev --port 18789 --bind loopback',
    'disown',
    'Outbound only',
  ],
  curl_register_template: [
    'export AGENT_URL',
    `${URL}/registry/register`,
    'Authorization: Bearer $WORKSPACE_AUTH_TOKEN',
    `Origin: ${URL}`,
    'Content-Type: application/json',
    '"name"',
    '"description"',
    '"version"',
  ],
};

const OWN = ['universal_mcp_snippet', 'curl_register_template'];
const TOKEN = 'a-test-token-that-belongs-in-one-key-only';
const connection = toConnection(ID, URL, TOKEN);
const snippets = Object.entries(connection).filter(([key]) => /_(snippet|template)$/.test(key));

describe('the connection payload', () => {
  it('has exactly the keys of the contract, all of them strings that say something', () => {
    expect(Object.keys(connection)).toEqual([
      'workspace_id',
      'platform_url',
      'auth_token',
      'registry_endpoint',
      'heartbeat_endpoint',
      'universal_mcp_snippet',
      'python_snippet',
      'claude_code_channel_snippet',
      'hermes_channel_snippet',
      'codex_snippet',
      'openclaw_snippet',
      'curl_register_template',
    ]);
    for (const value of Object.values(connection)) expect(value).toMatch(/\S/);
    expect(connection).toMatchObject({
      workspace_id: ID,
      platform_url: URL,
      auth_token: TOKEN,
      registry_endpoint: `${URL}/registry/register`,
      heartbeat_endpoint: `${URL}/registry/heartbeat`,
    });
  });

  it('the token is in its own key and nowhere else', () => {
    for (const [key, text] of snippets) expect({ key, told: text.includes(TOKEN) }).toEqual({ key, told: false });
    expect(Object.values(toConnection(ID, URL, '')).filter((value) => value === '')).toHaveLength(1);
  });

  it.each(Object.entries(MANDATORY))('%s holds what the contract asks for', (key, wanted) => {
    const text = connection[key as keyof typeof MANDATORY];
    for (const part of [...wanted, ...PLACEHOLDERS[key as keyof typeof PLACEHOLDERS]]) expect(text).toContain(part);
    expect(text).toContain(ID);
    expect(text).toContain(URL);
    expect(text.includes('Third-party')).toBe(!OWN.includes(key));
  });

  it('B-14, R38: no snippet asks for what only the server knows, or touches a file of the operator', () => {
    expect(snippets).toHaveLength(Object.keys(MANDATORY).length);
    for (const [key, text] of snippets) {
      expect({ key, text }).toEqual({ key, text: expect.not.stringMatching(/MOLECULE_ORG_ID|\{\{|\}\}\}|<your/i) });
      expect({ key, text }).toEqual({ key, text: expect.not.stringMatching(/cat\s*>|>>|tee\s/) });
      // The only angle brackets are the placeholders, so that nothing else is left to guess.
      const left = text.replaceAll(/<paste (from|auth_token from) create response>/g, '');
      expect({ key, left }).toEqual({ key, left: expect.not.stringMatching(/<[a-z]/i) });
    }
    expect(connection.curl_register_template).toContain('-H "Origin:');
  });

  it('M-50: what a snippet starts goes on without its shell, what it installs is current, and what it loads is allowed', () => {
    for (const [key, text] of snippets) {
      const code = text.split('\n').filter((line) => !/^\s*#/.test(line));
      for (const line of code.filter((one) => /&\s*$/.test(one) && !/&&\s*$/.test(one))) {
        expect({ key, line }).toEqual({ key, line: expect.stringMatching(/^nohup .*> .* 2>&1 &$/) });
        expect(code[code.indexOf(line) + 1]).toBe('disown');
      }
      for (const line of text.split('\n').filter((one) => one.includes('--channels'))) {
        expect(line).toContain('--dangerously-load-development-channels');
      }
      for (const [, version] of text.matchAll(/npm install -g [@\w/-]+?@([\w.^~-]+)/g)) expect(version).toBe('latest');
      expect({ key, text }).toEqual({ key, text: expect.not.stringMatching(/pip install [\w-]+[=<>~]=/) });
      // Ours is installed from this very server, theirs is marked as theirs.
      if (OWN.includes(key)) expect(text).not.toMatch(/npm install|pip install|Third-party/);
      else expect(text).toContain('Third-party');
    }
  });

  it.each([
    ['https://a.example/', 'https://a.example'],
    ['https://a.example//', 'https://a.example'],
    ['http://[::1]:8080', 'http://[::1]:8080'],
    ['https://a.example/base/', 'https://a.example/base'],
  ])('of %s no derived address has two slashes', (origin, wanted) => {
    const of = toConnection(ID, toPlatformUrl(origin), '');
    expect(of.platform_url).toBe(wanted);
    for (const value of Object.values(of)) expect(value.replaceAll(/https?:\/\//g, '')).not.toMatch(/\w\/\/\w/);
  });

  it.each(['http://a";id;"', 'http://$(id)', 'http://a b', 'ftp://a', 'http://a\nb', 'http://`id`'])(
    'an address a shell would read as more than that is refused: %s',
    (origin) => {
      expect(() => toPlatformUrl(origin)).toThrowError(expect.objectContaining({ code: 'misdirected_request' }));
    },
  );
});
