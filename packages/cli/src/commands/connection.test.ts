import type { Connection } from '@molecule/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aWorkspace, type Cli, createCli } from '../../test/cli.js';

const desk = aWorkspace({ id: 'aaaaaaaa-0000-4000-8000-000000000001', name: 'Desk', runtime: 'external' });
const TOKEN = 'a-test-token-with-$&-in-it';

function aConnection(token: string): Connection {
  const placeholder = '<paste from create response>';
  return {
    workspace_id: desk.id,
    platform_url: 'http://p',
    auth_token: token,
    registry_endpoint: 'http://p/registry/register',
    heartbeat_endpoint: 'http://p/registry/heartbeat',
    universal_mcp_snippet: `claude mcp add TOKEN="${placeholder}" molecule-mcp\n`,
    python_snippet: `AUTH_TOKEN    = "${placeholder}"\n`,
    claude_code_channel_snippet: 'TOKENS=<paste auth_token from create response>\n',
    hermes_channel_snippet: 'hermes\n',
    codex_snippet: `a "${placeholder}" b "${placeholder}"\n`,
    openclaw_snippet: 'openclaw\n',
    curl_register_template: 'curl\n',
  };
}

let cli: Cli;
beforeEach(async () => {
  cli = await createCli('/nonexistent');
  cli.server.on('listWorkspaces', { status: 200, body: [desk] });
  const created = { id: desk.id, external: true, status: 'awaiting_agent', connection: aConnection(TOKEN) };
  cli.server.on('createWorkspace', { status: 201, body: created });
  const reply = (token: string) => ({ status: 200, body: { ...aConnection(token), connection: aConnection(token) } });
  cli.server.on('rotateExternal', reply(TOKEN));
  cli.server.on('getExternalConnection', reply(''));
});
afterEach(() => cli.close());

describe('ws invite', () => {
  it('makes the workspace and prints the line to paste, with its token in it', async () => {
    const seen = await cli.molecule('ws', 'invite', 'Desk', '--parent', 'Desk');
    expect(seen).toMatchObject({ exit: 0, out: `claude mcp add TOKEN="${TOKEN}" molecule-mcp\n` });
    const call = cli.server.calls.find(({ route }) => route === 'createWorkspace');
    expect(call?.body).toEqual({ name: 'Desk', external: true, parent_id: desk.id });
  });

  it.each([
    ['python', `AUTH_TOKEN    = "${TOKEN}"`],
    ['claude-code', `TOKENS=${TOKEN}`],
    ['codex', `a "${TOKEN}" b "${TOKEN}"`],
    ['curl', 'curl'],
  ])('--for %s prints that one', async (host, text) => {
    expect((await cli.molecule('ws', 'invite', 'Bench', '--for', host)).out).toBe(`${text}\n`);
  });

  it('a host without a snippet is refused before anything is made', async () => {
    const seen = await cli.molecule('ws', 'invite', 'Desk', '--for', 'emacs');
    expect([seen.exit, cli.server.calls]).toEqual([2, []]);
    expect(seen.error).toContain('mcp, curl, python');
  });
});

describe('ws connection', () => {
  it('shows where the token goes, and makes a new one only when asked to', async () => {
    const read = await cli.molecule('ws', 'connection', 'Desk');
    expect(read.out).toContain('<paste from create response>');
    expect(cli.server.calls.map(({ route }) => route)).not.toContain('rotateExternal');
    const rotated = await cli.molecule('ws', 'connection', 'Desk', '--new-token');
    expect(rotated.out).toContain(TOKEN);
    expect(rotated.error).toContain('has stopped working');
  });
});
