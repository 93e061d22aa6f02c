import {
  countAbortFollowers,
  createFakeLlm,
  delegateToEveryChild,
  type FakeLlm,
  inOrder,
  type LlmReply,
  type LlmScript,
  resultsOf,
  waitFor,
} from '@molecule/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import type { Log } from '../../log.js';
import type {
  Adapter,
  AdapterContext,
  AdapterEvent,
  DelegationOutcome,
  Peer,
  PlatformTools,
  Turn,
} from '../adapter.js';
import { createLlmAdapter } from './llm.adapter.js';

const KEY = 'sk-test-0123456789abcdef';
let fake: FakeLlm | undefined;
afterEach(async () => {
  await fake?.close();
  fake = undefined;
});

const PROVIDERS = [
  ['anthropic', (llm: FakeLlm) => ({ ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: llm.url })],
  ['openai', (llm: FakeLlm) => ({ OPENAI_API_KEY: KEY, OPENAI_BASE_URL: llm.openAiUrl })],
  [
    'openai-compatible',
    (llm: FakeLlm) => ({ OPENAI_API_KEY: KEY, OPENAI_BASE_URL: llm.openAiUrl, OPENAI_MODEL: 'local' }),
  ],
] as const;

const peer = (id: string, name: string, relation: Peer['relation'] = 'child'): Peer => ({
  id,
  name,
  role: null,
  status: 'online',
  relation,
});
const TEAM = [peer('id-r', 'Researcher'), peer('id-w', 'Writer'), peer('id-b', 'Boss', 'parent')];

function turnWith(text: string, extra: Partial<Turn> = {}): Turn {
  return {
    messageId: 'm',
    taskId: 't',
    contextId: 'c',
    text,
    metadata: {},
    sender: { kind: 'user' },
    history: [],
    ...extra,
  };
}

function contextWith(extra: Partial<PlatformTools> = {}, signal = new AbortController().signal): AdapterContext {
  return {
    signal,
    self: { id: 'id-l', name: 'Lead', role: null },
    systemPrompt: 'You lead.',
    platform: {
      peers: async () => TEAM,
      delegate: async (id, task): Promise<DelegationOutcome> => ({
        state: 'completed',
        text: `${id} did: ${task}`,
        delegationId: id,
      }),
      ...extra,
    },
  };
}

const logged: string[] = [];
const remember: Log['info'] = (event, fields) => {
  logged.push(JSON.stringify({ event, ...fields }));
};
async function start(
  script: LlmScript,
  env: (llm: FakeLlm) => Record<string, string> = PROVIDERS[0][1],
): Promise<Adapter> {
  fake = await createFakeLlm({ script });
  logged.length = 0;
  const adapter = await createLlmAdapter({
    env: env(fake),
    model: null,
    config: { model: null },
    log: { info: remember, warn: remember },
    retriesMax: 1,
  });
  if ('unusable' in adapter) throw new Error(adapter.unusable);
  return adapter;
}

