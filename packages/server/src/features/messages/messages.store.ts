import { sql } from 'kysely';
import { type Db, prepared, type Tx } from '../../platform/db.js';
import { toStorableJson, toStorableText } from '../../platform/storable-json.js';
import { firstCharacters } from '../activity/index.js';
import {
  type EndedMessage,
  isAnswered,
  type NewEnding,
  type NewMessage,
  RECORDED_METHOD,
  type RecordedMessage,
} from './ledger.types.js';
import { resendableReasons } from './reasons.js';

/** Answers above this are not kept for a repetition; a marker says so. The caller had them in full. */
const RESULT_BYTES_MAX = 1024 * 1024;
const PREVIEW_CHARACTERS = 300;
const DETAIL_CHARACTERS = 2_000;

/**
 * Records messages and returns the ids of those that are new. Missing are those whose message id the target has
 * already, and those that would exceed `depthMax`: a message sent while its sender works on another is one deeper than
 * that one, which is what ends a chain of agents that keep writing to each other.
 */
export async function insertMessages(tx: Tx, rows: readonly NewMessage[], depthMax: number): Promise<Set<string>> {
  const batch = `[${rows.map(toInsertItem).join(',')}]`;
  const inserted = await sql<{ id: string }>`${prepared('message-insert')}
    insert into messages (id, kind, caller_id, target_id, message_id, method, body, task_preview, task_hash,
                          idempotency_key, cause_id, depth, for_generation, task_id, context_id, state, attempts, lease_owner, lease_until,
                          dispatched_at, deadline, ended_at)
    select i.id, i.kind, i.caller_id, i.target_id, i.message_id, i.method, i.body, i.task_preview,
           decode(i.task_hash, 'hex'), i.idempotency_key, coalesce(i.cause_id, cause.id),
           coalesce(i.depth, cause.depth + 1, 0), i.for_generation, i.task_id, i.context_id, i.state,
           case when i.lease_owner is null then 0 else 1 end,
           i.lease_owner, now() + make_interval(secs => i.lease_secs),
           case when i.lease_owner is not null or i.method = ${RECORDED_METHOD} then now() end,
           now() + make_interval(secs => i.deadline_secs),
           case when i.state = 'completed' then now() end
      from json_to_recordset(${batch}::json) as i(
             id uuid, kind text, caller_id uuid, target_id uuid, message_id text, method text, body json,
             task_preview text, task_hash text, idempotency_key text, cause_id uuid, depth integer,
             for_generation bigint, task_id uuid, context_id text, state text, lease_owner uuid, lease_secs double precision, deadline_secs double precision)
      left join lateral (
             select m.id, m.depth from messages as m
              where m.target_id = i.caller_id and m.state = 'working' and m.kind <> 'system' and i.depth is null
              order by m.seq desc limit 1) as cause on true
     where coalesce(i.depth, cause.depth + 1, 0) <= ${depthMax}
    on conflict do nothing
    returning id`.execute(tx);
  return new Set(inserted.rows.map((row) => row.id));
}

function toInsertItem(row: NewMessage): string {
  const plain = toStorableJson({
    id: row.id,
    kind: row.kind,
    caller_id: row.callerId,
    target_id: row.targetId,
    message_id: row.messageId,
    method: row.method,
    task_preview: row.taskPreview,
    task_hash: row.delegation?.taskHash ?? null,
    idempotency_key: row.delegation?.idempotencyKey ?? null,
    cause_id: row.delegation?.causeId ?? null,
    depth: row.delegation?.depth ?? null,
    for_generation: row.forGeneration ?? null,
    task_id: row.taskId ?? null,
    context_id: row.contextId ?? null,
    state: row.state,
    lease_owner: row.lease?.owner ?? null,
    lease_secs: row.lease === null ? null : row.lease.ms / 1_000,
    deadline_secs: row.deadlineMs === null ? null : row.deadlineMs / 1_000,
  });
  return `${plain.slice(0, -1)},"body":${row.body}}`;
}

/**
 * Ends rows that have not ended yet. An owner in the item must still hold the row, so that a holder whose lease was
 * taken over changes nothing. Returns only the rows this call has ended. The limit lets all of them pass; it tells the
 * planner that they are few, so that it looks each up by its id.
 */
