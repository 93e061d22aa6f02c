import { describe, expect, it } from 'vitest';
import type { Clock } from './clock.js';

/** What every `Clock` promises. `pass` lets `ms` go by: by waiting on a real clock, by turning a fake one. */
export function clockSuite(name: string, make: () => { clock: Clock; pass(ms: number): Promise<void> }): void {
  describe(`${name} keeps the Clock contract`, () => {
    it('calls back once, not before its time', async () => {
      const { clock, pass } = make();
      let calls = 0;
      clock.after(30, () => {
        calls += 1;
      });
      await pass(5);
      expect(calls).toBe(0);
      await pass(60);
      expect(calls).toBe(1);
      await pass(60);
      expect(calls).toBe(1);
    });

    it('calls back in order of time, not of registration', async () => {
      const { clock, pass } = make();
      const order: string[] = [];
      clock.after(40, () => order.push('late'));
      clock.after(5, () => order.push('early'));
      await pass(80);
      expect(order).toEqual(['early', 'late']);
    });

    it('never calls back after cancel, and cancel may be repeated', async () => {
      const { clock, pass } = make();
      let calls = 0;
      const cancel = clock.after(5, () => {
        calls += 1;
      });
      cancel();
      cancel();
      await pass(30);
      expect(calls).toBe(0);
    });

    it('takes a negative delay as none', async () => {
      const { clock, pass } = make();
      let calls = 0;
      clock.after(-1, () => {
        calls += 1;
      });
      await pass(20);
      expect(calls).toBe(1);
    });

    it('takes a delay beyond 31 bits as long, not as none', async () => {
      const { clock, pass } = make();
      let calls = 0;
      const cancel = clock.after(2 ** 31 + 5, () => {
        calls += 1;
      });
      await pass(30);
      cancel();
      expect(calls).toBe(0);
    });

    it('moves wall and monotonic time forward together', async () => {
      const { clock, pass } = make();
      const wall = clock.now().getTime();
      const mono = clock.monotonicMs();
      await pass(25);
      expect(clock.monotonicMs() - mono).toBeGreaterThanOrEqual(24);
      expect(clock.now().getTime() - wall).toBeGreaterThanOrEqual(20);
    });

    it('sleeps for its time', async () => {
      const { clock, pass } = make();
      let woke = false;
      const sleeping = clock.sleep(30).then(() => {
        woke = true;
      });
      await pass(5);
      expect(woke).toBe(false);
      await pass(60);
      await sleeping;
      expect(woke).toBe(true);
    });

    it('rejects a sleep with the reason of its abort, at once', async () => {
      const { clock } = make();
      const controller = new AbortController();
      const sleeping = clock.sleep(60_000, controller.signal);
      const reason = new Error('stopping');
      controller.abort(reason);
      await expect(sleeping).rejects.toBe(reason);
      await expect(clock.sleep(60_000, controller.signal)).rejects.toBe(reason);
    });
  });
}
