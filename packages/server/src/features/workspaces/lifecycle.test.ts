import { STATUSES } from '@molecule/contract';
import { describe, expect, it } from 'vitest';
import { decide, LIFECYCLE, TRIGGERS } from './lifecycle.js';
import type { FailingTrigger } from './transition.js';

describe('the lifecycle table', () => {
  it('decides every trigger in every status', () => {
    for (const status of STATUSES) {
      expect(Object.keys(LIFECYCLE[status]).sort()).toEqual([...TRIGGERS].sort());
    }
  });

  it('R42: nothing leads out of removed', () => {
    for (const trigger of TRIGGERS) expect(decide('removed', trigger)).not.toHaveProperty('to');
  });

  it('R14: only triggers that carry a failure lead to failed', () => {
    const leading = TRIGGERS.filter((trigger) =>
      STATUSES.some((status) => {
        const outcome = decide(status, trigger);
        return status !== 'failed' && 'to' in outcome && outcome.to === 'failed';
      }),
    );
    expect(leading).toEqual(['start_failed', 'start_timed_out', 'crash_looped'] satisfies FailingTrigger[]);
  });

  it('B-26: a late register or heartbeat revives neither a paused nor a hibernated workspace', () => {
    for (const status of ['paused', 'hibernating', 'hibernated'] as const) {
      for (const trigger of ['registered', 'beat', 'beat_recovered', 'beat_impaired'] as const) {
        expect(decide(status, trigger)).toHaveProperty('ignore');
      }
    }
  });

  it('D17, B-27: silence demotes neither awaiting_agent, failed nor provisioning', () => {
    for (const status of ['awaiting_agent', 'failed', 'provisioning'] as const) {
      for (const trigger of ['went_silent', 'external_went_silent'] as const) {
        expect(decide(status, trigger)).toHaveProperty('ignore');
      }
    }
  });

  it('D23: a late start failure does not overwrite online', () => {
    expect(decide('online', 'start_failed')).toHaveProperty('ignore');
    expect(decide('online', 'start_timed_out')).toHaveProperty('ignore');
  });

  it('the current agent of a failed workspace brings it back', () => {
    expect(decide('failed', 'registered')).toEqual({ to: 'online' });
    expect(decide('failed', 'beat')).toEqual({ to: 'online' });
  });
});