export async function endMessages(tx: Tx, items: readonly NewEnding[]): Promise<readonly EndedMessage[]> {
  if (items.length === 0) return [];
  const batch = `[${items.map(toEndItem).join(',')}]`;
  const { rows } = await sql<EndedMessage>`${prepared('message-end')}
    update messages as m
       set state = i.state, reason = i.reason, error_detail = i.error_detail, result = i.result,
           result_preview = i.result_preview, lease_owner = null, lease_until = null, updated_at = now(),
           last_heartbeat = case when i.state = 'input_required' then now() else m.last_heartbeat end,
           ended_at = case when i.state = 'input_required' then null else now() end
      from (select * from json_to_recordset(${batch}::json) as given(
              id uuid, owner uuid, only_queued boolean, state text, reason text, error_detail text, result json,
              result_preview text)
             limit ${items.length}) as i
     where m.id = i.id and m.state in ('queued', 'working', 'input_required')
       and (m.state = 'queued' or not i.only_queued)
       and (i.owner is null or m.lease_owner = i.owner)
    returning m.id, m.kind, m.caller_id as "callerId", m.target_id as "targetId", m.message_id as "messageId",
              m.method, m.state, ceil(extract(epoch from now() - m.created_at) * 1000)::double precision as "durationMs"`.execute(
    tx,
  );
  return rows;
}

function toEndItem({ id, owner, onlyQueued = false, ending }: NewEnding): string {
  const told = isAnswered(ending)
    ? { reason: null, error_detail: null, result_preview: firstCharacters(ending.text, PREVIEW_CHARACTERS) }
    : { reason: ending.reason, error_detail: firstCharacters(ending.detail, DETAIL_CHARACTERS), result_preview: null };
  const plain = toStorableJson({ id, owner, only_queued: onlyQueued, state: ending.state, ...told });
  return `${plain.slice(0, -1)},"result":${toStoredResult(ending)}}`;
}

function toStoredResult(ending: NewEnding['ending']): string {
  const result = toResult(ending);
  if (result === null) return 'null';
  const json = toStorableJson(result);
  return Buffer.byteLength(json) <= RESULT_BYTES_MAX ? json : '{"truncated":true}';
}

/** An answer that is not JSON-RPC is kept as the text it was. */
function toResult(ending: NewEnding['ending']): unknown {
  if (ending.state === 'stuck') return null;
  if (ending.result !== null) return ending.result;
  return ending.state === 'completed' && ending.text !== '' ? { raw: ending.text } : null;
}

/** What the target has under a message id; null when nothing. */
export async function findRecorded(db: Db, targetId: string, messageId: string): Promise<RecordedMessage | null> {
  const row = await db
    .selectFrom('messages')
    .select(['id', 'task_id', 'caller_id', 'state', 'method', 'reason', 'error_detail', 'result'])
    .where('target_id', '=', targetId)
    .where('message_id', '=', toStorableText(messageId))
    .executeTakeFirst();
  if (!row) return null;
  const { id, state, method, reason, result } = row;
  return {
    id,
    taskId: row.task_id,
    callerId: row.caller_id,
    state,
    method,
    reason,
    errorDetail: row.error_detail,
    result,
  };
}

/**
 * Takes a failed message up again after a failure before which nothing was started, with the time limit of the new
 * request. True for the one who got it.
 */
export async function reviveMessage(
  tx: Tx,
  id: string,
  owner: string,
  { leaseMs, deadlineMs }: { readonly leaseMs: number; readonly deadlineMs: number | null },
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('messages')
    .set({
      state: 'working',
      reason: null,
      error_detail: null,
      ended_at: null,
      deadline: deadlineMs === null ? null : sql`now() + make_interval(secs => ${deadlineMs / 1_000})`,
      failures: 0,
      attempts: sql`attempts + 1`,
      lease_owner: owner,
      lease_until: sql`now() + make_interval(secs => ${leaseMs / 1_000})`,
      dispatched_at: sql`now()`,
      updated_at: sql`now()`,
    })
    .where('id', '=', id)
    .where('state', '=', 'failed')
    .where('kind', '<>', 'delegation')
    .where('reason', 'in', resendableReasons())
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** How many messages wait for a target, this one included (contract registry-a2a §9.1). */
export async function countQueued(db: Db, targetId: string): Promise<number> {
  const { count } = await db
    .selectFrom('messages')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('target_id', '=', targetId)
    .where('state', '=', 'queued')
    .where('kind', '<>', 'system')
    .executeTakeFirstOrThrow();
  return count;
}

/**
 * Removes up to `limit` messages that ended more than `days` ago, and returns how many. A question that nobody answered
 * for as long counts as ended: unlike a delegation it has no deadline that would end it.
 */
export async function deleteOldMessages(db: Db, days: number, limit: number): Promise<number> {
  const { rows } = await sql<{ deleted: number }>`
    with old as (
      (select id from messages where ended_at < now() - make_interval(days => ${days}::int)
        order by ended_at limit ${limit})
      union all
      (select id from messages
        where state = 'input_required' and kind <> 'delegation'
          and updated_at < now() - make_interval(days => ${days}::int))
      limit ${limit}),
    gone as (delete from messages using old where messages.id = old.id returning 1)
    select count(*) as deleted from gone`.execute(db);
  return rows[0]?.deleted ?? 0;
}
