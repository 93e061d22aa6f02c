import type { Clock } from '../sync/clock.js';

/** Time that stands still until the test moves it. */
export interface ManualClock extends Clock {
  /** Runs everything that falls due within `ms`, in order. */
  advance(ms: number): void;
  paint(): void;
}

export function createManualClock(startMs = 1_000): ManualClock {
  let now = startMs;
  let timers: { at: number; run: () => void }[] = [];
  let frames: (() => void)[] = [];
  return {
    nowMs: () => now,
    after(ms, run) {
      const timer = { at: now + ms, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((one) => one !== timer);
      };
    },
    nextFrame(run) {
      frames.push(run);
      return () => {
        frames = frames.filter((one) => one !== run);
      };
    },
    advance(ms) {
      const until = now + ms;
      for (;;) {
        const next = timers.toSorted((a, b) => a.at - b.at)[0];
        if (!next || next.at > until) break;
        timers = timers.filter((one) => one !== next);
        now = next.at;
        next.run();
      }
      now = until;
    },
    paint() {
      const due = frames;
      frames = [];
      for (const run of due) run();
    },
  };
}
