import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aWorkspace, type Cli, createCli } from '../../test/cli.js';
import { refusal } from '../../test/fake-server.js';

const lead = aWorkspace({ id: 'aaaaaaaa-0000-4000-8000-000000000001', name: 'Lead' });
const TOKEN = 'abcdefgh-and-thirty-five-more-characters-00';
const times = { created_at: '2026-01-01T00:00:00Z' };
const id = (n: number) => `0190000${n}-0000-7000-8000-000000000000`;

let cli: Cli;
beforeEach(async () => {
  cli = await createCli('/nonexistent');
  cli.server.on('listWorkspaces', { status: 200, body: [lead] });
});
afterEach(() => cli.close());

describe('tokens of a workspace', () => {
  const agents = { id: id(1), prefix: 'agentagt', ...times, last_used_at: '2026-01-02T00:00:00Z', agent: true };
  const mine = { id: id(2), prefix: 'abcdefgh', ...times, last_used_at: null, agent: false };
  const list = { status: 200, body: { tokens: [mine, agents], count: 2 } };

  it('are listed by what a person recognises them by', async () => {
    cli.server.on('listWorkspaceTokens', list);
    const seen = await cli.molecule('tokens', 'ls', 'Lead');
    expect(seen.exit).toBe(0);
    expect(seen.out).toMatch(/^TOKEN .*\nabcdefgh .* never +\S+\nagentagt .* its agent +\S+\n$/);
    expect(cli.server.calls.at(-1)).toMatchObject({ params: { id: lead.id }, query: { limit: '200' } });
    expect(JSON.parse((await cli.molecule('tokens', 'ls', 'Lead', '--json')).out)).toEqual(list.body);
    cli.server.on('listWorkspaceTokens', { status: 200, body: { tokens: [], count: 0 } });
    expect((await cli.molecule('tokens', 'ls', 'Lead')).out).toBe('Lead has no token.\n');
  });

  it('are made and printed alone, to be passed on', async () => {
    const body = { auth_token: TOKEN, workspace_id: lead.id, message: 'Save it' };
    cli.server.on('createWorkspaceToken', { status: 201, body });
    const seen = await cli.molecule('tokens', 'create', 'Lead');
    expect(seen.out).toBe(`${TOKEN}\n`);
    expect(seen.error).toContain('not shown again');
    const json = await cli.molecule('tokens', 'create', 'Lead', '--json');
    expect([JSON.parse(json.out), json.error]).toEqual([body, '']);
    cli.server.on('createWorkspaceToken', refusal('too_many_workspace_tokens'));
    const refused = await cli.molecule('tokens', 'create', 'Lead');
    expect([refused.exit, refused.error]).toEqual([1, expect.stringContaining('maximum 50 active tokens')]);
  });

  it.each([mine.prefix, mine.id, mine.id.slice(0, 10)])('are revoked by %s', async (wanted) => {
    cli.server.on('listWorkspaceTokens', list);
    cli.server.on('revokeWorkspaceToken', { status: 200, body: { status: 'revoked' } });
    const seen = await cli.molecule('tokens', 'revoke', 'Lead', wanted);
    expect(seen.out).toBe('abcdefgh… of Lead is revoked\n');
    expect(cli.server.calls.at(-1)).toMatchObject({ params: { id: lead.id, tokenId: mine.id } });
    const json = await cli.molecule('tokens', 'revoke', 'Lead', wanted, '--json');
    expect(JSON.parse(json.out)).toEqual({ status: 'revoked', id: mine.id });
  });

  it('say what becomes of an agent that loses its own', async () => {
    cli.server.on('listWorkspaceTokens', list);
    cli.server.on('revokeWorkspaceToken', { status: 200, body: { status: 'revoked', restarts: true } });
    expect((await cli.molecule('tokens', 'revoke', 'Lead', 'agentagt')).out).toContain('starts again with another');
  });

  it('are not revoked when it is not clear which', async () => {
    cli.server.on('listWorkspaceTokens', list);
    for (const unknown of ['nonesuch', '019', id(9)]) {
      const seen = await cli.molecule('tokens', 'revoke', 'Lead', unknown);
      expect([seen.exit, seen.error]).toEqual([1, expect.stringContaining('tokens ls Lead')]);
    }
    cli.server.on('listWorkspaceTokens', { status: 200, body: { tokens: [mine, { ...agents, prefix: mine.prefix }] } });
    const seen = await cli.molecule('tokens', 'revoke', 'Lead', mine.prefix, '--json');
    expect([seen.exit, JSON.parse(seen.error).candidates]).toEqual([1, [mine.id, agents.id]]);
    expect(cli.server.calls.map(({ route }) => route)).not.toContain('revokeWorkspaceToken');
  });
});

