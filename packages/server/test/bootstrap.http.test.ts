import { waitFor } from '@molecule/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useTestDatabase } from './database.js';
import { type RealApp, type RealReply, startRealApp } from './real-app.js';

const CARD = { name: 'agent' };

describe('who may announce the agent of a workspace', () => {
  const database = useTestDatabase();
  let app: RealApp;
  beforeAll(async () => {
    app = await startRealApp(database.url);
  });
  afterAll(() => app.close());

  /** Over the network with this bearer, or with none. */
  const as = (bearer: string | null, path: string, body?: object, headers = {}): Promise<RealReply> =>
    app.call(body === undefined ? 'GET' : 'POST', path, body, '', {
      authorization: bearer === null ? '' : `Bearer ${bearer}`,
      ...headers,
    });
  const register = (id: string, bearer: string | null) =>
    as(bearer, '/registry/register', { id, agent_card: CARD, url: 'http://127.0.0.1:9' });

  /** What every door answers to who brings this for the workspace. */
  async function knock(id: string, bearer: string | null): Promise<number[]> {
    const self = { 'x-workspace-id': id };
    const params = { message: { role: 'user', messageId: 'knock', parts: [{ kind: 'text', text: 'x' }] } };
    const replies = [
      await register(id, bearer),
      await as(bearer, '/registry/heartbeat', { workspace_id: id }),
      await as(bearer, '/registry/update-card', { workspace_id: id, agent_card: CARD }),
      await as(bearer, `/registry/discover/${id}`, undefined, self),
      await as(bearer, `/registry/${id}/peers`),
      await as(bearer, `/workspaces/${id}/a2a`, { method: 'message/send', params }, self),
      await as(bearer, `/workspaces/${id}/activity`),
      await as(bearer, '/ws', undefined, self),
    ];
    return [...new Set(replies.map(({ status }) => status))];
  }

  it('B-12: an external one is open to the first who registers it, and to nobody without a token ever after', async () => {
    const created = await app.call('POST', '/workspaces', { name: 'far', external: true, url: 'http://127.0.0.1:9' });
    const id: string = created.body.id;
    const first = await register(id, null);
    expect(first).toMatchObject({ status: 200, body: { auth_token: expect.stringMatching(/^[\w-]{43}$/) } });
    const token: string = first.body.auth_token;
    expect(await knock(id, null)).toEqual([401]);

    await sql`update workspace_auth_tokens set revoked_at = now() where workspace_id = ${id}`.execute(
      app.app.ports.lanes.control,
    );
    for (const bearer of [null, token]) expect(await knock(id, bearer)).toEqual([401]);
    await app.call('DELETE', `/workspaces/${id}`);
    for (const bearer of [null, token]) expect(await knock(id, bearer)).toEqual([401]);
  });

  it('B-12: a managed one is never open: started again, it gets in by the token it was handed, and nobody by none', async () => {
    const never: string = (await app.call('POST', '/workspaces', { name: 'never', runtime: 'openclaw' })).body.id;
    await waitFor(async () => (await app.call('GET', `/workspaces/${never}`)).body.status === 'failed');
    expect(await knock(never, null)).toEqual([401]);

    const id: string = (await app.call('POST', '/workspaces', { name: 'near', runtime: 'echo' })).body.id;
    const token = await waitFor(() => app.machine.findToken(id));
    expect((await register(id, token)).status).toBe(200);
    expect(await knock(id, null)).toEqual([401]);

    // A written secret starts it again.
    await app.call('POST', `/workspaces/${id}/secrets`, { key: 'SOME_KEY', value: 'x' });
    const next = await waitFor(() => {
      const found = app.machine.findToken(id);
      return found === token ? null : found;
    });
    for (const bearer of [null, token]) expect(await knock(id, bearer)).toEqual([401]);
    const again = await register(id, next);
    expect([again.status, again.body.auth_token]).toEqual([200, undefined]);
  });
});
