import { expect, it } from 'vitest';
import { ageOf, dayLabel, formatDuration } from './relative-time.js';

const now = Date.parse('2026-03-10T12:00:00Z');

it.each([
  [0, 'now'],
  [40_000, '40 s'],
  [5 * 60_000, '5 min'],
  [3 * 3_600_000, '3 h'],
  [49 * 3_600_000, '2 d'],
])('says how long ago %i ms are', (ms, text) => {
  expect(ageOf(now - ms, now)).toBe(text);
});

it('a clock that runs behind the server never shows a negative age', () => {
  expect(ageOf(now + 90_000, now)).toBe('now');
});

it('writes durations in the unit a person would use', () => {
  expect([12.4, 1_530, 65_000].map(formatDuration)).toEqual(['12 ms', '1.5 s', '1 min 5 s']);
});

it('names today and yesterday', () => {
  const noon = new Date(2026, 2, 10, 12).getTime();
  expect(dayLabel(new Date(2026, 2, 10, 0, 5).toISOString(), noon)).toBe('Today');
  expect(dayLabel(new Date(2026, 2, 9, 23, 55).toISOString(), noon)).toBe('Yesterday');
});
