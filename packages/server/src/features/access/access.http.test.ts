import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { insertWorkspace } from '../../../test/builders.js';
import { useTestDatabase } from '../../../test/database.js';
import { ADMIN_TOKEN, createEdge, type Edge, HOST, OWN_ORIGIN } from '../../../test/edge.js';

describe('credentials', () => {
  const database = useTestDatabase();
  let edge: Edge;
  beforeAll(async () => {
    edge = await createEdge(database.url);
  });
  afterAll(() => edge.close());

  const linkToken = async (): Promise<string> =>
    (await edge.access.createLoginLink('http://x')).split('/login/')[1] ?? '';

  it('a login link shows a button, works once, and opens a session', async () => {
    const path = `/login/${await linkToken()}`;
    const page = await edge.call('GET', path);
    expect(page.status).toBe(200);
    expect(page.text).toContain('<form method="post">');
    expect(page.text).not.toContain('<script');
    expect((await edge.call('GET', path)).status).toBe(200);

    const used = await edge.call('POST', path, { headers: { 'content-type': 'application/x-www-form-urlencoded' } });
    expect(used.status).toBe(303);
    expect(used.headers.location).toBe('/app/');
    const cookie = String(used.headers['set-cookie']);
    expect(cookie).toMatch(/^molecule_session_8080=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d+$/);
    const session = await edge.call('GET', '/session', { cookie: cookie.split(';')[0] ?? '' });
    expect(session.body.principal).toEqual({ kind: 'admin', via: 'session' });
    expect(Date.parse(session.body.expires_at) - Date.now()).toBeGreaterThan(29 * 24 * 3600_000);

    expect((await edge.call('POST', path)).body.code).toBe('login_link_invalid');
    expect((await edge.call('POST', path, { headers: { accept: 'text/html' } })).text).toContain('molecule login-link');
    expect((await edge.call('GET', path)).status).toBe(401);
  });

  it.each([
    ['/login', 200],
    ['/login/', 401],
    ['/login/nonsense', 401],
    ['/login/with/a/slash', 401],
    [`/login/${'x'.repeat(43)}/`, 401],
    ['/login/%00', 401],
    [`/login/${'x'.repeat(43)}`, 401],
  ])('a browser at %s reads a page that says how to get in', async (path, status) => {
    const page = await edge.call('GET', path);
    expect(page.status).toBe(status);
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.text).toContain('./molecule login-link');
    expect(page.text).not.toContain('<form');
  });

  it('two clicks at once on a login link open one session', async () => {
    const path = `/login/${await linkToken()}`;
    const replies = await Promise.all([1, 2, 3, 4].map(() => edge.call('POST', path)));
    expect(replies.map((reply) => reply.status).sort((a, b) => a - b)).toEqual([303, 401, 401, 401]);
  });

  it('a login link that is too old opens nothing', async () => {
    const token = await linkToken();
    await sql`update login_links set expires_at = now() - interval '1 second'`.execute(edge.ports.lanes.work);
    expect((await edge.call('POST', `/login/${token}`)).status).toBe(401);
  });

  it('the admin token is exchanged for a session, a wrong one is refused, and logging out ends the session', async () => {
    expect((await edge.call('POST', '/session', { body: { token: 'wrong' } })).body.code).toBe('invalid_admin_token');
    const cookie = await edge.login();
    expect((await edge.call('GET', '/session', { cookie })).status).toBe(200);
    expect((await edge.call('DELETE', '/session', { cookie, origin: 'https://evil.example' })).status).toBe(403);
    const out = await edge.call('DELETE', '/session', { cookie, origin: OWN_ORIGIN });
    expect(String(out.headers['set-cookie'])).toContain('Max-Age=0');
    expect((await edge.call('GET', '/session', { cookie })).body.code).toBe('admin_auth_required');
  });

  it('a session that has ended is no session', async () => {
    const cookie = await edge.login();
    await sql`update sessions set expires_at = now() - interval '1 second'`.execute(edge.ports.lanes.work);
    expect((await edge.call('GET', '/workspaces', { cookie })).status).toBe(401);
    const id = await insertWorkspace(edge.ports.lanes.work);
    expect((await edge.call('GET', `/registry/${id}/peers`, { cookie })).body.error).toBe('invalid session');
  });

  it('a session behind a proxy that ends TLS gets a Secure cookie and may use the https Origin', async () => {
    const headers = { 'x-forwarded-proto': 'https' };
    const reply = await edge.call('POST', '/session', { body: { token: ADMIN_TOKEN }, headers });
    expect(String(reply.headers['set-cookie'])).toContain('; Secure');
    const cookie = await edge.login();
    expect(
      (await edge.call('POST', '/workspaces', { cookie, origin: `https://${HOST}`, body: { name: 'a' } })).status,
    ).toBe(200);
  });

  it('only the hash of a token is stored, with its first eight characters', async () => {
    const id = await insertWorkspace(edge.ports.lanes.work);
    const token = await edge.mint(id);
    expect(token).toMatch(/^[\w-]{43}$/);
    const rows = await edge.ports.lanes.work
      .selectFrom('workspace_auth_tokens')
      .selectAll()
      .where('workspace_id', '=', id)
      .execute();
    expect(rows.map((row) => [row.prefix, row.token_hash.length])).toEqual([[token.slice(0, 8), 32]]);
  });

  it('a token dies with the next generation, for every door, and the newer one is never shut out by an older start', async () => {
    const id = await insertWorkspace(edge.ports.lanes.work);
    const path = `/workspaces/${id}/activity`;
    const first = await edge.access.tokens.issueForGeneration(id, 1);
    expect((await edge.call('GET', path, { token: first })).status).toBe(200);
    await sql`update workspaces set generation = 2 where id = ${id}`.execute(edge.ports.lanes.work);
    expect((await edge.call('GET', path, { token: first })).status).toBe(401);
    const second = await edge.access.tokens.issueForGeneration(id, 2);
    const late = await edge.access.tokens.issueForGeneration(id, 1);
    expect((await edge.call('GET', path, { token: late })).status).toBe(401);
    expect((await edge.call('GET', path, { token: second })).status).toBe(200);
    await edge.ports.transact('control', (tx) => edge.access.tokens.revokeAll(tx, [id]));
    expect((await edge.call('GET', path, { token: second })).status).toBe(401);
  });

  it('a token that was lost with its folder dies with the next start of its generation, that of an external agent with none', async () => {
    const db = edge.ports.lanes.work;
    const [managed, external] = [await insertWorkspace(db), await insertWorkspace(db)];
    const statusOf = async (id: string, token: string) =>
      (await edge.call('GET', `/workspaces/${id}/activity`, { token })).status;
    const lost = await edge.access.tokens.issueForGeneration(managed, 1);
    const kept = await edge.mint(external);
    const next = await edge.access.tokens.issueForGeneration(managed, 1);
    expect([await statusOf(managed, lost), await statusOf(managed, next)]).toEqual([401, 200]);
    await sql`update workspaces set generation = 7 where id = ${external}`.execute(db);
    expect(await statusOf(external, kept)).toBe(200);
  });

  it('B-03: the revoked token of a removed workspace asks about that workspace only, everybody else is refused', async () => {
    const db = edge.ports.lanes.work;
    const [gone, other] = [await insertWorkspace(db), await insertWorkspace(db)];
    const token = await edge.mint(gone);
    await sql`update workspaces set status = 'removed' where id = ${gone}`.execute(db);
    await edge.ports.transact('control', (tx) => edge.access.tokens.revokeAll(tx, [gone]));
    expect((await edge.call('GET', `/workspaces/${gone}`, { token })).body).toEqual({
      passed: { kind: 'tombstone', id: gone },
    });
    expect((await edge.call('GET', `/workspaces/${gone}/state`, { token })).status).toBe(200);
    expect((await edge.call('GET', `/workspaces/${other}`, { token })).status).toBe(401);
    expect((await edge.call('GET', `/workspaces/${gone}/activity`, { token })).status).toBe(401);
    expect((await edge.call('POST', `/workspaces/${gone}/a2a`, { token, body: {} })).status).toBe(401);
  });

  describe('retention', () => {
    /** An edge of its own, because its loops run. */
    async function sweep(lookAt: (own: Edge) => Promise<void>): Promise<void> {
      const own = await createEdge(database.url);
      own.ports.supervisor.start();
      await lookAt(own);
      await own.close();
    }
    const issueThree = async (id: string): Promise<string[]> => {
      const tokens = [];
      for (const generation of [1, 1, 1]) tokens.push(await edge.access.tokens.issueForGeneration(id, generation));
      return tokens;
    };
    const age = (id: string) =>
      sql`update workspace_auth_tokens set created_at = created_at - interval '32 days',
                 revoked_at = revoked_at - interval '31 days' where workspace_id = ${id}`.execute(
        edge.ports.lanes.work,
      );
    const prefixes = async (id: string): Promise<string[]> => {
      const db = edge.ports.lanes.work;
      const rows = await db
        .selectFrom('workspace_auth_tokens')
        .select('prefix')
        .where('workspace_id', '=', id)
        .execute();
      return rows.map((row) => row.prefix).sort();
    };
    const prefixesOf = (tokens: readonly string[]) => tokens.map((token) => token.slice(0, 8)).sort();

    it('tokens that were revoked long ago go, those that live or died lately stay', async () => {
      const id = await insertWorkspace(edge.ports.lanes.work);
      const tokens = await issueThree(id);
      await age(id);
      const [lately, live] = [await edge.mint(id), await edge.mint(id)];
      await sql`update workspace_auth_tokens set revoked_at = now() where prefix = ${lately.slice(0, 8)}`.execute(
        edge.ports.lanes.work,
      );
      expect(await prefixes(id)).toHaveLength(5);
      await sweep(() => expect.poll(() => prefixes(id)).toEqual(prefixesOf([...tokens.slice(-1), lately, live])));
      expect((await edge.call('GET', `/workspaces/${id}/activity`, { token: live })).status).toBe(200);
      expect((await edge.call('GET', `/workspaces/${id}/activity`, { token: lately })).status).toBe(401);
    });

    it('B-12: the last token that a workspace had stays, so that nobody takes it for one that never had any', async () => {
      const id = await insertWorkspace(edge.ports.lanes.work);
      const tokens = await issueThree(id);
      await edge.ports.transact('control', (tx) => edge.access.tokens.revokeAll(tx, [id]));
      await age(id);
      await sweep(() => expect.poll(() => prefixes(id)).toEqual(prefixesOf(tokens.slice(-1))));
    });

    it('B-03: a removed workspace keeps answering its own tokens, however long ago they were revoked', async () => {
      const db = edge.ports.lanes.work;
      const [gone, witness] = [await insertWorkspace(db), await insertWorkspace(db)];
      const tokens = await issueThree(gone);
      await issueThree(witness);
      await sql`update workspaces set status = 'removed' where id = ${gone}`.execute(db);
      await edge.ports.transact('control', (tx) => edge.access.tokens.revokeAll(tx, [gone, witness]));
      await age(gone);
      await age(witness);
      await sweep(() => expect.poll(() => prefixes(witness)).toHaveLength(1));
      expect(await prefixes(gone)).toEqual(prefixesOf(tokens));
      for (const token of tokens) {
        const { body } = await edge.call('GET', `/workspaces/${gone}`, { token });
        expect(body).toEqual({ passed: { kind: 'tombstone', id: gone } });
      }
    });

    it('sessions and login links go when they have ended', async () => {
      const db = edge.ports.lanes.work;
      await edge.login();
      await linkToken();
      await sql`update sessions set expires_at = now() - interval '1 second'`.execute(db);
      await sql`update login_links set expires_at = now() - interval '1 second'`.execute(db);
      const cookie = await edge.login();
      const left = async (table: 'sessions' | 'login_links') =>
        (await db.selectFrom(table).selectAll().execute()).length;
      await sweep(() => expect.poll(async () => [await left('sessions'), await left('login_links')]).toEqual([1, 0]));
      expect((await edge.call('GET', '/session', { cookie })).status).toBe(200);
    });
  });

  it('names reserved for the server itself are refused whoever uses them', async () => {
    const id = await insertWorkspace(edge.ports.lanes.work);
    for (const prefix of ['webhook:', 'system:', 'test:', 'channel:']) {
      const headers = { 'x-workspace-id': `${prefix}x` };
      const reply = await edge.call('POST', `/workspaces/${id}/a2a`, { token: ADMIN_TOKEN, headers, body: {} });
      expect([reply.status, reply.body.error]).toEqual([403, 'invalid caller ID']);
    }
  });

  it('B-09, B-51: a token speaks for its own workspace and for no other, an admin for anyone', async () => {
    const [a, b] = [await insertWorkspace(edge.ports.lanes.work), await insertWorkspace(edge.ports.lanes.work)];
    const resolve = (actor: Parameters<typeof edge.access.resolveCaller>[0]['actor'], headers = {}) =>
      edge.access.resolveCaller({ actor, headers, targetId: b });
    const self = { kind: 'workspace', id: a } as const;
    const admin = { kind: 'admin', via: 'admin_token' } as const;
    await expect(resolve(self)).resolves.toEqual({ callerId: a });
    await expect(resolve(self, { 'x-workspace-id': b })).rejects.toThrow('invalid caller auth token');
    await expect(resolve(self, { 'x-source-workspace-id': b })).rejects.toThrow('invalid caller auth token');
    await expect(resolve(admin)).resolves.toEqual({ callerId: null });
    await expect(resolve(admin, { 'x-source-workspace-id': a })).resolves.toEqual({ callerId: a });
    await expect(resolve(admin, { 'x-workspace-id': 'me' })).rejects.toThrow('invalid caller ID');
    const unproven = await edge.call('POST', `/workspaces/${b}/a2a`, { headers: { 'x-workspace-id': a }, body: {} });
    expect(unproven.body.error).toBe('missing caller auth token');
  });

  it('a listed origin may use the cookie', async () => {
    const other = await createEdge(database.url, { corsOrigins: ['https://ops.example'] });
    const cookie = await other.login();
    const call = (origin: string) => other.call('POST', '/workspaces', { cookie, origin, body: { name: 'a' } });
    expect((await call('https://ops.example')).status).toBe(200);
    expect((await call('https://ops.example.evil')).body.code).toBe('origin_not_allowed');
    await other.close();
  });

  it('an origin that may call and is not trusted with a session reads and writes with a token alone', async () => {
    const origin = 'http://localhost:3000';
    const other = await createEdge(database.url, { untrustedOrigins: [origin] });
    const cookie = await other.login();
    for (const method of ['GET', 'POST'] as const) {
      const body = method === 'POST' ? { body: { name: 'a' } } : {};
      const refused = await other.call(method, '/workspaces', { cookie, origin, ...body });
      expect([refused.status, refused.body.code]).toEqual([403, 'origin_not_allowed']);
      expect((await other.call(method, '/workspaces', { token: ADMIN_TOKEN, origin, ...body })).status).toBe(200);
    }
    expect((await other.call('GET', '/ws', { cookie, origin })).status).toBe(403);
    await other.close();
  });

  it('when a token was used last is written in the background, once for many uses', async () => {
    const id = await insertWorkspace(edge.ports.lanes.work);
    const token = await edge.mint(id);
    const lastUsed = () =>
      edge.ports.lanes.work
        .selectFrom('workspace_auth_tokens')
        .select('last_used_at')
        .where('workspace_id', '=', id)
        .executeTakeFirstOrThrow();
    for (let use = 0; use < 3; use += 1) await edge.call('GET', `/workspaces/${id}/activity`, { token });
    expect((await lastUsed()).last_used_at).toBeNull();
    edge.ports.supervisor.start();
    await expect.poll(async () => (await lastUsed()).last_used_at).toBeInstanceOf(Date);
  });
});

