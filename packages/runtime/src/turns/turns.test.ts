import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFakeClock, waitFor } from '@molecule/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Adapter } from '../adapters/adapter.js';
import { createContext } from '../adapters/adapter.suite.js';
import { type Journal, openJournal } from '../journal/journal.js';
import type { TurnRequest } from './turn-outcome.js';
import { createTurns, type Turns } from './turns.js';

const log = { info: () => {}, warn: () => {}, error: () => {} };
let folder: string;
let journal: Journal;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'molecule-turns-'));
  journal = await openJournal({ path: join(folder, 'journal.jsonl'), log });
});
afterEach(async () => {
  await journal.close();
  await rm(folder, { recursive: true, force: true });
});

const request = (messageId: string): TurnRequest => ({
  messageId,
  taskId: `task-${messageId}`,
  contextId: 'c',
  text: messageId,
  metadata: {},
  sender: { kind: 'user' },
  isFollowUp: false,
});

/** An adapter whose turns end when told; `ran` lists what was ever begun. */
function createManual(replaySafe: boolean) {
  const ran: string[] = [];
  const finish = new Map<string, () => void>();
  const adapter: Adapter = {
    name: 'manual',
    demo: false,
    model: null,
    replaySafe,
    async *run(turn, { signal }) {
      ran.push(turn.messageId);
      await new Promise<void>((resolve, reject) => {
        finish.set(turn.messageId, resolve);
        signal.addEventListener('abort', () => reject(signal.reason));
      });
      yield { type: 'done', text: `answer to ${turn.messageId}` };
    },
  };
  return { adapter, ran, end: async (id: string) => (await waitFor(() => finish.get(id)))() };
}

function create(adapter: Adapter, idle: () => void = () => {}, notes: (string | null)[] = []): Turns {
  return createTurns({
    journal,
    adapter,
    clock: createFakeClock(),
    log,
    maxConcurrent: 1,
    queueMax: 2,
    createContext: async (_, signal, restartNote) => {
      notes.push(restartNote);
      return createContext([], undefined, signal);
    },
    onActivityChanged: () => {},
    onIdle: idle,
  });
}

it('after a crash, work that may have had an effect is reported interrupted and never run again', async () => {
  const { adapter, ran } = createManual(false);
  await journal.accept(request('begun'), 'now');
  await journal.start('begun');
  const turns = create(adapter);
  await turns.recover();
  expect(journal.find('begun')?.outcome).toMatchObject({ state: 'failed', code: 'interrupted', retryable: true });
  expect(await (await turns.submit(request('begun'))).outcome).toMatchObject({ code: 'interrupted' });
  expect(ran).toEqual([]);
});

it('after a crash, a message that never began runs, whatever the adapter', async () => {
  const { adapter, ran, end } = createManual(false);
  await journal.accept(request('waiting'), 'now');
  const turns = create(adapter);
  await turns.recover();
  const joined = await turns.submit(request('waiting'));
  await end('waiting');
  expect(await joined.outcome).toMatchObject({ state: 'completed', text: 'answer to waiting' });
  expect(ran).toEqual(['waiting']);
});

it.each([true, false])(
  'a message that comes before recovery (replay-safe: %s) is answered once, to the one who sent it',
  async (replaySafe) => {
    const { adapter, ran, end } = createManual(replaySafe);
    const turns = create(adapter);
    const sent = await turns.submit(request('early'));
    await turns.recover();
    await end('early');
    expect(await sent.outcome).toMatchObject({ state: 'completed', text: 'answer to early' });
    expect(ran).toEqual(['early']);
  },
);

it('after a crash, a replay-safe turn runs again and keeps its task', async () => {
  const { adapter, ran, end } = createManual(true);
  await journal.accept(request('begun'), 'now');
  await journal.start('begun');
  const turns = create(adapter);
  await turns.recover();
  expect(turns.findLive('task-begun')).not.toBeNull();
  await end('begun');
  await waitFor(() => journal.find('begun')?.outcome);
  expect(ran).toEqual(['begun']);
});

