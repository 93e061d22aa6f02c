import { createFakeAgent, type FakeAgent, waitFor } from '@molecule/testkit';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { createMessagesWorld, type MessagesWorld } from '../../../test/messages-world.js';

/** No loop runs by itself: each delivery is one the test makes. */
describe('a delegation that ends after it has waited', () => {
  const database = useTestDatabase();
  let world: MessagesWorld;
  let agent: FakeAgent;
  let lead: string;
  let child: string;

  beforeAll(async () => {
    world = await createMessagesWorld(database.url);
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    agent = await createFakeAgent();
    lead = await world.addWorkspace({ name: 'Lead' });
    child = await world.addWorkspace({ name: 'Writer', parentId: lead, url: agent.url });
  });
  afterEach(() => agent.close());

  const delegate = async (): Promise<string> =>
    (await world.post(`/workspaces/${lead}/delegate`, { target_id: child, task: 'Write a poem' })).json.delegation_id;
  const deliverOnce = async (id: string): Promise<void> => {
    await sql`update messages set due_at = now() where id = ${id}`.execute(world.ports.lanes.work);
    await world.messages.loops.queue.runOnce();
    await waitFor(async () => (await world.row(id))?.lease_owner === null && world.ports.leases.heldCount() === 0, {
      what: 'the delivery to be over',
    });
  };
  const endsOf = async (id: string) =>
    (await world.events())
      .filter(({ type, payload }) => payload.delegation_id === id && /COMPLETE|FAILED/.test(type))
      .map(({ type }) => type);
  /** Everywhere a delegation shows: what its caller reads, what operators see, and the row itself. */
  const views = async (id: string) => {
    const at = async (path: string) => (await world.get(path)).json;
    const isIt = (row: { delegation_id?: string }) => row.delegation_id === id;
    const listed = await at(`/workspaces/${lead}/delegations`);
    const shown: string[] = [];
    for (const status of ['in_flight', 'completed', 'failed', 'stuck']) {
      if ((await at(`/admin/delegations?status=${status}&caller_id=${lead}`)).delegations.some(isIt))
        shown.push(status);
    }
    const log = await world.activities(lead);
    const statusOf = (type: string, method: string) =>
      log.filter((row) => row.activity_type === type && row.method === method).map(({ status }) => status);
    return {
      row: (await world.row(id))?.state,
      read: (await at(`/workspaces/${lead}/delegations/${id}`)).status,
      listed: listed.filter(isIt).map(({ status }: { status: string }) => status),
      operators: shown,
      task: statusOf('delegation', 'delegate'),
      result: statusOf('delegation', 'delegate_result'),
      inbox: statusOf('a2a_receive', 'delegate_result'),
    };
  };

  it('B-69, M-38: completes in every view of it, with its answer and with one event', async () => {
    agent.behave({ kind: 'busy' });
    const id = await delegate();
    for (let n = 0; n < 2; n += 1) await deliverOnce(id);
    expect(await views(id)).toMatchObject({ row: 'queued', operators: ['in_flight'], result: [], inbox: [] });
    agent.behave({ kind: 'answer', text: 'the poem' });
    await deliverOnce(id);
    expect(await views(id)).toEqual({
      row: 'completed',
      read: 'completed',
      listed: ['completed'],
      operators: ['completed'],
      task: ['completed'],
      result: ['completed'],
      inbox: ['ok'],
    });
    expect(await world.row(id)).toMatchObject({ attempts: 3, result_preview: 'the poem' });
    expect((await world.get(`/admin/delegations?status=completed&caller_id=${lead}`)).json.delegations).toMatchObject([
      { delegation_id: id, result_preview: 'the poem' },
    ]);
    expect(await endsOf(id)).toEqual(['DELEGATION_COMPLETE']);
  });

  it('B-42: fails in every view of it, with the reason and with one event, when its message fails for good', async () => {
    await agent.close();
    const id = await delegate();
    for (let n = 1; n < 5; n += 1) {
      await deliverOnce(id);
      expect(await world.row(id)).toMatchObject({ state: 'queued', failures: n });
      expect(await endsOf(id)).toEqual([]);
    }
    await deliverOnce(id);
    expect(await views(id)).toEqual({
      row: 'failed',
      read: 'failed',
      listed: ['failed'],
      operators: ['failed'],
      task: ['failed'],
      result: ['failed'],
      inbox: ['error'],
    });
    const row = await world.row(id);
    expect(row).toMatchObject({ attempts: 5, reason: 'attempts_exhausted' });
    expect(row?.error_detail).toBeTruthy();
    for (const logged of await world.activities(lead)) expect(logged.error_detail).toBe(row?.error_detail);
    expect(await endsOf(id)).toEqual(['DELEGATION_FAILED']);
    // Nothing is left that would deliver it once more.
    await deliverOnce(id);
    expect(await world.row(id)).toMatchObject({ attempts: 5 });
  });
});
