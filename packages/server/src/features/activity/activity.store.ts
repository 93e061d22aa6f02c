import { FAILED_ACTIVITY_STATUSES } from '@molecule/contract';
import { type RawBuilder, type SqlBool, sql } from 'kysely';
import { type Db, prepared, type Tx } from '../../platform/db.js';
import { toStorableJson } from '../../platform/storable-json.js';
import type { ActivityEnding, ActivityHead, NewActivity } from './activity.types.js';

/** One statement for any number of rows. A row whose id exists is left as it is, so a repetition writes nothing. */
export async function insertActivities(tx: Tx | Db, rows: readonly NewActivity[]): Promise<void> {
  if (rows.length === 0) return;
  const batch = `[${rows.map(toInsertItem).join(',')}]`;
  await sql`${prepared('activity-insert')}
    insert into activity_logs (id, workspace_id, activity_type, source_id, target_id, method, summary, request_body,
                               response_body, duration_ms, status, error_detail, message_id, body_bytes)
    select i.id, i.workspace_id, i.activity_type, i.source_id, i.target_id, i.method, i.summary, i.request_body,
           i.response_body, i.duration_ms, i.status, i.error_detail, i.message_id, i.body_bytes
      from json_to_recordset(${batch}::json) as i(
             id uuid, workspace_id uuid, activity_type text, source_id uuid, target_id uuid, method text, summary text,
             request_body jsonb, response_body jsonb, duration_ms integer, status text, error_detail text,
             message_id text, body_bytes integer)
    on conflict (id) do nothing`.execute(tx);
}

/**
 * Ends rows that were written when their work began and returns them as they are now. Unknown ids (pruned rows) are
 * passed over.
 *
 * The limit lets all of them pass. Without it the planner expects a hundred of any JSON, for which it reads the whole
 * table while that is small, and goes on doing so with the plan it keeps when the table has grown.
 */
export async function endActivities(tx: Tx | Db, endings: readonly ActivityEnding[]): Promise<readonly ActivityHead[]> {
  if (endings.length === 0) return [];
  const batch = `[${endings.map(toEndItem).join(',')}]`;
  const { rows } = await sql<ActivityHead>`${prepared('activity-end')}
    update activity_logs as a
       set status = i.status,
           summary = coalesce(i.summary, a.summary),
           error_detail = nullif(coalesce(i.error_detail, a.error_detail), ''),
           duration_ms = coalesce(i.duration_ms, a.duration_ms),
           response_body = coalesce(i.response_body, a.response_body),
           tool_trace = coalesce(i.tool_trace, a.tool_trace),
           body_bytes = a.body_bytes + i.added_bytes
      from (select * from json_to_recordset(${batch}::json) as given(
              id uuid, status text, summary text, error_detail text, duration_ms integer, response_body jsonb,
              tool_trace jsonb, added_bytes integer)
             limit ${endings.length}) as i
     where a.id = i.id
    returning a.id, a.workspace_id as "workspaceId", a.activity_type as "activityType", a.source_id as "sourceId",
              a.target_id as "targetId", a.method, a.summary, a.duration_ms as "durationMs", a.status,
              a.error_detail as "errorDetail", a.message_id as "messageId"`.execute(tx);
  return rows;
}

function toInsertItem(row: NewActivity): string {
  const plain = toStorableJson({
    id: row.id,
    workspace_id: row.workspaceId,
    activity_type: row.activityType,
    source_id: row.sourceId,
    target_id: row.targetId,
    method: row.method,
    summary: row.summary,
    duration_ms: row.durationMs,
    status: row.status,
    error_detail: row.errorDetail,
    message_id: row.messageId,
    body_bytes: (row.requestBody?.bytes ?? 0) + (row.responseBody?.bytes ?? 0),
  });
  return withJson(plain, { request_body: row.requestBody?.json, response_body: row.responseBody?.json });
}

function toEndItem(row: ActivityEnding): string {
  const plain = toStorableJson({
    id: row.id,
    status: row.status,
    summary: row.summary,
    error_detail: row.errorDetail,
    duration_ms: row.durationMs,
    added_bytes: (row.responseBody?.bytes ?? 0) + (row.toolTrace?.bytes ?? 0),
  });
  return withJson(plain, { response_body: row.responseBody?.json, tool_trace: row.toolTrace?.json });
}

