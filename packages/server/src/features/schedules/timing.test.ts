import { describe, expect, it } from 'vitest';
import { judgeTiming, nextRun } from './timing.js';

const at = (text: string) => new Date(text);

describe('the timing of a schedule', () => {
  it.each([
    ['*/5 * * * *', 'UTC'],
    ['0 9 * * 1-5', 'Europe/Berlin'],
    ['30 4 1,15 * 5', 'America/New_York'],
  ])('accepts %s in %s', (cronExpr, timezone) => {
    expect(judgeTiming({ cronExpr, timezone })).toBeNull();
  });

  it.each([
    ['* * * *', 'UTC', 'five fields'],
    ['* * * * * *', 'UTC', 'five fields'],
    ['61 * * * *', 'UTC', 'five fields'],
    ['@hourly?', 'UTC', 'five fields'],
    [`${'1,'.repeat(200)}1 * * * *`, 'UTC', 'five fields'],
    ['', 'UTC', 'five fields'],
    ['* * * * *', 'Mars/Olympus', 'no timezone "Mars/Olympus"'],
    ['* * * * *', '', 'no timezone ""'],
  ])('refuses %j in %s and says why', (cronExpr, timezone, reason) => {
    expect(judgeTiming({ cronExpr, timezone })).toContain(reason);
  });

  it('the next run is counted in the zone of the schedule, across a change of the clocks', () => {
    const timing = { cronExpr: '0 9 * * *', timezone: 'Europe/Berlin' };
    expect(nextRun(timing, at('2026-03-28T07:00:00Z'))).toEqual(at('2026-03-28T08:00:00Z'));
    expect(nextRun(timing, at('2026-03-28T09:00:00Z'))).toEqual(at('2026-03-29T07:00:00Z'));
  });

  it('a day that never comes has no next run', () => {
    expect(nextRun({ cronExpr: '0 0 30 2 *', timezone: 'UTC' }, at('2026-01-01T00:00:00Z'))).toBeNull();
  });
});
