import type { LoadResult } from './load.js';
import { median } from './statistics.js';

const ROUNDS = 5;

export interface Compared {
  /** Median of the rounds: what the product manages of the requests per second of the bare one. */
  readonly ratio: number;
  readonly perSecond: { readonly bare: number; readonly real: number };
  readonly failed: number;
}

/** Both in turns, in the same minutes of the same machine. `run` is given the side and whether it only warms up. */
export async function compare(run: (side: 'bare' | 'real', warmUp: boolean) => Promise<LoadResult>): Promise<Compared> {
  await run('bare', true);
  await run('real', true);
  const pairs: Record<'bare' | 'real', LoadResult>[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    // Whoever goes first changes with every round, so that a machine that slows down favours neither.
    if (round % 2 === 0) {
      const bare = await run('bare', false);
      pairs.push({ bare, real: await run('real', false) });
    } else {
      const real = await run('real', false);
      pairs.push({ real, bare: await run('bare', false) });
    }
  }
  const perSecond = (side: 'bare' | 'real') => Math.round(median(pairs.map((pair) => pair[side].perSecond)));
  return {
    ratio: median(pairs.map(({ bare, real }) => real.perSecond / bare.perSecond)),
    perSecond: { bare: perSecond('bare'), real: perSecond('real') },
    failed: pairs.reduce((sum, { bare, real }) => sum + bare.failed + real.failed, 0),
  };
}

export const WARM_UP_SECONDS = 3;
export const SECONDS = 4;

/** "42 % (4,200 of 10,000 req/s), 0 refused". */
export function describeCompared({ ratio, perSecond, failed }: Compared): string {
  return `${(ratio * 100).toFixed(0)} % (${perSecond.real} of ${perSecond.bare} req/s), ${failed} refused`;
}