/** Adds members that are JSON text already, without parsing them once more. */
function withJson(object: string, members: Readonly<Record<string, string | undefined>>): string {
  const added = Object.entries(members).flatMap(([key, json]) => (json === undefined ? [] : [`"${key}":${json}`]));
  return added.length === 0 ? object : `${object.slice(0, -1)},${added.join(',')}}`;
}

/** Where a cursor row stands; null when it is not a row of this workspace. */
export async function findActivitySeq(db: Db, workspaceId: string, id: string): Promise<number | null> {
  const row = await db
    .selectFrom('activity_logs')
    .select('seq')
    .where('id', '=', id)
    .where('workspace_id', '=', workspaceId)
    .executeTakeFirst();
  return row?.seq ?? null;
}

export interface ActivityFilter {
  readonly workspaceId: string;
  readonly type?: string | undefined;
  readonly source?: 'canvas' | 'agent' | undefined;
  /** Only rows that ended in a failure. */
  readonly failed?: boolean;
  readonly peerId?: string | undefined;
  readonly beforeTs?: Date | undefined;
  readonly afterSeq?: number | undefined;
  readonly sinceSecs?: number | undefined;
  readonly ascending: boolean;
  readonly limit: number;
  /** The page ends before the row that would exceed this, but never before its first row. */
  readonly bytesMax: number;
}

/**
 * One page: oldest first in seq order, newest first in the order of instants. The filter and the limit choose rows by
 * index first; only then are sizes added up and bodies read, so a page of large bodies costs what it returns.
 *
 * Whoever reads backward goes on with the instant of the last row, as the wire shows it: in milliseconds. So such a page
 * holds all rows of its last millisecond, and what was written in a transaction that began before its last row but ended
 * after it. It may therefore hold more than `limit`, and ends between two milliseconds where its size ends it. Only a
 * single millisecond of more than `bytesMax` is cut.
 */
export function listActivities(db: Db, filter: ActivityFilter) {
  const { ascending } = filter;
  const direction = ascending ? 'asc' : 'desc';
  // Rows that stand or fall together.
  const step = ascending ? sql`seq asc` : sql`date_trunc('milliseconds', created_at) desc`;
  const order = ascending ? sql`seq asc` : sql`created_at desc, seq desc`;
  return db
    .with('page', (q) =>
      q.selectFrom(selectMatching(db, filter).as('matching')).selectAll().orderBy('seq', direction).limit(filter.limit),
    )
    .with('edge', (q) =>
      q
        .selectFrom('page')
        .select([
          sql<number>`min(seq)`.as('seq'),
          sql<Date>`date_trunc('milliseconds', min(created_at))`.as('instant'),
        ]),
    )
    .with('complete', (q) => {
      const page = q.selectFrom('page').selectAll();
      if (ascending) return page;
      const before = sql`(select seq from edge)`;
      const since = sql`(select instant from edge)`;
      const atEdge = selectMatching(db, { ...filter, limit: EDGE_ROWS_MAX }, (rows) =>
        rows.where('seq', '<', before as RawBuilder<number>).where(writtenSince(since)),
      );
      return page.unionAll(q.selectFrom(atEdge.as('at_edge')).selectAll());
    })
    .with('sized', (q) =>
      q
        .selectFrom('complete')
        .select([
          'id',
          sql<number>`sum(bytes) over (order by ${step})`.as('step_bytes'),
          sql<number>`sum(bytes) over (order by ${order} rows unbounded preceding)`.as('bytes'),
          sql<number>`rank() over (order by ${step})`.as('step'),
        ]),
    )
    .selectFrom('sized')
    .innerJoin('activity_logs as a', 'a.id', 'sized.id')
    .selectAll('a')
    .where((eb) =>
      eb.or([
        eb('sized.step_bytes', '<=', filter.bytesMax),
        eb.and([
          eb('sized.step', '=', 1),
          eb.or([
            eb('sized.bytes', '<=', filter.bytesMax),
            // A running sum, so the first row is the one with the least.
            eb('sized.bytes', '=', eb.selectFrom('sized').select(eb.fn.min<number>('bytes').as('least'))),
          ]),
        ]),
      ]),
    )
    .orderBy(sql`${ascending ? sql`a.seq asc` : sql`a.created_at desc, a.seq desc`}`)
    .execute();
}

