import type { Clock } from './clock.js';

/**
 * How long a loop has been there to see what it judges. What took long while nobody was there (the server was down, the
 * machine slept, the database was away) says nothing about those who are judged: they get their full time anew.
 */
export interface Attention {
  /** Runs one cycle with the seconds since the last gap. A cycle that throws was not attentive. */
  during(cycle: (seconds: number) => Promise<void>): Promise<void>;
}

/** A pause of more than `gapMs` between the end of a good cycle and the next is a gap. Wall time: it counts sleep too. */
export function createAttention(clock: Pick<Clock, 'now'>, gapMs: number): Attention {
  let lastGoodAt: Date | null = null;
  let since = clock.now();
  return {
    async during(cycle) {
      const now = clock.now();
      if (lastGoodAt === null || now.getTime() - lastGoodAt.getTime() > gapMs) since = now;
      await cycle(Math.floor((now.getTime() - since.getTime()) / 1_000));
      lastGoodAt = clock.now();
    },
  };
}
