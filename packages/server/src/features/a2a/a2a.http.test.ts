import { type Message, Role, type StreamResponse, type Task, TaskState } from '@a2a-js/sdk';
import { type Client, ClientFactory, JsonRpcTransportFactory, RestTransportFactory } from '@a2a-js/sdk/client';
import { createFakeAgent, type FakeAgent, waitFor } from '@molecule/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { createMessagesWorld, type MessagesWorld } from '../../../test/messages-world.js';

const STREAMING = { capabilities: { streaming: true } };

/** The official client of the protocol against a server that listens. */
describe.each(['JSON-RPC 1.0', 'JSON-RPC 0.3', 'HTTP+JSON 1.0'] as const)('a client that speaks %s', (dialect) => {
  const database = useTestDatabase();
  let world: MessagesWorld;
  let base: string;
  let agent: FakeAgent;
  let count = 0;

  beforeAll(async () => {
    world = await createMessagesWorld(database.url, { idleWaitMs: 50 });
    base = await world.http.listen({ port: 0, host: '127.0.0.1' });
    world.ports.supervisor.start();
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    agent = await createFakeAgent();
  });
  afterEach(() => agent.close());

  async function talkTo(workspaceId: string, caller?: string): Promise<Client> {
    const fetchImpl: typeof fetch = (input, init = {}) => {
      const headers = new Headers(init.headers);
      if (caller !== undefined) headers.set('x-workspace-id', caller);
      return fetch(input, { ...init, headers });
    };
    const response = await fetchImpl(`${base}/a2a/${workspaceId}/.well-known/agent-card.json`, {
      headers: { 'a2a-version': '1.0' },
    });
    const card = await response.json();
    const [binding, version] = dialect.split(' ');
    card.supportedInterfaces = card.supportedInterfaces.filter(
      (one: { protocolBinding: string; protocolVersion: string }) =>
        one.protocolBinding.replace('JSONRPC', 'JSON-RPC') === binding && one.protocolVersion === version,
    );
    const factory = new ClientFactory({
      transports: [
        new JsonRpcTransportFactory({ fetchImpl, legacyCompat: { enabled: true } }),
        new RestTransportFactory({ fetchImpl }),
      ],
    });
    return factory.createFromAgentCard(card);
  }

  const toRequest = (text: string, more: Partial<Message> = {}, returnImmediately = false) => ({
    tenant: '',
    message: {
      messageId: `${dialect}-${++count}`,
      role: Role.ROLE_USER,
      parts: [{ content: { $case: 'text' as const, value: text }, metadata: undefined, filename: '', mediaType: '' }],
      taskId: '',
      contextId: '',
      metadata: undefined,
      extensions: [],
      referenceTaskIds: [],
      ...more,
    },
    configuration: {
      acceptedOutputModes: [],
      taskPushNotificationConfig: undefined,
      returnImmediately,
    },
    metadata: undefined,
  });

  const isTask = (answer: Message | Task): answer is Task => 'id' in answer;
  const textOf = (parts: Message['parts'] = []) =>
    parts.map(({ content }) => (content?.$case === 'text' ? content.value : '')).join('');
  const artifactText = (task: Task) => textOf(task.artifacts.flatMap(({ parts }) => parts));
  const getTask = (client: Client, id: string) => client.getTask({ tenant: '', id });
  const stateOf = (task: Task) => task.status?.state;

  async function begin(client: Client, text: string, more: Partial<Message> = {}): Promise<Task> {
    const answer = await client.sendMessage(toRequest(text, more, true));
    if (!isTask(answer)) throw new Error('expected a task');
    return answer;
  }

  async function collect(stream: AsyncGenerator<StreamResponse, void, undefined>) {
    const events: NonNullable<StreamResponse['payload']>[] = [];
    for await (const { payload } of stream) if (payload) events.push(payload);
    return events;
  }

  const lastStatus = (events: readonly NonNullable<StreamResponse['payload']>[]) => {
    const last = events.at(-1);
    return last?.$case === 'statusUpdate' ? last.value.status?.state : undefined;
  };
  const streamedText = (events: readonly NonNullable<StreamResponse['payload']>[]) =>
    events
      .flatMap((event) => {
        if (event.$case === 'task') return event.value.artifacts.flatMap(({ parts }) => parts);
        return event.$case === 'artifactUpdate' ? (event.value.artifact?.parts ?? []) : [];
      })
      .map((part) => textOf([part]))
      .join('');

  it('is answered with what the agent said, and finds it as a task afterwards', async () => {
    const id = await world.addWorkspace({ url: agent.url });
    const client = await talkTo(id);
    agent.behave({ kind: 'answer', text: 'hi there' });
    const answer = await client.sendMessage(toRequest('hello'));
    expect(isTask(answer)).toBe(false);
    expect(textOf((answer as Message).parts)).toBe('hi there');
    const task = await getTask(client, answer.contextId === '' ? '' : (answer as Message).taskId);
    expect(stateOf(task)).toBe(TaskState.TASK_STATE_COMPLETED);
    expect(artifactText(task)).toBe('hi there');
    expect(task.history.map(({ parts }) => textOf(parts))).toEqual(['hello']);
    expect(task.contextId).toBe(answer.contextId);
    expect(agent.received[0]).toMatchObject({ method: 'message/send', text: 'hello' });
  });

  it('that does not wait gets the task, and reads its end later', async () => {
    const id = await world.addWorkspace({ url: agent.url });
    const client = await talkTo(id);
    agent.behave({ kind: 'hold', text: 'done' });
    const begun = await begin(client, 'take your time');
    expect(stateOf(begun)).toBe(TaskState.TASK_STATE_SUBMITTED);
    await agent.receivedCount(1);
    expect(stateOf(await getTask(client, begun.id))).toBe(TaskState.TASK_STATE_WORKING);
    agent.release();
    await waitFor(async () => stateOf(await getTask(client, begun.id)) === TaskState.TASK_STATE_COMPLETED, {
      what: 'the task to be completed',
    });
  });

  it('streams what the agent streams, and ends with the end that the ledger has', async () => {
    const id = await world.addWorkspace({ url: agent.url, agentCard: STREAMING });
    const client = await talkTo(id);
    agent.behave({ kind: 'stream', words: ['one ', 'two ', 'three'] });
    const events = await collect(client.sendMessageStream(toRequest('count')));
    expect(events[0]?.$case).toBe('task');
    expect(streamedText(events)).toBe('one two three');
    expect(lastStatus(events)).toBe(TaskState.TASK_STATE_COMPLETED);
    const task = events[0]?.$case === 'task' ? await getTask(client, events[0].value.id) : null;
    expect(task && artifactText(task)).toBe('one two three');
  });

  it('streams from an agent that does not stream', async () => {
    const id = await world.addWorkspace({ url: agent.url });
    const client = await talkTo(id);
    agent.behave({ kind: 'answer', text: 'all at once' });
    const events = await collect(client.sendMessageStream(toRequest('go')));
    expect(streamedText(events)).toBe('all at once');
    expect(lastStatus(events)).toBe(TaskState.TASK_STATE_COMPLETED);
    expect(agent.received[0]?.method).toBe('message/send');
  });

  it('and another one follow the same task, the later one from what was said before', async () => {
    const id = await world.addWorkspace({ url: agent.url, agentCard: STREAMING });
    const [client, other] = [await talkTo(id), await talkTo(id)];
    agent.behave({ kind: 'stream', words: ['one ', 'two'], holdsEnd: true });
    const begun = await begin(client, 'count');
    await agent.receivedCount(1);
    const first = client.resubscribeTask({ tenant: '', id: begun.id });
    const second = other.resubscribeTask({ tenant: '', id: begun.id });
    const heads = [await first.next(), await second.next()].map(({ value }) => (value ? [value.payload] : []));
    agent.release();
    const [a, b] = await Promise.all([collect(first), collect(second)]);
    for (const [head, rest] of [
      [heads[0], a],
      [heads[1], b],
    ] as const) {
      const events = [...(head ?? []), ...rest].filter((event) => event !== undefined);
      expect(streamedText(events)).toBe('one two');
      expect(lastStatus(events)).toBe(TaskState.TASK_STATE_COMPLETED);
    }
  });

  it('that hangs up cancels nothing', async () => {
    const id = await world.addWorkspace({ url: agent.url, agentCard: STREAMING });
    const client = await talkTo(id);
    agent.behave({ kind: 'stream', words: ['one ', 'two'], holdsEnd: true });
    const leaving = new AbortController();
    const stream = client.sendMessageStream(toRequest('count'), { signal: leaving.signal });
    const head = await stream.next();
    const taskId = head.value?.payload?.$case === 'task' ? head.value.payload.value.id : '';
    await agent.receivedCount(1);
    leaving.abort();
    await expect(collect(stream)).rejects.toThrow();
    agent.release();
    await waitFor(async () => stateOf(await getTask(client, taskId)) === TaskState.TASK_STATE_COMPLETED, {
      what: 'the task to be completed',
    });
    expect(artifactText(await getTask(client, taskId))).toBe('one two');
  });

  it('answers the question of a task, which goes on under its own id', async () => {
    const id = await world.addWorkspace({ url: agent.url });
    const client = await talkTo(id);
    agent.behave(({ messageId, body }) => {
      const given = JSON.stringify(body).includes('agent-task');
      const status = given
        ? { state: 'completed' }
        : {
            state: 'input-required',
            message: { kind: 'message', role: 'agent', messageId: 'q', parts: [{ kind: 'text', text: 'Which?' }] },
          };
      const artifacts = given ? [{ artifactId: 'answer', parts: [{ kind: 'text', text: 'red it is' }] }] : [];
      const result = { kind: 'task', id: 'agent-task', contextId: 'agent-context', status, artifacts };
      return { kind: 'json', status: 200, body: { jsonrpc: '2.0', id: messageId, result } };
    });
    const asked = await client.sendMessage(toRequest('paint it'));
    if (!isTask(asked)) throw new Error('expected a task');
    expect(stateOf(asked)).toBe(TaskState.TASK_STATE_INPUT_REQUIRED);
    expect(textOf(asked.status?.message?.parts)).toBe('Which?');
    const done = await client.sendMessage(toRequest('red', { taskId: asked.id }));
    if (!isTask(done)) throw new Error('expected a task');
    expect(done.id).toBe(asked.id);
    expect(done.contextId).toBe(asked.contextId);
    expect(stateOf(done)).toBe(TaskState.TASK_STATE_COMPLETED);
    expect(artifactText(done)).toBe('red it is');
    expect(done.history.map(({ parts }) => textOf(parts))).toEqual(['paint it', 'Which?', 'red']);
    expect(agent.received[1]?.body).toMatchObject({
      params: { message: { taskId: 'agent-task', contextId: 'agent-context' } },
    });
    await expect(client.sendMessage(toRequest('blue', { taskId: asked.id }))).rejects.toThrow(
      /does not wait for input/,
    );
  });

  it('leaves work for a workspace that is offline, which does it when it is back', async () => {
    const id = await world.addWorkspace({ status: 'offline' });
    const client = await talkTo(id);
    agent.behave({ kind: 'answer', text: 'I am back' });
    const left = await client.sendMessage(toRequest('when you are back'));
    if (!isTask(left)) throw new Error('expected a task');
    expect(stateOf(left)).toBe(TaskState.TASK_STATE_SUBMITTED);
    const db = world.ports.lanes.work;
    await db
      .updateTable('workspaces')
      .set({ status: 'online', url: agent.url, url_from: 'driver' })
      .where('id', '=', id)
      .execute();
    await db
      .updateTable('messages')
      .set({ due_at: new Date(0) })
      .where('target_id', '=', id)
      .execute();
    await waitFor(async () => stateOf(await getTask(client, left.id)) === TaskState.TASK_STATE_COMPLETED, {
      what: 'the task to be completed',
    });
    expect(artifactText(await getTask(client, left.id))).toBe('I am back');
  });

  it('gives work to an agent that fetches it, and gets what that one reports', async () => {
    const id = await world.addWorkspace({ deliveryMode: 'poll' });
    const client = await talkTo(id);
    const left = await client.sendMessage(toRequest('for your inbox'));
    if (!isTask(left)) throw new Error('expected a task');
    expect(stateOf(left)).toBe(TaskState.TASK_STATE_WORKING);
    const following = client.resubscribeTask({ tenant: '', id: left.id });
    expect((await following.next()).value?.payload?.$case).toBe('task');
    const inbox = await world.activities(id);
    expect(inbox).toMatchObject([{ id: left.id, activity_type: 'a2a_receive' }]);
    await world.post(`/workspaces/${id}/delegations/${left.id}/update`, { status: 'completed', response: 'fetched' });
    expect(lastStatus(await collect(following))).toBe(TaskState.TASK_STATE_COMPLETED);
    expect(artifactText(await getTask(client, left.id))).toBe('fetched');
  });

  it('cancels a task, once, and the agent is told', async () => {
    const id = await world.addWorkspace({ url: agent.url });
    const client = await talkTo(id);
    agent.behave({ kind: 'hold', text: 'too late' });
    const begun = await begin(client, 'never mind');
    await agent.receivedCount(1);
    const canceled = await client.cancelTask({ tenant: '', id: begun.id, metadata: undefined });
    expect(stateOf(canceled)).toBe(TaskState.TASK_STATE_CANCELED);
    await agent.receivedCount(2);
    expect(agent.received[1]).toMatchObject({
      method: 'tasks/cancel',
      body: { params: { id: agent.received[0]?.messageId } },
    });
    agent.release();
    await expect(client.cancelTask({ tenant: '', id: begun.id, metadata: undefined })).rejects.toThrow(/already ended/);
    await expect(collect(client.resubscribeTask({ tenant: '', id: begun.id }))).rejects.toThrow(/has ended/);
    expect(stateOf(await getTask(client, begun.id))).toBe(TaskState.TASK_STATE_CANCELED);
  });

  it('sees why a task failed, and what to do about it', async () => {
    const id = await world.addWorkspace({ url: agent.url });
    const client = await talkTo(id);
    const error = { code: -32603, message: 'no model' };
    agent.behave({ kind: 'json', status: 200, body: { jsonrpc: '2.0', id: 1, error } });
    const failed = await client.sendMessage(toRequest('hello'));
    if (!isTask(failed)) throw new Error('expected a task');
    expect(stateOf(failed)).toBe(TaskState.TASK_STATE_FAILED);
    expect(textOf(failed.status?.message?.parts)).toMatch(/^no model\nRead what the agent said/);
    expect(failed.metadata).toMatchObject({ reason: 'agent_error' });
  });

  it('that sends a message id again gets the task it became, and nothing runs twice', async () => {
    const id = await world.addWorkspace({ url: agent.url });
    const client = await talkTo(id);
    const request = toRequest('once');
    const first = await client.sendMessage(request);
    const second = await client.sendMessage(request);
    expect(second).toEqual(first);
    expect(agent.received).toHaveLength(1);
  });

  it('knows the tasks of its own only', async () => {
    const lead = await world.addWorkspace();
    const [id, peer] = [
      await world.addWorkspace({ url: agent.url, parentId: lead }),
      await world.addWorkspace({ parentId: lead }),
    ];
    const stranger = await world.addWorkspace();
    const mine = await begin(await talkTo(id, lead), 'a task of mine');
    await expect(getTask(await talkTo(id, peer), mine.id)).rejects.toThrow(/not found/i);
    expect(stateOf(await getTask(await talkTo(id), mine.id))).toBeDefined();
    const refused = await world.http.inject({
      url: `/a2a/${id}/.well-known/agent-card.json`,
      headers: { host: 'platform.test', 'x-workspace-id': stranger },
    });
    expect(refused.statusCode).toBe(403);
  });
});