describe('guesses', () => {
  const database = useTestDatabase();
  const LIMIT = 6;
  let edge: Edge;
  let id: string;
  beforeEach(async () => {
    edge = await createEdge(database.url, { rateLimit: LIMIT });
    id = await insertWorkspace(edge.ports.lanes.work);
  });
  afterEach(() => edge.close());

  const stranger = '8d8cf5ae-6a3c-4b36-8f0c-9d0f2f1c7a11';
  const doors: readonly [string, (n: number) => Promise<{ status: number }>, number][] = [
    ['an admin route', (n) => edge.call('GET', '/workspaces', { token: `guess-${n}` }), 401],
    ['a workspace', (n) => edge.call('GET', `/workspaces/${id}/activity`, { token: `guess-${n}` }), 401],
    ['messages', (n) => edge.call('POST', `/workspaces/${id}/a2a`, { token: `guess-${n}`, body: {} }), 401],
    ['the live socket', (n) => edge.call('GET', '/ws', { token: `guess-${n}` }), 401],
    ['a session', (n) => edge.call('GET', '/workspaces', { cookie: `molecule_session_8080=guess-${n}` }), 401],
    ['a login', (n) => edge.call('POST', '/session', { token: `odd-${n}`, body: { token: `guess-${n}` } }), 401],
    ['a login link', (n) => edge.call('GET', `/login/guess-of-a-link-${n}`, { token: `odd-${n}` }), 401],
    [
      'a heartbeat',
      (n) => edge.call('POST', '/registry/heartbeat', { token: `guess-${n}`, body: { workspace_id: id } }),
      401,
    ],
    [
      'a heartbeat of nobody',
      (n) => edge.call('POST', '/registry/heartbeat', { token: `guess-${n}`, body: { workspace_id: stranger } }),
      200,
    ],
    [
      'a registration',
      (n) =>
        edge.call('POST', '/registry/register', {
          token: `guess-${n}`,
          body: { id, agent_card: {}, url: 'http://h' },
        }),
      401,
    ],
  ];

  it.each(doors)('another one each time at %s: the address is limited', async (_door, guess, answer) => {
    const statuses = [];
    for (let n = 0; n < LIMIT + 2; n += 1) statuses.push((await guess(n)).status);
    expect(statuses).toEqual([...Array<number>(LIMIT).fill(answer), 429, 429]);
  });

  it('lock nobody out who shares the address: agents, administrators, and people with a login link', async () => {
    const token = await edge.mint(id);
    const guess = (n: number) =>
      edge.call('POST', '/registry/heartbeat', { token: `guess-${n}`, body: { workspace_id: id } });
    for (let n = 0; n <= LIMIT; n += 1) await guess(n);
    expect((await guess(LIMIT + 1)).status).toBe(429);
    const beat = await edge.call('POST', '/registry/heartbeat', { token, body: { workspace_id: id } });
    expect(beat.status).toBe(200);
    expect((await edge.call('GET', '/session', { token: ADMIN_TOKEN })).status).toBe(200);
    const link = (await edge.access.createLoginLink('http://x')).slice('http://x'.length);
    const opened = await edge.call('POST', link);
    expect(opened.status).toBe(303);
    const cookie = String(opened.headers['set-cookie']).split(';')[0] ?? '';
    expect((await edge.call('GET', '/session', { cookie })).status).toBe(200);
  });
});

