import type { Ports } from '../../ports.js';
import type { Forward } from '../../proxy/forward.js';
import type { WorkspaceReads } from '../workspaces/index.js';
import { hasEnded } from './delegation-state.js';
import { type DelegationRecord, findDelegation } from './delegations.store.js';
import type { Ledger } from './ledger.js';
import { RECORDED_METHOD } from './ledger.types.js';
import { reach } from './reachability.js';

export interface CancelDeps extends Pick<Ports, 'lanes' | 'supervisor' | 'logger'> {
  readonly ledger: Ledger;
  readonly workspaces: WorkspaceReads;
  readonly forward: Forward;
}

const TELL_TIMEOUT_MS = 15_000;

/**
 * Gives a delegation up for its caller; null when it made none with this id. Whoever ends a row first wins, so one that
 * completes meanwhile stays completed, and repeating changes nothing. The agent is told to stop in the background: that
 * it does is not promised, only that its answer no longer counts.
 */
export async function cancelDelegation(
  deps: CancelDeps,
  callerId: string,
  id: string,
  why: string,
): Promise<DelegationRecord | null> {
  const { lanes, ledger, supervisor } = deps;
  const row = await findDelegation(lanes.control, callerId, id);
  if (row === null || hasEnded(row.state)) return row;
  const ending = { state: 'canceled', reason: 'canceled_by_caller', detail: why, result: null } as const;
  const canceled = await ledger.end({ id, owner: null, ending });
  // One that waits in the queue was handed to nobody.
  if (canceled && row.state !== 'queued' && row.method !== RECORDED_METHOD) {
    supervisor.background('delegation-cancel', (signal) => tellAgent(deps, row, callerId, signal));
  }
  return findDelegation(lanes.control, callerId, id);
}

async function tellAgent(
  { lanes, workspaces, forward, logger }: CancelDeps,
  row: DelegationRecord,
  callerId: string,
  signal: AbortSignal,
): Promise<void> {
  const target = await workspaces.find(lanes.work, row.target_id);
  const address = target ? reach(target) : null;
  if (address?.kind !== 'push') return;
  const outcome = await forward({
    ...address,
    callerId,
    body: JSON.stringify({ jsonrpc: '2.0', id: row.id, method: 'tasks/cancel', params: { id: row.id } }),
    idleMs: TELL_TIMEOUT_MS * 2,
    deadlineMs: TELL_TIMEOUT_MS,
    lastBeatAt: async () => null,
    openSink: null,
    onProgress: () => {},
    signal,
  });
  if (outcome.kind !== 'answered') {
    logger.info(
      { delegation: row.id, target: row.target_id, outcome: outcome.kind },
      'an agent was not told to cancel',
    );
  }
}
