import type { Activity, EventFrame } from '@molecule/contract';
import { at } from '@molecule/contract/a2a';
import type { Client } from '@molecule/contract/client';
import { createStore, type StoreApi } from 'zustand/vanilla';
import { emptyLog, justAfter, type LogRows, withNews, withoutFresh, withPage } from '../model/activity-log.js';
import { type Problem, problemOf } from '../model/problem.js';
import type { Clock } from './clock.js';
import type { Feed } from './feed.js';
import { readHistoryPage } from './history-page.js';

/** Which rows of which workspace: what the server itself can narrow a log to. */
export interface ActivityQuery {
  readonly id: string;
  readonly type?: string;
  readonly source?: 'canvas' | 'agent';
  readonly peer_id?: string;
  readonly outcome?: 'failed';
  /** Looks at the past: rows older than this instant, and no news. */
  readonly until?: string;
}

export interface ActivityLogState extends LogRows {
  /** A page is on its way because the reader asked for one. */
  readonly reading: boolean;
  /** Pages of history read so far. */
  readonly pages: number;
  /** Why the newest attempt to read did not succeed. */
  readonly problem: Problem | null;
}

/** One log as pages back into the past and, at its other end, what is happening. Nothing is polled. */
export interface ActivityLog {
  readonly store: StoreApi<ActivityLogState>;
  /** Reads the newest page and begins to hear. Returns the way to end both. */
  start(): () => void;
  /** Reads one more page of the past; nothing when one is on its way or there is no more. */
  readOlder(): void;
  /** Does once more what failed. */
  retry(): void;
  /** Lets the rows in that came meanwhile. */
  reveal(): void;
}

export interface ActivityLogPorts {
  readonly client: Client;
  readonly clock: Clock;
  readonly feed: Pick<Feed, 'subscribe' | 'onGap'>;
}

const PAGE = 100;
/** News within this time are read together. */
const NEWS_AFTER_MS = 300;
/** A burst larger than this many pages is a list of its own: it is read anew. */
const NEWS_PAGES_MAX = 10;
/** Rows of a burst that are further back than the newest page and are read again one by one. */
const AGAIN_MAX = 25;

