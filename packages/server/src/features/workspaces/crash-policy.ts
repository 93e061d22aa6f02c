/** Where a workspace stands in its current series of crashes. */
export interface CrashSeries {
  readonly count: number;
  readonly windowStartedAt: Date | null;
  readonly onlineSince: Date | null;
}

export type CrashVerdict =
  | { readonly kind: 'retry'; readonly count: number; readonly windowStartedAt: Date; readonly delayMs: number }
  | { readonly kind: 'give_up'; readonly count: number };

const WINDOW_MS = 10 * 60_000;
const CRASHES_MAX = 5;
const FIRST_DELAY_MS = 1_000;
const DELAY_MAX_MS = 16_000;

/**
 * Crash loops are bounded (design §4.3): the instance is started again after 1, 2, 4, 8 and at most 16 s, each moved by
 * up to a tenth so that a team that fell together does not rise together; the fifth crash within ten minutes gives up.
 * Ten minutes online end the series. Pure: `fraction` is a random number in [0, 1).
 */
export function judgeCrash(series: CrashSeries, now: Date, fraction: number): CrashVerdict {
  const healthy = series.onlineSince !== null && now.getTime() - series.onlineSince.getTime() >= WINDOW_MS;
  const expired = series.windowStartedAt !== null && now.getTime() - series.windowStartedAt.getTime() >= WINDOW_MS;
  const fresh = healthy || expired || series.windowStartedAt === null;
  const count = fresh ? 1 : series.count + 1;
  if (count >= CRASHES_MAX) return { kind: 'give_up', count };
  const delayMs = Math.min(FIRST_DELAY_MS * 2 ** (count - 1), DELAY_MAX_MS);
  return {
    kind: 'retry',
    count,
    windowStartedAt: fresh ? now : (series.windowStartedAt ?? now),
    delayMs: Math.round(delayMs * (0.9 + 0.2 * fraction)),
  };
}
