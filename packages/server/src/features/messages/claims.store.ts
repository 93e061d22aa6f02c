import { sql } from 'kysely';
import { claim } from '../../platform/claim.js';
import { type Db, prepared, type Tx } from '../../platform/db.js';
import { firstCharacters } from '../activity/index.js';
import { type OpenMessage, RECORDED_METHOD } from './ledger.types.js';
import type { MessageKind } from './messages.tables.js';

export interface DueTarget {
  readonly id: string;
  /** Of its oldest due message: the cursor for the next page. */
  readonly seq: number;
  /** False when all that waits is the server's own, for which no agent is woken. */
  readonly wakes: boolean;
}

/** Targets with messages that are due and still in time, those that wait longest first. */
export async function listDueTargets(db: Db, afterSeq: number, limit: number): Promise<readonly DueTarget[]> {
  const { rows } = await sql<DueTarget>`${prepared('messages-due-targets')}
    select target_id as id, min(seq) as seq, bool_or(kind <> 'system') as wakes
      from messages
     where state = 'queued' and due_at <= now() and (deadline is null or deadline > now())
     group by target_id having min(seq) > ${afterSeq} order by min(seq) limit ${limit}`.execute(db);
  return rows;
}

/** Only one process hands out deliveries at a time: the limit per target counts what all of them have under way. */
export async function tryLockDispatch(tx: Tx): Promise<boolean> {
  const { rows } = await sql<{ locked: boolean }>`select pg_try_advisory_xact_lock(7021, 2) as locked`.execute(tx);
  return rows[0]?.locked ?? false;
}

export interface TargetCapacity {
  readonly targetId: string;
  readonly concurrentMax: number;
  /** As the caller knows the target. */
  readonly generation: number;
}

/**
 * Takes due messages up to each target's free places, oldest first, and `limit` in all. Every row gets an owner of its
 * own, so that a holder who lost one cannot pass for the next.
 *
 * What the server itself has to tell an instance takes no place and goes first: while it is under way the target gets
 * nothing else, so that what waited through a restart finds an agent that knows of it. Only its own deadline, which is
 * short, can hold the others up.
 */
export async function claimQueued(
  tx: Tx,
  capacities: readonly TargetCapacity[],
  limit: number,
  leaseMs: number,
): Promise<readonly OpenMessage[]> {
  if (capacities.length === 0 || limit <= 0) return [];
  const { rows } = await sql<OpenMessage>`
    with capacity as (
      select * from unnest(${capacities.map((c) => c.targetId)}::uuid[], ${capacities.map((c) => c.concurrentMax)}::int[],
                           ${capacities.map((c) => c.generation)}::bigint[])
        as c(target_id, concurrent_max, generation)),
    own as materialized (
      select m.id from capacity as c
        join messages as m on m.target_id = c.target_id and m.for_generation = c.generation
       where m.kind = 'system' and m.state = 'queued' and m.due_at <= now() and m.deadline > now()
       order by m.seq limit ${limit} for update of m skip locked),
    free as (
      select c.target_id,
             case when exists (select from messages as s
                                where s.target_id = c.target_id and s.kind = 'system'
                                  and s.state in ('queued', 'working') and s.deadline > now()
                                  and s.for_generation = c.generation) then 0
                  else c.concurrent_max - (select count(*) from messages as w
                                            where w.target_id = c.target_id and w.state = 'working'
                                              and w.kind <> 'system' and w.lease_until is not null) end as places
        from capacity as c),
    due as materialized (
      select picked.id from free, lateral (
        select m.id, m.seq from messages as m
         where m.target_id = free.target_id and m.state = 'queued' and m.due_at <= now() and m.kind <> 'system'
           and (m.deadline is null or m.deadline > now())
         order by m.seq limit greatest(free.places, 0) for update skip locked) as picked
       order by picked.seq limit ${limit} - (select count(*) from own))
    update messages as m
       set state = 'working', attempts = attempts + 1, lease_owner = gen_random_uuid(),
           lease_until = now() + make_interval(secs => ${leaseMs / 1_000}),
           dispatched_at = coalesce(dispatched_at, now()), updated_at = now()
      from (select id from own union all select id from due) as taken where m.id = taken.id
    returning m.id, m.kind, m.caller_id as "callerId", m.target_id as "targetId", m.message_id as "messageId", m.method,
              m.body::text as body, m.failures, m.lease_owner as owner,
              extract(epoch from m.deadline - now())::double precision * 1000 as "deadlineMs"`.execute(tx);
  return rows;
}

/** Working rows whose holder is gone, or that are to be asked about by now. */
export async function claimLapsed(
  db: Db,
  owner: string,
  limit: number,
  leaseMs: number,
): Promise<readonly OpenMessage[]> {
  const rows = await claim<{
    id: string;
    kind: MessageKind;
    caller_id: string | null;
    target_id: string;
    message_id: string;
    method: string;
    failures: number;
  }>(db, {
    table: 'messages',
    where: sql<boolean>`state = 'working' and lease_until is not null`,
    orderBy: sql`lease_until, seq`,
    limit,
    owner,
    leaseMs,
  });
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    callerId: row.caller_id,
    targetId: row.target_id,
    messageId: row.message_id,
    method: row.method,
    // Asking needs the id only.
    body: '',
    failures: row.failures,
    deadlineMs: null,
    owner,
  }));
}

type Held = Pick<OpenMessage, 'id' | 'owner'>;

