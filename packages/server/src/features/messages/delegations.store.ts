import { sql } from 'kysely';
import { type Db, prepared, type Tx } from '../../platform/db.js';
import { toStorableJson } from '../../platform/storable-json.js';
import { type EndedMessage, RECORDED_METHOD } from './ledger.types.js';
import type { MessageState } from './messages.tables.js';
import type { Reason } from './reasons.js';

export interface SubmitCheck {
  readonly callerId: string;
  readonly targetId: string;
  readonly idempotencyKey: string | null;
  /** Of the task, in hex. */
  readonly taskHash: string;
  /** The message id the agent names as the one it is working on; null when it names none. */
  readonly parentMessageId: string | null;
  readonly sameWithinSeconds: number;
}

export interface SubmitFacts {
  readonly existingId: string | null;
  readonly existingTargetId: string | null;
  readonly existingState: MessageState | null;
  readonly existingDispatchedAt: Date | null;
  readonly existingLastHeartbeat: Date | null;
  readonly open: number;
  readonly same: number;
  readonly causeId: string | null;
  readonly depth: number;
}

/** Submits of one caller take turns, so that its limits and keys hold exactly, across replicas too. */
export async function lockCallers(tx: Tx, callerIds: readonly string[]): Promise<void> {
  // Sorted: two batches with the same callers must not wait for each other crosswise.
  await sql`
    select pg_advisory_xact_lock(7022, key) from (
      select distinct hashtext(id) as key from unnest(${callerIds}::text[]) as id order by key) as keys`.execute(tx);
}

/** Everything that decides whether delegations are taken, in one statement; one row per check, in order. */
export async function readSubmitFacts(tx: Tx, checks: readonly SubmitCheck[]): Promise<readonly SubmitFacts[]> {
  const batch = toStorableJson(checks.map((check, position) => ({ ...check, position })));
  const { rows } = await sql<SubmitFacts>`${prepared('delegation-facts')}
    select known.id as "existingId", known.target_id as "existingTargetId", known.state as "existingState", known.dispatched_at as "existingDispatchedAt",
           known.last_heartbeat as "existingLastHeartbeat",
           (select count(*) from messages as m
             where m.caller_id = i."callerId" and m.kind = 'delegation' and m.method <> ${RECORDED_METHOD}
               and m.state in ('queued', 'working', 'input_required')) as open,
           (select count(*) from messages as m
             where m.caller_id = i."callerId" and m.target_id = i."targetId" and m.task_hash = decode(i."taskHash", 'hex')
               and m.created_at > now() - make_interval(secs => i."sameWithinSeconds")) as same,
           cause.id as "causeId", coalesce(cause.depth + 1, 1) as depth
      from json_to_recordset(${batch}::json) as i(
             position integer, "callerId" uuid, "targetId" uuid, "idempotencyKey" text, "taskHash" text,
             "parentMessageId" text, "sameWithinSeconds" double precision)
      left join messages as known on known.caller_id = i."callerId" and known.idempotency_key = i."idempotencyKey"
      left join lateral (
             select m.id, m.depth from messages as m
              where m.target_id = i."callerId" and m.state = 'working' and m.kind <> 'system'
              -- The one the agent names, else the newest it works on.
              order by (m.message_id = i."parentMessageId") desc nulls last, m.seq desc limit 1) as cause on true
     order by i.position`.execute(tx);
  return rows;
}

/** A failed delegation gives its key up, so that the caller may try again (B-67). It stays in the ledger. */
export async function releaseIdempotencyKey(tx: Tx, id: string): Promise<void> {
  await tx.updateTable('messages').set({ idempotency_key: null }).where('id', '=', id).execute();
}

/** Reasons by which this server gave up on an agent that may still be at work. */
const GIVEN_UP: readonly Reason[] = [
  'deadline_exceeded',
  'no_heartbeat',
  'target_failed',
  'interrupted',
  'agent_silent',
];

