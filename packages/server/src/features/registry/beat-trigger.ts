import type { EventPayloads, Status } from '@molecule/contract';

interface Vitals {
  readonly status: Status;
  readonly errorRate: number;
  readonly sampleError: string;
  readonly runtimeState: string;
  readonly managesStatus: boolean;
}

type BeatTrigger =
  | { readonly trigger: 'beat' | 'beat_recovered' }
  | { readonly trigger: 'beat_impaired'; readonly degraded: EventPayloads['WORKSPACE_DEGRADED'] };

const IMPAIRED_FROM = 0.5;
const RECOVERED_BELOW = 0.1;

/**
 * What a heartbeat says to the lifecycle, null when there is nothing to say (contract registry-a2a §7.4). Only statuses
 * that a beat can move are answered with a trigger: an ordinary beat must not cost a transaction.
 */
export function toBeatTrigger(vitals: Vitals): BeatTrigger | null {
  const impairment = findImpairment(vitals);
  switch (vitals.status) {
    case 'provisioning':
    case 'offline':
    case 'awaiting_agent':
    case 'failed':
      // Whatever it says, it is there: what waits for it goes out, and the next beat is judged.
      return { trigger: 'beat' };
    case 'online':
      return impairment ? { trigger: 'beat_impaired', degraded: impairment } : null;
    case 'degraded': {
      const recovered = !impairment && vitals.errorRate < RECOVERED_BELOW && !vitals.managesStatus;
      return recovered ? { trigger: 'beat_recovered' } : null;
    }
    case 'paused':
    case 'hibernating':
    case 'hibernated':
    case 'removed':
      return null;
    default: {
      const unreachable: never = vitals.status;
      throw new Error(`no beat rule for status ${String(unreachable)}`);
    }
  }
}

/** `wedged` is the only runtime state that means something; the CLI's `ok` must not block a recovery (B-31). */
function findImpairment(vitals: Vitals): EventPayloads['WORKSPACE_DEGRADED'] | null {
  const { errorRate: error_rate, sampleError: sample_error } = vitals;
  if (vitals.runtimeState === 'wedged') return { runtime_state: 'wedged', sample_error };
  if (error_rate >= IMPAIRED_FROM && !vitals.managesStatus) return { error_rate, sample_error };
  return null;
}