/** What a row is on the wire, at most: one of an inbox shows the text of its request once more, for those who read only that. */
const WIRE_BYTES = sql<number>`(case when activity_type = 'a2a_receive' then 2 else 1 end * body_bytes + 512)`;
/** More than one transaction of the busiest writer leaves behind in one go. */
const EDGE_ROWS_MAX = 10_000;

type Narrow = (rows: ReturnType<typeof selectAnyone>) => ReturnType<typeof selectAnyone>;

function selectMatching(db: Db, filter: ActivityFilter, narrow: Narrow = (rows) => rows) {
  return filter.peerId === undefined
    ? narrow(selectAnyone(db, filter))
    : selectExchanged(db, filter, filter.peerId, narrow);
}

/**
 * Rows from a peer and rows to it, up to one page each. One condition for both would have to collect all that
 * was ever said with the peer and sort it, or walk through the whole workspace; each half is read from its own index.
 */
function selectExchanged(db: Db, filter: ActivityFilter, peer: string, narrow: Narrow) {
  const from = narrow(selectAnyone(db, filter)).where('source_id', '=', peer);
  const to = narrow(selectAnyone(db, filter))
    .where('target_id', '=', peer)
    .where('source_id', 'is distinct from', peer);
  return db
    .selectFrom(from.as('from_peer'))
    .selectAll()
    .unionAll(db.selectFrom(to.as('to_peer')).selectAll());
}

const FAILED = FAILED_ACTIVITY_STATUSES.map((status) => `'${status}'`).join(', ');

/** Rows in page order, up to one page, without regard to their size. */
function selectAnyone(db: Db, filter: ActivityFilter) {
  let rows = db
    .selectFrom('activity_logs')
    .select(['id', 'seq', 'created_at', WIRE_BYTES.as('bytes')])
    .where('workspace_id', '=', filter.workspaceId)
    .orderBy('seq', filter.ascending ? 'asc' : 'desc')
    .limit(filter.limit);
  if (filter.type !== undefined) rows = rows.where('activity_type', '=', filter.type);
  if (filter.source !== undefined) {
    rows = rows.where('source_id', filter.source === 'canvas' ? 'is' : 'is not', null);
  }
  // Written out, as in the index: with parameters the planner could not know that it has them all.
  if (filter.failed) rows = rows.where(sql<SqlBool>`status in (${sql.raw(FAILED)})`);
  if (filter.afterSeq !== undefined) rows = rows.where('seq', '>', filter.afterSeq);
  if (filter.beforeTs !== undefined) rows = rows.where(writtenBefore(sql`${filter.beforeTs}::timestamptz`));
  if (filter.sinceSecs !== undefined) {
    rows = rows.where(writtenSince(sql`(now() - make_interval(secs => ${filter.sinceSecs}))`));
  }
  return rows;
}

/*
 * Pages are in seq order and instants are of created_at, so an instant alone does not say where in an index a page
 * begins. But created_at is the beginning of the transaction that wrote the row, and no transaction lasts five minutes:
 * what was written in one that began this much later has a higher seq. Only rows around the instant are then looked at
 * one by one; adding nothing to created_at keeps the planner from collecting all rows on one side of it.
 */

function writtenBefore(instant: RawBuilder<unknown>): RawBuilder<SqlBool> {
  return sql`created_at + interval '0' < ${instant} and seq < coalesce(
    (select seq from activity_logs where created_at >= ${instant} + interval '5 minutes' order by created_at limit 1),
    ${Number.MAX_SAFE_INTEGER})`;
}

function writtenSince(instant: RawBuilder<unknown>): RawBuilder<SqlBool> {
  return sql`created_at + interval '0' >= ${instant} and seq > coalesce(
    (select seq from activity_logs where created_at < ${instant} - interval '5 minutes' order by created_at desc limit 1),
    0)`;
}

export type ActivityRow = Awaited<ReturnType<typeof listActivities>>[number];

/** Removes up to `limit` rows older than `days` and returns how many. */
export async function deleteOldActivities(db: Db, days: number, limit: number): Promise<number> {
  const { rows } = await sql<{ deleted: number }>`
    with old as (
      select id from activity_logs where created_at < now() - make_interval(days => ${days}::int)
       order by created_at limit ${limit}),
    gone as (delete from activity_logs using old where activity_logs.id = old.id returning 1)
    select count(*) as deleted from gone`.execute(db);
  return rows[0]?.deleted ?? 0;
}