describe('org tokens', () => {
  const ci = { id: id(3), prefix: 'cicicici', name: 'ci', created_by: 'admin-token', ...times };
  const bare = { id: id(4), prefix: 'barebare', created_by: 'session', org_id: lead.id, ...times };

  it('are listed with who made them', async () => {
    const body = { tokens: [ci, bare], count: 2 };
    cli.server.on('listOrgTokens', { status: 200, body });
    const seen = await cli.molecule('tokens', 'org', 'ls');
    expect(seen.out).toMatch(/^TOKEN .*\ncicicici +ci +admin-token .* never .*\nbarebare +session .*aaaaaaaa/);
    expect(JSON.parse((await cli.molecule('tokens', 'org', 'ls', '--json')).out)).toEqual(body);
    cli.server.on('listOrgTokens', { status: 200, body: { tokens: [], count: 0 } });
    expect((await cli.molecule('tokens', 'org', 'ls')).out).toBe('There is no org token.\n');
  });

  it.each([
    [[], {}],
    [['my ci'], { name: 'my ci' }],
    [['my ci', '--org', 'Lead'], { name: 'my ci', org_id: lead.id }],
  ])('are made with %j and printed alone', async (args, sent) => {
    const body = { id: ci.id, prefix: ci.prefix, auth_token: TOKEN, warning: 'Save this token now.' };
    cli.server.on('createOrgToken', { status: 200, body });
    const seen = await cli.molecule('tokens', 'org', 'create', ...args);
    expect(seen).toEqual({ exit: 0, out: `${TOKEN}\n`, error: 'Save this token now.\n' });
    expect(cli.server.calls.at(-1)?.body).toEqual(sent);
    expect(JSON.parse((await cli.molecule('tokens', 'org', 'create', ...args, '--json')).out)).toEqual(body);
  });

  it('are revoked by prefix or id', async () => {
    cli.server.on('listOrgTokens', { status: 200, body: { tokens: [ci, bare], count: 2 } });
    cli.server.on('revokeOrgToken', { status: 200, body: { revoked: ci.id } });
    expect((await cli.molecule('tokens', 'org', 'revoke', 'cicicici')).out).toBe('cicicici… (ci) is revoked\n');
    expect(cli.server.calls.at(-1)?.params).toEqual({ id: ci.id });
    const json = await cli.molecule('tokens', 'org', 'revoke', ci.id, '--json');
    expect(JSON.parse(json.out)).toEqual({ revoked: ci.id });
    expect(await cli.molecule('tokens', 'org', 'revoke', 'nonesuch')).toMatchObject({ exit: 1 });
  });
});

describe('sessions', () => {
  const ends = { last_seen_at: '2026-01-02T00:00:00Z', expires_at: '2026-02-01T00:00:00Z' };
  const laptop = { id: id(5), ...times, ...ends, user_agent: 'Firefox', address: '127.0.0.1', current: false };
  const body = { sessions: [laptop], count: 1 };

  it('are listed', async () => {
    cli.server.on('listSessions', { status: 200, body });
    expect((await cli.molecule('sessions', 'ls')).out).toMatch(/^ID .*\n01900005-.* 127\.0\.0\.1 +Firefox\n$/);
    expect(JSON.parse((await cli.molecule('sessions', 'ls', '--json')).out)).toEqual(body);
    cli.server.on('listSessions', { status: 200, body: { sessions: [], count: 0 } });
    expect((await cli.molecule('sessions', 'ls')).out).toBe('Nobody is logged in.\n');
  });

  it('are ended one by one, or all at once', async () => {
    cli.server.on('listSessions', { status: 200, body });
    cli.server.on('revokeSession', { status: 200, body: { status: 'revoked', id: laptop.id } });
    expect((await cli.molecule('sessions', 'revoke', '01900005')).out).toBe(`session ${laptop.id} is logged out\n`);
    expect(cli.server.calls.at(-1)?.params).toEqual({ id: laptop.id });
    cli.server.on('revokeOtherSessions', { status: 200, body: { status: 'revoked', count: 2 } });
    expect((await cli.molecule('sessions', 'revoke', '--all')).out).toBe('2 browsers are logged out\n');
    const json = await cli.molecule('sessions', 'revoke', '--all', '--json');
    expect(JSON.parse(json.out)).toEqual({ status: 'revoked', count: 2 });
  });

  it.each([[[]], [['01900005', '--all']]])('asked for with %j are not ended', async (args) => {
    expect(await cli.molecule('sessions', 'revoke', ...args)).toMatchObject({ exit: 2 });
    expect(cli.server.calls).toEqual([]);
  });
});
