/** Structurally the server's and the runtime's `Clock`; this package depends on neither. */
export interface FakeClock {
  now(): Date;
  monotonicMs(): number;
  after(ms: number, fn: () => void): () => void;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /**
   * Moves time forward by `ms`. Due timers fire in order of their time, each seeing exactly that time, and everything
   * they set off on the event loop without waiting for the outside world has run when the promise resolves. Timers
   * set on the way fire too if they fall due.
   */
  advance(ms: number): Promise<void>;
  /** How many timers are armed. A test that ends with 0 leaked none. */
  pendingCount(): number;
}

interface Timer {
  readonly dueMs: number;
  readonly order: number;
  readonly fn: () => void;
}

export function createFakeClock(start: Date | string = '2026-01-01T00:00:00.000Z'): FakeClock {
  const startMs = new Date(start).getTime();
  const timers = new Set<Timer>();
  let elapsedMs = 0;
  let order = 0;

  const after = (ms: number, fn: () => void): (() => void) => {
    order += 1;
    const timer: Timer = { dueMs: elapsedMs + Math.max(0, ms), order, fn };
    timers.add(timer);
    return () => {
      timers.delete(timer);
    };
  };

  const nextDue = (untilMs: number): Timer | undefined =>
    [...timers].filter((t) => t.dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs || a.order - b.order)[0];

  return {
    now: () => new Date(startMs + elapsedMs),
    monotonicMs: () => elapsedMs,
    after,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason);
          return;
        }
        const onAbort = (): void => {
          cancel();
          reject(signal?.reason);
        };
        const cancel = after(ms, () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        });
        signal?.addEventListener('abort', onAbort, { once: true });
      }),
    async advance(ms) {
      const untilMs = elapsedMs + ms;
      await settle();
      for (let timer = nextDue(untilMs); timer !== undefined; timer = nextDue(untilMs)) {
        timers.delete(timer);
        elapsedMs = timer.dueMs;
        timer.fn();
        await settle();
      }
      elapsedMs = untilMs;
    },
    pendingCount: () => timers.size,
  };
}

/** Two turns of the event loop: all chained microtasks, and what they put on the next turn. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 2; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}
