import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { TurnOutcome, TurnRequest } from '../turns/turn-outcome.js';
import { openJournal, turnKey } from './journal.js';

const AT = '2026-01-01T00:00:00.000Z';
const warnings: string[] = [];
const log = { info: () => {}, warn: (event: string) => warnings.push(event), error: () => {} };
let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'molecule-journal-'));
  path = join(folder, 'journal.jsonl');
  warnings.length = 0;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const request = (messageId: string, extra: Partial<TurnRequest> = {}): TurnRequest => ({
  messageId,
  taskId: `task-${messageId}`,
  contextId: 'c',
  text: 'hello',
  metadata: {},
  sender: { kind: 'user' },
  isFollowUp: false,
  ...extra,
});
const completed = (text: string): TurnOutcome => ({
  state: 'completed',
  text,
  reply: 'message',
  artifacts: [],
  usage: null,
  tools: [],
});

it('remembers across processes what was accepted, started and finished', async () => {
  const first = await openJournal({ path, log });
  await first.accept(request('a'), AT);
  await first.accept(request('b'), AT);
  await first.accept(request('c'), AT);
  await first.start('b');
  await first.start('c');
  await first.finish('c', completed('done'), AT);
  await first.close();

  const second = await openJournal({ path, log });
  expect(
    second.entries().map((entry) => [entry.request.messageId, entry.started, entry.outcome?.state ?? null]),
  ).toEqual([
    ['a', false, null],
    ['b', true, null],
    ['c', true, 'completed'],
  ]);
  expect(second.findByAnyId('task-c')).toEqual(second.find('c'));
  expect(second.findByAnyId('nobody')).toBeNull();
  await second.close();
});

it('a line torn at any byte costs that line and nothing else', async () => {
  const journal = await openJournal({ path, log });
  await journal.accept(request('a'), AT);
  await journal.finish('a', completed('first'), AT);
  await journal.close();
  const whole = await readFile(path, 'utf8');
  const intact = whole.indexOf('\n') + 1;
  for (let cut = intact; cut < whole.length - 1; cut += 7) {
    await writeFile(path, whole.slice(0, cut));
    const reopened = await openJournal({ path, log });
    expect(reopened.find('a')?.outcome).toBeNull();
    // What is written next must not be glued to the torn tail.
    await reopened.accept(request('b'), AT);
    await reopened.close();
    const again = await openJournal({ path, log });
    expect(again.entries().map((entry) => entry.request.messageId)).toEqual(['a', 'b']);
    await again.close();
  }
  expect(warnings).toContain('journal_line_unreadable');
});

it('stays bounded: old answers are forgotten, unfinished turns never', async () => {
  const journal = await openJournal({ path, log, keepFinished: 3, compactAfterLines: 20 });
  await journal.accept(request('open'), AT);
  for (let i = 0; i < 50; i += 1) {
    await journal.accept(request(`m${i}`), AT);
    await journal.finish(`m${i}`, completed(String(i)), AT);
  }
  expect(journal.find('open')?.outcome).toBeNull();
  expect(journal.find('m0')).toBeNull();
  expect(journal.find('m49')?.outcome).toEqual(completed('49'));
  await journal.close();
  expect((await readFile(path, 'utf8')).split('\n').length).toBeLessThan(30);
});

it('appends made together share one write and keep their order', async () => {
  const journal = await openJournal({ path, log });
  await Promise.all(Array.from({ length: 200 }, (_, i) => journal.accept(request(`m${i}`), AT)));
  await journal.close();
  const reopened = await openJournal({ path, log });
  expect(reopened.entries().map((entry) => entry.request.messageId)).toEqual(
    Array.from({ length: 200 }, (_, i) => `m${i}`),
  );
  await reopened.close();
});

it('a disk that fails is told to whoever waits, not swallowed', async () => {
  await expect(openJournal({ path: join(folder, 'missing', 'journal.jsonl'), log })).rejects.toThrow('ENOENT');
});

it('an answer to a question of the agent is another turn, even under the same message id', () => {
  const first = { messageId: 'm', taskId: 't', isFollowUp: false };
  expect(turnKey(first)).not.toBe(turnKey({ ...first, isFollowUp: true }));
});

it('forgets conversations on request, also over compaction and a new process, but no message it has accepted', async () => {
  const first = await openJournal({ path, log, compactAfterLines: 6 });
  await first.accept(request('a'), AT);
  await first.finish('a', completed('done'), AT);
  await first.accept(request('b'), AT);
  await first.forgetConversations();
  await first.finish('b', completed('later'), AT);
  await first.accept(request('c'), AT);
  await first.close();

  const second = await openJournal({ path, log });
  expect(second.entries().map((entry) => [entry.request.messageId, entry.isForgotten, entry.outcome?.state])).toEqual([
    ['a', true, 'completed'],
    ['b', false, 'completed'],
    ['c', false, undefined],
  ]);
  expect(warnings).toEqual([]);
  await second.close();
});