async function collect(events: AsyncIterable<AdapterEvent>): Promise<AdapterEvent[]> {
  const all: AdapterEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

const textOf = (events: readonly AdapterEvent[]) =>
  events.map((event) => (event.type === 'text_delta' ? event.text : '')).join('');
const requests = () => fake?.requests ?? [];

describe.each(PROVIDERS)('with %s', (provider, env) => {
  it('streams the answer and ends with the same text and the usage', async () => {
    const adapter = await start(inOrder({ text: 'Hello there, friend.' }), env);
    const events = await collect(adapter.run(turnWith('Hi'), contextWith()));
    expect(events.filter((event) => event.type === 'text_delta').length).toBeGreaterThan(1);
    expect(textOf(events)).toBe('Hello there, friend.');
    expect(events.at(-1)).toEqual({
      type: 'done',
      text: 'Hello there, friend.',
      usage: { input_tokens: 10, output_tokens: 5 },
    });
    expect(requests()).toMatchObject([
      { system: 'You lead.', lastUserText: 'Hi', tools: ['list_peers', 'delegate_task'], apiKey: KEY },
    ]);
    expect(adapter.model).toMatch(new RegExp(`^${provider}:`));
  });

  it('leaves nothing behind on the signal of the turn, whether it succeeds or fails', async () => {
    const { signal } = new AbortController();
    const adapter = await start(inOrder({ text: 'Hello.' }, { status: 400, error: { message: 'no' } }), env);
    await collect(adapter.run(turnWith('Hi'), contextWith({}, signal)));
    await expect(collect(adapter.run(turnWith('Hi'), contextWith({}, signal)))).rejects.toThrow();
    expect(countAbortFollowers(signal)).toBe(0);
  });

  it('delegates to two children in parallel and composes their answers', async () => {
    const adapter = await start(delegateToEveryChild, env);
    const arrived: string[] = [];
    const both = deferred();
    const delegate: PlatformTools['delegate'] = async (id, task) => {
      arrived.push(id);
      if (arrived.length === 2) both.resolve();
      // Answers only once the other call has arrived as well: calls in sequence would never end.
      await both.promise;
      return { state: 'completed', text: `${id} did: ${task}`, delegationId: id };
    };
    const events = await collect(adapter.run(turnWith('Plan it'), contextWith({ delegate })));
    expect(arrived.toSorted()).toEqual(['id-r', 'id-w']);
    const done = events.at(-1);
    expect(done).toMatchObject({ type: 'done', usage: { input_tokens: 30, output_tokens: 15 } });
    expect(textOf(events)).toBe(done?.type === 'done' ? done.text : null);
    expect(textOf(events)).toContain('Asking Researcher and Writer.\n\nSummary:');
    expect(textOf(events)).toContain('id-r did: For Researcher: Plan it');
    expect(textOf(events)).toContain('id-w did: For Writer: Plan it');
    const phases = events.flatMap((event) => (event.type === 'tool' ? [`${event.name} ${event.phase}`] : []));
    expect(phases.toSorted()).toEqual([
      'delegate_task finished',
      'delegate_task finished',
      'delegate_task started',
      'delegate_task started',
      'list_peers finished',
      'list_peers started',
    ]);
    expect(fake?.scriptErrors).toEqual([]);
  });

  it('fails a cut stream as a broken connection that may be tried again', async () => {
    const adapter = await start(inOrder({ text: 'one two three four', fault: { kind: 'cut', afterEvents: 5 } }), env);
    await expect(collect(adapter.run(turnWith('Hi'), contextWith()))).rejects.toMatchObject({
      name: 'AdapterError',
      code: 'model_unavailable',
      retryable: true,
    });
  });

  it('does not take a stream that ends early for a finished answer', async () => {
    const adapter = await start(inOrder({ text: 'one two three four', fault: { kind: 'end', afterEvents: 5 } }), env);
    await expect(collect(adapter.run(turnWith('Hi'), contextWith()))).rejects.toMatchObject({
      code: 'model_unavailable',
      message: expect.stringContaining('broke while the answer was being written'),
    });
  });

  it('fails on an error the model sends inside its stream', async () => {
    const adapter = await start(
      inOrder({ text: 'one two three four', fault: { kind: 'error', afterEvents: 5, message: 'gone' } }),
      env,
    );
    await expect(collect(adapter.run(turnWith('Hi'), contextWith()))).rejects.toMatchObject({
      code: 'model_unavailable',
      retryable: true,
    });
  });

  it('stops promptly on abort while the model is silent, and frees the connection', async () => {
    const adapter = await start(inOrder({ text: 'one two three four', fault: { kind: 'stall', afterEvents: 6 } }), env);
    const controller = new AbortController();
    const seen: AdapterEvent[] = [];
    const turn = (async () => {
      for await (const event of adapter.run(turnWith('Hi'), contextWith({}, controller.signal))) seen.push(event);
    })();
    await waitFor(() => seen.length > 0);
    controller.abort(new Error('canceled by the user'));
    await expect(turn).rejects.toThrow('canceled by the user');
    await waitFor(() => fake?.openRequests() === 0);
  });

  it('asks again after the Retry-After of a refusal', async () => {
    const adapter = await start(
      inOrder(
        { status: 429, error: { message: 'slow' }, headers: { 'retry-after-ms': '5' } },
        { text: 'Now it works.' },
      ),
      env,
    );
    expect(textOf(await collect(adapter.run(turnWith('Hi'), contextWith())))).toBe('Now it works.');
  });

  it('never lets the key into an error or the log', async () => {
    const echo: LlmReply = { status: 400, error: { message: `bad header with ${KEY} inside`, type: 'odd_error' } };
    const adapter = await start(inOrder(echo), env);
    const error: unknown = await collect(adapter.run(turnWith('Hi'), contextWith())).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'model_refused', retryable: false });
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : '';
    expect(`${String(error)} ${cause} ${JSON.stringify(error)} ${logged.join('\n')}`).not.toContain(KEY);
    expect(logged.join('\n')).toContain('model_call_failed');
  });
});

