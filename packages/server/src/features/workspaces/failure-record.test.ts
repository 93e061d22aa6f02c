import { describe, expect, it } from 'vitest';
import { EVENT_PAYLOAD_BYTES_MAX } from '../../platform/event-log.js';
import { toStorableJson } from '../../platform/storable-json.js';
import { recordFailure } from './failure-record.js';

const sizeOf = (payload: unknown) => Buffer.byteLength(toStorableJson(payload));

describe('what a failure leaves', () => {
  it('fits into an event whatever its parts are', () => {
    const missing = Array.from({ length: 400 }, (_, n) => `SOME_RATHER_LONG_NAME_OF_A_KEY_${n}`);
    const { payload } = recordFailure({
      reason: 'missing_env',
      text: `missing required env vars ${missing.join(', ')}`,
      logTail: Array.from({ length: 60 }, () => '\u0000"\ud800'.repeat(500)),
      event: { missing, runtime: 'r'.repeat(100), source: 'provision_timeout_sweep', timeout_secs: 600 },
    });
    expect(sizeOf(payload)).toBeLessThanOrEqual(EVENT_PAYLOAD_BYTES_MAX);
    expect(payload.missing?.slice(0, 2)).toEqual(missing.slice(0, 2));
    expect(payload.error).toMatch(/^missing required env vars SOME_.*…$/);
  });

  it('keeps the last forty lines, on the row and in the event', () => {
    const lines = Array.from({ length: 50 }, (_, n) => `line ${n}`);
    const { payload, text } = recordFailure({ reason: 'crash_loop', text: 'It ended.', logTail: lines });
    expect(payload).toEqual({ error: 'It ended.', reason: 'crash_loop', log_tail: lines.slice(10).join('\n') });
    expect(text).toBe(`It ended.\n\n${lines.slice(10).join('\n')}`);
  });

  it('speaks of no output where there is none', () => {
    const record = recordFailure({ reason: 'crash_loop', text: 'It ended.', logTail: ['', ' '] });
    expect(record).toEqual({ payload: { error: 'It ended.', reason: 'crash_loop' }, text: 'It ended.' });
  });
});
