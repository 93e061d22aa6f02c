import type { Activity } from '@molecule/contract';

/**
 * What has been read of an activity log: one list for what is history and what has just happened. Rows are known by
 * their id, so reading one again replaces it where it stands and never shows it twice.
 */
export interface LogRows {
  /** Newest first. */
  readonly rows: readonly Activity[];
  /** Rows that came by themselves and that the reader has not let in yet: they would move what is being read. */
  readonly fresh: ReadonlySet<string>;
  /** Whether older rows are known to be there, or known not to be. */
  readonly history: 'unread' | 'partial' | 'complete';
}

export const emptyLog: LogRows = { rows: [], fresh: new Set(), history: 'unread' };

/** Takes in a page of history, or rows read again. `history` stays as it is when the page does not tell. */
export function withPage(log: LogRows, page: readonly Activity[], history = log.history): LogRows {
  return { ...log, rows: merge(log.rows, page), history };
}

/** Takes in what came by itself; rows that are not known yet are fresh until the reader lets them in. */
export function withNews(log: LogRows, news: readonly Activity[]): LogRows {
  const known = new Set(log.rows.map((row) => row.id));
  const added = news.filter((row) => !known.has(row.id)).map((row) => row.id);
  return {
    ...log,
    rows: merge(log.rows, news),
    fresh: added.length === 0 ? log.fresh : new Set([...log.fresh, ...added]),
  };
}

export function withoutFresh(log: LogRows): LogRows {
  return log.fresh.size === 0 ? log : { ...log, fresh: new Set() };
}

/** An instant before which a page begins with the row itself: instants on the wire are in milliseconds. */
export function justAfter(row: Pick<Activity, 'created_at'>): string {
  return new Date(Date.parse(row.created_at) + 1).toISOString();
}

function merge(known: readonly Activity[], more: readonly Activity[]): readonly Activity[] {
  if (more.length === 0) return known;
  const byId = new Map(known.map((row) => [row.id, row]));
  for (const row of more) byId.set(row.id, row);
  return [...byId.values()].toSorted((a, b) => compareInstants(b.created_at, a.created_at) || b.seq - a.seq);
}

/** Instants of the wire are UTC in milliseconds, so that their order is that of their text. */
function compareInstants(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