describe('development mode', () => {
  const database = useTestDatabase();
  let edge: Edge;
  beforeAll(async () => {
    edge = await createEdge(database.url, { developmentMode: true });
  });
  afterAll(() => edge.close());

  it('B-15: opens admin and workspace routes to who brings nothing, and lets any workspace token be admin', async () => {
    const id = await insertWorkspace(edge.ports.lanes.work);
    expect((await edge.call('GET', '/workspaces')).body.passed).toEqual({ kind: 'admin', via: 'development' });
    expect((await edge.call('GET', `/workspaces/${id}/activity`)).status).toBe(200);
    expect((await edge.call('GET', '/workspaces', { token: await edge.mint(id) })).status).toBe(200);
  });

  it('B-08: a wrong bearer does not fall through to it', async () => {
    const id = await insertWorkspace(edge.ports.lanes.work);
    expect((await edge.call('GET', '/workspaces', { token: 'wrong' })).status).toBe(401);
    expect((await edge.call('GET', `/workspaces/${id}/activity`, { token: 'wrong' })).status).toBe(401);
  });

  it('a page of somebody else cannot write through it', async () => {
    const call = (origin?: string) =>
      edge.call('POST', '/workspaces', { body: { name: 'a' }, ...(origin ? { origin } : {}) });
    expect((await call('https://evil.example')).status).toBe(403);
    expect((await call()).status).toBe(200);
    expect((await call(OWN_ORIGIN)).status).toBe(200);
  });

  it('B-12: a caller may name a workspace without proof only while that never had a token', async () => {
    const db = edge.ports.lanes.work;
    const [fresh, known] = [await insertWorkspace(db, { mayBootstrap: true }), await insertWorkspace(db)];
    await edge.mint(known);
    await edge.ports.transact('control', (tx) => edge.access.tokens.revokeAll(tx, [known]));
    const resolve = (id: string) =>
      edge.access.resolveCaller({ actor: { kind: 'anonymous' }, headers: { 'x-workspace-id': id }, targetId: known });
    await expect(resolve(fresh)).resolves.toEqual({ callerId: fresh });
    await expect(resolve(known)).rejects.toThrow('missing caller auth token');
  });
});