/** Marks a delegation whose result came after it was given up. Null when it was not, or when that was told before. */
export async function markLate(
  tx: Tx,
  id: string,
): Promise<(Pick<EndedMessage, 'id' | 'targetId' | 'messageId' | 'method'> & { readonly callerId: string }) | null> {
  const row = await tx
    .updateTable('messages')
    .set({ late: true, updated_at: sql`now()` })
    .where('id', '=', id)
    .where('kind', '=', 'delegation')
    .where('late', '=', false)
    .where('state', 'in', ['failed', 'stuck'])
    .where('reason', 'in', GIVEN_UP)
    .returning(['id', 'caller_id', 'target_id', 'message_id', 'method'])
    .executeTakeFirst();
  if (!row || row.caller_id === null) return null;
  return {
    id: row.id,
    callerId: row.caller_id,
    targetId: row.target_id,
    messageId: row.message_id,
    method: row.method,
  };
}

export function delegations(db: Db) {
  return db
    .selectFrom('messages')
    .select([
      'id',
      'caller_id',
      'target_id',
      'method',
      'state',
      'task_preview',
      'result',
      'result_preview',
      'error_detail',
      'reason',
      'late',
      'attempts',
      'deadline',
      'dispatched_at',
      'last_heartbeat',
      'created_at',
      'updated_at',
    ])
    .where('kind', '=', 'delegation');
}

export type DelegationRecord = Awaited<ReturnType<ReturnType<typeof delegations>['execute']>>[number];

/** The newest delegations a workspace has made. */
export function listDelegations(db: Db, callerId: string, limit: number): Promise<DelegationRecord[]> {
  return delegations(db).where('caller_id', '=', callerId).orderBy('seq', 'desc').limit(limit).execute();
}

/** What a delegation of a caller asked for, in full; null when it made none with this id. */
export async function findTask(db: Db, callerId: string, id: string) {
  const row = await db
    .selectFrom('messages')
    .select(['state', 'target_id as targetId', 'body', 'task_preview as taskPreview'])
    .where('id', '=', id)
    .where('caller_id', '=', callerId)
    .where('kind', '=', 'delegation')
    .executeTakeFirst();
  return row ?? null;
}

/** A delegation that the workspace has made or was asked for; null when there is none with this id. */
export async function findShared(db: Db, workspaceId: string, id: string): Promise<DelegationRecord | null> {
  const row = await delegations(db)
    .where('id', '=', id)
    .where((eb) => eb.or([eb('caller_id', '=', workspaceId), eb('target_id', '=', workspaceId)]))
    .executeTakeFirst();
  return row ?? null;
}

/** The callee is at work on an open delegation. Null when it has ended, or when that was known before. */
export async function beginDelegation(
  tx: Tx,
  id: string,
): Promise<{ readonly id: string; readonly callerId: string; readonly targetId: string } | null> {
  const row = await tx
    .updateTable('messages')
    .set({
      last_heartbeat: sql`now()`,
      dispatched_at: sql`coalesce(dispatched_at, now())`,
      updated_at: sql`now()`,
    })
    .from(
      sql<{
        begun: boolean;
      }>`(select last_heartbeat is not null as begun from messages where id = ${id} for update)`.as('was'),
    )
    .where('id', '=', id)
    .where('state', 'in', ['working', 'input_required'])
    .returning(['messages.id', 'caller_id', 'target_id', 'was.begun'])
    .executeTakeFirst();
  if (!row || row.begun || row.caller_id === null) return null;
  return { id: row.id, callerId: row.caller_id, targetId: row.target_id };
}

/** One delegation of a caller; null when it made none with this id. */
export async function findDelegation(db: Db, callerId: string, id: string): Promise<DelegationRecord | null> {
  const row = await delegations(db).where('caller_id', '=', callerId).where('id', '=', id).executeTakeFirst();
  return row ?? null;
}
