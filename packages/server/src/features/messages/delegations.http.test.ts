import { createFakeAgent, type FakeAgent, waitFor } from '@molecule/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { createMessagesWorld, type MessagesWorld, toEnvelope } from '../../../test/messages-world.js';

describe('delegating', () => {
  const database = useTestDatabase();
  let world: MessagesWorld;
  let agent: FakeAgent;
  let lead: string;
  let child: string;

  beforeAll(async () => {
    world = await createMessagesWorld(database.url);
    world.ports.supervisor.start();
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    agent = await createFakeAgent({ kind: 'answer', text: 'the result' });
    lead = await world.addWorkspace({ name: 'Lead' });
    child = await world.addWorkspace({ name: 'Writer', parentId: lead, url: agent.url });
  });
  afterEach(() => agent.close());

  const delegate = (body: object, from = lead) => world.post(`/workspaces/${from}/delegate`, body);
  const read = (id: string, wait = 0) => world.get(`/workspaces/${lead}/delegations/${id}?wait=${wait}`);
  const typesOf = async (workspace: string) =>
    (await world.events()).filter((event) => event.workspace_id === workspace).map((event) => event.type);

  it('B-60: is delivered, answered, and told to the caller everywhere at once', async () => {
    const accepted = await delegate({ target_id: child, task: 'Write a poem' });
    expect(accepted).toMatchObject({ status: 202, json: { status: 'delegated', target_id: child } });
    const id = accepted.json.delegation_id;
    const done = await read(id, 20);
    expect(done).toMatchObject({
      status: 200,
      json: {
        delegation_id: id,
        status: 'completed',
        result: { text: 'the result' },
        result_preview: 'the result',
        attempts: 1,
      },
    });
    expect(agent.received[0]).toMatchObject({ method: 'message/send', messageId: id, text: 'Write a poem' });
    expect(agent.received[0]?.body).toMatchObject({ params: { message: { metadata: { delegation_id: id } } } });
    expect(agent.received[0]?.headers).toMatchObject({ 'x-workspace-id': lead });
    expect(await world.activities(lead)).toMatchObject([
      { activity_type: 'delegation', method: 'delegate', status: 'completed', summary: 'Delegating to Writer' },
      {
        activity_type: 'delegation',
        method: 'delegate_result',
        status: 'completed',
        summary: 'Delegation completed (the result)',
        response_body: { text: 'the result', delegation_id: id },
      },
      {
        activity_type: 'a2a_receive',
        method: 'delegate_result',
        source_id: child,
        target_id: lead,
        status: 'ok',
        request_body: { params: { message: { parts: [{ text: 'the result' }], metadata: { delegation_id: id } } } },
      },
    ]);
    expect(await world.activities(child)).toMatchObject([
      { activity_type: 'a2a_receive', source_id: lead, status: 'ok', message_id: id },
    ]);
    expect(await typesOf(lead)).toEqual([
      'DELEGATION_SENT',
      'DELEGATION_STATUS',
      'DELEGATION_COMPLETE',
      'ACTIVITY_LOGGED',
    ]);
    expect((await world.get(`/workspaces/${lead}/delegations`)).json).toMatchObject([
      { delegation_id: id, source_id: lead, target_id: child, status: 'completed', response_preview: 'the result' },
    ]);
  });

  it('a waiting reader is answered as soon as the delegation ends, and holds no connection meanwhile', async () => {
    agent.behave({ kind: 'hold', text: 'at last' });
    const { json } = await delegate({ target_id: child, task: 'Think' });
    const waiting = read(json.delegation_id, 25);
    await agent.receivedCount(1);
    await waitFor(() => Object.values(world.ports.database.stats()).every((lane) => lane.idle === lane.total));
    agent.release();
    expect((await waiting).json).toMatchObject({ status: 'completed', result: { text: 'at last' } });
  });

  it('a wait that runs out answers with the state so far', async () => {
    agent.behave({ kind: 'hold', text: 'later' });
    const { json } = await delegate({ target_id: child, task: 'Think' });
    await agent.receivedCount(1);
    expect((await read(json.delegation_id, 1)).json).toMatchObject({ status: 'dispatched' });
    agent.release();
    expect((await read(json.delegation_id, 20)).json.status).toBe('completed');
  });

  it('B-65: a failure reaches the inbox with its reason', async () => {
    agent.behave({
      kind: 'json',
      status: 200,
      body: { jsonrpc: '2.0', id: 1, error: { code: -1, message: 'no ink' } },
    });
    const { json } = await delegate({ target_id: child, task: 'Write' });
    expect((await read(json.delegation_id, 20)).json).toMatchObject({
      status: 'failed',
      reason: 'agent_error',
      error_detail: 'no ink',
      next_step: expect.stringMatching(/^Read what the agent said\./),
    });
    const [task, result, inbox] = await world.activities(lead);
    expect(task).toMatchObject({ method: 'delegate', status: 'failed', error_detail: 'no ink' });
    expect(result).toMatchObject({
      method: 'delegate_result',
      summary: 'Delegation failed',
      response_body: { delegation_id: json.delegation_id },
    });
    expect(inbox).toMatchObject({ activity_type: 'a2a_receive', status: 'error', error_detail: 'no ink' });
    expect(await typesOf(lead)).toContain('DELEGATION_FAILED');
  });

  it.each([
    ['missing task', () => ({ target_id: child }), 400, 'invalid delegation request'],
    ['empty task', () => ({ target_id: child, task: '' }), 400, 'invalid delegation request'],
    ['target that is no UUID', () => ({ target_id: 'writer', task: 'x' }), 400, 'target_id must be a valid UUID'],
    ['itself', () => ({ target_id: lead, task: 'x' }), 400, 'self-delegation not permitted'],
    [
      'unknown target',
      () => ({ target_id: '7b1e5a44-1111-4222-8333-944455556666', task: 'x' }),
      404,
      'workspace not found',
    ],
  ])('is refused for a %s', async (_what, body, status, error) => {
    expect(await delegate(body())).toMatchObject({ status, json: { error } });
  });

  it('is refused at once outside the own line of the tree', async () => {
    const stranger = await world.addWorkspace({ parentId: await world.addWorkspace() });
    expect(await delegate({ target_id: stranger, task: 'x' })).toMatchObject({
      status: 403,
      json: { code: 'access_denied' },
    });
  });

  it('B-67: the same key makes one delegation, also when both arrive together', async () => {
    agent.behave({ kind: 'hold', text: 'once' });
    const body = { target_id: child, task: 'Once', idempotency_key: 'key-1' };
    const replies = await Promise.all(Array.from({ length: 8 }, () => delegate(body)));
    expect(replies.filter((reply) => reply.status === 202)).toHaveLength(1);
    expect(replies.filter((reply) => reply.status === 200)).toHaveLength(7);
    expect(new Set(replies.map((reply) => reply.json.delegation_id)).size).toBe(1);
    expect(replies.find((reply) => reply.status === 200)?.json).toMatchObject({
      idempotent_hit: true,
      target_id: child,
    });
    await agent.receivedCount(1);
    agent.release();
    await read(replies[0]?.json.delegation_id, 20);
    expect(agent.received).toHaveLength(1);
  });

  it('B-67: a failed delegation gives its key up', async () => {
    agent.behave({ kind: 'json', status: 200, body: { jsonrpc: '2.0', id: 1, error: { code: -1, message: 'no' } } });
    const body = { target_id: child, task: 'Twice', idempotency_key: 'key-2' };
    const first = await delegate(body);
    await read(first.json.delegation_id, 20);
    agent.behave({ kind: 'answer', text: 'yes' });
    const second = await delegate(body);
    expect(second.status).toBe(202);
    expect(second.json.delegation_id).not.toBe(first.json.delegation_id);
    expect((await read(second.json.delegation_id, 20)).json.status).toBe('completed');
  });

  it('refuses the fourth identical task within ten minutes', async () => {
    for (let n = 0; n < 3; n += 1) expect((await delegate({ target_id: child, task: 'Again' })).status).toBe(202);
    const refused = await delegate({ target_id: child, task: 'Again' });
    expect(refused).toMatchObject({ status: 429, json: { code: 'loop_refused' } });
    expect(refused.json.error).toContain('identical: at most 3');
    expect((await delegate({ target_id: child, task: 'Something else' })).status).toBe(202);
  });

  it('refuses the 51st open delegation of a caller, also in a burst', async () => {
    agent.behave({ kind: 'hold', text: 'slow' });
    const replies = await Promise.all(
      Array.from({ length: 60 }, (_, n) => delegate({ target_id: child, task: `Task ${n}` })),
    );
    expect(replies.filter((reply) => reply.status === 202)).toHaveLength(50);
    const refused = replies.filter((reply) => reply.status === 429);
    expect(refused).toHaveLength(10);
    expect(refused[0]?.json.error).toContain('open: at most 50');
  });

  it('counts the depth of a chain by the message its caller is working on, and ends it at eight', async () => {
    const deep = await world.addWorkspace({ url: agent.url, maxConcurrentTasks: 100 });
    const deeper = await world.addWorkspace({ parentId: deep, url: agent.url, maxConcurrentTasks: 100 });
    agent.behave({ kind: 'hold', text: 'deep' });
    let statuses: number[] = [];
    for (let n = 0; n < 9; n += 1) {
      const [from, to] = n % 2 === 0 ? [deep, deeper] : [deeper, deep];
      const reply = await delegate({ target_id: to, task: `Level ${n}` }, from);
      statuses = [...statuses, reply.status];
      if (reply.status === 202) await agent.receivedCount(n + 1);
      else expect(reply.json.error).toContain('depth: at most 8');
    }
    expect(statuses).toEqual([202, 202, 202, 202, 202, 202, 202, 202, 429]);
    agent.release();
  });

  it('the message an agent names decides the depth, not a newer one that waits inside the agent', async () => {
    const deep = await world.addWorkspace({ url: agent.url, maxConcurrentTasks: 100 });
    const deeper = await world.addWorkspace({ parentId: deep, url: agent.url, maxConcurrentTasks: 100 });
    agent.behave({ kind: 'hold', text: 'deep' });
    const sent: Promise<unknown>[] = [];
    let parent: string | undefined;
    for (let n = 0; n < 8; n += 1) {
      const [from, to] = n % 2 === 0 ? [deep, deeper] : [deeper, deep];
      const { json } = await delegate({ target_id: to, task: `Level ${n}`, parent_message_id: parent }, from);
      await agent.receivedCount(2 * n + 1);
      parent = json.delegation_id;
      // Handed to the same agent afterwards, by a person: the beginning of a chain of its own.
      const newer = world.send(to, toEnvelope('Hello', `newer-${n}`));
      await agent.receivedCount(2 * n + 2);
      sent.push(newer);
    }
    const refused = await delegate({ target_id: deeper, task: 'Level 8', parent_message_id: parent }, deep);
    expect(refused).toMatchObject({ status: 429, json: { error: expect.stringContaining('depth: at most 8') } });
    agent.release();
    await Promise.all(sent);
  });

  it('stays queued for a polling target until the peer reports', async () => {
    const polling = await world.addWorkspace({ parentId: lead, backend: 'external', deliveryMode: 'poll' });
    const { json } = await delegate({ target_id: polling, task: 'Poll this' });
    expect((await read(json.delegation_id)).json.status).toBe('queued');
    expect(await world.activities(polling)).toMatchObject([{ activity_type: 'a2a_receive', source_id: lead }]);
  });

  it('another workspace cannot read it, and an unknown one is 404', async () => {
    const { json } = await delegate({ target_id: child, task: 'Private' });
    const other = await world.get(`/workspaces/${child}/delegations/${json.delegation_id}`);
    expect(other).toMatchObject({ status: 404, json: { code: 'delegation_not_found' } });
    expect((await read(json.delegation_id, 20)).json.status).toBe('completed');
  });

  it('200 delegations at once are all accepted and all answered', async () => {
    const leads = await Promise.all(Array.from({ length: 10 }, () => world.addWorkspace({ parentId: lead })));
    agent.behave({ kind: 'answer', text: 'ok' });
    const target = lead;
    await world.ports.lanes.work
      .updateTable('workspaces')
      .set({
        url: agent.url,
        url_from: 'driver',
        spec: JSON.stringify({
          runtime: 'echo',
          template: null,
          model: null,
          tier: 1,
          workspace_dir: null,
          workspace_access: 'none',
          max_concurrent_tasks: 50,
        }),
      })
      .where('id', '=', lead)
      .execute();
    const replies = await Promise.all(
      Array.from({ length: 200 }, (_, n) => delegate({ target_id: target, task: `Burst ${n}` }, leads[n % 10])),
    );
    expect(new Set(replies.map((reply) => reply.status))).toEqual(new Set([202]));
    await waitFor(() => agent.received.length === 200, { timeoutMs: 20_000 });
    expect(new Set(agent.received.map((request) => request.messageId)).size).toBe(200);
  });
});
