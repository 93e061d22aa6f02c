import { countAbortFollowers, createFakeAgent, createFakeClock, type FakeAgent, waitFor } from '@molecule/testkit';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { createMessagesWorld, type MessagesWorld, toEnvelope } from '../../../test/messages-world.js';
import { stopSignalOf } from '../../../test/ports.js';
import { createSystemClock } from '../../platform/clock.js';
import { SINGLE_CONNECTION_LANES } from '../../platform/db.js';
import { deleteOldMessages, endMessages } from './messages.store.js';

/** No loop runs by itself here: each test moves the one it is about. */
describe('the executor', () => {
  const database = useTestDatabase();
  let world: MessagesWorld;
  let agent: FakeAgent;
  let count = 0;
  const nextId = (): string => `q-${++count}`;

  beforeEach(async () => {
    world = await createMessagesWorld(database.url);
    agent = await createFakeAgent();
  });
  afterEach(async () => {
    await agent.close();
    await world.ports.lanes.work.deleteFrom('messages').execute();
    await world.close();
  });

  const queue = () => world.messages.loops.queue.runOnce();
  const settled = () =>
    waitFor(
      async () => {
        const leased = world.ports.lanes.work.selectFrom('messages').select('id').where('lease_owner', 'is not', null);
        return (await leased.execute()).length === 0 && world.ports.leases.heldCount() === 0;
      },
      { what: 'no row to be held' },
    );
  const setWorkspace = async (
    id: string,
    values: { status?: 'online' | 'removed' | 'failed' | 'paused'; url?: string | null },
  ) => {
    await world.ports.lanes.work
      .updateTable('workspaces')
      .set({ ...values, ...(values.url ? { url_from: 'driver' as const } : {}), last_sample_error: 'test' })
      .where('id', '=', id)
      .execute();
  };
  const makeDue = () => sql`update messages set due_at = now() where state = 'queued'`.execute(world.ports.lanes.work);
  const lapse = () =>
    sql`update messages set lease_until = now() - interval '1 s' where state = 'working' and lease_until is not null`.execute(
      world.ports.lanes.work,
    );

  it('delivers what waited when the workspace comes online', async () => {
    const target = await world.addWorkspace({ status: 'offline' });
    const id = nextId();
    await world.send(target, toEnvelope('wait for it', id));
    await queue();
    expect(agent.received).toEqual([]);
    await setWorkspace(target, { status: 'online', url: agent.url });
    await world.ports.transact('control', (tx) =>
      world.ports.commit(tx, { events: [{ type: 'WORKSPACE_ONLINE', workspaceId: target, payload: {} }] }),
    );
    world.ports.supervisor.start();
    await waitFor(async () => (await world.row(id))?.state === 'completed');
    expect(agent.received.map((request) => request.text)).toEqual(['wait for it']);
    expect((await world.events()).filter((e) => e.workspace_id === target).map((e) => e.type)).toContain(
      'A2A_RESPONSE',
    );
  });

  it.each(['hibernated', 'hibernating'] as const)(
    'D3: a message for one that is %s is kept, wakes it, and is delivered when it is online',
    async (status) => {
      const target = await world.addWorkspace({ status });
      const id = nextId();
      const reply = await world.send(target, toEnvelope('good morning', id));
      expect(reply).toMatchObject({ status: 202, json: { queued: true, waking: true } });
      await queue();
      expect(world.woken).toEqual([target]);
      expect(await world.row(id)).toMatchObject({ state: 'queued' });
      await setWorkspace(target, { status: 'online', url: agent.url });
      await makeDue();
      await queue();
      await waitFor(async () => (await world.row(id))?.state === 'completed');
      expect(agent.received.map((request) => request.text)).toEqual(['good morning']);
    },
  );

  it('a message for one that is only offline wakes nobody', async () => {
    const target = await world.addWorkspace({ status: 'offline' });
    const reply = await world.send(target, toEnvelope('later', nextId()));
    expect(reply.json).not.toHaveProperty('waking');
    await queue();
    expect(world.woken).toEqual([]);
  });

  it('B-40: busy twice, then free: delivered once, on the same row, attempts counted', async () => {
    const target = await world.addWorkspace({ url: agent.url });
    const id = nextId();
    agent.behave({ kind: 'busy' });
    const reply = await world.send(target, toEnvelope('when you can', id));
    expect(reply).toMatchObject({ status: 202, json: { queued: true, queue_depth: 1 } });
    await makeDue();
    await queue();
    await settled();
    expect(await world.row(id)).toMatchObject({ state: 'queued', attempts: 2, failures: 0 });
    agent.behave({ kind: 'answer', text: 'now' });
    await makeDue();
    await queue();
    await waitFor(async () => (await world.row(id))?.state === 'completed');
    expect(await world.row(id)).toMatchObject({ id: reply.json.queue_id, attempts: 3, failures: 0 });
    expect(await world.activities(target)).toHaveLength(1);
  });

  it('keeps to the number of tasks a target takes, and goes on as soon as one ends', async () => {
    const target = await world.addWorkspace({ url: agent.url, maxConcurrentTasks: 2, status: 'offline' });
    for (let n = 0; n < 5; n += 1) await world.send(target, toEnvelope(`task ${n}`, nextId()));
    await setWorkspace(target, { status: 'online' });
    agent.behave({ kind: 'hold', text: 'done' });
    await queue();
    await agent.receivedCount(2);
    await queue();
    expect(agent.received.map((request) => request.text)).toEqual(['task 0', 'task 1']);
    world.ports.supervisor.start();
    agent.release();
    await agent.receivedCount(4);
    agent.release();
    await agent.receivedCount(5);
    agent.release();
    await settled();
    expect(agent.received.map((request) => request.text)).toEqual(['task 0', 'task 1', 'task 2', 'task 3', 'task 4']);
  });

  it('many busy targets with messages waiting do not keep a free one from its own', async () => {
    for (let n = 0; n < 70; n += 1) {
      const busy = await world.addWorkspace({ url: agent.url, status: 'offline' });
      for (let m = 0; m < 2; m += 1) await world.send(busy, toEnvelope('busy', nextId()));
      await setWorkspace(busy, { status: 'online' });
    }
    await sql`
      update messages set state = 'working', lease_owner = gen_random_uuid(), lease_until = now() + interval '1 hour'
       where seq in (select min(seq) from messages group by target_id)`.execute(world.ports.lanes.work);
    const free = await world.addWorkspace({ url: agent.url, status: 'offline' });
    const id = nextId();
    await world.send(free, toEnvelope('me too', id));
    await setWorkspace(free, { status: 'online' });
    await queue();
    await waitFor(async () => (await world.row(id))?.state === 'completed');
    expect(agent.received.map((request) => request.text)).toEqual(['me too']);
  });

  it('two servers on one database deliver each message once', async () => {
    const other = await createMessagesWorld(database.url);
    const target = await world.addWorkspace({ url: agent.url, maxConcurrentTasks: 100, status: 'offline' });
    for (let n = 0; n < 40; n += 1) await world.send(target, toEnvelope(`task ${n}`, nextId()));
    await setWorkspace(target, { status: 'online' });
    world.ports.supervisor.start();
    other.ports.supervisor.start();
    await agent.receivedCount(40);
    await waitFor(() => world.ports.leases.heldCount() + other.ports.leases.heldCount() === 0);
    expect(new Set(agent.received.map((request) => request.messageId)).size).toBe(40);
    expect(agent.received).toHaveLength(40);
    await other.close();
  });

  describe('when the process that delivered is gone', () => {
    /** A working row whose holder was killed: the agent may or may not have it. */
    const abandon = async (target: string): Promise<string> => {
      const id = nextId();
      agent.behave({ kind: 'hold', text: 'never read' });
      const sent = world.send(target, toEnvelope('half done', id));
      await agent.receivedCount(1);
      await world.close();
      expect((await sent).status).toBe(503);
      world = await createMessagesWorld(database.url);
      agent.behave({ kind: 'answer', text: 'second run' });
      // The stop above hands the row over; a kill leaves the lease to lapse. Both end here.
      await lapse();
      return id;
    };
    const recover = async () => {
      await world.messages.loops.recovery.runOnce();
      await settled();
    };

    it('B-41: takes the result that the agent has', async () => {
      const target = await world.addWorkspace({ url: agent.url });
      const id = await abandon(target);
      agent.remember(id, 'completed', 'first run');
      await recover();
      expect(await world.row(id)).toMatchObject({ state: 'completed', result_preview: 'first run', attempts: 1 });
      expect(agent.asked).toEqual([id]);
      expect(agent.received).toHaveLength(1);
    });

    it('asks again while the agent is at work', async () => {
      const target = await world.addWorkspace({ url: agent.url });
      const id = await abandon(target);
      agent.remember(id, 'working');
      await recover();
      expect(await world.row(id)).toMatchObject({ state: 'working', attempts: 1 });
      agent.remember(id, 'completed', 'in the end');
      await lapse();
      await recover();
      expect(await world.row(id)).toMatchObject({ state: 'completed', result_preview: 'in the end' });
      expect(agent.received).toHaveLength(1);
    });

    it('delivers again what the agent has no record of', async () => {
      const target = await world.addWorkspace({ url: agent.url });
      const id = await abandon(target);
      await recover();
      expect(await world.row(id)).toMatchObject({ state: 'queued' });
      await makeDue();
      await queue();
      await waitFor(async () => (await world.row(id))?.state === 'completed');
      expect(await world.row(id)).toMatchObject({ attempts: 2, result_preview: 'second run' });
    });

    it('fails what a foreign agent may have done, with the reason and the next step', async () => {
      const target = await world.addWorkspace({ url: agent.url });
      const id = await abandon(target);
      await sql`update workspaces set url_from = 'agent', backend = 'external' where id = ${target}`.execute(
        world.ports.lanes.work,
      );
      await recover();
      expect(await world.row(id)).toMatchObject({ state: 'failed', reason: 'interrupted' });
      expect(agent.asked).toEqual([]);
      expect(await world.activities(target)).toMatchObject([{ status: 'error' }]);
    });

    it('waits for a managed agent that does not answer at the moment', async () => {
      const target = await world.addWorkspace({ url: agent.url });
      const id = await abandon(target);
      agent.answerQuestions('cut');
      await recover();
      expect(await world.row(id)).toMatchObject({ state: 'working', attempts: 1 });
      agent.answerQuestions('tasks');
      agent.remember(id, 'failed', 'gave up');
      await lapse();
      await recover();
      expect(await world.row(id)).toMatchObject({ state: 'failed', reason: 'agent_error', error_detail: 'gave up' });
    });

    it('fails when the workspace was removed meanwhile', async () => {
      const target = await world.addWorkspace({ url: agent.url });
      const id = await abandon(target);
      await setWorkspace(target, { status: 'removed' });
      await recover();
      expect(await world.row(id)).toMatchObject({ state: 'failed', reason: 'target_removed' });
    });
  });

  it('a holder that lost its lease changes nothing when its answer comes late', async () => {
    const other = await createMessagesWorld(database.url);
    const target = await world.addWorkspace({ url: agent.url });
    const id = nextId();
    agent.behave({ kind: 'hold', text: 'of the late holder' });
    const pending = world.send(target, toEnvelope('x', id));
    await agent.receivedCount(1);
    agent.remember(id, 'completed', 'of the new owner');
    await lapse();
    await other.messages.loops.recovery.runOnce();
    await waitFor(async () => (await world.row(id))?.state === 'completed');
    agent.release();
    expect(await pending).toMatchObject({ status: 200 });
    expect(await world.row(id)).toMatchObject({ result_preview: 'of the new owner', attempts: 1, late: false });
    const told = (await world.events()).filter((e) => e.type === 'A2A_RESPONSE' && e.payload.message_id === id);
    expect(told).toHaveLength(1);
    await other.close();
  });

  it('needs no second connection inside a transaction: one per lane is enough for a burst', async () => {
    const narrow = await createMessagesWorld(database.url, { laneSizes: SINGLE_CONNECTION_LANES });
    const lead = await narrow.addWorkspace({ url: agent.url });
    const child = await narrow.addWorkspace({ parentId: lead, url: agent.url });
    const replies = await Promise.all(
      Array.from({ length: 32 }, (_, n) =>
        n % 2 === 0
          ? narrow.send(lead, toEnvelope('x', nextId()), { caller: child })
          : narrow.post(`/workspaces/${lead}/delegate`, { target_id: child, task: `task ${n}` }),
      ),
    );
    expect(replies.map((reply) => reply.status).filter((status) => status !== 200 && status !== 202)).toEqual([]);
    await narrow.close();
  });

  it('an answer that breaks off is asked about instead of sent again', async () => {
    for (const kind of ['die', 'die_mid_answer'] as const) {
      const target = await world.addWorkspace({ url: agent.url });
      const id = nextId();
      agent.behave({ kind });
      const reply = await world.send(target, toEnvelope('fragile', id));
      expect(reply).toMatchObject({ status: 202, json: { queued: true } });
      agent.remember(id, 'completed', 'it was done');
      await lapse();
      await world.messages.loops.recovery.runOnce();
      await waitFor(async () => (await world.row(id))?.state === 'completed');
      expect(await world.row(id)).toMatchObject({ result_preview: 'it was done', attempts: 1 });
    }
    expect(agent.received).toHaveLength(2);
  });

  it('a broken answer of a foreign agent is 502 and says whether it was accepted', async () => {
    const foreign = { urlFrom: 'agent', backend: 'external', deliveryMode: 'push' } as const;
    const lenient = await createMessagesWorld(database.url, { loopbackAllowed: true });
    const target = await lenient.addWorkspace({ url: agent.url, ...foreign });
    agent.behave({ kind: 'die_mid_answer' });
    expect(await lenient.send(target, toEnvelope('x', nextId()))).toMatchObject({
      status: 502,
      json: { error: 'failed to read agent response', delivery_confirmed: true },
    });
    agent.behave({ kind: 'die' });
    expect(await lenient.send(target, toEnvelope('x', nextId()))).toMatchObject({
      status: 502,
      json: { error: 'failed to reach workspace agent' },
    });
    await lenient.close();
  });

  it('B-43: a delegation that a foreign server queued is not answered by that: it fails, and says why', async () => {
    const lenient = await createMessagesWorld(database.url, { loopbackAllowed: true });
    const lead = await lenient.addWorkspace();
    const foreign = { urlFrom: 'agent', backend: 'external', deliveryMode: 'push' } as const;
    const child = await lenient.addWorkspace({ parentId: lead, url: agent.url, ...foreign });
    agent.behave({ kind: 'json', status: 202, body: { queued: true, queue_id: 'theirs' } });
    const { json } = await lenient.post(`/workspaces/${lead}/delegate`, { target_id: child, task: 'x' });
    await lenient.messages.loops.queue.runOnce();
    await waitFor(async () => (await lenient.row(json.delegation_id))?.state === 'failed');
    expect(await lenient.row(json.delegation_id)).toMatchObject({ reason: 'interrupted', result: null });
    const told = JSON.stringify([await lenient.activities(lead), await lenient.get(`/workspaces/${lead}/delegations`)]);
    expect(told).toContain('it was queued where it was sent');
    expect(told).not.toContain('theirs');
    await lenient.close();
  });

  it('keeps a message for a managed agent that cannot be reached, and fails it after five deliveries', async () => {
    const gone = await createFakeAgent();
    await gone.close();
    const target = await world.addWorkspace({ url: gone.url });
    const id = nextId();
    expect(await world.send(target, toEnvelope('anybody?', id))).toMatchObject({ status: 202, json: { queued: true } });
    for (let n = 0; n < 4; n += 1) {
      expect(await world.row(id)).toMatchObject({ state: 'queued', failures: n + 1 });
      await makeDue();
      await queue();
      await settled();
    }
    expect(await world.row(id)).toMatchObject({ state: 'failed', reason: 'attempts_exhausted', attempts: 5 });
  });

  it('a delegation that its callee answers with a question has ended: its caller is told at once, and once', async () => {
    const lead = await world.addWorkspace();
    const child = await world.addWorkspace({ parentId: lead, url: agent.url });
    const status = {
      state: 'input-required',
      message: { role: 'agent', parts: [{ kind: 'text', text: 'Which one?' }] },
    };
    const task = { kind: 'task', id: 't', contextId: 't', status };
    agent.behave({ kind: 'json', status: 200, body: { jsonrpc: '2.0', id: 1, result: task } });
    const { json } = await world.post(`/workspaces/${lead}/delegate`, { target_id: child, task: 'choose' });
    await queue();
    await settled();
    const read = await world.get(`/workspaces/${lead}/delegations/${json.delegation_id}`);
    expect(read.json).toMatchObject({ status: 'completed', result: { text: 'Which one?' } });
    // Nobody could answer under the same delegation, so it must not come to a second end hours later.
    await sql`update messages set deadline = now() - interval '1 s' where id = ${json.delegation_id}`.execute(
      world.ports.lanes.work,
    );
    await world.messages.loops.overdue.runOnce();
    const told = (await world.events()).filter((event) => event.payload.delegation_id === json.delegation_id);
    expect(told.map(({ type }) => type)).toEqual(['DELEGATION_SENT', 'DELEGATION_STATUS', 'DELEGATION_COMPLETE']);
  });

  describe('B-44: a delegation whose delivery is answered by', () => {
    it.each([
      { what: '502', status: 502, body: { error: 'bad gateway' }, deliveries: 2 },
      { what: '503 restarting', status: 503, body: { error: 'restarting', restarting: true }, deliveries: 2 },
      { what: '500', status: 500, body: { error: 'broken' }, deliveries: 1 },
    ])('$what is delivered at most $deliveries times', async ({ status, body, deliveries }) => {
      const lead = await world.addWorkspace();
      const child = await world.addWorkspace({ parentId: lead, url: agent.url });
      agent.behave({ kind: 'json', status, body });
      const { json } = await world.post(`/workspaces/${lead}/delegate`, { target_id: child, task: 'x' });
      for (let n = 0; n < 4; n += 1) {
        await makeDue();
        await queue();
        await settled();
      }
      expect(agent.received).toHaveLength(deliveries);
      expect(await world.row(json.delegation_id)).toMatchObject({ state: 'failed' });
    });
  });

  it('checks hierarchy again before a late delivery', async () => {
    const lead = await world.addWorkspace();
    const child = await world.addWorkspace({ parentId: lead, url: agent.url });
    const { json } = await world.post(`/workspaces/${lead}/delegate`, { target_id: child, task: 'x' });
    const elsewhere = await world.addWorkspace();
    await world.ports.lanes.work
      .updateTable('workspaces')
      .set({ parent_id: elsewhere })
      .where('id', '=', child)
      .execute();
    await queue();
    await waitFor(async () => (await world.row(json.delegation_id))?.state === 'failed');
    expect(await world.row(json.delegation_id)).toMatchObject({ reason: 'access_denied' });
    expect(agent.received).toEqual([]);
  });

  describe('sweeping', () => {
    const open = async (values: { deadline?: string; heartbeat?: string }) => {
      const lead = await world.addWorkspace();
      const child = await world.addWorkspace({ parentId: lead, url: agent.url, maxConcurrentTasks: 9 });
      agent.behave({ kind: 'hold', text: 'late answer' });
      const { json } = await world.post(`/workspaces/${lead}/delegate`, { target_id: child, task: 'x' });
      await queue();
      await waitFor(() => agent.received.some((request) => request.messageId === json.delegation_id));
      await sql`update messages set deadline = now() + ${values.deadline ?? '1 h'}::interval,
                       last_heartbeat = case when ${values.heartbeat ?? null}::text is null then null
                                             else now() - ${values.heartbeat ?? '0 s'}::interval end
                 where id = ${json.delegation_id}`.execute(world.ports.lanes.work);
      return { lead, child, id: json.delegation_id as string };
    };

    /** A server with a wall clock that can be set forward, as a machine that slept finds its own. */
    const reopen = async () => {
      await world.close();
      const real = createSystemClock();
      let aheadMs = 0;
      world = await createMessagesWorld(database.url, {
        clock: { ...real, now: () => new Date(real.now().getTime() + aheadMs) },
      });
      return {
        sweepAfter: async (minutes: number) => {
          aheadMs += minutes * 60_000;
          await world.messages.loops.overdue.runOnce();
        },
      };
    };

    it('a delegation is not stuck for the time in which no server listened', async () => {
      const { id } = await open({ heartbeat: '2 h' });
      const state = async () => (await world.row(id))?.state;
      const restarted = await reopen();
      await restarted.sweepAfter(0);
      await restarted.sweepAfter(5);
      expect(await state()).toBe('working');
      // As long as a lid was closed: what was heard before it does not count either.
      await restarted.sweepAfter(8);
      await restarted.sweepAfter(5);
      expect(await state()).toBe('working');
      await restarted.sweepAfter(5.5);
      expect(await state()).toBe('stuck');
    });

    it('B-63: deadline beats silence, no heartbeat at all is not silence, healthy rows stay', async () => {
      const overdue = await open({ deadline: '-1 s', heartbeat: '1 h' });
      const quiet = await open({ heartbeat: '700 s' });
      const fresh = await open({ heartbeat: '5 s' });
      const never = await open({});
      const { sweepAfter } = await reopen();
      for (const minutes of [0, 5.5, 5.5]) await sweepAfter(minutes);
      expect(await world.row(overdue.id)).toMatchObject({
        state: 'failed',
        reason: 'deadline_exceeded',
        error_detail: 'deadline exceeded by sweeper',
      });
      const stuck = await world.row(quiet.id);
      expect(stuck).toMatchObject({ state: 'stuck', reason: 'no_heartbeat' });
      expect(stuck?.error_detail).toContain('no heartbeat for 70');
      expect((await world.row(fresh.id))?.state).toBe('working');
      expect((await world.row(never.id))?.state).toBe('working');
      expect((await world.get(`/workspaces/${quiet.lead}/delegations/${quiet.id}`)).json.status).toBe('stuck');
      agent.release();
    });

    it('B-62: a result after the end changes no state, and reaches the inbox once, marked late', async () => {
      const { id, lead } = await open({ deadline: '-1 s' });
      await world.messages.loops.overdue.runOnce();
      agent.release();
      await waitFor(async () => (await world.row(id))?.late === true);
      expect(await world.row(id)).toMatchObject({ state: 'failed', reason: 'deadline_exceeded' });
      const inbox = (await world.activities(lead)).filter((row) => row.activity_type === 'a2a_receive');
      expect(inbox).toHaveLength(2);
      expect(inbox[1]).toMatchObject({ response_body: { text: 'late answer', late: true } });
      const late = (await world.events()).filter((event) => event.payload.late === true);
      expect(late).toMatchObject([{ type: 'DELEGATION_COMPLETE', workspace_id: lead }]);
      expect((await world.get(`/workspaces/${lead}/delegations/${id}`)).json).toMatchObject({
        status: 'failed',
        late: true,
      });
    });

    it('B-62: a sweep that comes after the completion changes nothing', async () => {
      const { id } = await open({});
      agent.release();
      await waitFor(async () => (await world.row(id))?.state === 'completed');
      await sql`update messages set deadline = now() - interval '1 s' where id = ${id}`.execute(world.ports.lanes.work);
      const before = (await world.events()).length;
      await world.messages.loops.overdue.runOnce();
      expect(await world.row(id)).toMatchObject({ state: 'completed', result_preview: 'late answer' });
      expect((await world.events()).length).toBe(before);
    });

    const age = (ids: readonly string[], hours: number) =>
      sql`update messages set created_at = now() - ${hours} * interval '1 hour',
                              dispatched_at = case when dispatched_at is not null then now() - ${hours} * interval '1 hour' end
           where message_id = any(${ids}::text[])`.execute(world.ports.lanes.work);

    it('what waits for a workspace that stays stopped fails after six hours, and can be sent again', async () => {
      const lead = await world.addWorkspace();
      const paused = await world.addWorkspace({ status: 'offline' });
      const offline = await world.addWorkspace({ status: 'offline', parentId: lead });
      const [old, older, young] = [nextId(), nextId(), nextId()] as const;
      await world.send(paused, toEnvelope('to a paused one', old));
      await world.send(offline, toEnvelope('from an agent', older), { caller: lead });
      await world.send(offline, toEnvelope('of this morning', young));
      await setWorkspace(paused, { status: 'paused' });
      await age([old, older], 6.01);
      await age([young], 5.99);
      // What waited while no server was there to deliver it gets as long as its agent needs to come back.
      const restarted = await reopen();
      await restarted.sweepAfter(0);
      await restarted.sweepAfter(5);
      expect(await world.row(old)).toMatchObject({ state: 'queued' });
      await restarted.sweepAfter(5.5);
      for (const id of [old, older]) {
        expect(await world.row(id)).toMatchObject({ state: 'failed', reason: 'expired', attempts: 0 });
      }
      expect(await world.row(young)).toMatchObject({ state: 'queued' });
      expect(await world.activities(paused)).toMatchObject([
        { status: 'error', error_detail: 'it could not be delivered within 6 h' },
      ]);
      await setWorkspace(paused, { status: 'online', url: agent.url });
      expect(await world.send(paused, toEnvelope('to a paused one', old))).toMatchObject({ status: 200 });
      expect(agent.received.map(({ text }) => text)).toEqual(['to a paused one']);
    });

    it('work under way has no such end, however long ago it was sent, nor what leaves while it is judged', async () => {
      const restarted = await reopen();
      const target = await world.addWorkspace({ url: agent.url });
      const id = nextId();
      agent.behave({ kind: 'hold', text: 'at last' });
      const answer = world.send(target, toEnvelope('take your time', id));
      await agent.receivedCount(1);
      await age([id], 100);
      for (const minutes of [0, 5.5, 5.5]) await restarted.sweepAfter(minutes);
      const row = await world.row(id);
      expect(row).toMatchObject({ state: 'working' });
      const ending = { state: 'failed', reason: 'expired', detail: 'x', result: null } as const;
      const ended = await world.ports.transact('work', (tx) =>
        endMessages(tx, [{ id: row?.id ?? '', owner: null, onlyQueued: true, ending }]),
      );
      expect(ended).toEqual([]);
      agent.release();
      expect(await answer).toMatchObject({ status: 200 });
    });

    it('what waits for a removed workspace fails, and for a failed one after a grace', async () => {
      const removed = await world.addWorkspace({ status: 'offline' });
      const failed = await world.addWorkspace({ status: 'offline' });
      const ids = [nextId(), nextId()] as const;
      await world.send(removed, toEnvelope('x', ids[0]));
      await world.send(failed, toEnvelope('x', ids[1]));
      await setWorkspace(removed, { status: 'removed' });
      await setWorkspace(failed, { status: 'failed' });
      await world.messages.loops.lostTargets.runOnce();
      expect(await world.row(ids[0])).toMatchObject({ state: 'failed', reason: 'target_removed' });
      expect(await world.row(ids[1])).toMatchObject({ state: 'queued' });
      await sql`update workspaces set updated_at = now() - interval '2 min' where id = ${failed}`.execute(
        world.ports.lanes.work,
      );
      await world.messages.loops.lostTargets.runOnce();
      expect(await world.row(ids[1])).toMatchObject({ state: 'failed', reason: 'target_failed' });
    });

    it('what a failed workspace had begun may be sent once more only where the agent would know it again', async () => {
      const lenient = await createMessagesWorld(database.url, { loopbackAllowed: true });
      const foreign = { urlFrom: 'agent', backend: 'external', deliveryMode: 'push' } as const;
      const ours = await lenient.addWorkspace({ url: agent.url });
      const theirs = await lenient.addWorkspace({ url: agent.url, ...foreign });
      agent.behave({ kind: 'hold', text: 'it was done after all' });
      const ids = [nextId(), nextId()] as const;
      const answers = [lenient.send(ours, toEnvelope('x', ids[0])), lenient.send(theirs, toEnvelope('x', ids[1]))];
      await agent.receivedCount(2);
      for (const id of [ours, theirs]) await setWorkspace(id, { status: 'failed' });
      await sql`update workspaces set updated_at = now() - interval '2 min' where status = 'failed'`.execute(
        world.ports.lanes.work,
      );
      await lenient.messages.loops.lostTargets.runOnce();
      expect(await world.row(ids[0])).toMatchObject({ state: 'failed', reason: 'target_failed' });
      expect(await world.row(ids[1])).toMatchObject({ state: 'failed', reason: 'interrupted' });
      agent.release();
      await Promise.all(answers);
      await setWorkspace(theirs, { status: 'online' });
      agent.behave({ kind: 'answer', text: 'done twice' });
      await lenient.send(theirs, toEnvelope('x', ids[1]));
      expect(agent.received.filter(({ messageId }) => messageId === ids[1])).toHaveLength(1);
      await lenient.close();
    });

    it.each(['die', 'hold'] as const)(
      'a result that its agent reports after the platform gave it up (%s) comes late, once',
      async (kind) => {
        const clock = createFakeClock();
        const lenient = await createMessagesWorld(database.url, {
          loopbackAllowed: true,
          clock,
          limits: { idleMs: 1_000 },
        });
        const lead = await lenient.addWorkspace();
        const foreign = { urlFrom: 'agent', backend: 'external', deliveryMode: 'push' } as const;
        const child = await lenient.addWorkspace({ parentId: lead, url: agent.url, ...foreign });
        agent.behave({ kind, text: 'never read' });
        const { json } = await lenient.post(`/workspaces/${lead}/delegate`, { target_id: child, task: 'x' });
        await lenient.messages.loops.queue.runOnce();
        await agent.receivedCount(1);
        const reason = kind === 'die' ? 'interrupted' : 'agent_silent';
        await waitFor(async () => {
          await clock.advance(1_000);
          return (await lenient.row(json.delegation_id))?.state === 'failed';
        });
        for (let n = 0; n < 2; n += 1) {
          await lenient.post(`/workspaces/${child}/delegations/${json.delegation_id}/update`, {
            status: 'completed',
            response: 'it was done after all',
          });
        }
        expect(await lenient.row(json.delegation_id)).toMatchObject({ state: 'failed', reason, late: true });
        const told = (await lenient.activities(lead)).filter((row) => row.activity_type === 'a2a_receive');
        expect(told.map((row) => row.response_body)).toMatchObject([{ text: '' }, { text: 'it was done after all' }]);
        const closed = lenient.close();
        await clock.advance(60_000);
        await closed;
      },
    );

    it('a heartbeat of a working callee keeps its delegations alive, set-based', async () => {
      const { id, child } = await open({});
      expect((await world.row(id))?.last_heartbeat).toBeNull();
      world.ports.feed.publishTransient({
        type: 'WORKSPACE_HEARTBEAT',
        workspaceId: child,
        payload: { active_tasks: 1, uptime_seconds: 5 },
      });
      await world.messages.loops.heartbeats.runOnce();
      expect((await world.row(id))?.last_heartbeat).toBeInstanceOf(Date);
      agent.release();
    });
  });

  it('deliveries leave nothing behind on the signal by which the server stops', async () => {
    const stopping = await stopSignalOf(world.ports.supervisor);
    const before = countAbortFollowers(stopping);
    const target = await world.addWorkspace({ status: 'offline' });
    for (let n = 0; n < 20; n += 1) await world.send(target, toEnvelope('wait for it', nextId()));
    await setWorkspace(target, { status: 'online', url: agent.url });
    await waitFor(async () => {
      await makeDue();
      await queue();
      return agent.received.length === 20;
    });
    await settled();
    await expect.poll(() => countAbortFollowers(stopping)).toBe(before);
  });

  it('retention removes what ended long ago and questions nobody answered, and nothing that is open', async () => {
    const target = await world.addWorkspace({ url: agent.url, status: 'offline' });
    for (const id of ['old-end', 'old-question', 'old-queued', 'new-end']) {
      await world.send(target, toEnvelope('x', id));
    }
    const db = world.ports.lanes.work;
    await sql`
      update messages set updated_at = now() - interval '91 days',
             state = case message_id when 'old-queued' then 'queued' when 'old-question' then 'input_required' else 'completed' end,
             ended_at = case message_id when 'old-end' then now() - interval '91 days' when 'new-end' then now() end`.execute(
      db,
    );
    expect(await deleteOldMessages(db, 90, 100)).toBe(2);
    const left = await db.selectFrom('messages').select('message_id').orderBy('seq').execute();
    expect(left.map((row) => row.message_id)).toEqual(['old-queued', 'new-end']);
  });

  it('an orderly stop answers waiting clients, hands its rows over, and the next server takes them at once', async () => {
    const target = await world.addWorkspace({ url: agent.url });
    const id = nextId();
    agent.behave({ kind: 'hold', text: 'never read' });
    const pending = world.send(target, toEnvelope('x', id));
    await agent.receivedCount(1);
    await world.messages.standDown(0);
    expect(await pending).toMatchObject({ status: 503, json: { code: 'shutting_down' } });
    const row = await world.row(id);
    expect(row).toMatchObject({ state: 'working', lease_owner: null });
    expect(row?.lease_until?.getTime()).toBeLessThanOrEqual(Date.now() + 1_000);
  });
});
