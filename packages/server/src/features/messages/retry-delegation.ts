import { refuse } from '../../platform/http/app-error.js';
import type { Ports } from '../../ports.js';
import { textOfParts } from '../../proxy/envelope.js';
import { isJsonObject } from '../../proxy/json.js';
import { hasEnded } from './delegation-state.js';
import type { Delegations, Submitted } from './delegations.js';
import { findTask } from './delegations.store.js';

/**
 * Gives the task of a delegation that ended without a result once more: a row of its own, so that what became of the
 * first stays readable, under the same limits as any other. Throws the refusals of a new delegation.
 */
export async function retryDelegation(
  { lanes }: Pick<Ports, 'lanes'>,
  delegations: Delegations,
  callerId: string,
  id: string,
): Promise<Submitted> {
  const row = (await findTask(lanes.control, callerId, id)) ?? refuse('delegation_not_found');
  if (!hasEnded(row.state) || row.state === 'completed') refuse('delegation_not_failed');
  return delegations.submit(callerId, { target_id: row.targetId, task: taskOf(row.body) || row.taskPreview });
}

function taskOf(body: unknown): string {
  const params = isJsonObject(body) ? body.params : null;
  const message = isJsonObject(params) ? params.message : null;
  return isJsonObject(message) ? textOfParts(message.parts) : '';
}
