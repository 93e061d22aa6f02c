import { Writable } from 'node:stream';
import { waitFor } from '@molecule/testkit';
import { sql } from 'kysely';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertWorkspace } from '../../../test/builders.js';
import { useTestDatabase } from '../../../test/database.js';
import { ADMIN_TOKEN, createEdge, type Edge } from '../../../test/edge.js';
import { type RealApp, startRealApp } from '../../../test/real-app.js';

const admin = { token: ADMIN_TOKEN };

describe('tokens of a workspace', () => {
  const database = useTestDatabase();
  /** The log. */
  const lines: string[] = [];
  let edge: Edge;
  beforeAll(async () => {
    const sink = new Writable({
      write(chunk, _encoding, done) {
        lines.push(String(chunk));
        done();
      },
    });
    edge = await createEdge(database.url, { portsOverride: { logger: pino({ level: 'info' }, sink) } });
  });
  afterAll(() => edge.close());

  const create = (id: string, as = admin) => edge.call('POST', `/workspaces/${id}/tokens`, as);
  const list = async (id: string, query = '') =>
    (await edge.call('GET', `/workspaces/${id}/tokens${query}`, admin)).body;
  const works = async (id: string, token: string) =>
    (await edge.call('GET', `/workspaces/${id}/activity`, { token })).status === 200;

  it('are made by whoever has one or administers, shown once, and revoke no other', async () => {
    const id = await insertWorkspace(edge.ports.lanes.work);
    const first = await create(id);
    expect(first).toMatchObject({
      status: 201,
      body: { workspace_id: id, auth_token: expect.stringMatching(/^[\w-]{43}$/), message: expect.any(String) },
    });
    expect(first.headers['cache-control']).toBe('no-store');
    const second = await create(id, { token: first.body.auth_token });
    expect(second.status).toBe(201);
    for (const { body } of [first, second]) expect(await works(id, body.auth_token)).toBe(true);
    const page = await edge.call('GET', `/workspaces/${id}/tokens`, admin);
    const row = { id: expect.any(String), created_at: expect.any(String), last_used_at: null, agent: false };
    expect(page.body).toEqual({
      count: 2,
      tokens: [second, first].map(({ body }) => ({ ...row, prefix: body.auth_token.slice(0, 8) })),
    });
    expect(page.text).not.toContain(first.body.auth_token);
  });

  it('are listed newest first in pages; a limit or offset that makes no sense is the default', async () => {
    const id = await insertWorkspace(edge.ports.lanes.work);
    await sql`
      insert into workspace_auth_tokens (id, workspace_id, token_hash, prefix, created_at)
      select gen_random_uuid(), ${id}, sha256((${id} || n)::bytea), n::text, now() - make_interval(mins => n)
        from generate_series(1, 60) as n`.execute(edge.ports.lanes.work);
    const prefixes = async (query: string) =>
      (await list(id, query)).tokens.map((token: { prefix: string }) => Number(token.prefix));
    const upTo = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);
    expect(await prefixes('')).toEqual(upTo(1, 50));
    expect(await prefixes('?limit=3&offset=2')).toEqual([3, 4, 5]);
    expect(await prefixes('?limit=200')).toEqual(upTo(1, 60));
    for (const odd of ['0', '201', '-1', 'x', '']) expect(await prefixes(`?limit=${odd}`)).toEqual(upTo(1, 50));
    for (const odd of ['-1', 'x', '']) expect(await prefixes(`?limit=1&offset=${odd}`)).toEqual([1]);
  });

  it('are at most fifty, also when sixty are asked for at once', async () => {
    const id = await insertWorkspace(edge.ports.lanes.work);
    const replies = await Promise.all(Array.from({ length: 60 }, () => create(id)));
    const made = replies.filter((reply) => reply.status === 201);
    const refused = replies.filter((reply) => reply.status === 429);
    expect([made.length, refused.length, (await list(id, '?limit=200')).count]).toEqual([50, 10, 50]);
    expect(refused[0]?.body.error).toBe('maximum 50 active tokens per workspace');
    // No token is ever written to the log.
    for (const { body } of made) expect(lines.join('')).not.toContain(body.auth_token);
    // Revoking one makes room for one.
    const [{ id: any }] = (await list(id)).tokens;
    await edge.call('DELETE', `/workspaces/${id}/tokens/${any}`, admin);
    expect([(await create(id)).status, (await create(id)).status]).toEqual([201, 429]);
  });

  it('are revoked one by one, by whoever may act for the workspace, and only its own', async () => {
    const db = edge.ports.lanes.work;
    const [id, other] = [await insertWorkspace(db), await insertWorkspace(db)];
    const { auth_token: token } = (await create(id)).body;
    const { auth_token: kept } = (await create(id)).body;
    const [, { id: tokenId }] = (await list(id)).tokens;
    const revoke = (workspace: string, which: string) =>
      edge.call('DELETE', `/workspaces/${workspace}/tokens/${which}`, admin);
    for (const unknown of [await revoke(other, tokenId), await revoke(id, other), await revoke(id, 'nonsense')]) {
      expect([unknown.status, unknown.body.error]).toEqual([404, 'token not found or already revoked']);
    }
    expect(await works(id, token)).toBe(true);
    expect(await revoke(id, tokenId)).toMatchObject({ status: 200, body: { status: 'revoked' } });
    expect([await works(id, token), await works(id, kept)]).toEqual([false, true]);
    expect((await revoke(id, tokenId)).status).toBe(404);
  });

  it('B-12: the last one revoked leaves nobody a way in without one', async () => {
    const db = edge.ports.lanes.work;
    const id = await insertWorkspace(db, { backend: 'external', mayBootstrap: true });
    const { auth_token: token } = (await create(id)).body;
    const [{ id: tokenId }] = (await list(id)).tokens;
    expect((await edge.call('DELETE', `/workspaces/${id}/tokens/${tokenId}`, { token })).status).toBe(200);
    const registration = { id, agent_card: { name: 'taken' }, url: 'https://agent.example' };
    for (const given of [{}, { token }]) {
      expect((await edge.call('POST', '/registry/register', { ...given, body: registration })).status).toBe(401);
    }
    expect((await list(id)).count).toBe(0);
    expect(await edge.call('POST', `/workspaces/${id}/a2a`, { body: {} })).toMatchObject({ status: 401 });
    expect(await edge.call('GET', `/registry/${id}/peers`)).toMatchObject({ status: 401 });
    // An administrator lets it in again.
    expect(await works(id, (await create(id)).body.auth_token)).toBe(true);
  });

  it('are made by administrators on a route of its own, for workspaces that are there', async () => {
    const db = edge.ports.lanes.work;
    const [id, gone] = [await insertWorkspace(db), await insertWorkspace(db, { status: 'removed' })];
    const path = (workspace: string) => `/admin/workspaces/${workspace}/tokens`;
    for (const body of [undefined, {}, { label: 'laptop' }, { label: null }]) {
      const reply = await edge.call('POST', path(id), { ...admin, body });
      expect(reply).toMatchObject({ status: 201, body: { workspace_id: id } });
      expect(await works(id, reply.body.auth_token)).toBe(true);
    }
    for (const unknown of [gone, edge.ports.random.uuid()]) {
      expect(await edge.call('POST', path(unknown), admin)).toMatchObject({ status: 404 });
      expect(await create(unknown)).toMatchObject({ status: 404, body: { error: 'workspace not found' } });
    }
    expect(lines.filter((line) => line.includes('"label":"laptop"'))).toHaveLength(1);
    const own = { token: await edge.mint(id) };
    expect((await edge.call('POST', path(id), own)).body.error).toBe('invalid admin auth token');
  });
});

