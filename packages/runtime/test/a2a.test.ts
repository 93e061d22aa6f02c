import { type Message, Role, type StreamResponse, TaskState } from '@a2a-js/sdk';
import { type Client, ClientFactory, DefaultAgentCardResolver, JsonRpcTransportFactory } from '@a2a-js/sdk/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AdapterError } from '../src/adapters/adapter.js';
import {
  eventually,
  type FakePlatform,
  INBOUND_SECRET,
  sendLegacy,
  startFakePlatform,
  textMessage,
} from './fake-platform.js';
import { createManualAdapter, type InProcessAgent, startAgent } from './in-process-agent.js';

let platform: FakePlatform;
let agent: InProcessAgent | null = null;

beforeEach(async () => {
  platform = await startFakePlatform();
});
afterEach(async () => {
  await agent?.end();
  agent = null;
  await platform.close();
});

function userMessage(
  messageId: string,
  text: string,
  extra: Partial<Message> = {},
): { message: Message } & Record<'tenant', string> & { configuration: undefined; metadata: undefined } {
  return {
    tenant: '',
    configuration: undefined,
    metadata: undefined,
    message: {
      messageId,
      contextId: '',
      taskId: '',
      role: Role.ROLE_USER,
      parts: [{ content: { $case: 'text', value: text }, metadata: undefined, filename: '', mediaType: '' }],
      metadata: undefined,
      extensions: [],
      referenceTaskIds: [],
      ...extra,
    },
  };
}

/** The official client, made to prefer one protocol version as a peer of that age would. */
async function connect(url: string, version: '0.3' | '1.0'): Promise<Client> {
  const legacyCompat = { enabled: true };
  const factory = new ClientFactory({ transports: [new JsonRpcTransportFactory({ legacyCompat })] });
  const card = await new DefaultAgentCardResolver({ legacyCompat }).resolve(url);
  const supportedInterfaces = card.supportedInterfaces.filter((one) => one.protocolVersion.startsWith(version));
  return factory.createFromAgentCard({ ...card, supportedInterfaces });
}

