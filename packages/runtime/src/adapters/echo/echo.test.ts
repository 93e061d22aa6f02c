import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Adapter, AdapterEvent, DelegationOutcome } from '../adapter.js';
import {
  ADAPTER_CLAUSES,
  type AdapterSubject,
  createContext,
  createPeer,
  createTurn,
  describeAdapter,
  finalText,
  runToEnd,
} from '../adapter.suite.js';
import { createEchoAdapter } from './echo.js';
import { firstCharacters, toWords } from './words.js';

const sleepUntilAborted = (_ms: number, signal: AbortSignal) =>
  new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
const createEcho = () => createEchoAdapter({ conformance: true, sleep: sleepUntilAborted });
const endlessMessage = { messageId: 'test-resubscribe-message-id', text: 'hold' };

describeAdapter('echo', { create: createEcho, endlessMessage });

/** Each breaks one clause; the suite must see it. */
const MUTANTS: readonly (readonly [
  string,
  string,
  (events: AsyncIterable<AdapterEvent>) => AsyncIterable<AdapterEvent>,
])[] = [
  [
    'ends twice',
    'ends a turn with exactly one end, and nothing after it',
    async function* (events) {
      for await (const event of events) {
        yield event;
        if (event.type === 'done') yield event;
      }
    },
  ],
  [
    'never ends',
    'ends a turn with exactly one end, and nothing after it',
    async function* (events) {
      for await (const event of events) if (event.type !== 'done') yield event;
    },
  ],
  [
    'talks on after its end',
    'ends a turn with exactly one end, and nothing after it',
    async function* (events) {
      yield* events;
      yield { type: 'text_delta', text: 'more' };
    },
  ],
  [
    'says nothing',
    'answers with some text',
    async function* (events) {
      for await (const event of events) yield event.type === 'done' ? { ...event, text: ' ' } : event;
    },
  ],
  [
    'streams something else',
    'streams what it finally says',
    async function* (events) {
      for await (const event of events) yield event.type === 'text_delta' ? { ...event, text: '#' } : event;
    },
  ],
  [
    'streams empty pieces',
    'streams what it finally says',
    async function* (events) {
      yield { type: 'text_delta', text: '' };
      yield* events;
    },
  ],
  [
    'leaves a tool call open',
    'closes every tool call it opens, once',
    async function* (events) {
      for await (const event of events) if (event.type !== 'tool' || event.phase === 'started') yield event;
    },
  ],
  [
    'closes a call it never opened',
    'closes every tool call it opens, once',
    async function* (events) {
      for await (const event of events) if (event.type !== 'tool' || event.phase !== 'started') yield event;
    },
  ],
];

describe('the adapter suite catches an adapter that', () => {
  const clauseNamed = (name: string) => {
    const clause = ADAPTER_CLAUSES.find((one) => one.name === name);
    if (!clause) throw new Error(`no clause named ${name}`);
    return clause;
  };
  const subjectOf = (run: Adapter['run']): AdapterSubject => ({
    create: () => ({ ...createEcho(), run }),
    endlessMessage,
  });

  it.each(MUTANTS)('%s', async (_, clause, mutate) => {
    const run: Adapter['run'] = (turn, context) => mutate(createEcho().run(turn, context));
    await expect(clauseNamed(clause).prove(subjectOf(run))).rejects.toThrow();
  });

  it('ignores an abort', async () => {
    const run: Adapter['run'] = async function* () {
      await new Promise(() => {});
      yield { type: 'done', text: 'never' };
    };
    await expect(clauseNamed('stops promptly when it is aborted').prove(subjectOf(run))).rejects.toThrow();
  });

  it('throws when a child fails', async () => {
    const run: Adapter['run'] = async function* (turn, context) {
      const outcome = await context.platform.delegate('child', turn.text);
      if (outcome.state !== 'completed') throw new Error(outcome.reason);
      yield { type: 'done', text: outcome.text };
    };
    await expect(clauseNamed('survives a child that fails').prove(subjectOf(run))).rejects.toThrow();
  });

  it('forgets one of two turns at once', async () => {
    let busy = false;
    const run: Adapter['run'] = async function* (turn, context) {
      if (busy) return;
      busy = true;
      await new Promise<void>((resolve) => setImmediate(resolve));
      yield* createEcho().run(turn, context);
    };
    await expect(clauseNamed('keeps two turns at once apart').prove(subjectOf(run))).rejects.toThrow();
  });

  it('calls itself a demo but claims a model', async () => {
    const create = () => ({ ...createEcho(), model: 'gpt' });
    await expect(clauseNamed('names itself and says whether it is a demo').prove({ create })).rejects.toThrow();
  });
});