describe('tokens for test scripts', () => {
  const database = useTestDatabase();
  const at = (id: string) => `/admin/workspaces/${id}/test-token`;

  it('are handed to the admin token alone, revoke none, and are refused for what is not there', async () => {
    const edge = await createEdge(database.url);
    const db = edge.ports.lanes.work;
    const [id, gone] = [await insertWorkspace(db), await insertWorkspace(db, { status: 'removed' })];
    const own = await edge.mint(id);
    const org = (await edge.call('POST', '/org/tokens', admin)).body.auth_token;
    const cookie = await edge.login();
    for (const refused of [{}, { token: 'wrong' }, { token: own }, { token: org }, { cookie }]) {
      const reply = await edge.call('GET', at(id), refused);
      expect([reply.status, reply.body.error]).toEqual([401, 'admin auth required']);
    }
    const { status, body } = await edge.call('GET', at(id), admin);
    expect([status, Object.keys(body).sort(), body.workspace_id]).toEqual([200, ['auth_token', 'workspace_id'], id]);
    for (const token of [own, body.auth_token]) {
      expect((await edge.call('GET', `/workspaces/${id}/activity`, { token })).status).toBe(200);
    }
    for (const unknown of [gone, edge.ports.random.uuid()]) {
      expect((await edge.call('GET', at(unknown), admin)).body.error).toBe('workspace not found');
    }
    await edge.close();
  });

  it('are open to everybody in development mode, wrong bearers and foreign pages apart', async () => {
    const edge = await createEdge(database.url, { developmentMode: true });
    const id = await insertWorkspace(edge.ports.lanes.work);
    expect((await edge.call('GET', at(id))).status).toBe(200);
    expect((await edge.call('GET', at(id), { token: await edge.mint(id) })).status).toBe(200);
    expect((await edge.call('GET', at(id), { token: 'wrong' })).status).toBe(401);
    expect((await edge.call('GET', at(id), { origin: 'https://evil.example' })).status).toBe(403);
    await edge.close();
  });

  it('do not exist where they are not enabled, whoever asks', async () => {
    const edge = await createEdge(database.url, { testTokens: false });
    const id = await insertWorkspace(edge.ports.lanes.work);
    for (const as of [{}, admin, { token: 'wrong' }]) {
      const reply = await edge.call('GET', at(id), as);
      expect([reply.status, reply.body.error]).toEqual([404, 'not found']);
    }
    await edge.close();
  });
});

