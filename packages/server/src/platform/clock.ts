/**
 * Time as a dependency. Everything that reads the time or waits takes a `Clock`, so that tests move time by hand and
 * this file stays the only one that touches `Date` and timers.
 */
export interface Clock {
  /** The wall clock. For stamps shown to people; leases and deadlines in the database use the database's `now()`. */
  now(): Date;
  /** Milliseconds from an arbitrary start. Never goes back, so it is what durations are measured with. */
  monotonicMs(): number;
  /**
   * Calls `fn` once after at least `ms` milliseconds; negative counts as 0. The returned function cancels and may be
   * called at any time. A pending call does not keep the process alive.
   */
  after(ms: number, fn: () => void): () => void;
  /** Resolves after `ms`. Rejects with the signal's reason as soon as it aborts (at once when it already has). */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** setTimeout holds its delay in 31 bits and turns anything longer into 1 ms, so longer waits are made of several. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1;

export function createSystemClock(): Clock {
  const after = (ms: number, fn: () => void): (() => void) => {
    let timer: NodeJS.Timeout;
    const arm = (leftMs: number): void => {
      const stepMs = Math.min(leftMs, TIMEOUT_MAX_MS);
      timer = setTimeout(() => (leftMs > stepMs ? arm(leftMs - stepMs) : fn()), stepMs);
      timer.unref();
    };
    arm(Math.max(0, ms));
    return () => clearTimeout(timer);
  };
  return {
    now: () => new Date(),
    monotonicMs: () => performance.now(),
    after,
    sleep: (ms, signal) => sleepWith(after, ms, signal),
  };
}

function sleepWith(after: Clock['after'], ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
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
  });
}
