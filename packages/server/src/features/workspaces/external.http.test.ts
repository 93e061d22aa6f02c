import { waitFor } from '@molecule/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { type RealApp, startRealApp } from '../../../test/real-app.js';

const UNKNOWN = '6a1b5f0e-9c3d-4e2f-8a7b-0123456789ab';

describe('the connection of an external workspace', () => {
  const database = useTestDatabase();
  let app: RealApp;
  beforeAll(async () => {
    app = await startRealApp(database.url);
  });
  afterAll(() => app.close());

  const add = async (more: object = {}) => {
    const { body } = await app.call('POST', '/workspaces', { name: 'Away', external: true, ...more });
    return { id: String(body.id), connection: body.connection, token: String(body.connection?.auth_token) };
  };
  const rotate = (id: string, token?: string) =>
    app.call('POST', `/workspaces/${id}/external/rotate`, undefined, token);
  const read = (id: string, token?: string) =>
    app.call('GET', `/workspaces/${id}/external/connection`, undefined, token);
  const beat = async (id: string, token: string) =>
    (await app.call('POST', '/registry/heartbeat', { workspace_id: id }, token)).status;
  const rowOf = (id: string) =>
    app.app.ports.lanes.control.selectFrom('workspaces').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  const eventsOf = async (id: string) => (await app.call('GET', `/events/${id}`)).body as { event_type: string }[];

  it('R20, B-11, M-52: rotation kills every old token at once and shows a new one once, in the payload of a create', async () => {
    const { id, token, connection } = await add();
    const second = (await app.call('POST', `/workspaces/${id}/tokens`)).body?.auth_token;
    expect(await beat(id, token)).toBe(200);
    const { status, body } = await rotate(id);
    expect(status).toBe(200);
    const fresh = body.auth_token;
    expect(fresh).toMatch(/^[\w-]{43}$/);
    expect([await beat(id, token), await beat(id, fresh)]).toEqual([401, 200]);
    expect(second).toMatch(/^[\w-]{43}$/);
    expect(await beat(id, second)).toBe(401);
    // The same payload as at create, flat for one kind of client and again below for the other.
    const { connection: below, ...flat } = body;
    expect(below).toEqual(flat);
    expect({ ...flat, auth_token: token }).toEqual(connection);
    const events = (await eventsOf(id)).filter((event) => event.event_type === 'EXTERNAL_CREDENTIALS_ROTATED');
    expect(events).toMatchObject([{ payload: { workspace_id: id } }]);
    expect(JSON.stringify(events)).not.toContain(fresh);
  });

  it('R20, M-52: reading the connection shows no token and ends none, and is the payload of a create otherwise', async () => {
    const { id, token, connection } = await add();
    for (const reader of [undefined, token]) {
      const { status, body } = await read(id, reader);
      expect(status).toBe(200);
      const { connection: below, ...flat } = body;
      expect(below).toEqual(flat);
      expect(flat).toEqual({ ...connection, auth_token: '' });
    }
    expect(await beat(id, token)).toBe(200);
  });

  it('an agent cannot rotate its own credentials, and a stranger can read none', async () => {
    const { id, token } = await add();
    const other = await add();
    expect((await rotate(id, token)).status).toBe(401);
    expect((await rotate(id, 'wrong')).status).toBe(401);
    expect((await read(id, other.token)).status).toBe(401);
    expect(await beat(id, token)).toBe(200);
  });

  it('B-11: both refuse what is not external, and what is not there', async () => {
    const managed = (await app.call('POST', '/workspaces', { name: 'Ours', runtime: 'echo' })).body.id;
    const hint = 'use POST /workspaces/:id/restart for non-external runtimes';
    expect(await rotate(managed)).toMatchObject({
      status: 400,
      body: { error: 'rotate is only valid for runtime=external workspaces', runtime: 'echo', hint },
    });
    expect(await read(managed)).toMatchObject({
      status: 400,
      body: { error: 'connection payload is only valid for runtime=external workspaces', runtime: 'echo' },
    });
    const { id } = await add();
    await app.call('DELETE', `/workspaces/${id}`);
    for (const gone of [id, UNKNOWN]) {
      expect([(await rotate(gone)).body.error, (await read(gone)).body.error]).toEqual([
        'workspace not found',
        'workspace not found',
      ]);
    }
  });

  it('of two rotations at once one token lives', async () => {
    const { id } = await add();
    const replies = await Promise.all([rotate(id), rotate(id)]);
    const beats = await Promise.all(replies.map(({ body }) => beat(id, body.auth_token)));
    expect(beats.toSorted((a, b) => a - b)).toEqual([200, 401]);
  });

  it('B-02, M-22: a restart of an external workspace leaves row, token and log as they were', async () => {
    const { id, token } = await add();
    await app.call('POST', '/registry/register', { id, agent_card: { name: 'a' }, delivery_mode: 'poll' }, token);
    // The worker looks whether there is anything to start, and holds the row for a moment.
    await waitFor(async () => {
      const seen = await rowOf(id);
      return seen.lease_owner === null && seen.observed_generation === seen.generation;
    });
    const before = { row: await rowOf(id), events: await eventsOf(id) };
    const { status, body } = await app.call('POST', `/workspaces/${id}/restart`);
    expect([status, body.status, body.runtime]).toEqual([200, 'noop', 'external']);
    expect({ row: await rowOf(id), events: await eventsOf(id) }).toEqual(before);
    expect(await beat(id, token)).toBe(200);
  });

  it('R18, M-23: a first heartbeat brings a waiting workspace online, with an event', async () => {
    const { id, token } = await add();
    expect((await rowOf(id)).status).toBe('awaiting_agent');
    expect(await beat(id, token)).toBe(200);
    expect((await rowOf(id)).status).toBe('online');
    expect((await eventsOf(id)).map((event) => event.event_type)).toContain('WORKSPACE_ONLINE');
  });

  it('a Host header a shell would run is refused before anything is created', async () => {
    const count = async () => (await app.call('GET', '/workspaces')).body.length;
    const before = await count();
    const headers = { 'x-forwarded-host': 'a.example";id;"' };
    const reply = await app.call('POST', '/workspaces', { name: 'x', external: true }, undefined, headers);
    expect([reply.status, await count()]).toEqual([421, before]);
  });
});
