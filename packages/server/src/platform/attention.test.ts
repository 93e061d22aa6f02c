import { createFakeClock } from '@molecule/testkit';
import { expect, it } from 'vitest';
import { createAttention } from './attention.js';

it('attention counts from the last gap: a start, a sleep, a time of failures', async () => {
  const clock = createFakeClock();
  const attention = createAttention(clock, 60_000);
  const seen: number[] = [];
  const cycle = async (afterMs: number, fails = false): Promise<void> => {
    await clock.advance(afterMs);
    const run = attention.during(async (seconds) => {
      if (fails) throw new Error('away');
      seen.push(seconds);
    });
    await run.catch(() => undefined);
  };
  await cycle(600_000);
  await cycle(30_000);
  await cycle(30_000);
  expect(seen.splice(0)).toEqual([0, 30, 60]);
  await cycle(3_600_000);
  await cycle(30_000);
  expect(seen.splice(0)).toEqual([0, 30]);
  await cycle(30_000, true);
  await cycle(30_000, true);
  await cycle(30_000);
  expect(seen).toEqual([0]);
});
