import { createFakeClock } from '@molecule/testkit';
import { describe, expect, it } from 'vitest';
import { PlatformUnavailableError } from '../../platform/errors.js';
import { createLogger } from '../../platform/logger.js';
import { persist } from './ledger.js';

describe('writing down an outcome', () => {
  const logger = createLogger({ level: 'silent' });

  it('goes on until the database takes it, and tells once that it has to wait', async () => {
    const clock = createFakeClock();
    let tries = 0;
    let told = 0;
    const write = async (): Promise<string> => {
      tries += 1;
      if (tries < 4) throw new PlatformUnavailableError('away');
      return 'written';
    };
    const result = persist({ clock, logger }, write, new AbortController().signal, () => {
      told += 1;
    });
    await clock.advance(10_000);
    expect(await result).toBe('written');
    expect({ tries, told }).toEqual({ tries: 4, told: 1 });
  });

  it('does not repeat what the database has judged', async () => {
    let tries = 0;
    const write = async (): Promise<void> => {
      tries += 1;
      throw new Error('violates check constraint');
    };
    await expect(
      persist({ clock: createFakeClock(), logger }, write, new AbortController().signal, () => {}),
    ).rejects.toThrow('violates check constraint');
    expect(tries).toBe(1);
  });
});
