import type { DelegationView } from '@molecule/contract';
import { sql } from 'kysely';
import type { Db } from '../../platform/db.js';
import { type DelegationRecord, delegations } from './delegations.store.js';
import type { MessageLimits } from './limits.js';
import type { MessageState } from './messages.tables.js';

const STATES: Readonly<Record<DelegationView, readonly MessageState[]>> = {
  in_flight: ['queued', 'working', 'input_required'],
  stuck: ['stuck'],
  failed: ['failed', 'canceled'],
  completed: ['completed'],
};

/**
 * The newest delegations of everybody, or of one caller. State by state, each read in order from its own index: asked for
 * all at once, every one that ever ended so would be collected and sorted.
 */
export function listDelegationsIn(
  db: Db,
  view: DelegationView,
  callerId: string | undefined,
  limit: number,
): Promise<DelegationRecord[]> {
  const newestOf = (state: MessageState) => {
    const query = db
      .selectFrom('messages')
      .select('id')
      .where('kind', '=', 'delegation')
      .where('state', '=', state)
      .orderBy('seq', 'desc')
      .limit(limit);
    return callerId === undefined ? query : query.where('caller_id', '=', callerId);
  };
  const newest = sql<string>`(${sql.join(
    STATES[view].map((state) => sql`(${newestOf(state)})`),
    sql` union all `,
  )})`;
  return delegations(db).where('id', 'in', newest).orderBy('seq', 'desc').limit(limit).execute();
}

export interface StateCount {
  readonly state: MessageState;
  readonly dispatched_at: Date | null;
  readonly last_heartbeat: Date | null;
  readonly count: number;
}

/**
 * By what tells their state on the wire; of the times it matters only whether there is one. Ended ones, of which there are
 * many, are counted in the index alone.
 */
export async function countDelegations(db: Db): Promise<readonly StateCount[]> {
  const { rows } = await sql<StateCount>`
    select state, null::timestamptz as dispatched_at, null::timestamptz as last_heartbeat, count(*)::int as count
      from messages where kind = 'delegation' and state in ('completed', 'failed', 'canceled', 'stuck')
     group by state
    union all
    select state, min(dispatched_at), min(last_heartbeat), count(*)::int
      from messages where kind = 'delegation' and state in ('queued', 'working', 'input_required')
     group by state, dispatched_at is null, last_heartbeat is null`.execute(db);
  return rows;
}

/** What waits, oldest first. */
export function listQueued(db: Db, workspaceId: string | undefined, limit: number) {
  let query = db
    .selectFrom('messages')
    .select(['id', 'target_id', 'caller_id', 'kind', 'method', 'attempts', 'created_at', 'due_at', 'error_detail'])
    .where('state', '=', 'queued')
    .orderBy('seq')
    .limit(limit);
  if (workspaceId !== undefined) query = query.where('target_id', '=', workspaceId);
  return query.execute();
}

/** What parties sent and still waits; what the server itself has to say ends by itself. */
export async function listStale(
  db: Db,
  minutes: number,
  workspaceId: string | undefined,
  limit: number,
): Promise<readonly string[]> {
  let query = db
    .selectFrom('messages')
    .select('id')
    .where('state', '=', 'queued')
    .where('kind', '<>', 'system')
    .where('created_at', '<', sql<Date>`now() - make_interval(mins => ${minutes}::int)`)
    .orderBy('seq')
    .limit(limit);
  if (workspaceId !== undefined) query = query.where('target_id', '=', workspaceId);
  return (await query.execute()).map((row) => row.id);
}

const NEAR_AT_ONCE = 100;

/** Callers with open delegations, the fullest first, and how deep the deepest of them lies. */
export async function listOpenCallers(db: Db): Promise<readonly { id: string; open: number; depth: number }[]> {
  const { rows } = await sql<{ id: string; open: number; depth: number }>`
    select caller_id as id, count(*)::int as open, max(depth)::int as depth from messages
     where kind = 'delegation' and caller_id is not null and state in ('queued', 'working', 'input_required')
     group by caller_id order by open desc, caller_id limit ${NEAR_AT_ONCE}`.execute(db);
  return rows;
}

export interface Repeated {
  readonly callerId: string;
  readonly targetId: string;
  readonly taskPreview: string;
  readonly count: number;
}

/** Tasks that were given so often lately that one more would be refused, or nearly. */
export async function listRepeated(db: Db, limits: MessageLimits): Promise<readonly Repeated[]> {
  const { rows } = await sql<Repeated>`
    select caller_id as "callerId", target_id as "targetId", min(task_preview) as "taskPreview", count(*)::int as count
      from messages
     where kind = 'delegation' and caller_id is not null and task_hash is not null
       and created_at > now() - make_interval(secs => ${limits.sameWithinSeconds})
     group by caller_id, target_id, task_hash having count(*) >= ${Math.max(2, limits.sameMax - 1)}
     order by count desc limit ${NEAR_AT_ONCE}`.execute(db);
  return rows;
}
