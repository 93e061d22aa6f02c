import type { EventPayloads, EventType, NewEvent } from '@molecule/contract';
import { type QueryExecutorProvider, sql } from 'kysely';
import { prepared, type Tx } from './db.js';
import { hasSqlState, PlatformUnavailableError } from './errors.js';
import { toStorableJson } from './storable-json.js';

/** A recorded event: what was appended, with its place in the log. */
export type LoggedEvent = {
  [T in EventType]: {
    readonly seq: number;
    readonly type: T;
    readonly workspaceId: string | null;
    readonly payload: EventPayloads[T];
    readonly at: Date;
  };
}[EventType];

export const EVENT_PAYLOAD_BYTES_MAX = 8 * 1024;

// The lock is held only from an append to its commit. Waiting this long means that the database is in trouble.
const APPEND_LOCK_TIMEOUT = '5s';
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Appends events in the order given and returns their seq. Must be the last statement of the transaction: the log is
 * locked from here to its end, which is what makes seq dense and equal to commit order (design §4.4). Only `commit`
 * calls it. Throws PlatformUnavailableError when the log stays locked, and an error naming the event when a payload
 * exceeds 8 KiB: such content belongs in a row that the event refers to.
 */
export async function appendEvents(tx: Tx, events: readonly NewEvent[]): Promise<number[]> {
  if (events.length === 0) return [];
  const batch = `[${events.map(toBatchItem).join(',')}]`;
  try {
    // One round trip sets the limit and appends. The case makes the append depend on the setting, so that the planner
    // cannot run it first; the limit ends with the transaction, in which only the commit follows.
    const { rows } = await sql<{ seq: number }>`${prepared('events-append')}
      with limited as materialized (select set_config('lock_timeout', ${APPEND_LOCK_TIMEOUT}, true) as value)
      select appended.seq
        from limited,
             lateral append_events(case when limited.value is not null then ${batch}::jsonb end) as appended (seq)
       order by appended.seq`.execute(tx);
    return rows.map((row) => row.seq);
  } catch (error) {
    if (hasSqlState(error, LOCK_NOT_AVAILABLE)) {
      throw new PlatformUnavailableError(`cannot append ${events.length} events: the log stayed locked`, {
        cause: error,
      });
    }
    throw error;
  }
}

function toBatchItem(event: NewEvent): string {
  const payload = toStorableJson(event.payload);
  const bytes = Buffer.byteLength(payload);
  if (bytes > EVENT_PAYLOAD_BYTES_MAX) {
    throw new Error(
      `cannot log event ${event.type}: its payload has ${bytes} bytes, the limit is ${EVENT_PAYLOAD_BYTES_MAX}. ` +
        'Store the content in a row and refer to it',
    );
  }
  return `{"type":${JSON.stringify(event.type)},"workspace_id":${JSON.stringify(event.workspaceId)},"payload":${payload}}`;
}

/** A row of `events` as the driver returns it. */
export interface EventRow {
  readonly seq: number;
  readonly type: string;
  readonly workspace_id: string | null;
  readonly payload: unknown;
  readonly at: Date;
}

export function toLoggedEvent(row: EventRow): LoggedEvent {
  const { seq, type, workspace_id: workspaceId, payload, at } = row;
  // Rows enter only through appendEvents, which takes typed events.
  return { seq, type, workspaceId, payload, at } as LoggedEvent;
}

/** The events after `afterSeq`, oldest first, at most `limit`; those of one workspace when `workspaceId` is given. */
export async function readEvents(
  db: QueryExecutorProvider,
  page: { afterSeq: number; limit: number; workspaceId?: string },
): Promise<LoggedEvent[]> {
  // What every live reader asks all the time; the other one is asked for a page now and then.
  const name = page.workspaceId === undefined ? prepared('events-after') : sql``;
  const only = page.workspaceId === undefined ? sql`` : sql`and workspace_id = ${page.workspaceId}`;
  const { rows } = await sql<EventRow>`${name}
    select seq, type, workspace_id, payload, at from events
     where seq > ${page.afterSeq} ${only} order by seq limit ${page.limit}`.execute(db);
  return rows.map(toLoggedEvent);
}

/** The seq of the newest event, 0 when there was never one. It counts events that retention has removed. */
export async function latestSeq(db: QueryExecutorProvider): Promise<number> {
  const { rows } = await sql<{ seq: number }>`select last_seq as seq from event_counter`.execute(db);
  return rows[0]?.seq ?? 0;
}

/**
 * The lowest seq from which a reader can resume and miss nothing: every event above it is still kept. A reader with a
 * lower seq must fetch the snapshot again.
 */
export async function horizonSeq(db: QueryExecutorProvider): Promise<number> {
  const { rows } = await sql<{ seq: number }>`
    select coalesce((select min(seq) - 1 from events), (select last_seq from event_counter)) as seq`.execute(db);
  return rows[0]?.seq ?? 0;
}

const EVENT_RETENTION = { days: 30, rows: 1_000_000 };

/**
 * Removes the oldest events that are past the age or the count of `retention`, at most `limit` of them, and returns
 * how many. Repeat until it returns less than `limit`. Removes a prefix only, so what is kept has no gap.
 */
export async function sweepEvents(
  db: QueryExecutorProvider,
  retention: { days: number; rows: number; limit: number } = { ...EVENT_RETENTION, limit: 10_000 },
): Promise<number> {
  const { rows } = await sql<{ swept: number }>`
    with oldest as (select seq, at from events order by seq limit ${retention.limit}),
         cut as (
           select max(seq) as seq from oldest
            where at < now() - make_interval(days => ${retention.days}::int)
               or seq <= (select last_seq from event_counter) - ${retention.rows}::bigint),
         swept as (delete from events using cut where events.seq <= cut.seq returning 1)
    select count(*) as swept from swept`.execute(db);
  return rows[0]?.swept ?? 0;
}