/** Back to the queue. False when the row was no longer held. */
export async function requeue(
  db: Db | Tx,
  held: Held,
  retry: { readonly delayMs: number; readonly failed: boolean; readonly why: string },
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('messages')
    .set({
      state: 'queued',
      due_at: sql`now() + make_interval(secs => ${retry.delayMs / 1_000})`,
      failures: sql`failures + ${retry.failed ? 1 : 0}`,
      error_detail: firstCharacters(retry.why, 500),
      lease_owner: null,
      lease_until: null,
      updated_at: sql`now()`,
    })
    .where('id', '=', held.id)
    .where('lease_owner', '=', held.owner)
    .where('state', '=', 'working')
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Leaves the row working, to be asked about after a while by whoever comes first. With 0 it is free at once. */
export async function park(db: Db | Tx, held: Held, delayMs: number): Promise<void> {
  await db
    .updateTable('messages')
    .set({ lease_owner: null, lease_until: sql`now() + make_interval(secs => ${delayMs / 1_000})` })
    .where('id', '=', held.id)
    .where('lease_owner', '=', held.owner)
    .where('state', '=', 'working')
    .execute();
}

/** Looks at the target's messages again after a while: it cannot take any now. */
export async function postponeTargets(db: Db, targetIds: readonly string[], delayMs: number): Promise<void> {
  if (targetIds.length === 0) return;
  await db
    .updateTable('messages')
    .set({ due_at: sql`now() + make_interval(secs => ${delayMs / 1_000})` })
    .where('target_id', 'in', targetIds)
    .where('state', '=', 'queued')
    .where('due_at', '<=', sql<Date>`now()`)
    .execute();
}

/** The targets came online: what waits for them is due, and what they may have taken is asked about. */
export async function wakeTargets(db: Db, targetIds: readonly string[]): Promise<void> {
  if (targetIds.length === 0) return;
  await sql`
    update messages
       set due_at = least(due_at, now()),
           lease_until = case when state = 'working' then now() else lease_until end
     where target_id = any(${targetIds}::uuid[])
       and ((state = 'queued' and due_at > now())
            or (state = 'working' and lease_owner is null and lease_until > now()))`.execute(db);
}

/** The callee is alive and working: its open delegations are too. Never-started rows keep NULL (design §7). */
export async function touchDelegations(db: Db, targetIds: readonly string[]): Promise<void> {
  if (targetIds.length === 0) return;
  await db
    .updateTable('messages')
    .set({ last_heartbeat: sql`now()` })
    .where('target_id', 'in', targetIds)
    .where('kind', '=', 'delegation')
    .where('state', 'in', ['working', 'input_required'])
    .where('dispatched_at', 'is not', null)
    // Of what went past this server nobody knows when its callee works on it.
    .where('method', '<>', RECORDED_METHOD)
    .execute();
}

/** Rows whose deadline has passed. */
export async function listPastDeadline(db: Db, limit: number): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('messages')
    .select('id')
    .where('state', 'in', ['queued', 'working', 'input_required'])
    .where('deadline', '<', sql<Date>`now()`)
    .orderBy('deadline')
    .limit(limit)
    .execute();
  return rows.map((row) => row.id);
}

/** Those without a deadline that have waited for longer than `seconds` since they were sent, or left for the last time. */
export async function listExpired(db: Db, seconds: number, limit: number): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from messages
     where state = 'queued' and deadline is null
       and coalesce(dispatched_at, created_at) < now() - make_interval(secs => ${seconds})
     order by seq limit ${limit}`.execute(db);
  return rows.map((row) => row.id);
}

/** Delegations under way whose callee has stopped reporting. Those that never began are left to their deadline. */
export async function listQuiet(
  db: Db,
  seconds: number,
  limit: number,
): Promise<readonly { id: string; quiet: number }[]> {
  const { rows } = await sql<{ id: string; quiet: number }>`
    select id, floor(extract(epoch from now() - last_heartbeat))::int as quiet from messages
     where kind = 'delegation' and state = 'working'
       and last_heartbeat < now() - make_interval(secs => ${seconds}) and (deadline is null or deadline >= now())
     order by seq limit ${limit}`.execute(db);
  return rows;
}

export async function listOpenTargets(db: Db): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('messages')
    .select('target_id')
    .distinct()
    .where('state', 'in', ['queued', 'working', 'input_required'])
    .execute();
  return rows.map((row) => row.target_id);
}

/** Open messages for a target: all, what parties sent (`work`), or what the server itself has to say (`system`). */
export async function listOpenOf(
  db: Db | Tx,
  targetId: string,
  states: readonly ('queued' | 'working' | 'input_required')[],
  limit: number,
  whose: 'any' | 'work' | 'system' = 'any',
): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('messages')
    .select('id')
    .where('target_id', '=', targetId)
    .where('state', 'in', states)
    .$if(whose === 'system', (query) => query.where('kind', '=', 'system'))
    .$if(whose === 'work', (query) => query.where('kind', '<>', 'system'))
    .orderBy('seq')
    .limit(limit)
    .execute();
  return rows.map((row) => row.id);
}

/**
 * The target fetches its messages by now: the rows its inbox shows are the delivery. Delegations stay open until the
 * peer reports; everything else has arrived. What the server itself had to say is in no inbox, and is taken back.
 */
export async function leaveInInbox(db: Db, targetId: string): Promise<void> {
  await sql`
    update messages
       set state = case kind when 'delegation' then 'working' when 'system' then 'canceled' else 'completed' end,
           ended_at = case when kind = 'delegation' then null else now() end,
           lease_owner = null, lease_until = null, updated_at = now(), error_detail = null
     where target_id = ${targetId} and state = 'queued'`.execute(db);
}
