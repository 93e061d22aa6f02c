import { hasEnded } from './delegation-state.js';
import { type DelegationRecord, findDelegation } from './delegations.store.js';
import { type GiveUpDeps, giveUp } from './give-up.js';
import { RECORDED_METHOD } from './ledger.types.js';

/** Gives a delegation up for its caller; null when it made none with this id. Repeating changes nothing. */
export async function cancelDelegation(
  deps: GiveUpDeps,
  callerId: string,
  id: string,
  why: string,
): Promise<DelegationRecord | null> {
  const db = deps.lanes.control;
  const row = await findDelegation(db, callerId, id);
  if (row === null || hasEnded(row.state)) return row;
  const messageId = row.method === RECORDED_METHOD ? null : row.id;
  await giveUp(deps, { id, callerId, targetId: row.target_id, state: row.state, messageId }, why);
  return findDelegation(db, callerId, id);
}