it('gives the reason of a failed delegation to the model and goes on', async () => {
  const adapter = await start(
    inOrder({ toolCalls: [{ name: 'delegate_task', input: { target: 'writer', task: 'Draft' } }] }, (request) => ({
      text: `Heard: ${resultsOf(request, 'delegate_task')[0]}`,
    })),
  );
  const delegate: PlatformTools['delegate'] = async () => ({
    state: 'failed',
    reason: 'it is offline',
    delegationId: null,
  });
  const events = await collect(adapter.run(turnWith('Hi'), contextWith({ delegate })));
  expect(textOf(events)).toBe('Heard: The task for Writer failed: it is offline');
  expect(events).toContainEqual(expect.objectContaining({ type: 'tool', phase: 'failed', name: 'delegate_task' }));
});

it('gives a refusal of the platform to the model, too', async () => {
  const adapter = await start(
    inOrder({ toolCalls: [{ name: 'list_peers', input: {} }] }, (request) => ({
      text: String(resultsOf(request, 'list_peers')[0]),
    })),
  );
  const peers = () => Promise.reject(new Error('the server is restarting'));
  expect(textOf(await collect(adapter.run(turnWith('Hi'), contextWith({ peers }))))).toBe(
    'The platform could not do this: the server is restarting',
  );
});

it('tells the model when it calls a tool wrongly', async () => {
  const adapter = await start(
    inOrder({ toolCalls: [{ name: 'delegate_task', input: { target: 'Writer' } }] }, { text: 'Sorry.' }),
  );
  const events = await collect(adapter.run(turnWith('Hi'), contextWith()));
  expect(textOf(events)).toBe('Sorry.');
  expect(events).toContainEqual(expect.objectContaining({ type: 'tool', phase: 'failed' }));
});

it('stops a model that never stops calling tools, and says so', async () => {
  const adapter = await start(() => ({ toolCalls: [{ name: 'list_peers', input: {} }] }));
  const events = await collect(adapter.run(turnWith('Hi'), contextWith()));
  expect(requests()).toHaveLength(24);
  expect(textOf(events)).toContain('I stopped after 24 steps');
});

it('stops promptly on abort while a peer works and ignores the signal', async () => {
  const adapter = await start(
    inOrder({ toolCalls: [{ name: 'delegate_task', input: { target: 'Writer', task: 'x' } }] }),
  );
  const controller = new AbortController();
  let isWorking = false;
  const delegate: PlatformTools['delegate'] = () => {
    isWorking = true;
    return new Promise(() => {});
  };
  const turn = collect(adapter.run(turnWith('Hi'), contextWith({ delegate }, controller.signal)));
  turn.catch(() => undefined);
  await waitFor(() => isWorking);
  controller.abort(new Error('canceled by the user'));
  await expect(turn).rejects.toThrow('canceled by the user');
});

it('passes earlier turns on and names the agent that writes', async () => {
  const adapter = await start(inOrder({ text: 'ok' }));
  const history = [
    { role: 'user', text: 'First' },
    { role: 'agent', text: 'Second' },
  ] as const;
  const sender = { kind: 'workspace', id: 'id-b', name: 'Boss' } as const;
  await collect(adapter.run(turnWith('Third', { history, sender }), contextWith()));
  expect(requests()[0]?.messages.map((message) => `${message.role}: ${message.text}`)).toEqual([
    'user: First',
    'assistant: Second',
    'user: Message from agent "Boss" (id id-b):\n\nThird',
  ]);
});

it.each([
  ['an empty answer', { text: '' }, 'model_unavailable'],
  ['a refusal of the model', { text: '', stop: 'filtered' }, 'model_refused'],
] as const)('fails on %s', async (_title, reply, code) => {
  const adapter = await start(inOrder(reply));
  await expect(collect(adapter.run(turnWith('Hi'), contextWith()))).rejects.toMatchObject({ code });
});

it('says when the answer was cut at the output limit', async () => {
  const adapter = await start(inOrder({ text: 'Half of', stop: 'length' }));
  expect(textOf(await collect(adapter.run(turnWith('Hi'), contextWith())))).toMatch(/^Half of\n\n\[The answer was cut/);
});

it('works without a key at a local server', async () => {
  const adapter = await start(inOrder({ text: 'ok' }), (llm) => ({
    OPENAI_BASE_URL: llm.openAiUrl,
    OPENAI_MODEL: 'm',
  }));
  await collect(adapter.run(turnWith('Hi'), contextWith()));
  expect(requests()).toMatchObject([{ api: 'chat', model: 'm', apiKey: null }]);
});

it('says why no model can be used, without loading one', async () => {
  const outcome = await createLlmAdapter({
    env: {},
    model: null,
    config: { model: null },
    log: { info: remember, warn: remember },
  });
  expect(outcome).toEqual({ unusable: expect.stringContaining('No model key is configured'), keyless: true });
});

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
