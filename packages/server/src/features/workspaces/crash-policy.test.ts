import { describe, expect, it } from 'vitest';
import { judgeCrash } from './crash-policy.js';

const at = (minutes: number): Date => new Date(Date.UTC(2026, 0, 1, 0, minutes));

describe('crash loops are bounded', () => {
  it('waits 1, 2, 4, 8 s and gives up at the fifth crash within ten minutes', () => {
    let series = { count: 0, windowStartedAt: null as Date | null, onlineSince: null };
    const delays: number[] = [];
    for (let crash = 0; crash < 4; crash += 1) {
      const verdict = judgeCrash(series, at(crash), 0.5);
      if (verdict.kind !== 'retry') throw new Error('gave up too early');
      delays.push(verdict.delayMs);
      series = { count: verdict.count, windowStartedAt: verdict.windowStartedAt, onlineSince: null };
    }
    expect(delays).toEqual([1000, 2000, 4000, 8000]);
    expect(judgeCrash(series, at(5), 0.5)).toEqual({ kind: 'give_up', count: 5 });
  });

  it('starts counting anew after ten minutes online', () => {
    const verdict = judgeCrash({ count: 4, windowStartedAt: at(0), onlineSince: at(1) }, at(11), 0.5);
    expect(verdict).toMatchObject({ kind: 'retry', count: 1, delayMs: 1000 });
  });

  it('starts counting anew when the window has passed', () => {
    expect(judgeCrash({ count: 4, windowStartedAt: at(0), onlineSince: null }, at(10), 0.5)).toMatchObject({
      count: 1,
    });
  });

  it('moves the delay by at most a tenth either way', () => {
    const low = judgeCrash({ count: 2, windowStartedAt: at(0), onlineSince: null }, at(1), 0);
    const high = judgeCrash({ count: 2, windowStartedAt: at(0), onlineSince: null }, at(1), 0.999);
    expect(low).toMatchObject({ delayMs: 3600 });
    expect(high).toMatchObject({ delayMs: 4399 });
  });
});
