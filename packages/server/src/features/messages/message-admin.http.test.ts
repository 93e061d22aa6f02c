import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { createMessagesWorld, type MessagesWorld, toEnvelope } from '../../../test/messages-world.js';

/** No loop runs: what is put into the ledger stays where the test put it. */
describe('what operators see of the ledger', () => {
  const database = useTestDatabase();
  let world: MessagesWorld;
  let lead: string;
  let asleep: string;

  beforeAll(async () => {
    world = await createMessagesWorld(database.url);
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    await world.ports.lanes.work.deleteFrom('messages').execute();
    lead = await world.addWorkspace({ name: 'Lead' });
    asleep = await world.addWorkspace({ name: 'Asleep', parentId: lead, status: 'offline' });
  });

  const delegate = async (task: string, from = lead): Promise<string> =>
    (await world.post(`/workspaces/${from}/delegate`, { target_id: asleep, task })).json.delegation_id;
  const set = (id: string, values: object) =>
    world.ports.lanes.work.updateTable('messages').set(values).where('id', '=', id).execute();
  const ids = async (query = '') =>
    (await world.get(`/admin/delegations${query}`)).json.delegations.map(
      (row: { delegation_id: string }) => row.delegation_id,
    );
  const fail = (id: string, reason: string) =>
    set(id, { state: 'failed', reason, error_detail: 'x', ended_at: new Date() });

  it('delegations are listed by what became of them, the newest first', async () => {
    const [open, working, stuck, failed, canceled, done] = [
      await delegate('a'),
      await delegate('b'),
      await delegate('c'),
      await delegate('d'),
      await delegate('e'),
      await delegate('f'),
    ];
    await set(working, { state: 'working', dispatched_at: new Date(), last_heartbeat: new Date(), attempts: 3 });
    await set(stuck, { state: 'stuck', reason: 'no_heartbeat' });
    await fail(failed, 'agent_error');
    await set(canceled, { state: 'canceled', reason: 'canceled_by_caller' });
    await set(done, { state: 'completed', result_preview: 'yes' });
    expect(await ids()).toEqual([working, open]);
    expect(await ids('?status=in_flight&limit=1')).toEqual([working]);
    expect(await ids('?status=stuck')).toEqual([stuck]);
    expect(await ids(`?caller_id=${lead}`)).toEqual([working, open]);
    expect(await ids(`?caller_id=${asleep}`)).toEqual([]);
    expect(await ids('?status=failed')).toEqual([canceled, failed]);
    expect(await ids('?status=completed')).toEqual([done]);
    expect((await world.get('/admin/delegations?caller_id=lead')).status).toBe(400);
    const { json } = await world.get('/admin/delegations?status=failed&limit=7');
    expect(json).toMatchObject({ count: 2, limit: 7, status: 'failed' });
    expect(json.delegations[1]).toMatchObject({
      caller_id: lead,
      callee_id: asleep,
      task_preview: 'd',
      status: 'failed',
      reason: 'agent_error',
      error_detail: 'x',
      retry_count: 0,
    });
    expect(json.delegations[1].next_step).toMatch(/^[A-Z].+\.$/);
    expect(json.delegations[1]).not.toHaveProperty('last_heartbeat');
    expect((await world.get('/admin/delegations/stats')).json).toEqual({
      queued: 1,
      dispatched: 0,
      in_progress: 1,
      completed: 1,
      failed: 2,
      stuck: 1,
    });
  });

  it.each(['status=open', 'status=queued', 'limit=0', 'limit=1001', 'limit=-1', 'limit=x'])(
    'a list of delegations is refused for %s',
    async (query) => {
      expect((await world.get(`/admin/delegations?${query}`)).status).toBe(400);
    },
  );

  it('every state is counted, also those nothing is in', async () => {
    expect((await world.get('/admin/delegations/stats')).json).toEqual({
      queued: 0,
      dispatched: 0,
      in_progress: 0,
      completed: 0,
      failed: 0,
      stuck: 0,
    });
  });

  it('the queue shows what waits, whatever its kind, the oldest first', async () => {
    await world.send(asleep, toEnvelope('Hello', 'waiting-1'));
    const id = await delegate('later');
    const { json } = await world.get('/admin/a2a-queue');
    expect(json).toMatchObject({ count: 2, limit: 100 });
    expect(json.queue).toMatchObject([
      { workspace_id: asleep, caller_id: null, kind: 'chat', method: 'message/send', attempts: 0 },
      { id, workspace_id: asleep, caller_id: lead, kind: 'delegation' },
    ]);
    expect((await world.get(`/admin/a2a-queue?workspace_id=${lead}`)).json.queue).toEqual([]);
  });

  it('dropping ends what has waited too long and nothing else, and fails what hangs on it', async () => {
    const old = await delegate('old');
    const fresh = await delegate('fresh');
    const elsewhere = await world.addWorkspace({ name: 'Other', parentId: lead, status: 'offline' });
    const other = (await world.post(`/workspaces/${lead}/delegate`, { target_id: elsewhere, task: 'o' })).json
      .delegation_id;
    for (const id of [old, other]) await set(id, { created_at: new Date(Date.now() - 2 * 3_600_000) });
    const drop = (query: string) => world.post(`/admin/a2a-queue/drop-stale${query}`, {});
    expect((await drop(`?workspace_id=${asleep}`)).json).toEqual({ dropped: 1 });
    expect((await drop('?max_age_minutes=180')).json).toEqual({ dropped: 0 });
    expect((await drop('?max_age_minutes=90')).json).toEqual({ dropped: 1 });
    const { json } = await world.get(`/workspaces/${lead}/delegations/${old}`);
    expect(json).toMatchObject({ status: 'failed', reason: 'dropped' });
    expect(json.error_detail).toContain('60 min');
    expect((await world.get(`/workspaces/${lead}/delegations/${fresh}`)).json.status).toBe('queued');
    expect((await world.events()).map((event) => event.type)).toContain('DELEGATION_FAILED');
  });

  it.each(['max_age_minutes=0', 'max_age_minutes=-5', 'max_age_minutes=1.5', 'max_age_minutes=soon'])(
    'dropping is refused for %s and drops nothing',
    async (query) => {
      const id = await delegate('kept');
      await set(id, { created_at: new Date(0) });
      expect(await world.post(`/admin/a2a-queue/drop-stale?${query}`, {})).toMatchObject({
        status: 400,
        json: { error: 'max_age_minutes must be a positive integer' },
      });
      expect((await world.get(`/workspaces/${lead}/delegations/${id}`)).json.status).toBe('queued');
    },
  );

  it('the breakers tell their limits and who is near them', async () => {
    for (let n = 0; n < 3; n += 1) await delegate('again');
    await delegate('once');
    const { json } = await world.get('/admin/breakers');
    expect(json.limits).toEqual({ depth: 8, open: 50, identical: 3, identical_within_seconds: 600 });
    expect(json.callers).toEqual([{ workspace_id: lead, open: 4, depth: 1 }]);
    expect(json.identical).toEqual([{ caller_id: lead, target_id: asleep, task_preview: 'again', count: 3 }]);
  });
});
