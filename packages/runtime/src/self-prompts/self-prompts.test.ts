import { createFakeClock } from '@molecule/testkit';
import { describe, expect, it } from 'vitest';
import type { RuntimeConfig } from '../config/runtime-config.js';
import type { PlatformReply } from '../platform/platform-client.js';
import { createSelfPrompts } from './self-prompts.js';

type Prompts = Partial<Pick<RuntimeConfig, 'initialPrompt' | 'idlePrompt' | 'idleIntervalSeconds'>>;
const OK: PlatformReply<unknown> = { kind: 'ok', value: null };
const AWAY: PlatformReply<unknown> = { kind: 'unavailable', reason: 'away', retryAfterMs: null, rateLimited: false };

/** Everything that happens is in `log`, with the second it happened at; each send takes the next answer, then `ok`. */
function setUp(prompts: Prompts, given: { answers?: PlatformReply<unknown>[]; marker?: 'there' | 'unwritable' } = {}) {
  const clock = createFakeClock();
  const log: string[] = [];
  const note = (what: string) => log.push(`${clock.monotonicMs() / 1_000} ${what}`);
  const ids: string[] = [];
  const timeouts: number[] = [];
  const answers = [...(given.answers ?? [])];
  const state = { isFree: true, isMarked: given.marker === 'there', turnMs: 0 };
  let count = 0;
  const selfPrompts = createSelfPrompts({
    config: { initialPrompt: null, idlePrompt: null, idleIntervalSeconds: 600, ...prompts },
    clock,
    random: {
      uuid() {
        count += 1;
        return `0000000${count}-0000-4000-8000-000000000000`;
      },
    },
    log: { info: () => {}, warn: (event) => note(event), error: (event) => note(event) },
    isFree: () => state.isFree,
    marker: {
      exists: async () => state.isMarked,
      async write() {
        if (given.marker === 'unwritable') throw new Error('ENOSPC');
        state.isMarked = true;
        note('marked');
      },
    },
    read: async (source) => ('text' in source ? source.text : null),
    async send({ id, text }, { timeoutMs, signal }) {
      note(text);
      ids.push(id);
      timeouts.push(timeoutMs / 1_000);
      await clock.sleep(state.turnMs, signal);
      return answers.shift() ?? OK;
    },
  });
  selfPrompts.start();
  return { selfPrompts, clock, log, ids, timeouts, state };
}

const minutes = (count: number) => count * 60_000;

describe('the initial prompt', () => {
  const initialPrompt = { text: 'hello' };

  it('is said once, after the mark that it was', async () => {
    const { selfPrompts, clock, log, ids, timeouts } = setUp({ initialPrompt });
    await clock.advance(minutes(60));
    selfPrompts.start();
    await clock.advance(minutes(60));
    expect(log).toEqual(['0 marked', '0 hello']);
    expect(ids).toEqual(['initial-00000001']);
    expect(timeouts).toEqual([600]);
  });

  it.each([
    ['there', []],
    ['unwritable', ['0 prompt_failed']],
  ] as const)('is not said when its mark is %s', async (marker, expected) => {
    const { clock, log } = setUp({ initialPrompt }, { marker });
    await clock.advance(minutes(60));
    expect(log).toEqual(expected);
  });

  it('is tried five times under one id while the platform is out of reach, and then given up', async () => {
    const { clock, log, ids } = setUp({ initialPrompt }, { answers: Array<typeof AWAY>(9).fill(AWAY) });
    await clock.advance(minutes(60));
    expect(log).toEqual(['0 marked', '0 hello', '1 hello', '3 hello', '7 hello', '15 hello', '15 prompt_not_said']);
    expect(new Set(ids).size).toBe(1);
  });

  it('waits as long as the platform asks, and takes no for an answer', async () => {
    const limited: PlatformReply<unknown> = { ...AWAY, retryAfterMs: 9_000 };
    const refused: PlatformReply<unknown> = { kind: 'refused', status: 402, reason: 'no budget' };
    const { clock, log } = setUp({ initialPrompt }, { answers: [limited, refused] });
    await clock.advance(minutes(60));
    expect(log).toEqual(['0 marked', '0 hello', '9 hello', '9 prompt_not_said']);
  });

  it('is left for a later start while its file is not there', async () => {
    const { clock, log, state } = setUp({ initialPrompt: { file: 'gone.md' } });
    await clock.advance(minutes(1));
    expect(log).toEqual([]);
    expect(state.isMarked).toBe(false);
  });
});

describe('the idle prompt', () => {
  const idlePrompt = { text: 'look' };

  it('is said a minute after the start and then once per interval, under a new id each time', async () => {
    const { clock, log, ids } = setUp({ idlePrompt });
    await clock.advance(minutes(31));
    expect(log).toEqual(['60 look', '660 look', '1260 look', '1860 look']);
    expect(new Set(ids).size).toBe(4);
  });

  it('waits for no longer than its interval at the start', async () => {
    const { clock, log } = setUp({ idlePrompt, idleIntervalSeconds: 20 });
    await clock.advance(minutes(1));
    expect(log).toEqual(['20 look', '40 look', '60 look']);
  });

  it('is not said while the agent works, and not made up for afterwards', async () => {
    const { clock, log, state } = setUp({ idlePrompt });
    state.isFree = false;
    await clock.advance(minutes(20));
    expect(log).toEqual([]);
    state.isFree = true;
    await clock.advance(minutes(10));
    expect(log).toEqual(['1260 look']);
  });

  it('is not said again at once after a turn that took longer than the interval', async () => {
    const { clock, log, state } = setUp({ idlePrompt, idleIntervalSeconds: 100 });
    state.turnMs = 250_000;
    await clock.advance(minutes(14));
    expect(log).toEqual(['60 look', '410 look', '760 look']);
  });

  it.each([
    [10, 60],
    [120, 120],
    [3_600, 300],
  ])('with an interval of %i s its answer is awaited for %i s', async (idleIntervalSeconds, timeoutSeconds) => {
    const { clock, timeouts } = setUp({ idlePrompt, idleIntervalSeconds });
    await clock.advance(minutes(1));
    expect(timeouts[0]).toBe(timeoutSeconds);
  });

  it('goes on after a platform that was away', async () => {
    const { clock, log } = setUp({ idlePrompt }, { answers: [AWAY] });
    await clock.advance(minutes(11));
    expect(log).toEqual(['60 look', '60 prompt_not_said', '660 look']);
  });
});

it('a stopped agent is told nothing more and leaves no timer behind', async () => {
  const { selfPrompts, clock, log, state } = setUp({ initialPrompt: { text: 'hello' }, idlePrompt: { text: 'look' } });
  state.turnMs = minutes(5);
  await clock.advance(minutes(2));
  selfPrompts.stop();
  await clock.advance(0);
  expect(clock.pendingCount()).toBe(0);
  selfPrompts.start();
  await clock.advance(minutes(60));
  expect(log).toEqual(['0 marked', '0 hello', '60 look']);
});