it('an abort leaves no outcome, so that the next process decides from the journal', async () => {
  const { adapter } = createManual(false);
  let idle = 0;
  const turns = create(adapter, () => {
    idle += 1;
  });
  const running = await turns.submit(request('a'));
  const waiting = await turns.submit(request('b'));
  await waitFor(() => journal.find('a')?.started);
  turns.abort('leaving');
  await expect(running.outcome).rejects.toThrow('leaving');
  await expect(waiting.outcome).rejects.toThrow('leaving');
  expect(journal.entries().map((entry) => [entry.request.messageId, entry.started, entry.outcome])).toEqual([
    ['a', true, null],
    ['b', false, null],
  ]);
  await waitFor(() => idle > 0);
});

it('finishing takes no new message and starts no waiting one, but ends the running one', async () => {
  const { adapter, ran, end } = createManual(false);
  const turns = create(adapter);
  const running = await turns.submit(request('a'));
  await turns.submit(request('b'));
  await waitFor(() => ran.length === 1);
  turns.finish();
  await expect(turns.submit(request('c'))).rejects.toThrow('stopping');
  await end('a');
  expect(await running.outcome).toMatchObject({ state: 'completed' });
  expect(ran).toEqual(['a']);
  turns.resume();
  await end('b');
  expect(ran).toEqual(['a', 'b']);
});

it('is idle only when the outcome of the last turn is on disk', async () => {
  const { adapter, ran, end } = createManual(false);
  const atIdle: (string | undefined)[] = [];
  const turns = create(adapter, () => atIdle.push(journal.find('a')?.outcome?.state));
  await turns.submit(request('a'));
  await waitFor(() => ran.length === 1);
  turns.finish();
  expect(turns.isIdle()).toBe(false);
  await end('a');
  await waitFor(() => atIdle.length > 0);
  expect(turns.isIdle()).toBe(true);
  expect(atIdle).toEqual(['completed']);
});

it('a waiting turn can be canceled and never runs', async () => {
  const { adapter, ran, end } = createManual(false);
  const turns = create(adapter);
  const first = await turns.submit(request('a'));
  const second = await turns.submit(request('b'));
  const entry = journal.find('b');
  expect(entry && (await turns.cancel(entry))).toBe(true);
  expect(await second.outcome).toEqual({ state: 'canceled' });
  await end('a');
  await first.outcome;
  expect(ran).toEqual(['a']);
});

it('an adapter that ends without an answer, or throws, is a failed turn with a reason', async () => {
  const silent: Adapter = { name: 'silent', demo: false, model: null, async *run() {} };
  expect(await (await create(silent).submit(request('a'))).outcome).toMatchObject({
    state: 'failed',
    reason: 'The silent agent ended without an answer.',
  });
  const broken: Adapter = {
    ...silent,
    async *run() {
      yield { type: 'text_delta', text: 'I will' };
      throw new Error('boom');
    },
  };
  expect(await (await create(broken).submit(request('b'))).outcome).toMatchObject({
    state: 'failed',
    reason: 'The silent agent failed: boom',
  });
});

it('the reported error is that of the latest turn, and a turn that succeeds takes it away', async () => {
  const moody: Adapter = {
    name: 'moody',
    demo: false,
    model: null,
    async *run({ messageId }) {
      if (messageId === 'bad') throw new Error('no credit');
      yield { type: 'done', text: 'fine' };
    },
  };
  const turns = create(moody);
  await (await turns.submit(request('bad'))).outcome;
  expect(turns.activity().sampleError).toBe('The moody agent failed: no credit');
  await (await turns.submit(request('good'))).outcome;
  expect(turns.activity()).toMatchObject({ sampleError: '', errorRate: 0.2 });
});

