import { parseUuid } from '@molecule/contract';
import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../../platform/db.js';
import type { MessageKind, MessageState } from './messages.tables.js';

/** Whose tasks at a workspace: those of one caller, or everybody's. */
export interface TaskScope {
  readonly targetId: string;
  /** A caller sees what it asked for itself; null is a person. */
  readonly caller: { readonly id: string | null } | 'anybody';
}

/** One message of a task: the first began it, every further one answered a question. */
export interface TaskTurn {
  readonly id: string;
  readonly kind: MessageKind;
  readonly callerId: string | null;
  readonly messageId: string;
  readonly method: string;
  /** The request as it was recorded. */
  readonly body: unknown;
  readonly state: MessageState;
  readonly reason: string | null;
  readonly errorDetail: string | null;
  /** The agent's JSON-RPC answer. */
  readonly result: unknown;
  readonly resultPreview: string | null;
  readonly contextId: string | null;
  readonly updatedAt: Date;
}

/** A task as the ledger has it: the row that began it, and those that continued it, oldest first; never empty. */
export interface TaskRecord {
  readonly id: string;
  readonly turns: readonly [TaskTurn, ...TaskTurn[]];
}

export interface TaskFilter {
  readonly contextId: string | null;
  /** Ledger states of the latest turn; null: any. */
  readonly states: readonly MessageState[] | null;
  /** What the agent itself called the state, where one ledger state stands for several: only these, or none of these. */
  readonly said: { readonly only?: readonly string[]; readonly not?: readonly string[] } | null;
  readonly changedAfter: Date | null;
}

export interface TaskKey {
  readonly id: string;
  readonly seq: number;
}

type TurnRow = TaskTurn & { readonly taskId: string };

/** The tasks with their turns, in the order of the ids; unknown ids are left out. */
export async function readTasks(db: Db, ids: readonly string[]): Promise<readonly TaskRecord[]> {
  if (ids.length === 0) return [];
  const { rows } = await sql<TurnRow>`
    select coalesce(task_id, id) as "taskId", id, kind, caller_id as "callerId", message_id as "messageId", method, body,
           state, reason, error_detail as "errorDetail", result, result_preview as "resultPreview",
           context_id as "contextId", updated_at as "updatedAt"
      from messages
     where (id = any(${ids}::uuid[]) and task_id is null) or task_id = any(${ids}::uuid[])
     order by seq`.execute(db);
  return ids.flatMap((id) => {
    const [first, ...further] = rows.filter(({ taskId }) => taskId === id);
    return first && first.id === id ? [{ id, turns: [first, ...further] as const }] : [];
  });
}

/** True when the task is one of the scope's. What the server itself tells an agent is nobody's. */
export async function isInScope(db: Db, id: string, scope: TaskScope): Promise<boolean> {
  const { rows } = await sql<{ found: number }>`
    select 1 as found from messages as m where m.id = ${id} and ${inScope(scope)}`.execute(db);
  return rows.length > 0;
}

/** True for a message that its target fetched, or is to fetch, and that nobody here delivers. */
export async function isOpenInInbox(db: Db, targetId: string, id: string): Promise<boolean> {
  const row = await db
    .selectFrom('messages')
    .select('id')
    .where('id', '=', id)
    .where('target_id', '=', targetId)
    .where('kind', 'in', ['chat', 'peer'])
    .where('state', '=', 'working')
    .where('lease_until', 'is', null)
    .executeTakeFirst();
  return row !== undefined;
}

/**
 * Tasks of a scope that one question looks at, from the newest back: one that matches nothing must end, however long a
 * history is.
 */
const LOOKED_AT_MAX = 10_000;

export interface TaskPage {
  /** Newest first. */
  readonly keys: readonly TaskKey[];
  /** Where the look ended with tasks left to look at; null: there are no more. */
  readonly lookedTo: number | null;
}

/** The newest tasks before a place in the ledger. A page that is not full is no end while `lookedTo` says where to go on. */
export async function listTaskKeys(
  db: Db,
  scope: TaskScope,
  filter: TaskFilter,
  page: { readonly beforeSeq: number | null; readonly limit: number },
  lookedAtMax = LOOKED_AT_MAX,
): Promise<TaskPage> {
  const looked = lookedAt(scope, filter, page.beforeSeq, lookedAtMax);
  const { rows: keys } = await sql<TaskKey>`
    select m.id, m.seq ${matching(looked, filter)} order by m.seq desc limit ${page.limit}`.execute(db);
  if (keys.length === page.limit) return { keys, lookedTo: null };
  const { rows } = await sql<{ count: number; last: number }>`
    select count(*) as count, min(seq) as last from (${looked}) as looked`.execute(db);
  const [end] = rows;
  return { keys, lookedTo: end?.count === lookedAtMax ? end.last : null };
}

/** How many of the newest tasks match: of all, while there are no more than are looked at. */
export async function countTasks(db: Db, scope: TaskScope, filter: TaskFilter): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count ${matching(lookedAt(scope, filter, null, LOOKED_AT_MAX), filter)}`.execute(db);
  return rows[0]?.count ?? 0;
}

function lookedAt(scope: TaskScope, { contextId }: TaskFilter, beforeSeq: number | null, limit: number) {
  return sql`
    select m.id, m.seq, m.state, m.result, m.updated_at from messages as m
     where ${inScope(scope)} ${contextId === null ? sql`` : sql`and ${inContext(contextId)}`}
       ${beforeSeq === null ? sql`` : sql`and m.seq < ${beforeSeq}`}
     order by m.seq desc limit ${limit}`;
}

/** A task without a context is a context of its own, by its id. */
function inContext(contextId: string) {
  return parseUuid(contextId) === contextId
    ? sql`(m.context_id = ${contextId} or (m.context_id is null and m.id = ${contextId}::uuid))`
    : sql`m.context_id = ${contextId}`;
}

function inScope({ targetId, caller }: TaskScope) {
  const whose =
    caller === 'anybody'
      ? sql``
      : caller.id === null
        ? sql`and m.caller_id is null`
        : sql`and m.caller_id = ${caller.id}`;
  return sql`m.target_id = ${targetId} and m.task_id is null and m.kind <> 'system' ${whose}`;
}

function matching(looked: RawBuilder<unknown>, { states, said, changedAfter }: TaskFilter) {
  const state = sql`coalesce(latest.state, m.state)`;
  const result = sql`case when latest.state is null then m.result else latest.result end`;
  const agentState = sql`coalesce((${result}) #>> '{result,status,state}', (${result}) #>> '{result,task,status,state}', '')`;
  return sql`
      from (${looked}) as m
      left join lateral (
             select t.state, t.result, t.updated_at from messages as t
              where t.task_id = m.id order by t.seq desc limit 1) as latest on true
     where true
       ${states === null ? sql`` : sql`and ${state} = any(${states}::text[])`}
       ${said?.only ? sql`and ${agentState} = any(${said.only}::text[])` : sql``}
       ${said?.not ? sql`and ${agentState} <> all(${said.not}::text[])` : sql``}
       ${changedAfter === null ? sql`` : sql`and coalesce(latest.updated_at, m.updated_at) > ${changedAfter}`}`;
}
