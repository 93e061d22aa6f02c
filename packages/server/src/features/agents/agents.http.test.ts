import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { type RealApp, startRealApp } from '../../../test/real-app.js';
import { readEvents } from '../../platform/event-log.js';

const NOBODY = '6a1b5f0e-9c3d-4e2f-8a7b-0123456789ab';
const database = useTestDatabase();
let app: RealApp;

beforeAll(async () => {
  app = await startRealApp(database.url);
});
afterAll(() => app.close());

async function add(name: string): Promise<string> {
  const { body } = await app.call('POST', '/workspaces', { name, external: true });
  return String(body.id);
}

const agent = (id: string) => `/workspaces/${id}/agent`;

async function eventsOf(id: string): Promise<unknown[]> {
  const events = await readEvents(app.app.ports.lanes.control, { afterSeq: 0, limit: 1_000, workspaceId: id });
  return events.filter(({ type }) => type.startsWith('AGENT_')).map(({ type, payload }) => ({ type, payload }));
}

describe('the agent of a workspace', () => {
  it('D18: is assigned once, also of ten requests at once, replaced, and removed; each is told', async () => {
    const id = await add('desk');
    const replies = await Promise.all(
      Array.from({ length: 10 }, (_, n) => app.call('POST', agent(id), { model: `model-${n}` })),
    );
    const assigned = replies.filter(({ status }) => status === 201);
    expect(assigned).toHaveLength(1);
    const first = assigned[0]?.body;
    expect(replies.find(({ status }) => status !== 201)).toMatchObject({
      status: 409,
      body: { error: 'workspace already has an active agent, use PATCH to replace' },
    });

    const replaced = await app.call('PATCH', agent(id), { model: 'other' });
    expect([replaced.status, replaced.body]).toEqual([
      200,
      { agent_id: expect.any(String), model: 'other', old_model: first.model },
    ]);
    expect(replaced.body.agent_id).not.toBe(first.agent_id);

    const removed = await app.call('DELETE', agent(id));
    expect([removed.status, removed.body]).toEqual([200, { status: 'removed', agent_id: replaced.body.agent_id }]);
    expect(await app.call('DELETE', agent(id))).toMatchObject({
      status: 404,
      body: { error: 'no active agent to remove' },
    });
    expect(await app.call('PATCH', agent(id), { model: 'x' })).toMatchObject({
      status: 404,
      body: { error: 'no active agent to replace' },
    });
    expect(await eventsOf(id)).toEqual([
      { type: 'AGENT_ASSIGNED', payload: first },
      { type: 'AGENT_REPLACED', payload: replaced.body },
      { type: 'AGENT_REMOVED', payload: { agent_id: replaced.body.agent_id, model: 'other' } },
    ]);
    expect((await app.call('POST', agent(id), { model: 'again' })).status).toBe(201);
  });

  it('moves to a workspace that has none, and both are told', async () => {
    const [from, to] = [await add('from'), await add('to')];
    const { body } = await app.call('POST', agent(from), { model: 'mover' });
    const move = (target: string) => app.call('POST', `${agent(from)}/move`, { target_workspace_id: target });
    const moved = await move(to);
    expect([moved.status, moved.body]).toEqual([
      200,
      { agent_id: body.agent_id, model: 'mover', from_workspace: from, to_workspace: to },
    ]);
    const told = { agent_id: body.agent_id, model: 'mover' };
    expect((await eventsOf(from)).at(-1)).toEqual({
      type: 'AGENT_MOVED',
      payload: { ...told, target_workspace_id: to },
    });
    expect((await eventsOf(to)).at(-1)).toEqual({
      type: 'AGENT_MOVED',
      payload: { ...told, source_workspace_id: from },
    });
    expect(await move(to)).toMatchObject({ status: 404, body: { error: 'no active agent in source workspace' } });
    await app.call('POST', agent(from), { model: 'second' });
    expect(await move(to)).toMatchObject({
      status: 409,
      body: { error: 'target workspace already has an active agent' },
    });
    for (const unknown of [NOBODY, 'no-uuid']) {
      expect(await move(unknown)).toMatchObject({ status: 404, body: { error: 'target workspace not found' } });
    }
  });

  it('is read by whoever may see the workspace, and is null where there is none', async () => {
    const id = await add('read');
    expect(await app.call('GET', agent(id))).toMatchObject({ status: 200, body: { agent: null } });
    const { body } = await app.call('POST', agent(id), { model: 'm' });
    const read = (await app.call('GET', agent(id))).body;
    expect(read).toEqual({ agent: { agent_id: body.agent_id, model: 'm', assigned_at: expect.any(String) } });
    expect(Date.parse(read.agent.assigned_at)).not.toBeNaN();
    await app.call('DELETE', agent(id));
    expect((await app.call('GET', agent(id))).body).toEqual({ agent: null });
    await app.call('DELETE', `/workspaces/${id}`);
    for (const gone of [id, NOBODY]) {
      expect(await app.call('GET', agent(gone))).toMatchObject({ status: 404, body: { error: 'workspace not found' } });
    }
  });

  it('is a record: it decides no model, changes nothing that is wanted, and starts nothing', async () => {
    const { body } = await app.call('POST', '/workspaces', { name: 'Managed', runtime: 'echo' });
    const before = async () => {
      const columns = ['spec', 'generation', 'desired', 'status'] as const;
      const query = app.app.ports.lanes.control.selectFrom('workspaces').select(columns).where('id', '=', body.id);
      const model = (await app.call('GET', `/workspaces/${body.id}/model`)).body;
      return { row: await query.executeTakeFirstOrThrow(), model };
    };
    const as = await before();
    expect((await app.call('POST', agent(body.id), { model: 'of the record' })).status).toBe(201);
    expect((await app.call('PATCH', agent(body.id), { model: 'of another record' })).status).toBe(200);
    expect(await before()).toEqual(as);
    expect(as.model).toEqual({ model: '', source: 'default' });
    expect((await app.call('DELETE', agent(body.id))).status).toBe(200);
    expect(await before()).toEqual(as);
  });

  it('is refused for nothing, for nobody, and to a stranger', async () => {
    const id = await add('guarded');
    for (const body of [{}, { model: '' }, { model: 7 }]) {
      expect(await app.call('POST', agent(id), body)).toMatchObject({
        status: 400,
        body: { error: 'invalid request body' },
      });
    }
    expect(await app.call('POST', agent(NOBODY), { model: 'x' })).toMatchObject({
      status: 404,
      body: { error: 'workspace not found' },
    });
    const other = await app.call('POST', '/workspaces', { name: 'other', external: true });
    const token = String(other.body.connection.auth_token);
    expect((await app.call('POST', agent(id), { model: 'x' }, token)).status).toBe(401);
    // A workspace has no say over another one.
    await app.call('POST', agent(other.body.id), { model: 'x' }, token);
    const move = await app.call('POST', `${agent(other.body.id)}/move`, { target_workspace_id: id }, token);
    expect(move.status).toBe(401);
    expect(await eventsOf(id)).toEqual([]);
  });
});
