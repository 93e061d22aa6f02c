import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { ADMIN_TOKEN, createEdge, type Edge, OWN_ORIGIN } from '../../../test/edge.js';

const admin = { token: ADMIN_TOKEN };

describe('sessions', () => {
  const database = useTestDatabase();
  let edge: Edge;
  beforeAll(async () => {
    edge = await createEdge(database.url);
  });
  beforeEach(() => sql`delete from sessions`.execute(edge.ports.lanes.work));
  afterAll(() => edge.close());

  const login = async (agent: string): Promise<string> => {
    const headers = { 'user-agent': agent };
    const reply = await edge.call('POST', '/session', { body: { token: ADMIN_TOKEN }, headers });
    return String(reply.headers['set-cookie']).split(';')[0] ?? '';
  };
  const list = async (as = {}) => (await edge.call('GET', '/sessions', as)).body;
  const status = async (cookie: string) => (await edge.call('GET', '/session', { cookie })).status;

  it('are listed with what a person recognises them by; the one that asks comes first and is marked', async () => {
    const [laptop, phone] = [await login('Laptop'), await login('Phone\u0000'.repeat(200))];
    const { sessions, count } = await list({ cookie: laptop });
    expect(count).toBe(2);
    const when = { created_at: expect.any(String), last_seen_at: expect.any(String), expires_at: expect.any(String) };
    const common = { id: expect.any(String), address: '127.0.0.1', ...when };
    expect(sessions[0]).toEqual({ ...common, user_agent: 'Laptop', current: true });
    expect(sessions[1]).toMatchObject({ ...common, user_agent: expect.stringMatching(/^Phone/), current: false });
    expect(sessions[1].user_agent).toHaveLength(256);
    // With a token nobody's session asks, whatever cookie comes along.
    const seen = await list({ ...admin, cookie: phone });
    expect(seen.sessions.map((session: { current: boolean }) => session.current)).toEqual([false, false]);
  });

  it('have an id that opens nothing, and no list tells the cookie or its hash', async () => {
    const cookie = await login('a');
    const reply = await edge.call('GET', '/sessions', { cookie });
    const [{ id }] = reply.body.sessions;
    expect(reply.text).not.toContain(cookie.split('=')[1]);
    const row = await edge.ports.lanes.work.selectFrom('sessions').selectAll().executeTakeFirstOrThrow();
    for (const encoding of ['hex', 'base64', 'base64url'] as const) {
      expect(reply.text).not.toContain(row.id_hash.toString(encoding));
    }
    expect(await status(`molecule_session_8080=${id}`)).toBe(401);
  });

  it('end with their next request once revoked, which happens once', async () => {
    const [own, other] = [await login('own'), await login('other')];
    const { id } = (await list({ cookie: own })).sessions[1];
    const revoke = (which: string) => edge.call('DELETE', `/sessions/${which}`, { cookie: own, origin: OWN_ORIGIN });
    expect((await revoke(id)).body).toEqual({ status: 'revoked', id });
    expect([await status(own), await status(other)]).toEqual([200, 401]);
    for (const unknown of [await revoke(id), await revoke('nonsense')]) {
      expect([unknown.status, unknown.body.code]).toEqual([404, 'session_not_found']);
    }
  });

  it('end all but the one that asks; all of them when a token asks', async () => {
    const cookies = [await login('a'), await login('b'), await login('c')];
    const own = { cookie: cookies[1] ?? '', origin: OWN_ORIGIN };
    expect((await edge.call('DELETE', '/sessions', own)).body).toEqual({ status: 'revoked', count: 2 });
    expect(await Promise.all(cookies.map(status))).toEqual([401, 200, 401]);
    expect((await edge.call('DELETE', '/sessions', admin)).body).toEqual({ status: 'revoked', count: 1 });
    expect((await list(admin)).count).toBe(0);
  });

  it('that have ended are neither listed nor counted', async () => {
    await login('old');
    await sql`update sessions set expires_at = now() - interval '1 second'`.execute(edge.ports.lanes.work);
    expect(await list(admin)).toEqual({ sessions: [], count: 0 });
    expect((await edge.call('DELETE', '/sessions', admin)).body.count).toBe(0);
  });

  it('remember the browser that used a login link', async () => {
    const link = (await edge.access.createLoginLink('http://x')).slice('http://x'.length);
    expect((await edge.call('POST', link, { headers: { 'user-agent': 'Firefox' } })).status).toBe(303);
    expect((await list(admin)).sessions).toMatchObject([{ user_agent: 'Firefox', address: '127.0.0.1' }]);
  });
});
