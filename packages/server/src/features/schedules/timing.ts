import { Cron } from 'croner';

export interface Timing {
  /** Five fields: minute, hour, day of month, month, day of week. */
  readonly cronExpr: string;
  /** IANA name. */
  readonly timezone: string;
}

const EXPRESSION_LENGTH_MAX = 255;

/** Null when a schedule can have this timing, otherwise why not, for people. */
export function judgeTiming(timing: Timing): string | null {
  if (!isTimezone(timing.timezone)) return `there is no timezone "${timing.timezone.slice(0, 64)}"`;
  return readCron(timing) === null ? 'cron_expr must be five fields, such as "0 9 * * 1-5"' : null;
}

/** The first time after `after`; null when there is none within the years a pattern is searched, as for 30 February. */
export function nextRun(timing: Timing, after: Date): Date | null {
  return readCron(timing)?.nextRun(after) ?? null;
}

/** Only reads: without a function it never runs anything. */
function readCron({ cronExpr, timezone }: Timing): Cron | null {
  if (cronExpr.length > EXPRESSION_LENGTH_MAX) return null;
  try {
    return new Cron(cronExpr, { mode: '5-part', timezone, paused: true });
  } catch {
    // It throws for nothing but what it was given.
    return null;
  }
}

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
