import { countAbortFollowers, createFakeAgent, type FakeAgent, waitFor } from '@molecule/testkit';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { createMessagesWorld, type MessagesWorld, toEnvelope } from '../../../test/messages-world.js';
import { stopSignalOf } from '../../../test/ports.js';

describe('sending a message', () => {
  const database = useTestDatabase();
  let world: MessagesWorld;
  let agent: FakeAgent;
  let count = 0;
  const nextId = (): string => `m-${++count}`;

  beforeAll(async () => {
    world = await createMessagesWorld(database.url);
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    agent = await createFakeAgent();
  });
  afterEach(() => agent.close());

  it('is recorded before the agent sees it, and ends with the answer', async () => {
    const target = await world.addWorkspace({ url: agent.url, name: 'Lead' });
    const id = nextId();
    agent.behave({ kind: 'hold', text: 'hi there' });
    const pending = world.send(target, toEnvelope('hello', id));
    await agent.receivedCount(1);
    expect(await world.row(id)).toMatchObject({ kind: 'chat', state: 'working', attempts: 1 });
    expect(await world.activities(target)).toMatchObject([
      {
        activity_type: 'a2a_receive',
        source_id: null,
        message_id: id,
        duration_ms: null,
        summary: 'message/send → Lead',
      },
    ]);
    agent.release();
    const reply = await pending;
    expect(reply).toMatchObject({ status: 200, json: { id: `rpc-${id}`, result: { parts: [{ text: 'hi there' }] } } });
    expect(await world.row(id)).toMatchObject({ state: 'completed', result_preview: 'hi there', lease_owner: null });
    const [activity, ...others] = await world.activities(target);
    expect(others).toEqual([]);
    expect(activity).toMatchObject({ status: 'ok', response_body: { result: { parts: [{ text: 'hi there' }] } } });
    expect(activity?.duration_ms).toBeGreaterThan(0);
    const types = (await world.events()).filter((event) => event.workspace_id === target).map((event) => event.type);
    expect(types).toEqual(['ACTIVITY_LOGGED', 'ACTIVITY_LOGGED', 'A2A_RESPONSE']);
  });

  /** The one row of a message, as the log has it and as its latest event says. */
  async function rowAndEvent(target: string) {
    const [row] = await world.activities(target);
    const logged = (await world.events()).findLast(
      ({ type, payload }) => type === 'ACTIVITY_LOGGED' && payload.activity_id === row?.id,
    );
    const { activity_id: _, ...said } = logged?.payload ?? {};
    return { row: { ...row }, said };
  }

  it('the event of an answered message says what its row says', async () => {
    const target = await world.addWorkspace({ url: agent.url, name: 'Lead' });
    await world.send(target, toEnvelope('hello', nextId()));
    const { row, said } = await rowAndEvent(target);
    expect(row).toMatchObject(said);
    expect(said).toMatchObject({ summary: 'message/send → Lead', status: 'ok' });
  });

  it('the row and the event of a failed message name the failure', async () => {
    const target = await world.addWorkspace({ url: agent.url, name: 'Lead' });
    agent.behave({
      kind: 'json',
      status: 500,
      body: { jsonrpc: '2.0', id: 1, error: { code: 1, message: 'no model' } },
    });
    await world.send(target, toEnvelope('hello', nextId()));
    const { row, said } = await rowAndEvent(target);
    expect(row).toMatchObject(said);
    expect(said).toMatchObject({ summary: 'message/send failed: no model', status: 'error' });
    expect(row.error_detail).toBe('no model');
  });

  it('the row of a message that is sent again forgets the failure', async () => {
    const unroutable = { urlFrom: 'agent', backend: 'external', deliveryMode: 'push' } as const;
    const target = await world.addWorkspace({ url: agent.url, name: 'Lead', ...unroutable });
    const id = nextId();
    await world.send(target, toEnvelope('hello', id));
    expect((await rowAndEvent(target)).said).toMatchObject({ status: 'error' });
    await sql`update workspaces set url_from = 'driver' where id = ${target}`.execute(world.ports.lanes.work);
    agent.behave({ kind: 'hold', text: 'done' });
    const pending = world.send(target, toEnvelope('hello', id));
    await agent.receivedCount(1);
    const before = await rowAndEvent(target);
    expect(before.row).toMatchObject(before.said);
    expect(before.row).toMatchObject({ summary: 'message/send → Lead', status: 'ok', error_detail: null });
    expect(before.row.duration_ms).toBe(0);
    agent.release();
    expect((await pending).status).toBe(200);
    const { row, said } = await rowAndEvent(target);
    expect(row).toMatchObject(said);
    expect(row).toMatchObject({ summary: 'message/send → Lead', status: 'ok', error_detail: null });
  });

  it('answers a repeated message id with the stored outcome and runs nothing twice', async () => {
    const target = await world.addWorkspace({ url: agent.url });
    const id = nextId();
    const first = await world.send(target, toEnvelope('hello', id));
    const second = await world.send(target, toEnvelope('hello', id));
    expect(second.status).toBe(200);
    expect(second.json).toEqual(first.json);
    expect(agent.received).toHaveLength(1);
  });

  it('finds a repeated message id that no database can hold as it is', async () => {
    const target = await world.addWorkspace({ url: agent.url });
    const id = `${nextId()}\0`;
    const first = await world.send(target, toEnvelope('hello', id));
    expect(await world.send(target, toEnvelope('hello', id))).toMatchObject({ status: 200, json: first.json });
    expect(agent.received).toHaveLength(1);
  });

  it('refuses a repeated message id while the first is being worked on', async () => {
    const target = await world.addWorkspace({ url: agent.url });
    const id = nextId();
    agent.behave({ kind: 'hold', text: 'done' });
    const pending = world.send(target, toEnvelope('hello', id));
    await agent.receivedCount(1);
    expect(await world.send(target, toEnvelope('hello', id))).toMatchObject({
      status: 409,
      json: { code: 'duplicate_message' },
    });
    agent.release();
    expect((await pending).status).toBe(200);
  });

  it('a body nested without end is 400, and an answer of that kind is kept as the text it is', async () => {
    const target = await world.addWorkspace({ url: agent.url });
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    const id = nextId();
    const sent = JSON.stringify(toEnvelope('hello', id)).replace('"hello"', deep);
    expect(await world.send(target, sent)).toMatchObject({ status: 400 });
    expect(await world.row(id)).toBeUndefined();
    agent.behave({
      kind: 'raw',
      status: 200,
      contentType: 'application/json',
      body: `{"jsonrpc":"2.0","id":1,"result":${deep}}`,
    });
    expect((await world.send(target, toEnvelope('hello', id))).status).toBe(200);
    expect(await world.row(id)).toMatchObject({ state: 'completed' });
  });

  it('B-52: a body above 1 MiB is 413', async () => {
    const target = await world.addWorkspace({ url: agent.url });
    const reply = await world.send(target, toEnvelope('x'.repeat(1_048_577), nextId()));
    expect(reply).toMatchObject({ status: 413, json: { error: 'request body too large' } });
  });

  it('wraps shorthand bodies and keeps their content', async () => {
    const target = await world.addWorkspace({ url: agent.url });
    await world.send(target, { parts: [{ kind: 'text', text: 'short' }] });
    await world.send(target, { agent_id: 'x', message: 'from the command line' });
    await world.send(target, {
      method: 'message/send',
      params: { message: { parts: [{ type: 'text', text: 'old' }] } },
    });
    expect(agent.received.map((request) => request.text)).toEqual(['short', 'from the command line', 'old']);
    for (const request of agent.received) {
      expect(request.body.jsonrpc).toBe('2.0');
      expect(request.messageId).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it('passes an unknown method to the agent and its own error back', async () => {
    const target = await world.addWorkspace({ url: agent.url });
    const error = { jsonrpc: '2.0', id: 7, error: { code: -32601, message: 'Method not found' } };
    agent.behave({ kind: 'json', status: 200, body: error });
    const reply = await world.send(target, { jsonrpc: '2.0', id: 7, method: 'no/such' });
    expect(reply).toMatchObject({ status: 200, json: error });
  });

  it('passes a JSON-RPC error of the agent through unflattened and fails the row', async () => {
    const target = await world.addWorkspace({ url: agent.url });
    const id = nextId();
    const error = {
      jsonrpc: '2.0',
      id: 1,
      error: { code: -32603, message: 'model exploded', data: { retryable: false } },
    };
    agent.behave({ kind: 'json', status: 500, body: error });
    expect(await world.send(target, toEnvelope('hello', id))).toMatchObject({ status: 500, json: error });
    expect(await world.row(id)).toMatchObject({
      state: 'failed',
      reason: 'agent_error',
      error_detail: 'model exploded',
    });
  });

  it('B-43: hands on that another server has queued it, and takes that for no answer', async () => {
    const target = await world.addWorkspace({ url: agent.url });
    const queued = { queued: true, queue_id: 'theirs', queue_depth: 3 };
    agent.behave({ kind: 'json', status: 202, body: queued });
    const id = nextId();
    const reply = await world.send(target, toEnvelope('hello', id));
    expect(reply).toMatchObject({ status: 202, json: queued });
    expect(await world.row(id)).toMatchObject({ state: 'working', result: null, result_preview: null });
    agent.remember(id, 'completed', 'the answer');
    await sql`update messages set lease_until = now() where message_id = ${id}`.execute(world.ports.lanes.work);
    await world.messages.loops.recovery.runOnce();
    await waitFor(async () => (await world.row(id))?.state === 'completed');
    expect(await world.row(id)).toMatchObject({ result_preview: 'the answer' });
  });

  it.each([
    [{ error: 'no such model' }, 'no such model'],
    [{ whatever: 1 }, 'Bad Request'],
  ])('puts an HTTP error that is not JSON-RPC into words: %j', async (body, text) => {
    const target = await world.addWorkspace({ url: agent.url });
    agent.behave({ kind: 'json', status: 400, body });
    expect(await world.send(target, toEnvelope('hello', nextId()))).toMatchObject({
      status: 400,
      json: { error: text },
    });
  });

  it('refuses in the order of the contract: 403 before 402 before 404', async () => {
    const root = await world.addWorkspace({ url: agent.url, budget: { limit: 10, spent: 10 } });
    const other = await world.addWorkspace();
    const cousin = await world.addWorkspace({ parentId: other });
    const denied = await world.send(root, toEnvelope('x', nextId()), { caller: cousin });
    expect(denied).toMatchObject({
      status: 403,
      json: { error: 'access denied: workspaces cannot communicate per hierarchy rules' },
    });
    expect(await world.send(root, toEnvelope('x', nextId()))).toMatchObject({
      status: 402,
      json: { error: 'workspace budget limit exceeded' },
    });
    const unknown = '00000000-0000-0000-0000-000000000000';
    expect(await world.send(unknown, toEnvelope('x', nextId()))).toMatchObject({
      status: 404,
      json: { error: 'workspace not found' },
    });
    expect(await world.send(unknown, '{not json')).toMatchObject({ status: 400, json: { error: 'invalid JSON' } });
  });

  it('B-51: a message of an agent carries its source, and its own address is passed to the target', async () => {
    const lead = await world.addWorkspace({ url: agent.url });
    const child = await world.addWorkspace({ parentId: lead });
    const id = nextId();
    await world.send(lead, toEnvelope('from a child', id), { caller: child });
    expect(await world.row(id)).toMatchObject({ kind: 'peer', caller_id: child });
    expect(await world.activities(lead)).toMatchObject([{ source_id: child, target_id: lead }]);
    expect(agent.received[0]?.headers).toMatchObject({ 'x-workspace-id': child });
    expect(agent.received[0]?.headers.authorization).toBeUndefined();
  });

  it('B-45: the delivery goes on when the client leaves', async () => {
    const target = await world.addWorkspace({ url: agent.url });
    const id = nextId();
    agent.behave({ kind: 'hold', text: 'for nobody' });
    await world.http.listen({ port: 0, host: '127.0.0.1' });
    const address = world.http.server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const client = new AbortController();
    const request = fetch(`http://127.0.0.1:${port}/workspaces/${target}/a2a`, {
      method: 'POST',
      body: JSON.stringify(toEnvelope('hello', id)),
      signal: client.signal,
    });
    await agent.receivedCount(1);
    client.abort();
    await expect(request).rejects.toThrow();
    agent.release();
    await waitFor(async () => (await world.row(id))?.state === 'completed');
    expect((await world.activities(target))[0]?.response_body).toMatchObject({
      result: { parts: [{ text: 'for nobody' }] },
    });
  });

  it('passes a stream on as it comes and records what it ended with', async () => {
    for (const dialect of ['0.3', '1.0'] as const) {
      const target = await world.addWorkspace({ url: agent.url });
      const id = nextId();
      agent.behave({ kind: 'stream', words: ['Hello', ' ', 'world'], dialect });
      const reply = await world.send(target, toEnvelope('hello', id, 'message/stream'));
      expect(reply.headers['content-type']).toBe('text/event-stream');
      expect(reply.text.split('\n\n').filter((event) => event.startsWith('data: '))).toHaveLength(5);
      await waitFor(async () => (await world.row(id))?.state === 'completed');
      expect(await world.row(id)).toMatchObject({ result_preview: 'Hello world' });
      const again = await world.send(target, toEnvelope('hello', id, 'message/stream'));
      expect(again.headers['content-type']).toBe('text/event-stream');
      expect(again.text).toContain('Hello world');
      await waitFor(() => agent.received.length > 0);
    }
    expect(agent.received).toHaveLength(2);
  });

  it('tears a stream off where the agent did, and asks for the outcome', async () => {
    const target = await world.addWorkspace({ url: agent.url });
    const id = nextId();
    agent.behave({ kind: 'stream_then_die', words: ['half'] });
    await expect(world.send(target, toEnvelope('hello', id, 'message/stream'))).rejects.toThrow();
    await waitFor(async () => (await world.row(id))?.lease_owner === null);
    expect(await world.row(id)).toMatchObject({ state: 'working' });
    agent.remember(id, 'completed', 'half and half');
    await sql`update messages set lease_until = now() where message_id = ${id}`.execute(world.ports.lanes.work);
    await world.messages.loops.recovery.runOnce();
    await waitFor(async () => (await world.row(id))?.state === 'completed');
    expect(await world.row(id)).toMatchObject({ result_preview: 'half and half', attempts: 1 });
  });

  it('may be sent again under its id when the agent never got it', async () => {
    const target = await world.addWorkspace({
      url: agent.url,
      urlFrom: 'agent',
      backend: 'external',
      deliveryMode: 'push',
    });
    const id = nextId();
    expect((await world.send(target, toEnvelope('hello', id))).status).toBe(502);
    expect(await world.row(id)).toMatchObject({ state: 'failed', reason: 'url_not_routable' });
    await sql`update workspaces set url_from = 'driver' where id = ${target}`.execute(world.ports.lanes.work);
    expect((await world.send(target, toEnvelope('hello', id))).status).toBe(200);
    expect(await world.row(id)).toMatchObject({ state: 'completed', attempts: 2, reason: null });
    expect(await world.activities(target)).toMatchObject([{ status: 'ok' }]);
  });

  it('sent again, the time limit of the first request no longer counts', async () => {
    const target = await world.addWorkspace({
      url: agent.url,
      urlFrom: 'agent',
      backend: 'external',
      deliveryMode: 'push',
    });
    const id = nextId();
    expect((await world.send(target, toEnvelope('hello', id), { headers: { 'x-timeout': '1' } })).status).toBe(502);
    await sql`update messages set deadline = now() - interval '1 second'`.execute(world.ports.lanes.work);
    await sql`update workspaces set url_from = 'driver' where id = ${target}`.execute(world.ports.lanes.work);
    agent.behave({ kind: 'hold', text: 'in my own time' });
    const again = world.send(target, toEnvelope('hello', id));
    await agent.receivedCount(1);
    await world.messages.loops.overdue.runOnce();
    agent.release();
    expect((await again).status).toBe(200);
    expect(await world.row(id)).toMatchObject({ state: 'completed', reason: null });
  });

  it('a failure after which work may have been done is recorded for good', async () => {
    const target = await world.addWorkspace({ url: agent.url });
    const id = nextId();
    agent.behave({ kind: 'flood' });
    await world.send(target, toEnvelope('hello', id));
    agent.behave({ kind: 'answer', text: 'again' });
    const again = await world.send(target, toEnvelope('hello', id));
    expect(again).toMatchObject({ status: 502, json: { reason: 'response_too_large', recorded: true } });
    expect(agent.received).toHaveLength(1);
  });

  it('another caller cannot read an answer by guessing the message id', async () => {
    const target = await world.addWorkspace({ url: agent.url });
    const other = await world.addWorkspace({ parentId: target });
    const id = nextId();
    await world.send(target, toEnvelope('secret', id));
    expect(await world.send(target, toEnvelope('x', id), { caller: other })).toMatchObject({ status: 409 });
  });

  it('agents that keep writing to each other are stopped at depth eight', async () => {
    const a = await world.addWorkspace({ url: agent.url });
    const b = await world.addWorkspace({ parentId: a, url: agent.url });
    agent.behave({ kind: 'hold', text: 'ok' });
    const pending = [world.send(a, toEnvelope('start', nextId()))];
    await agent.receivedCount(1);
    for (let depth = 1; depth <= 8; depth += 1) {
      const [from, to] = depth % 2 === 1 ? [a, b] : [b, a];
      pending.push(world.send(to, toEnvelope('and you?', nextId()), { caller: from }));
      await agent.receivedCount(depth + 1);
    }
    const refused = await world.send(b, toEnvelope('and you?', nextId()), { caller: a });
    expect(refused).toMatchObject({ status: 429, json: { code: 'loop_refused' } });
    agent.release();
    expect((await Promise.all(pending)).map((reply) => reply.status)).toEqual(Array(9).fill(200));
  });

  it('enforces X-Timeout with 504 and records why', async () => {
    const target = await world.addWorkspace({ url: agent.url });
    const id = nextId();
    agent.behave({ kind: 'hold', text: 'too late' });
    const reply = await world.send(target, toEnvelope('hello', id), { headers: { 'x-timeout': '1' } });
    expect(reply).toMatchObject({ status: 504, json: { code: 'agent_timeout' } });
    expect(await world.row(id)).toMatchObject({ state: 'failed', reason: 'deadline_exceeded' });
  });

  it('B-46: cuts an agent that is silent and does not beat, and leaves one that beats to its work', async () => {
    const impatient = await createMessagesWorld(database.url, { limits: { idleMs: 300 } });
    const [silent, beating] = [
      await impatient.addWorkspace({ url: agent.url }),
      await impatient.addWorkspace({ url: agent.url }),
    ];
    // It keeps beating for as long as this test may take.
    await sql`
      update workspace_liveness set last_heartbeat_at = now() + interval '1 hour' where workspace_id = ${beating}`.execute(
      impatient.ports.lanes.work,
    );
    const ids = [nextId(), nextId()] as const;
    agent.behave({ kind: 'hold', text: 'at last' });
    const working = impatient.send(beating, toEnvelope('take your time', ids[1]));
    await agent.receivedCount(1);
    const cut = await impatient.send(silent, toEnvelope('hello?', ids[0]));
    expect(cut).toMatchObject({ status: 504, json: { code: 'agent_timeout' } });
    expect(await impatient.row(ids[1])).toMatchObject({ state: 'working', attempts: 1 });
    agent.release();
    expect(await working).toMatchObject({ status: 200, json: { result: { parts: [{ text: 'at last' }] } } });
    await impatient.close();
  });

  it('stops reading an answer that has no end', async () => {
    const target = await world.addWorkspace({ url: agent.url });
    const id = nextId();
    agent.behave({ kind: 'flood' });
    const reply = await world.send(target, toEnvelope('hello', id));
    expect(reply).toMatchObject({
      status: 502,
      json: { error: 'failed to read agent response', delivery_confirmed: true },
    });
    expect(await world.row(id)).toMatchObject({ state: 'failed', reason: 'response_too_large' });
  });

  it('B-50: never follows a redirect of the agent', async () => {
    const other = await createFakeAgent();
    const target = await world.addWorkspace({ url: agent.url });
    agent.behave({ kind: 'redirect', to: other.url });
    expect((await world.send(target, toEnvelope('hello', nextId()))).status).toBe(502);
    expect(other.received).toEqual([]);
    await other.close();
  });

  it('B-50: does not call an address the agent claimed itself when it is not routable', async () => {
    const target = await world.addWorkspace({
      url: agent.url,
      urlFrom: 'agent',
      backend: 'external',
      deliveryMode: 'push',
    });
    const reply = await world.send(target, toEnvelope('hello', nextId()));
    expect(reply).toMatchObject({ status: 502, json: { error: 'workspace URL is not publicly routable' } });
    expect(agent.received).toEqual([]);
  });

  it.each([
    ['paused', 503, 'workspace_paused'],
    ['failed', 503, 'workspace_failed'],
    ['removed', 404, 'workspace_not_found'],
  ] as const)('is refused clearly when the workspace is %s', async (status, http, code) => {
    const target = await world.addWorkspace({ url: agent.url, status });
    const id = nextId();
    expect(await world.send(target, toEnvelope('hello', id))).toMatchObject({ status: http, json: { code } });
    expect(await world.row(id)).toBeUndefined();
  });

  it.each(['offline', 'provisioning', 'awaiting_agent'] as const)('waits while the workspace is %s', async (status) => {
    const target = await world.addWorkspace({ status, backend: 'process' });
    const id = nextId();
    const reply = await world.send(target, toEnvelope('hello', id));
    expect(reply).toMatchObject({ status: 202, json: { queued: true, queue_depth: 1, message_id: id } });
    expect(await world.row(id)).toMatchObject({ state: 'queued', id: reply.json.queue_id });
    expect((await world.activities(target)).map((row) => row.duration_ms)).toEqual([null]);
    expect(await world.send(target, toEnvelope('hello', id))).toMatchObject({
      status: 202,
      json: { queue_id: reply.json.queue_id, queue_depth: 1 },
    });
  });

  it('B-48: a polling target has the row in its inbox before the 202', async () => {
    const silent = await world.addWorkspace({ backend: 'external', status: 'awaiting_agent' });
    const polling = await world.addWorkspace({ backend: 'external', deliveryMode: 'poll' });
    for (const target of [silent, polling]) {
      const id = nextId();
      const reply = await world.send(target, toEnvelope('hello', id));
      expect(reply).toMatchObject({
        status: 202,
        json: { status: 'queued', queued: true, delivery_mode: 'poll', message_id: id, method: 'message/send' },
      });
      expect(await world.activities(target)).toMatchObject([
        { id: reply.json.activity_id, duration_ms: null, status: 'ok' },
      ]);
    }
    const pushing = await world.addWorkspace({ backend: 'external', deliveryMode: 'push' });
    expect(await world.send(pushing, toEnvelope('x', nextId()))).toMatchObject({
      status: 503,
      json: { error: 'workspace has no URL', status: 'online' },
    });
  });

  it('B-77: NUL bytes and halves of surrogate pairs lose no message', async () => {
    const target = await world.addWorkspace({ url: agent.url });
    const id = nextId();
    const reply = await world.send(target, toEnvelope(`nul \u0000 half \ud83d ${'😀'.repeat(400)}`, id));
    expect(reply.status).toBe(200);
    expect((await world.row(id))?.task_preview).toContain('😀');
    expect(await world.activities(target)).toHaveLength(1);
  });

  it('200 messages at once all succeed and leave the pool idle', async () => {
    const target = await world.addWorkspace({ url: agent.url });
    const replies = await Promise.all(
      Array.from({ length: 200 }, () => world.send(target, toEnvelope('hello', nextId()))),
    );
    expect(new Set(replies.map((reply) => reply.status))).toEqual(new Set([200]));
    expect(agent.received).toHaveLength(200);
    await waitFor(() =>
      Object.values(world.ports.database.stats()).every((lane) => lane.idle === lane.total && lane.waiting === 0),
    );
    expect(world.ports.leases.heldCount()).toBe(0);
  });

  it('leaves nothing behind on the signal by which the server stops', async () => {
    const stopping = await stopSignalOf(world.ports.supervisor);
    const before = countAbortFollowers(stopping);
    const target = await world.addWorkspace({ url: agent.url });
    for (let n = 0; n < 20; n += 1) await world.send(target, toEnvelope('hello', nextId()));
    const question = await world.send(target, { jsonrpc: '2.0', id: 1, method: 'tasks/get', params: { id: 'any' } });
    expect([agent.received.length, question.status]).toEqual([20, 200]);
    expect(countAbortFollowers(stopping)).toBe(before);
  });
});
