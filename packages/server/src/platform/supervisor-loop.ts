import type { Clock } from './clock.js';
import { toError } from './errors.js';
import type { Logger } from './logger.js';
import type { Random } from './random.js';

export interface LoopSpec {
  /** Shown at /admin/liveness. */
  readonly name: string;
  /** Pause between the end of one cycle and the start of the next. */
  readonly everyMs: number;
  /** The pause varies by this share in both directions, so that replicas do not march in step. Default 0.2. */
  readonly jitter?: number;
  /** Ceiling of the pause after repeated failures. Default 30,000. */
  readonly retryMaxMs?: number;
  /**
   * One cycle. Cycles of one loop never overlap. A throw is logged, counted and retried after 1 s, doubling up to
   * `retryMaxMs`; the first good cycle resets that. The signal aborts when a stop has run out of patience.
   */
  run(signal: AbortSignal): Promise<void>;
}

export interface LoopHandle {
  /**
   * Runs a cycle as soon as possible; several nudges make one cycle. A nudge during a cycle makes one more follow.
   * After a failure it shortens the pause to 1 s at best, so that nudges cannot turn a failing loop into a hot one.
   */
  nudge(): void;
  /** Test seam: runs one cycle now (after a running one) and rejects if that cycle throws. */
  runOnce(): Promise<void>;
}

export interface LoopLiveness {
  readonly last_tick_at: string;
  readonly seconds_ago: number;
  readonly failures: number;
  readonly last_error: string | null;
}

/** One supervised loop. Only the supervisor holds it. */
export interface Loop {
  readonly name: string;
  readonly handle: LoopHandle;
  start(): void;
  stop(): void;
  running(): Promise<void> | null;
  liveness(): LoopLiveness;
}

export interface LoopDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly onFailure?: (name: string) => void;
}

const RETRY_MIN_MS = 1_000;

export function createLoop(spec: LoopSpec, deps: LoopDeps, signal: AbortSignal): Loop {
  const { clock, random, logger } = deps;
  let active = false;
  let nudged = false;
  let current: Promise<void> | null = null;
  let cancelNext = (): void => {};
  let lastTickAt = clock.now();
  let lastFailureMs = Number.NEGATIVE_INFINITY;
  let failures = 0;
  let failuresInRow = 0;
  let lastError: string | null = null;

  /** Starts a cycle; the caller has made sure that none is running. The promise rejects as the cycle does. */
  const cycle = (): Promise<void> => {
    cancelNext();
    nudged = false;
    const run = Promise.resolve()
      .then(() => spec.run(signal))
      .then(succeeded, failed);
    current = run.finally(() => {
      current = null;
      plan();
    });
    return current;
  };

  const succeeded = (): void => {
    lastTickAt = clock.now();
    failuresInRow = 0;
    lastError = null;
  };

  const failed = (error: unknown): never => {
    failures += 1;
    failuresInRow += 1;
    lastFailureMs = clock.monotonicMs();
    lastError = toError(error).message;
    deps.onFailure?.(spec.name);
    logger.error({ err: error, loop: spec.name, failuresInRow }, 'loop cycle failed');
    throw error;
  };

  const plan = (): void => {
    cancelNext();
    if (!active || current !== null) return;
    cancelNext = clock.after(pauseMs(), () => {
      // The failure is logged and counted in the cycle itself; the next one is planned when it settles.
      cycle().catch(() => {});
    });
  };

  const pauseMs = (): number => {
    if (failuresInRow > 0) {
      if (nudged) return lastFailureMs + RETRY_MIN_MS - clock.monotonicMs();
      return Math.min(RETRY_MIN_MS * 2 ** (failuresInRow - 1), spec.retryMaxMs ?? 30_000);
    }
    const jitter = spec.jitter ?? 0.2;
    return nudged ? 0 : spec.everyMs * (1 + jitter * (2 * random.fraction() - 1));
  };

  return {
    name: spec.name,
    handle: {
      nudge() {
        if (nudged) return;
        nudged = true;
        plan();
      },
      async runOnce() {
        while (current !== null) await current.catch(() => {});
        await cycle();
      },
    },
    start() {
      active = true;
      nudged = true;
      plan();
    },
    stop() {
      active = false;
      cancelNext();
    },
    running: () => current,
    liveness: () => ({
      last_tick_at: lastTickAt.toISOString(),
      seconds_ago: Math.max(0, Math.floor((clock.now().getTime() - lastTickAt.getTime()) / 1_000)),
      failures,
      last_error: lastError,
    }),
  };
}