describe('the demo answer', () => {
  it('of a leaf repeats the first 200 characters under its name', async () => {
    expect(finalText(await runToEnd(createEcho(), createTurn({ text: 'hello' })))).toBe('Lead received: hello');
    const long = '🙂'.repeat(300);
    expect(finalText(await runToEnd(createEcho(), createTurn({ text: long })))).toBe(
      `Lead received: ${'🙂'.repeat(200)}`,
    );
  });

  it('of a lead delegates to every online child in creation order and quotes one line per child', async () => {
    const asked: string[] = [];
    const outcomes: Record<string, DelegationOutcome> = {
      a: { state: 'completed', text: 'first\nsecond', delegationId: '1' },
      b: { state: 'failed', reason: 'workspace has no URL', delegationId: '2' },
      c: { state: 'stuck', reason: 'no heartbeat for 600 s', delegationId: '3' },
    };
    const peers = [
      createPeer('boss', { relation: 'parent' }),
      createPeer('a', { name: 'Ann' }),
      createPeer('x', { name: 'Xen', status: 'offline' }),
      createPeer('b', { name: 'Bob' }),
      createPeer('c', { name: 'Cat' }),
      createPeer('s', { relation: 'sibling' }),
    ];
    const context = createContext(peers);
    const platform: typeof context.platform = {
      peers: async () => peers,
      async delegate(id, task) {
        asked.push(`${id}: ${task}`);
        return outcomes[id] ?? { state: 'failed', reason: 'unexpected', delegationId: null };
      },
    };
    const events: AdapterEvent[] = [];
    for await (const event of createEcho().run(createTurn({ text: 'Plan' }), { ...context, platform }))
      events.push(event);
    expect(asked).toEqual(['a: For Ann: Plan', 'b: For Bob: Plan', 'c: For Cat: Plan']);
    expect(finalText(events)).toBe(
      [
        'Demo reply from Lead (no model key configured)',
        '> Ann: first second',
        '> Xen was not asked: it is offline',
        '> Bob failed: workspace has no URL',
        '> Cat is stuck: no heartbeat for 600 s',
      ].join('\n'),
    );
    const streamed = events.flatMap((event) => (event.type === 'text_delta' ? [event.text] : []));
    expect(streamed.join('')).toBe(finalText(events));
    expect(streamed.slice(0, 3)).toEqual(['Demo', ' reply', ' from']);
  });

  it('of a lead names what is wrong with its model', async () => {
    const reason = 'OPENAI_BASE_URL is not an http or https address. Correct or remove it.';
    const echo = createEchoAdapter({ conformance: false, sleep: sleepUntilAborted, reason });
    const text = finalText(await runToEnd(echo, createTurn(), [createPeer('a')]));
    expect(text.split('\n')[0]).toBe(`Demo reply from Lead (${reason.slice(0, -1)})`);
  });

  it('of a lead names a child once when the child named itself', async () => {
    const context = createContext([createPeer('a', { name: 'Ann' }), createPeer('b', { name: 'Bo' })]);
    const platform: typeof context.platform = {
      ...context.platform,
      delegate: async (id, task) => ({
        state: 'completed',
        text: id === 'a' ? `Ann received: ${task}` : 'Bob is my friend',
        delegationId: id,
      }),
    };
    const events: AdapterEvent[] = [];
    for await (const event of createEcho().run(createTurn({ text: 'Plan' }), { ...context, platform }))
      events.push(event);
    expect(finalText(events).split('\n').slice(1)).toEqual(['> Ann received: For Ann: Plan', '> Bo: Bob is my friend']);
  });

  it('asks eight children at most and says so', async () => {
    const children = Array.from({ length: 10 }, (_, i) => createPeer(`c${i}`));
    const text = finalText(await runToEnd(createEcho(), createTurn(), children));
    expect(text.match(/: done/g)).toHaveLength(8);
    expect(text).toContain('> c9 was not asked: a demo lead asks 8 children at most');
  });

  it.each([{ kind: 'delegation_result' }, { method: 'delegate_result' }])(
    'to a delegation result %j delegates nothing',
    async (metadata) => {
      expect(finalText(await runToEnd(createEcho(), createTurn({ metadata }), [createPeer('a')]))).toBe(
        'Lead received: Say something',
      );
    },
  );

  it('is the same every time', async () => {
    const run = () => runToEnd(createEcho(), createTurn(), [createPeer('a'), createPeer('b')]);
    expect(await run()).toEqual(await run());
  });
});

it('words join back to exactly the text', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(toWords(text).join('')).toBe(text);
    }),
  );
  expect(toWords('one  two\nthree ')).toEqual(['one', '  two', '\nthree ']);
});

it('counting characters never splits one', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(50), (text, max) => {
      expect(Array.from(firstCharacters(text, max)).length).toBeLessThanOrEqual(Math.max(max, 0));
      expect(text.startsWith(firstCharacters(text, max))).toBe(true);
    }),
  );
});
