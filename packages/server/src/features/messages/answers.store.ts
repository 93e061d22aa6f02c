import { sql } from 'kysely';
import type { Tx } from '../../platform/db.js';
import { toStorableJson } from '../../platform/storable-json.js';
import { firstCharacters } from '../activity/index.js';
import type { EndedMessage } from './ledger.types.js';

const PREVIEW_CHARACTERS = 300;

/** A message that lies in the inbox of a polling workspace, with what its agent has answered so far. */
export interface InboxMessage extends Omit<EndedMessage, 'state'> {
  /** JSON text of the answer; null while there is none. */
  readonly result: string | null;
  readonly errorDetail: string | null;
}

/** What a person wrote to this workspace under this id, held until the end of `tx`; null when nothing. */
export async function lockInboxMessage(tx: Tx, targetId: string, id: string): Promise<InboxMessage | null> {
  const { rows } = await sql<InboxMessage>`
    select id, kind, caller_id as "callerId", target_id as "targetId", message_id as "messageId", method,
           result::text as result, error_detail as "errorDetail",
           ceil(extract(epoch from now() - created_at) * 1000)::double precision as "durationMs"
      from messages
     where id = ${id} and target_id = ${targetId} and kind = 'chat' and state in ('completed', 'failed')
       for update`.execute(tx);
  return rows[0] ?? null;
}

/** Delivered to the inbox it counted as completed; now it has its answer as well, or the reason why there is none. */
export async function writeAnswer(
  tx: Tx,
  id: string,
  answer: { readonly result: unknown; readonly text: string } | { readonly failure: string },
): Promise<void> {
  const failed = 'failure' in answer;
  await tx
    .updateTable('messages')
    .set({
      state: failed ? 'failed' : 'completed',
      reason: failed ? 'agent_error' : null,
      error_detail: failed ? answer.failure : null,
      result: failed ? null : toStorableJson(answer.result),
      result_preview: failed ? null : firstCharacters(answer.text, PREVIEW_CHARACTERS),
      updated_at: sql`now()`,
    })
    .where('id', '=', id)
    .execute();
}