async function collect(stream: AsyncIterable<StreamResponse>): Promise<StreamResponse[]> {
  const events: StreamResponse[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

const streamedText = (events: readonly StreamResponse[]): string =>
  events
    .flatMap(({ payload }) => (payload?.$case === 'artifactUpdate' ? (payload.value.artifact?.parts ?? []) : []))
    .map((part) => (part.content?.$case === 'text' ? part.content.value : ''))
    .join('');

describe.each(['0.3', '1.0'] as const)('the official SDK client, speaking %s', (version) => {
  it('gets a message with the answer and the demo label', async () => {
    agent = await startAgent({ platform });
    const client = await connect(agent.url, version);
    const reply = await client.sendMessage(userMessage('m1', 'hello'));
    expect(reply).toMatchObject({
      role: Role.ROLE_AGENT,
      parts: [{ content: { $case: 'text', value: 'Solo received: hello' } }],
      metadata: { demo: true },
    });
  });

  it('streams the task, the words in order, and the end', async () => {
    agent = await startAgent({ platform });
    const client = await connect(agent.url, version);
    const events = await collect(client.sendMessageStream(userMessage('m1', 'one two  three')));
    expect(events[0]?.payload?.$case).toBe('task');
    expect(streamedText(events)).toBe('Solo received: one two  three');
    expect(events.filter((event) => event.payload?.$case === 'artifactUpdate').length).toBeGreaterThan(3);
    expect(events.at(-1)).toMatchObject({
      payload: { $case: 'statusUpdate', value: { status: { state: TaskState.TASK_STATE_COMPLETED } } },
    });
  });

  it('reads and cancels a running task, and cannot cancel it twice', async () => {
    const { adapter, runs } = createManualAdapter();
    agent = await startAgent({ platform, adapter });
    const client = await connect(agent.url, version);
    const pending = client.sendMessage(userMessage('m1', 'work'));
    await eventually(() => runs[0]);
    const task = await client.getTask({ tenant: '', id: 'm1' });
    expect(task.status?.state).toBe(TaskState.TASK_STATE_WORKING);
    const canceled = await client.cancelTask({ tenant: '', id: task.id, metadata: undefined });
    expect(canceled.status?.state).toBe(TaskState.TASK_STATE_CANCELED);
    expect(await pending).toMatchObject({ id: task.id, status: { state: TaskState.TASK_STATE_CANCELED } });
    await expect(client.cancelTask({ tenant: '', id: task.id, metadata: undefined })).rejects.toThrow('already ended');
    await expect(client.getTask({ tenant: '', id: 'unknown' })).rejects.toThrow('Task not found');
  });
});

describe('what the platform sends', () => {
  it('M-34: is accepted without version header, role, or `kind` on its parts', async () => {
    agent = await startAgent({ platform });
    const reply = await sendLegacy(agent.url, 'message/send', {
      message: { messageId: 'm', parts: [{ type: 'text', text: 'old' }] },
    });
    expect(reply.result).toMatchObject({ kind: 'message', parts: [{ kind: 'text', text: 'Solo received: old' }] });
  });

  it('asks about a message after a crash by message id; an unknown one is -32001', async () => {
    agent = await startAgent({ platform });
    const reply = await sendLegacy(agent.url, 'message/send', textMessage('m1', 'hi'));
    const task = await sendLegacy(agent.url, 'tasks/get', { id: 'm1' });
    expect(task.result).toMatchObject({
      kind: 'task',
      status: { state: 'completed' },
      metadata: { message_id: 'm1', demo: true },
    });
    expect(task.result?.artifacts?.[0]?.parts).toEqual(reply.result?.parts);
    expect((await sendLegacy(agent.url, 'tasks/get', { id: 'nobody' })).error?.code).toBe(-32001);
  });

  it('gets token usage at the place it accounts from', async () => {
    const { adapter, runs } = createManualAdapter();
    agent = await startAgent({ platform, adapter });
    const pending = sendLegacy(agent.url, 'message/send', textMessage('m1', 'work'));
    (await eventually(() => runs[0])).finish('done');
    expect((await pending).result).toMatchObject({
      usage: { input_tokens: 3, output_tokens: 5 },
      metadata: { model: 'test-model', demo: false },
    });
  });

  it('runs side by side as far as config.yaml allows, and waits beyond that', async () => {
    const { adapter, runs } = createManualAdapter();
    agent = await startAgent({ platform, adapter, config: 'max_concurrent_tasks: 2\n' });
    const { url } = agent;
    const pending = ['m1', 'm2', 'm3'].map((id) => sendLegacy(url, 'message/send', textMessage(id, id)));
    await eventually(async () => (await sendLegacy(url, 'tasks/get', { id: 'm3' })).result?.status);
    await eventually(() => runs[1]);
    expect(runs).toHaveLength(2);
    runs[0]?.finish('one');
    (await eventually(() => runs[2])).finish('three');
    runs[1]?.finish('two');
    expect((await Promise.all(pending)).map((reply) => reply.error)).toEqual([undefined, undefined, undefined]);
  });

  it('learns of a failed turn as a JSON-RPC error object in a 200, and of its share in the heartbeat', async () => {
    const { adapter, runs } = createManualAdapter();
    agent = await startAgent({ platform, adapter });
    await eventually(() => platform.workspaces.get('w1')?.beats[0]);
    const pending = sendLegacy(agent.url, 'message/send', textMessage('m1', 'work'));
    (await eventually(() => runs[0])).fail(
      new AdapterError('model_refused', 'The model refused: no credit.', { retryable: false }),
    );
    const reply = await pending;
    expect(reply).toMatchObject({
      httpStatus: 200,
      error: { message: 'The model refused: no credit.', data: { code: 'model_refused', retryable: false } },
    });
    expect((await sendLegacy(agent.url, 'tasks/get', { id: 'm1' })).result?.status).toMatchObject({ state: 'failed' });
    await eventually(() =>
      platform.workspaces
        .get('w1')
        ?.beats.some((beat) => beat.error_rate === 0.2 && beat.sample_error === 'The model refused: no credit.'),
    );
  });

  it('an unknown method is the agent’s own -32601; bad JSON is -32700', async () => {
    agent = await startAgent({ platform });
    expect((await sendLegacy(agent.url, 'tasks/unknown', {})).error?.code).toBe(-32601);
    expect((await sendLegacy(agent.url, 'Unknown', {})).error?.code).toBe(-32601);
    const response = await fetch(agent.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{',
    });
    expect(await response.json()).toMatchObject({ id: null, error: { code: -32700 } });
  });

  it.each([
    [{}, 'messageId'],
    [{ messageId: 'm', parts: [] }, 'parts'],
    [{ messageId: 'm', parts: 'text' }, 'parts'],
    [{ messageId: 'm', parts: [null] }, 'part'],
  ])('refuses the malformed message %j without running anything', async (message, named) => {
    const { adapter, runs } = createManualAdapter();
    agent = await startAgent({ platform, adapter });
    const reply = await sendLegacy(agent.url, 'message/send', { message });
    expect(reply.error?.message).toContain(named);
    expect(runs).toHaveLength(0);
  });
});

describe('one message takes effect once', () => {
  it('the same message while it runs joins it; afterwards it gets the stored answer', async () => {
    const { adapter, runs } = createManualAdapter();
    agent = await startAgent({ platform, adapter });
    const { url } = agent;
    const all = Array.from({ length: 5 }, () => sendLegacy(url, 'message/send', textMessage('m1', 'work')));
    (await eventually(() => runs[0])).finish('done');
    const replies = await Promise.all(all);
    for (const reply of replies) expect(reply).toEqual(replies[0]);
    expect(await sendLegacy(url, 'message/send', textMessage('m1', 'work'))).toEqual(replies[0]);
    expect(runs).toHaveLength(1);
  });

  it('a reader that goes away stops neither the turn nor a later reader', async () => {
    const { adapter, runs } = createManualAdapter();
    agent = await startAgent({ platform, adapter });
    const abort = new AbortController();
    const response = await fetch(agent.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'message/stream', params: textMessage('m1', 'work') }),
      signal: abort.signal,
    });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const run = await eventually(() => runs[0]);
    abort.abort();
    run.finish('done');
    const events = await collect((await connect(agent.url, '1.0')).sendMessageStream(userMessage('m1', 'work')));
    expect(streamedText(events)).toBe('done');
    expect(runs).toHaveLength(1);
  });

  it('an agent that must leave in the middle of a stream cuts it; it does not call the turn failed', async () => {
    const { adapter, runs } = createManualAdapter();
    agent = await startAgent({ platform, adapter });
    const response = await fetch(agent.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'message/stream', params: textMessage('m1', 'work') }),
    });
    await eventually(() => runs[0]);
    platform.fail('/registry/heartbeat', 401, { error: 'invalid workspace token', code: 'unauthorized', retry: false });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let seen = '';
    const cut = async () => {
      for (;;) {
        const chunk = await reader?.read();
        if (!chunk || chunk.done) return;
        seen += chunk.value;
      }
    };
    await sendLegacy(agent.url, 'message/send', textMessage('m2', 'a change of activity')).catch(() => undefined);
    await expect(cut()).rejects.toThrow();
    expect(await agent.exited).toBe(76);
    expect(seen).toContain('working');
    expect(seen).not.toContain('"error"');
  });

  it('a conversation remembers its earlier turns', async () => {
    const { adapter, runs } = createManualAdapter();
    agent = await startAgent({ platform, adapter });
    const { url } = agent;
    const say = async (id: string, text: string, answer: string) => {
      const before = runs.length;
      const pending = sendLegacy(url, 'message/send', textMessage(id, text, { contextId: 'talk' }));
      (await eventually(() => runs[before])).finish(answer);
      await pending;
    };
    await say('m1', 'my name is Ada', 'hello Ada');
    await say('m2', 'what is my name?', 'Ada');
    expect(runs[1]?.history).toEqual([
      { role: 'user', text: 'my name is Ada' },
      { role: 'agent', text: 'hello Ada' },
    ]);
  });
});

