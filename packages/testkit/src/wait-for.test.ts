import { describe, expect, it } from 'vitest';
import { waitFor } from './wait-for.js';

describe('waitFor', () => {
  it('returns the first value that is there', async () => {
    let calls = 0;
    const value = await waitFor(() => {
      calls += 1;
      return calls === 3 ? 'ready' : null;
    });
    expect(value).toBe('ready');
  });

  it('takes 0 and the empty string as values', async () => {
    expect(await waitFor(() => 0)).toBe(0);
    expect(await waitFor(() => '')).toBe('');
  });

  it('accepts assertions as conditions', async () => {
    let calls = 0;
    await waitFor(() => {
      calls += 1;
      expect(calls).toBe(2);
      return true;
    });
    expect(calls).toBe(2);
  });

  it('fails naming what never came and why', async () => {
    const wait = waitFor(
      () => {
        throw new Error('still 3 rows');
      },
      { timeoutMs: 20, what: 'the queue to drain' },
    );
    await expect(wait).rejects.toThrow('waited 20 ms for the queue to drain: still 3 rows');
  });
});