export function createActivityLog({ client, clock, feed }: ActivityLogPorts, query: ActivityQuery): ActivityLog {
  const store = createStore<ActivityLogState>(() => ({ ...emptyLog, reading: false, pages: 0, problem: null }));
  let life = new AbortController();
  let queue: Promise<void> = Promise.resolve();
  let cancelNews: (() => void) | null = null;
  const changed = new Set<string>();
  let again: () => void = () => {};

  const { id, until, ...filter } = query;
  const update = (change: (log: ActivityLogState) => LogRows): void =>
    store.setState((state) => ({ ...state, ...change(state) }));

  const readPage = async (limit: number, before: string | undefined, signal: AbortSignal) => {
    const page = { ...filter, limit, ...(before === undefined ? {} : { before_ts: before }) };
    return (await client.call('listActivity', { params: { id }, query: page }, { signal })).body;
  };

  /** One read after the other: an answer that was overtaken would put a row back to what it was. */
  const inTurn = (read: (signal: AbortSignal) => Promise<void>, retry: () => void): void => {
    const { signal } = life;
    queue = queue.then(async () => {
      if (signal.aborted) return;
      try {
        await read(signal);
        if (!signal.aborted) store.setState({ problem: null });
      } catch (error) {
        if (signal.aborted) return;
        again = retry;
        store.setState({ problem: problemOf(error) });
      }
    });
  };

  const readHistory = async (signal: AbortSignal): Promise<void> => {
    const oldest = store.getState().rows.at(-1)?.created_at ?? until;
    const page = await readHistoryPage((limit, before) => readPage(limit, before, signal), PAGE, oldest);
    if (signal.aborted) return;
    update((log) => withPage(log, page.rows, page.complete ? 'complete' : 'partial'));
    store.setState(({ pages }) => ({ pages: pages + 1 }));
  };

  const readOlder = (): void => {
    const { reading, history } = store.getState();
    if (reading || history === 'complete') return;
    store.setState({ reading: true });
    inTurn(async (signal) => {
      try {
        await readHistory(signal);
      } finally {
        if (!signal.aborted) store.setState({ reading: false });
      }
    }, readOlder);
  };

  const readNews = (): void => {
    cancelNews = null;
    inTurn(async (signal) => {
      const { rows, history } = store.getState();
      if (history === 'unread') return;
      // Taken before the first read: what is named again while it goes on has changed again.
      const ids = new Set(changed);
      changed.clear();
      let isRead = false;
      try {
        isRead = await readChanged(rows, ids, signal);
      } finally {
        if (!isRead) for (const name of ids) changed.add(name);
      }
    }, readNews);
  };

  /** False when it was broken off. */
  const readChanged = async (
    rows: readonly Activity[],
    ids: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<boolean> => {
    const known = new Set(rows.map((row) => row.id));
    const news: Activity[] = [];
    let before: string | undefined;
    for (let pages = 0; ; pages += 1) {
      if (pages === NEWS_PAGES_MAX) {
        update(() => emptyLog);
        await readHistory(signal);
        return true;
      }
      const page = await readPage(PAGE, before, signal);
      news.push(...page);
      if (page.length === 0 || page.some((row) => known.has(row.id))) break;
      before = page.at(-1)?.created_at;
    }
    const seen = new Set(news.map((row) => row.id));
    const further = rows.filter((row) => !seen.has(row.id) && isNamed(row, ids)).slice(0, AGAIN_MAX);
    for (const row of further) news.push(...(await readPage(1, justAfter(row), signal)));
    if (signal.aborted) return false;
    update((log) => withNews(log, news));
    return true;
  };

  const expectNews = (): void => {
    cancelNews ??= clock.after(NEWS_AFTER_MS, readNews);
  };

  return {
    store,
    start() {
      life = new AbortController();
      store.setState({ reading: false });
      if (store.getState().history === 'unread') readOlder();
      const stops =
        until === undefined
          ? [
              feed.subscribe((frames) => {
                const named = frames.flatMap((frame) => (frame.workspace_id === id ? namesIn(frame) : []));
                if (named.length === 0) return;
                for (const name of named) changed.add(name);
                expectNews();
              }),
              feed.onGap(() => {
                // What ended meanwhile was not heard: every row that was open is looked at again.
                for (const row of store.getState().rows) if (isOpen(row)) changed.add(row.id);
                expectNews();
              }),
            ]
          : [];
      return () => {
        for (const stop of stops) stop();
        cancelNews?.();
        cancelNews = null;
        life.abort();
      };
    },
    readOlder,
    retry: () => {
      store.setState({ problem: null });
      again();
    },
    reveal: () => update(withoutFresh),
  };
}

/** Ids of rows and delegations that an event is about; none when the log did not change. */
function namesIn(frame: EventFrame): string[] {
  switch (frame.event) {
    case 'ACTIVITY_LOGGED':
    case 'AGENT_MESSAGE':
    case 'A2A_RESPONSE':
      return [frame.payload.activity_id];
    case 'DELEGATION_SENT':
    case 'DELEGATION_STATUS':
    case 'DELEGATION_COMPLETE':
    case 'DELEGATION_FAILED':
      return [frame.payload.delegation_id];
    default:
      return [];
  }
}

function isNamed(row: Activity, names: ReadonlySet<string>): boolean {
  if (names.has(row.id)) return true;
  const delegation = at(row.request_body, 'delegation_id');
  return typeof delegation === 'string' && names.has(delegation);
}

/** A task that has not ended, or a message that nobody has answered: its duration says so, not its status. */
function isOpen(row: Activity): boolean {
  if (row.activity_type === 'a2a_receive') return row.status === 'ok' && !row.duration_ms;
  return row.status === 'pending' || row.status === 'dispatched';
}
