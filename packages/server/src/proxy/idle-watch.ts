import type { Clock } from '../platform/clock.js';

export interface IdleWatch {
  /** A sign of life on the connection itself. */
  touch(): void;
  stop(): void;
}

export interface IdleWatchOptions {
  readonly clock: Clock;
  readonly idleMs: number;
  /** When the agent last beat, read from the database: beats may arrive at another replica. */
  readonly lastBeatAt: () => Promise<Date | null>;
  readonly onSilent: () => void;
  /** The beat could not be read. Nobody is cut on a guess; the watch looks again after another window. */
  readonly onUnreadable: (error: unknown) => void;
}

/**
 * Cuts an agent that gives no sign of life. Working quietly is not silence: as long as heartbeats arrive the agent may
 * take as long as it wants (design §7, contract registry-a2a B-46).
 */
export function watchIdle(options: IdleWatchOptions): IdleWatch {
  const { clock, idleMs } = options;
  let touchedMs = clock.monotonicMs();
  let stopped = false;
  let cancel = (): void => {};

  const arm = (ms: number): void => {
    if (!stopped) cancel = clock.after(ms, look);
  };
  const look = (): void => {
    const quietMs = clock.monotonicMs() - touchedMs;
    if (quietMs < idleMs) {
      arm(idleMs - quietMs);
      return;
    }
    options.lastBeatAt().then(
      (beatAt) => {
        const sinceBeatMs = beatAt === null ? Number.POSITIVE_INFINITY : clock.now().getTime() - beatAt.getTime();
        if (sinceBeatMs < idleMs) arm(Math.max(1, idleMs - sinceBeatMs));
        else if (clock.monotonicMs() - touchedMs < idleMs) arm(idleMs);
        else if (!stopped) options.onSilent();
      },
      (error: unknown) => {
        options.onUnreadable(error);
        arm(idleMs);
      },
    );
  };
  arm(idleMs);

  return {
    touch() {
      touchedMs = clock.monotonicMs();
    },
    stop() {
      stopped = true;
      cancel();
    },
  };
}
