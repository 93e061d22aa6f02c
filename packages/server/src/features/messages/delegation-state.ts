import type { DelegationState } from '@molecule/contract';
import type { MessageState } from './messages.tables.js';

export interface DelegationProgress {
  readonly state: MessageState;
  readonly dispatchedAt: Date | null;
  readonly lastHeartbeat: Date | null;
}

/**
 * The wire's word for a ledger row (design §7). Forward-only by construction: the two times are set once and never
 * cleared, so a row that goes back to the queue does not go back on the wire, and ended rows never change.
 */
export function toDelegationState({ state, dispatchedAt, lastHeartbeat }: DelegationProgress): DelegationState {
  switch (state) {
    case 'completed':
    case 'failed':
    case 'stuck':
      return state;
    case 'canceled':
      return 'failed';
    case 'queued':
    case 'working':
    case 'input_required':
      if (lastHeartbeat !== null || state === 'input_required') return 'in_progress';
      return dispatchedAt !== null ? 'dispatched' : 'queued';
    default:
      return state satisfies never;
  }
}

/** The same for a row as it is stored. */
export function stateOf(row: {
  readonly state: MessageState;
  readonly dispatched_at: Date | null;
  readonly last_heartbeat: Date | null;
}): DelegationState {
  return toDelegationState({ state: row.state, dispatchedAt: row.dispatched_at, lastHeartbeat: row.last_heartbeat });
}

const ENDED_STATES = ['completed', 'failed', 'canceled', 'stuck'] as const satisfies readonly MessageState[];

export function hasEnded(state: MessageState): boolean {
  return ENDED_STATES.some((ended) => ended === state);
}
