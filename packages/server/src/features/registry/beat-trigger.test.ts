import { STATUSES } from '@molecule/contract';
import { describe, expect, it } from 'vitest';
import { toBeatTrigger } from './beat-trigger.js';

const healthy = { errorRate: 0, sampleError: '', runtimeState: '', managesStatus: false } as const;
const triggerOf = (vitals: Parameters<typeof toBeatTrigger>[0]) => toBeatTrigger(vitals)?.trigger ?? null;

describe('what a heartbeat says to the lifecycle', () => {
  it('an ordinary beat costs a transition only where it can move the status', () => {
    const asked = STATUSES.filter((status) => triggerOf({ ...healthy, status }) === 'beat');
    expect(asked).toEqual(['provisioning', 'offline', 'awaiting_agent', 'failed']);
    expect(triggerOf({ ...healthy, status: 'online' })).toBeNull();
    expect(triggerOf({ ...healthy, status: 'degraded' })).toBe('beat_recovered');
  });

  it('whoever is not online yet comes online first, however bad the beat is', () => {
    for (const status of ['provisioning', 'offline', 'awaiting_agent', 'failed'] as const) {
      expect(triggerOf({ ...healthy, status, runtimeState: 'wedged', errorRate: 1 })).toBe('beat');
    }
  });

  it('paused, hibernated and removed hear nothing, however bad the beat is', () => {
    for (const status of ['paused', 'hibernating', 'hibernated', 'removed'] as const) {
      expect(toBeatTrigger({ ...healthy, status, runtimeState: 'wedged', errorRate: 1 })).toBeNull();
    }
  });

  it('wedged and a high error rate in one beat make one impairment, and wedged names it', () => {
    const both = { ...healthy, status: 'online', runtimeState: 'wedged', errorRate: 0.9, sampleError: 'x' } as const;
    expect(toBeatTrigger(both)).toEqual({
      trigger: 'beat_impaired',
      degraded: { runtime_state: 'wedged', sample_error: 'x' },
    });
    expect(toBeatTrigger({ ...both, runtimeState: '' })).toEqual({
      trigger: 'beat_impaired',
      degraded: { error_rate: 0.9, sample_error: 'x' },
    });
  });

  it('an agent that manages its own status is judged by wedged alone', () => {
    const own = { ...healthy, managesStatus: true } as const;
    expect(triggerOf({ ...own, status: 'online', errorRate: 1 })).toBeNull();
    expect(triggerOf({ ...own, status: 'online', runtimeState: 'wedged' })).toBe('beat_impaired');
    expect(triggerOf({ ...own, status: 'degraded' })).toBeNull();
  });

  it('B-31: runtime_state "ok" does not block a recovery; an error rate between the thresholds does', () => {
    expect(triggerOf({ ...healthy, status: 'degraded', runtimeState: 'ok' })).toBe('beat_recovered');
    expect(triggerOf({ ...healthy, status: 'degraded', errorRate: 0.1 })).toBeNull();
    expect(triggerOf({ ...healthy, status: 'online', errorRate: 0.49 })).toBeNull();
  });
});
