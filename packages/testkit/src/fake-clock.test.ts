import { describe, expect, it } from 'vitest';
import { createFakeClock } from './fake-clock.js';

describe('the fake clock', () => {
  it('stands still until it is advanced', async () => {
    const clock = createFakeClock('2026-03-04T05:06:07.000Z');
    expect(clock.now().toISOString()).toBe('2026-03-04T05:06:07.000Z');
    await clock.advance(1_500);
    expect(clock.now().toISOString()).toBe('2026-03-04T05:06:08.500Z');
  });

  it('shows each timer its own time and fires those set on the way', async () => {
    const clock = createFakeClock();
    const seenMs: number[] = [];
    clock.after(10, () => {
      seenMs.push(clock.monotonicMs());
      clock.after(5, () => seenMs.push(clock.monotonicMs()));
    });
    await clock.advance(100);
    expect(seenMs).toEqual([10, 15]);
  });

  it('lets what a timer awakens run before the next timer fires', async () => {
    const clock = createFakeClock();
    const order: string[] = [];
    const sleeper = clock.sleep(10).then(async () => {
      await Promise.resolve();
      order.push('awakened');
    });
    clock.after(11, () => order.push('next timer'));
    await clock.advance(20);
    await sleeper;
    expect(order).toEqual(['awakened', 'next timer']);
  });

  it('counts the timers still armed', () => {
    const clock = createFakeClock();
    const cancel = clock.after(10, () => {});
    expect(clock.pendingCount()).toBe(1);
    cancel();
    expect(clock.pendingCount()).toBe(0);
  });
});
