import type { Clock } from './clock.js';
import type { Logger } from './logger.js';
import type { Random } from './random.js';
import { createLoop, type Loop, type LoopHandle, type LoopLiveness, type LoopSpec } from './supervisor-loop.js';

export type { LoopHandle, LoopLiveness, LoopSpec } from './supervisor-loop.js';

/** The only starter of loops and background tasks, so that each one is seen, counted, drained and stopped. */
export interface Supervisor {
  /** Registers a loop. It runs from `start()` on, at once if that was already called. Names are unique. */
  loop(spec: LoopSpec): LoopHandle;
  /**
   * Starts a task that outlives its caller (a detached forward, a log write). It is waited for on stop; a throw is
   * logged and counted, never unhandled. After `stop` has finished, a new task is refused with a logged error.
   */
  background(name: string, task: (signal: AbortSignal) => Promise<void>): void;
  start(): void;
  /**
   * Starts no further cycles, waits up to `graceMs` for what is running, then aborts its signals and waits another
   * second. Whatever ignores even that is named in the log and left behind. May be called again; it waits likewise.
   */
  stop(graceMs: number): Promise<void>;
  /** Every loop by name. `last_tick_at` is the end of its last good cycle, or its registration before the first. */
  liveness(): Record<string, LoopLiveness>;
}

export interface SupervisorDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Called for every failed cycle and background task, for a metric. */
  readonly onFailure?: (name: string) => void;
}

const ABORT_SETTLE_MS = 1_000;

export function createSupervisor(deps: SupervisorDeps): Supervisor {
  const { clock, logger } = deps;
  const loops = new Map<string, Loop>();
  const tasks = new Map<Promise<void>, string>();
  const aborter = new AbortController();
  let state: 'idle' | 'running' | 'draining' | 'stopped' = 'idle';

  const fail = (name: string, error: unknown): void => {
    deps.onFailure?.(name);
    logger.error({ err: error, task: name }, 'background task failed');
  };

  const drained = async (): Promise<void> => {
    // A task may start another while draining, hence the loop.
    for (;;) {
      const running = [...tasks.keys(), ...[...loops.values()].flatMap((loop) => loop.running() ?? [])];
      if (running.length === 0) return;
      await Promise.allSettled(running);
    }
  };

  const within = async (ms: number): Promise<boolean> => {
    const timer = new AbortController();
    const done = drained().then(() => true);
    const late = clock.sleep(ms, timer.signal).then(
      () => false,
      () => true,
    );
    const result = await Promise.race([done, late]);
    timer.abort();
    return result;
  };

  return {
    loop(spec) {
      if (loops.has(spec.name)) throw new Error(`cannot register loop "${spec.name}": the name is taken`);
      const loop = createLoop(spec, deps, aborter.signal);
      loops.set(spec.name, loop);
      if (state === 'running') loop.start();
      return loop.handle;
    },
    background(name, task) {
      if (state === 'stopped') {
        fail(name, new Error(`cannot start background task "${name}": the server has stopped`));
        return;
      }
      const running: Promise<void> = Promise.resolve()
        .then(() => task(aborter.signal))
        .catch((error: unknown) => fail(name, error))
        .finally(() => tasks.delete(running));
      tasks.set(running, name);
    },
    start() {
      if (state !== 'idle') return;
      state = 'running';
      for (const loop of loops.values()) loop.start();
    },
    async stop(graceMs) {
      if (state !== 'stopped') state = 'draining';
      for (const loop of loops.values()) loop.stop();
      if (!(await within(graceMs))) {
        aborter.abort(new Error('the server is stopping'));
        if (!(await within(ABORT_SETTLE_MS))) {
          const left = [
            ...[...loops.values()].filter((l) => l.running() !== null).map((l) => l.name),
            ...tasks.values(),
          ];
          logger.error({ left }, 'tasks ignored the abort and were left behind');
        }
      }
      aborter.abort(new Error('the server has stopped'));
      state = 'stopped';
    },
    liveness: () => Object.fromEntries([...loops].map(([name, loop]) => [name, loop.liveness()])),
  };
}