describe('the token an agent of this server works with', () => {
  const database = useTestDatabase();
  let app: RealApp;
  beforeAll(async () => {
    app = await startRealApp(database.url);
  });
  afterAll(() => app.close());

  it('is told apart in the list; revoked, its agent starts again with another, which lives on', async () => {
    const { id } = (await app.call('POST', '/workspaces', { name: 'Worker', runtime: 'echo' })).body;
    const first = await waitFor(() => app.machine.findToken(id));
    const registration = { id, url: 'http://127.0.0.1:1', agent_card: { name: 'Worker' } };
    expect((await app.call('POST', '/registry/register', registration, first)).status).toBe(200);
    const extra: string = (await app.call('POST', `/workspaces/${id}/tokens`)).body.auth_token;
    const { tokens } = (await app.call('GET', `/workspaces/${id}/tokens`)).body;
    expect(tokens.map((token: { prefix: string; agent: boolean }) => [token.prefix, token.agent])).toEqual([
      [extra.slice(0, 8), false],
      [first.slice(0, 8), true],
    ]);
    const revoked = await app.call('DELETE', `/workspaces/${id}/tokens/${tokens[1].id}`);
    expect(revoked).toMatchObject({ status: 200, body: { status: 'revoked', restarts: true } });
    const activity = (token: string) => app.call('GET', `/workspaces/${id}/activity`, undefined, token);
    expect((await activity(first)).status).toBe(401);
    const second = await waitFor(() => {
      const token = app.machine.findToken(id);
      return token !== undefined && token !== first && token;
    });
    expect((await app.call('POST', '/registry/register', registration, second)).status).toBe(200);
    expect((await app.call('GET', `/workspaces/${id}`)).body.status).toBe('online');
    // A start replaces every token, so that nothing of an earlier run acts for the new one (design §4.3).
    expect((await activity(extra)).status).toBe(401);
  });
});