describe('one turn at a time', () => {
  it('waiting messages run in order, and the heartbeat tells the truth about running ones', async () => {
    const { adapter, runs } = createManualAdapter();
    agent = await startAgent({ platform, adapter });
    const { url } = agent;
    await eventually(() => platform.workspaces.get('w1')?.beats[0]);
    const first = sendLegacy(url, 'message/send', textMessage('m1', 'first'));
    await eventually(() => runs[0]);
    const second = sendLegacy(url, 'message/send', textMessage('m2', 'second'));
    await eventually(
      async () => (await sendLegacy(url, 'tasks/get', { id: 'm2' })).result?.status?.state === 'submitted',
    );
    await eventually(() =>
      platform.workspaces.get('w1')?.beats.some((beat) => beat.active_tasks === 1 && beat.current_task === 'first'),
    );
    expect(runs).toHaveLength(1);
    runs[0]?.finish('1');
    (await eventually(() => runs[1])).finish('2');
    await Promise.all([first, second]);
    await eventually(() => platform.workspaces.get('w1')?.beats.at(-1)?.active_tasks === 0);
  });

  it('a full queue answers 503 busy with Retry-After, and the refused message can be sent again', async () => {
    const { adapter, runs } = createManualAdapter();
    agent = await startAgent({ platform, adapter });
    const { url } = agent;
    const accepted = Array.from({ length: 33 }, (_, i) =>
      sendLegacy(url, 'message/send', textMessage(`m${i}`, String(i))),
    );
    await eventually(async () => (await sendLegacy(url, 'tasks/get', { id: 'm32' })).result);
    const refused = await sendLegacy(url, 'message/send', textMessage('extra', 'x'));
    expect(refused).toMatchObject({ httpStatus: 503, error: { code: -32000, data: { busy: true, retry_after: 5 } } });
    const current = await sendLegacy(url, 'SendMessage', {
      message: { messageId: 'extra', role: 'ROLE_USER', parts: [{ text: 'x' }] },
    });
    expect(current).toMatchObject({ httpStatus: 503, error: { code: -32000, data: { busy: true } } });
    expect((await sendLegacy(url, 'tasks/get', { id: 'extra' })).error?.code).toBe(-32001);
    for (let i = 0; i < 33; i += 1) (await eventually(() => runs[i])).finish('ok');
    await Promise.all(accepted);
    const again = sendLegacy(url, 'message/send', textMessage('extra', 'x'));
    (await eventually(() => runs[33])).finish('ok');
    expect((await again).result?.parts?.[0]?.text).toBe('ok');
  });
});

