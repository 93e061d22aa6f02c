import { createFakeClock } from '@molecule/testkit';
import { describe, expect, it } from 'vitest';
import { watchIdle } from './idle-watch.js';

function start(lastBeatAt: (now: Date) => Date | null | Error) {
  const clock = createFakeClock();
  let silent = 0;
  let unreadable = 0;
  const watch = watchIdle({
    clock,
    idleMs: 1_000,
    lastBeatAt: async () => {
      const beat = lastBeatAt(clock.now());
      if (beat instanceof Error) throw beat;
      return beat;
    },
    onSilent: () => {
      silent += 1;
    },
    onUnreadable: () => {
      unreadable += 1;
    },
  });
  return { clock, watch, silent: () => silent, unreadable: () => unreadable };
}

describe('B-46: the idle watch', () => {
  it('does not cut a quiet agent that beats', async () => {
    const { clock, watch, silent } = start((now) => new Date(now.getTime() - 300));
    for (let n = 0; n < 20; n += 1) await clock.advance(1_000);
    expect(silent()).toBe(0);
    watch.stop();
    expect(clock.pendingCount()).toBe(0);
  });

  it('cuts one that does not, once', async () => {
    const { clock, silent } = start(() => null);
    await clock.advance(999);
    expect(silent()).toBe(0);
    await clock.advance(1);
    expect(silent()).toBe(1);
    await clock.advance(10_000);
    expect(silent()).toBe(1);
  });

  it('cuts a full window after the last beat', async () => {
    const lastBeat = new Date('2026-01-01T00:00:00.600Z');
    const { clock, silent } = start(() => lastBeat);
    await clock.advance(1_599);
    expect(silent()).toBe(0);
    await clock.advance(1);
    expect(silent()).toBe(1);
  });

  it('counts bytes as life', async () => {
    const { clock, watch, silent } = start(() => null);
    for (let n = 0; n < 5; n += 1) {
      await clock.advance(600);
      watch.touch();
    }
    expect(silent()).toBe(0);
    await clock.advance(1_000);
    expect(silent()).toBe(1);
  });

  it('cuts nobody because the database could not be read', async () => {
    const { clock, watch, silent, unreadable } = start(() => new Error('database away'));
    await clock.advance(5_000);
    expect(silent()).toBe(0);
    expect(unreadable()).toBeGreaterThan(1);
    watch.stop();
  });
});