it('a forgotten conversation is no part of what the next turn is told, and one begun since is', async () => {
  const histories: string[][] = [];
  const adapter: Adapter = {
    name: 'manual',
    demo: false,
    model: null,
    async *run(turn) {
      histories.push(turn.history.map(({ text }) => text));
      yield { type: 'done', text: `answer to ${turn.messageId}` };
    },
  };
  const turns = create(adapter);
  const say = async (id: string) => (await turns.submit(request(id))).outcome;
  await say('a');
  await say('b');
  await journal.forgetConversations();
  await say('c');
  await say('d');
  expect(histories).toEqual([[], ['a', 'answer to a'], [], ['c', 'answer to c']]);
});

describe('what the platform tells about a restart', () => {
  const note = (messageId: string): TurnRequest => ({
    ...request(messageId),
    contextId: `of ${messageId}`,
    isRestartContext: true,
  });
  /** Says what it is told to say; a turn named `bad` fails. */
  const quick: Adapter = {
    name: 'quick',
    demo: false,
    model: null,
    async *run({ messageId }) {
      if (messageId.startsWith('bad')) throw new Error('no credit');
      yield { type: 'done', text: `answer to ${messageId}` };
    },
  };
  const say = async (turns: Turns, id: string) => (await turns.submit(request(id))).outcome;
  const tell = async (turns: Turns, id: string) => (await turns.submit(note(id))).outcome;

  it('is acknowledged at once, even by a busy agent, and runs no turn', async () => {
    const { adapter, ran, end } = createManual(false);
    const turns = create(adapter);
    const busy = await turns.submit(request('work'));
    for (const id of ['next', 'last']) await turns.submit(request(id));
    await expect(turns.submit(request('one too many'))).rejects.toThrow('busy');
    expect(await tell(turns, 'told')).toMatchObject({ state: 'completed', text: 'Noted.' });
    expect(turns.activity()).toMatchObject({ running: 1, waiting: 2 });
    for (const id of ['work', 'next', 'last']) await end(id);
    await busy.outcome;
    await waitFor(() => ran.length === 3);
    expect(ran).toEqual(['work', 'next', 'last']);
  });

  it('is told to the next turn and to no other; of two, the newer speaks', async () => {
    const notes: (string | null)[] = [];
    const turns = create(quick, undefined, notes);
    await say(turns, 'before');
    await tell(turns, 'first restart');
    await tell(turns, 'second restart');
    await tell(turns, 'second restart');
    await say(turns, 'a');
    await say(turns, 'b');
    expect(notes).toEqual([null, 'second restart', null]);
  });

  it('is told again after a turn that failed, and survives a crash of the agent', async () => {
    const notes: (string | null)[] = [];
    const turns = create(quick, undefined, notes);
    await tell(turns, 'restarted');
    await say(turns, 'bad');
    await journal.close();
    journal = await openJournal({ path: join(folder, 'journal.jsonl'), log });
    const again = create(quick, undefined, notes);
    await again.recover();
    await say(again, 'good');
    await say(again, 'later');
    expect(notes).toEqual(['restarted', 'restarted', null]);
  });

  it('is no turn after a crash that came before its acknowledgement was written', async () => {
    await journal.accept(note('half taken'), 'now');
    const { adapter, ran } = createManual(true);
    const turns = create(adapter);
    await turns.recover();
    expect(journal.find('half taken')?.outcome).toMatchObject({ state: 'completed' });
    expect(await tell(turns, 'half taken')).toMatchObject({ text: 'Noted.' });
    expect(ran).toEqual([]);
  });

  it('is part of no conversation', async () => {
    const histories: number[] = [];
    const turns = create({
      ...quick,
      async *run({ history }) {
        histories.push(history.length);
        yield { type: 'done', text: 'x' };
      },
    });
    await tell(turns, 'restarted');
    await say(turns, 'a');
    await say(turns, 'b');
    expect(histories).toEqual([0, 2]);
  });
});