describe('who may talk to the agent', () => {
  it.each([
    ['a local caller without a credential', {}, 200],
    ['the inbound secret', { authorization: `Bearer ${INBOUND_SECRET}` }, 200],
    ['a wrong secret', { authorization: 'Bearer guess' }, 401],
    ['a web page', { origin: 'https://example.com' }, 401],
  ])('%s', async (_, headers, status) => {
    agent = await startAgent({ platform });
    await eventually(() => platform.workspaces.get('w1')?.beats[0]);
    expect((await sendLegacy(agent.url, 'message/send', textMessage('m', 'hi'), headers)).httpStatus).toBe(status);
  });

  it('refuses what is not JSON, not POST, not here, or too large', async () => {
    agent = await startAgent({ platform });
    const status = async (path: string, init: RequestInit) => (await fetch(`${agent?.url}${path}`, init)).status;
    expect(await status('/', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{}' })).toBe(415);
    expect(await status('/', {})).toBe(405);
    expect(await status('/elsewhere', { method: 'POST' })).toBe(404);
    const body = JSON.stringify({ pad: 'x'.repeat(3 * 1024 * 1024) });
    const large = status('/', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    // The answer may arrive as 413, or the upload may be cut before it is read.
    expect(await large.catch(() => 413)).toBe(413);
  });
});

describe('the conformance kit’s prefixes', () => {
  it('are ordinary message ids unless asked for', async () => {
    agent = await startAgent({ platform });
    const reply = await sendLegacy(agent.url, 'message/send', textMessage('tck-reject-task-1', 'hi'));
    expect(reply.result?.parts?.[0]?.text).toBe('Solo received: hi');
  });

  it.each([
    ['tck-complete-task', 'completed', 'Hello from TCK'],
    ['tck-artifact-text', 'completed', 'Generated text content'],
    ['tck-artifact-file-url', 'completed', undefined],
    ['tck-artifact-file', 'completed', undefined],
    ['tck-artifact-data', 'completed', undefined],
    ['tck-reject-task', 'rejected', undefined],
    ['tck-stream-artifact-chunked', 'completed', 'chunk-1 '],
  ])('%s answers with a %s task', async (prefix, state, text) => {
    agent = await startAgent({ platform, variables: { MOLECULE_CONFORMANCE: '1' } });
    const { result } = await sendLegacy(agent.url, 'message/send', textMessage(`${prefix}-1`, 'hi'));
    expect(result).toMatchObject({ kind: 'task', status: { state } });
    expect(result?.artifacts?.[0]?.parts[0]?.text).toBe(text);
  });

  it('tck-message-response answers with a message', async () => {
    agent = await startAgent({ platform, variables: { MOLECULE_CONFORMANCE: '1' } });
    const { result } = await sendLegacy(agent.url, 'message/send', textMessage('tck-message-response-1', 'hi'));
    expect(result).toMatchObject({ kind: 'message', parts: [{ text: 'Direct message response' }] });
  });

  it('tck-input-required waits, and the same message id on that task completes it', async () => {
    agent = await startAgent({ platform, variables: { MOLECULE_CONFORMANCE: '1' } });
    const asked = await sendLegacy(agent.url, 'message/send', textMessage('tck-input-required-1', 'hi'));
    expect(asked.result?.status?.state).toBe('input-required');
    const answer = textMessage('tck-input-required-1', 'more', { taskId: asked.result?.id });
    const done = await sendLegacy(agent.url, 'message/send', answer);
    expect(done.result?.parts?.[0]?.text).toBe('Solo received: more');
    expect(await sendLegacy(agent.url, 'message/send', answer)).toEqual(done);
    expect((await sendLegacy(agent.url, 'tasks/get', { id: asked.result?.id })).result?.status?.state).toBe(
      'completed',
    );
    const late = await sendLegacy(
      agent.url,
      'message/send',
      textMessage('other', 'late', { taskId: asked.result?.id }),
    );
    expect(late.error?.code).toBe(-32004);
  });

  it.each([
    'tck-stream-001',
    'tck-stream-002',
    'tck-stream-003',
    'tck-stream-ordering-001',
    'tck-stream-artifact-text',
    'tck-stream-artifact-file',
    'tck-stream-artifact-chunked',
  ])('%s streams task first and its end last', async (prefix) => {
    agent = await startAgent({ platform, variables: { MOLECULE_CONFORMANCE: '1' } });
    const events = await collect((await connect(agent.url, '1.0')).sendMessageStream(userMessage(`${prefix}-1`, 'hi')));
    expect(events[0]?.payload?.$case).toBe('task');
    expect(events.at(-1)).toMatchObject({ payload: { value: { status: { state: TaskState.TASK_STATE_COMPLETED } } } });
    expect(events.some((event) => event.payload?.$case === 'artifactUpdate')).toBe(prefix !== 'tck-stream-002');
  });
});
