import { createFakeAgent, type FakeAgent, waitFor } from '@molecule/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { createMessagesWorld, type MessagesWorld } from '../../../test/messages-world.js';

describe('what agents report of delegations', () => {
  const database = useTestDatabase();
  let world: MessagesWorld;
  let lead: string;
  let polling: string;

  beforeAll(async () => {
    world = await createMessagesWorld(database.url);
    world.ports.supervisor.start();
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    lead = await world.addWorkspace({ name: 'Lead' });
    polling = await world.addWorkspace({ name: 'Far', parentId: lead, backend: 'external', deliveryMode: 'poll' });
  });

  const newId = () => world.ports.random.uuid();
  const record = (body: object, from = lead) => world.post(`/workspaces/${from}/delegations/record`, body);
  const update = (who: string, id: string, body: object) =>
    world.post(`/workspaces/${who}/delegations/${id}/update`, body);
  const read = async (id: string, wait = 0) =>
    (await world.get(`/workspaces/${lead}/delegations/${id}?wait=${wait}`)).json;
  const eventsOf = async (id: string) =>
    (await world.events()).filter((event) => event.payload.delegation_id === id).map((event) => event.type);
  const delegate = async (target = polling): Promise<string> => {
    const reply = await world.post(`/workspaces/${lead}/delegate`, { target_id: target, task: `Do ${newId()}` });
    return reply.json.delegation_id;
  };

  describe('one that an agent made itself', () => {
    it('is recorded as dispatched, once however often it is told, and never put into an inbox', async () => {
      const body = { target_id: polling, task: 'Seen elsewhere', delegation_id: newId() };
      for (let n = 0; n < 3; n += 1) {
        expect(await record(body)).toMatchObject({
          status: 202,
          json: { delegation_id: body.delegation_id, status: 'recorded' },
        });
      }
      expect(await read(body.delegation_id)).toMatchObject({
        target_id: polling,
        task_preview: 'Seen elsewhere',
        status: 'dispatched',
      });
      expect(await world.activities(lead)).toMatchObject([{ method: 'delegate', status: 'dispatched' }]);
      expect(await world.activities(polling)).toEqual([]);
      expect(await eventsOf(body.delegation_id)).toEqual(['DELEGATION_SENT']);
    });

    it('B-61, M-38: ends with the preview that is reported, and the end tells its target', async () => {
      const id = newId();
      await record({ target_id: polling, task: 'x', delegation_id: id });
      const told = await update(lead, id, { status: 'completed', response_preview: 'all done' });
      expect(told).toMatchObject({ status: 200, json: { status: 'completed', delegation_id: id } });
      expect(await read(id)).toMatchObject({ status: 'completed', result_preview: 'all done' });
      expect(await eventsOf(id)).toEqual(['DELEGATION_SENT', 'DELEGATION_COMPLETE']);
      const complete = (await world.events()).find(
        (event) => event.type === 'DELEGATION_COMPLETE' && event.payload.delegation_id === id,
      );
      expect(complete?.payload).toMatchObject({ target_id: polling, response_preview: 'all done' });
    });

    it('fails with the error that is reported', async () => {
      const id = newId();
      await record({ target_id: polling, task: 'x', delegation_id: id });
      await update(lead, id, { status: 'failed', error: 'no ink' });
      expect(await read(id)).toMatchObject({ status: 'failed', error_detail: 'no ink', reason: 'agent_error' });
      expect(await world.activities(lead)).toContainEqual(
        expect.objectContaining({ activity_type: 'a2a_receive', status: 'error', error_detail: 'no ink' }),
      );
    });

    it.each([
      ['without a task', { task: '' }, 'invalid request body'],
      ['with an id that is no UUID', { delegation_id: 'mine' }, 'invalid request body'],
      ['for a target that is no UUID', { target_id: 'writer' }, 'target_id must be a valid UUID'],
    ])('is refused %s', async (_what, change, error) => {
      const body = { target_id: polling, task: 'x', delegation_id: newId(), ...change };
      expect(await record(body)).toMatchObject({ status: 400, json: { error } });
    });
  });

  describe('one that lies in the inbox of a polling agent', () => {
    it('is in progress when its callee says so, and completed with the whole answer', async () => {
      const id = await delegate();
      expect((await update(polling, id, { status: 'in_progress' })).json.status).toBe('in_progress');
      expect((await update(polling, id, { status: 'in_progress' })).json.status).toBe('in_progress');
      const waiting = read(id, 20);
      await update(polling, id, { status: 'completed', response: 'the whole text', response_preview: 'the' });
      expect(await waiting).toMatchObject({ status: 'completed', result: { text: 'the whole text' } });
      expect(await eventsOf(id)).toEqual(['DELEGATION_SENT', 'DELEGATION_STATUS', 'DELEGATION_COMPLETE']);
    });

    it('B-62: keeps its first end, whoever reports another one', async () => {
      const id = await delegate();
      await update(polling, id, { status: 'completed', response: 'first' });
      for (const who of [polling, lead]) {
        const again = await update(who, id, { status: 'failed', error: 'second' });
        expect(again).toMatchObject({ status: 200, json: { status: 'completed' } });
      }
      expect(await read(id)).toMatchObject({ status: 'completed', result: { text: 'first' } });
      expect(await eventsOf(id)).toEqual(['DELEGATION_SENT', 'DELEGATION_COMPLETE']);
    });

    it('ends once when ten reports arrive together', async () => {
      const id = await delegate();
      await Promise.all(
        Array.from({ length: 10 }, (_, n) => update(polling, id, { status: 'completed', response: `answer ${n}` })),
      );
      const inbox = (await world.activities(lead)).filter((row) => row.activity_type === 'a2a_receive');
      expect(inbox).toHaveLength(1);
      expect(await eventsOf(id)).toEqual(['DELEGATION_SENT', 'DELEGATION_COMPLETE']);
    });

    it('is not completed by its caller, who cannot know', async () => {
      const id = await delegate();
      const told = await update(lead, id, { status: 'completed', response_preview: 'made up' });
      expect(told).toMatchObject({ status: 200, json: { status: 'queued' } });
      expect((await read(id)).status).toBe('queued');
    });

    it('given up before its result came, keeps its state and brings the result once, marked late', async () => {
      const id = await delegate();
      await world.ports.lanes.work
        .updateTable('messages')
        .set({ deadline: new Date(0) })
        .where('id', '=', id)
        .execute();
      await world.messages.loops.overdue.runOnce();
      for (let n = 0; n < 2; n += 1) {
        const told = await update(polling, id, { status: 'completed', response: 'better late' });
        expect(told.json.status).toBe('failed');
      }
      expect(await read(id)).toMatchObject({ status: 'failed', reason: 'deadline_exceeded', late: true });
      const late = (await world.activities(lead)).filter(
        (row) => row.response_body !== null && JSON.stringify(row.response_body).includes('better late'),
      );
      expect(late.filter((row) => row.activity_type === 'a2a_receive')).toHaveLength(1);
    });
  });

  it('a report about something unknown, or about the delegation of others, changes nothing and is no error', async () => {
    const id = await delegate();
    const other = await world.addWorkspace();
    expect(await update(other, id, { status: 'failed' })).toMatchObject({ status: 200 });
    expect(await update(lead, newId(), { status: 'completed' })).toMatchObject({ status: 200 });
    expect(await update(lead, 'not-an-id', { status: 'completed' })).toMatchObject({ status: 200 });
    expect((await read(id)).status).toBe('queued');
  });

  it('a status that nobody knows is refused', async () => {
    const id = await delegate();
    expect(await update(polling, id, { status: 'done' })).toMatchObject({
      status: 400,
      json: { error: "status must be 'completed' or 'failed'", code: 'invalid_delegation_status' },
    });
  });

  describe('canceling', () => {
    let agent: FakeAgent;
    let child: string;
    beforeEach(async () => {
      agent = await createFakeAgent({ kind: 'hold', text: 'too late' });
      child = await world.addWorkspace({ name: 'Near', parentId: lead, url: agent.url });
    });
    afterEach(() => agent.close());
    const cancel = (id: string, who = lead) => world.post(`/workspaces/${who}/delegations/${id}/cancel`, {});

    it('ends it at once for its caller, tells its agent to stop, and what the agent still says changes nothing', async () => {
      const id = await delegate(child);
      await agent.receivedCount(1);
      const canceled = await cancel(id);
      expect(canceled).toMatchObject({ status: 200, json: { status: 'failed', reason: 'canceled_by_caller' } });
      await waitFor(() => agent.received.some((request) => request.method === 'tasks/cancel'));
      agent.release();
      await waitFor(() => world.ports.leases.heldCount() === 0);
      expect(await read(id)).toMatchObject({ status: 'failed', reason: 'canceled_by_caller' });
      expect(await eventsOf(id)).toEqual(['DELEGATION_SENT', 'DELEGATION_STATUS', 'DELEGATION_FAILED']);
      expect((await cancel(id)).status).toBe(200);
    });

    it('one that has ended stays as it is, and only its caller may', async () => {
      const id = await delegate();
      await update(polling, id, { status: 'completed', response: 'done' });
      expect((await cancel(id)).json).toMatchObject({ status: 'completed' });
      expect(await cancel(id, polling)).toMatchObject({ status: 404, json: { code: 'delegation_not_found' } });
    });
  });

  describe('giving one again', () => {
    const retry = (id: string, who = lead) => world.post(`/workspaces/${who}/delegations/${id}/retry`, {});

    it('makes a new delegation of the whole task, and leaves the old one as it ended', async () => {
      const task = `${'long '.repeat(600)}end`;
      const given = await world.post(`/workspaces/${lead}/delegate`, { target_id: polling, task });
      const old = given.json.delegation_id;
      await update(polling, old, { status: 'failed', error: 'no ink' });
      const again = await retry(old);
      expect(again).toMatchObject({ status: 202, json: { status: 'delegated', target_id: polling } });
      expect(again.json.delegation_id).not.toBe(old);
      const [, latest] = (await world.activities(polling)).filter((row) => row.activity_type === 'a2a_receive');
      expect(latest?.request_body).toMatchObject({ params: { message: { parts: [{ text: task }] } } });
      expect(await read(old)).toMatchObject({ status: 'failed' });
      expect((await read(again.json.delegation_id)).status).toBe('queued');
    });

    it('is refused while it is under way, when it has its result, and for others', async () => {
      const id = await delegate();
      expect(await retry(id)).toMatchObject({ status: 409, json: { code: 'delegation_not_failed' } });
      await update(polling, id, { status: 'completed', response: 'done' });
      expect(await retry(id)).toMatchObject({ status: 409 });
      expect(await retry(id, polling)).toMatchObject({ status: 404 });
    });
  });
});
