import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertWorkspace } from '../../../test/builders.js';
import { useTestDatabase } from '../../../test/database.js';
import { ADMIN_TOKEN, type CallOptions, createEdge, type Edge, OWN_ORIGIN } from '../../../test/edge.js';

const admin = { token: ADMIN_TOKEN };

describe('org tokens', () => {
  const database = useTestDatabase();
  let edge: Edge;
  beforeAll(async () => {
    edge = await createEdge(database.url);
  });
  afterAll(() => edge.close());

  const make = async (body?: unknown, as: CallOptions = admin) => edge.call('POST', '/org/tokens', { ...as, body });
  const listed = async (id: string) =>
    (await edge.call('GET', '/org/tokens', admin)).body.tokens.find((token: { id: string }) => token.id === id);

  it('are shown once, stored as a hash, and listed by prefix with who made them', async () => {
    const made = await make({ name: 'ci' });
    expect(made).toMatchObject({ status: 200, body: { name: 'ci', warning: expect.any(String) } });
    const { id, prefix, auth_token: token } = made.body;
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(prefix).toBe(token.slice(0, 8));
    expect(made.headers['cache-control']).toBe('no-store');
    const list = await edge.call('GET', '/org/tokens', admin);
    expect(list.text).not.toContain(token);
    expect(list.body.count).toBe(list.body.tokens.length);
    // What is null in the database is left out.
    expect(await listed(id)).toEqual({
      id,
      prefix,
      name: 'ci',
      created_by: 'admin-token',
      created_at: expect.any(String),
    });
    const row = await edge.ports.lanes.work
      .selectFrom('org_api_tokens')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    expect(row.token_hash).toHaveLength(32);
    expect(JSON.stringify(row)).not.toContain(token);
  });

  it('open what ADMIN_TOKEN opens, for whichever workspace, and neither registrations nor what is an agent’s own', async () => {
    const db = edge.ports.lanes.work;
    const [id, other] = [await insertWorkspace(db), await insertWorkspace(db)];
    await edge.mint(id);
    const { body: made } = await make({ name: 'ops' });
    const as = { token: made.auth_token };
    const actor = {
      kind: 'admin',
      via: 'org_token',
      token: { id: made.id, prefix: made.prefix, orgId: null },
    };
    for (const path of ['/workspaces', `/workspaces/${id}/activity`, `/workspaces/${other}/activity`]) {
      expect((await edge.call('GET', path, as)).body).toEqual({ passed: actor });
    }
    expect((await edge.call('POST', `/workspaces/${id}/a2a`, { ...as, body: {} })).body).toEqual({ passed: actor });
    expect((await edge.call('GET', `/registry/${id}/peers`, as)).status).toBe(200);
    expect((await edge.call('GET', '/ws', as)).status).toBe(426);
    expect((await edge.call('GET', '/session', as)).body.principal).toEqual({ kind: 'admin', via: 'org_token' });
    expect((await edge.call('GET', `/workspaces/${id}/secrets/values`, as)).status).toBe(401);
    const beat = { workspace_id: id, agent_card: {}, id, url: 'http://h' };
    for (const path of ['/registry/register', '/registry/heartbeat', '/registry/update-card']) {
      expect([path, (await edge.call('POST', path, { ...as, body: beat })).status]).toEqual([path, 401]);
    }
    await expect(
      edge.access.resolveCaller({
        actor: { kind: 'admin', via: 'org_token', token: { id: made.id, prefix: made.prefix, orgId: null } },
        headers: { 'x-workspace-id': id },
        targetId: other,
      }),
    ).resolves.toEqual({ callerId: id });
  });

  it('record who made them, and pass their org on', async () => {
    const root = await insertWorkspace(edge.ports.lanes.work);
    const cookie = await edge.login();
    const bySession = await make({}, { cookie, origin: OWN_ORIGIN });
    expect(await listed(bySession.body.id)).toMatchObject({ created_by: 'session' });
    const anchored = await make({ org_id: root });
    expect(anchored.body).toMatchObject({ org_id: root });
    const child = await make(undefined, { token: anchored.body.auth_token });
    expect(await listed(child.body.id)).toMatchObject({
      created_by: `org-token:${anchored.body.prefix}`,
      org_id: root,
    });
    expect(child.body).not.toHaveProperty('name');
  });

  it('belong to a root workspace or to none, and never to another org than the one they are made with', async () => {
    const db = edge.ports.lanes.work;
    const root = await insertWorkspace(db);
    const leaf = await insertWorkspace(db, { parentId: root });
    const gone = await insertWorkspace(db, { status: 'removed' });
    for (const org_id of [leaf, gone, edge.ports.random.uuid(), 'nonsense']) {
      expect((await make({ org_id })).body).toMatchObject({ code: 'not_a_root_workspace' });
    }
    const { body: anchored } = await make({ org_id: root });
    const foreign = await make({ org_id: await insertWorkspace(db) }, { token: anchored.auth_token });
    expect(foreign).toMatchObject({ status: 403, body: { code: 'org_token_of_another_org' } });
    // Whoever purges the root keeps its tokens, which then belong to no org.
    await sql`delete from workspaces where id = ${root} or parent_id = ${root}`.execute(db);
    expect(await listed(anchored.id)).not.toHaveProperty('org_id');
  });

  it('have names of at most 100 characters, however many bytes, and none at all without a body', async () => {
    expect((await make({ name: '🧪'.repeat(100) })).status).toBe(200);
    const refused = await make({ name: '🧪'.repeat(101) });
    expect([refused.status, refused.body.error]).toEqual([400, 'name too long (max 100 chars)']);
    expect((await make()).body).not.toHaveProperty('name');
    expect((await make({ name: 7 })).body.code).toBe('invalid_request_body');
    const malformed = await edge.http.inject({
      method: 'POST',
      url: '/org/tokens',
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
      payload: '{"name":',
    });
    expect([malformed.statusCode, malformed.json().code]).toEqual([400, 'invalid_request_body']);
  });

  it('are refused from the request after their revocation on, which happens once', async () => {
    const { body } = await make({ name: 'short' });
    const as = { token: body.auth_token };
    expect((await edge.call('GET', '/workspaces', as)).status).toBe(200);
    const revoke = () => edge.call('DELETE', `/org/tokens/${body.id}`, admin);
    expect((await revoke()).body).toEqual({ revoked: body.id });
    const refused = await edge.call('GET', '/workspaces', as);
    expect([refused.status, refused.body.error]).toEqual([401, 'invalid admin auth token']);
    expect(await listed(body.id)).toBeUndefined();
    for (const again of [await revoke(), await edge.call('DELETE', '/org/tokens/nonsense', admin)]) {
      expect([again.status, again.body.error]).toEqual([404, 'token not found or already revoked']);
    }
  });

  it('are listed newest first, no more than 500', async () => {
    const db = edge.ports.lanes.work;
    await sql`
      insert into org_api_tokens (id, token_hash, prefix, created_by, created_at)
      select gen_random_uuid(), sha256(n::text::bytea), 'old', 'admin-token', now() - make_interval(days => n)
        from generate_series(1, 505) as n`.execute(db);
    const newest = (await make({ name: 'newest' })).body.id;
    const { tokens, count } = (await edge.call('GET', '/org/tokens', admin)).body;
    expect([count, tokens.length, tokens[0].id]).toEqual([500, 500, newest]);
    const times = tokens.map((token: { created_at: string }) => Date.parse(token.created_at));
    expect(times).toEqual([...times].sort((a, b) => b - a));
    await sql`delete from org_api_tokens where prefix = 'old'`.execute(db);
  });

  it('tell when they were used last, written in the background; revoked ones go after a while', async () => {
    const { body: used } = await make({ name: 'used' });
    const { body: old } = await make({ name: 'old' });
    for (let use = 0; use < 3; use += 1) await edge.call('GET', '/workspaces', { token: used.auth_token });
    expect(await listed(used.id)).not.toHaveProperty('last_used_at');
    await edge.ports.runLoop('credential-use');
    expect(await listed(used.id)).toMatchObject({ last_used_at: expect.any(String) });

    const kept = async () =>
      (await edge.ports.lanes.work.selectFrom('org_api_tokens').select('id').execute()).map((row) => row.id);
    await edge.call('DELETE', `/org/tokens/${used.id}`, admin);
    await edge.call('DELETE', `/org/tokens/${old.id}`, admin);
    await sql`update org_api_tokens set revoked_at = now() - interval '31 days' where id = ${old.id}`.execute(
      edge.ports.lanes.work,
    );
    await edge.ports.runLoop('org-token-retention');
    expect(await kept()).toContain(used.id);
    expect(await kept()).not.toContain(old.id);
  });
});

describe('making org tokens', () => {
  const database = useTestDatabase();

  it('is limited to ten an hour and address, whoever asks; refused strangers take nobody’s share', async () => {
    const edge = await createEdge(database.url, { rateLimit: 1_000 });
    const post = (options: CallOptions) => edge.call('POST', '/org/tokens', options);
    for (let n = 0; n < 12; n += 1) expect((await post({ token: 'wrong' })).status).toBe(401);
    const other = (await post(admin)).body.auth_token;
    const statuses = [];
    for (let n = 0; n < 9; n += 1) statuses.push((await post({ token: n % 2 ? other : ADMIN_TOKEN })).status);
    expect(statuses).toEqual(Array<number>(9).fill(200));
    const refused = await post({ token: other });
    expect(refused).toMatchObject({ status: 429, body: { error: 'rate limit exceeded', code: 'rate_limited' } });
    expect(refused.body.retry_after).toBeGreaterThan(3_500);
    expect(refused.headers).toMatchObject({
      'retry-after': String(refused.body.retry_after),
      'x-ratelimit-limit': '10',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': String(refused.body.retry_after),
    });
    expect((await edge.call('GET', '/org/tokens', admin)).body.count).toBe(10);
    await edge.close();
  });
});