describe('a database that is away', () => {
  const database = useTestDatabase();

  it('B-07: is answered with 503 at every door that checks a token, never with 401', async () => {
    const edge = await createEdge(database.url);
    const id = await insertWorkspace(edge.ports.lanes.work);
    const token = await edge.mint(id);
    const cookie = await edge.login();
    const made = await edge.call('POST', '/org/tokens', { token: ADMIN_TOKEN });
    const org: string = made.body.auth_token;
    await edge.ports.database.close();
    const beat = { workspace_id: id };
    for (const reply of [
      await edge.call('GET', `/workspaces/${id}/activity`, { token }),
      await edge.call('GET', '/workspaces', { cookie }),
      await edge.call('GET', '/workspaces', { token: 'whatever' }),
      await edge.call('POST', `/workspaces/${id}/a2a`, { token, body: {} }),
      await edge.call('GET', '/workspaces', { token: org }),
      await edge.call('GET', `/workspaces/${id}/activity`, { token: org }),
      await edge.call('POST', `/workspaces/${id}/a2a`, { token: org, body: {} }),
      await edge.call('GET', `/registry/${id}/peers`, { token: org }),
      await edge.call('GET', '/org/tokens', { token: ADMIN_TOKEN }),
      await edge.call('POST', '/registry/heartbeat', { token, body: beat }),
      await edge.call('POST', '/registry/register', { token, body: { id, agent_card: {}, url: 'http://h' } }),
      await edge.call('POST', '/registry/update-card', { token, body: { ...beat, agent_card: {} } }),
    ]) {
      expect([reply.status, reply.body.code, reply.headers['retry-after']]).toEqual([503, 'platform_unavailable', '1']);
    }
    expect((await edge.call('GET', '/health')).status).toBe(200);
    expect((await edge.call('GET', '/readyz')).status).toBe(503);
    await edge.close();
  });
});
