import pg from 'pg';
import { createTypeParsers } from './db-types.js';
import { type EventRow, type LoggedEvent, toLoggedEvent } from './event-log.js';
import type { Logger } from './logger.js';

/**
 * The feed's own database connection: it listens, reads the log and notifies. One connection for all three, so that
 * neither a burst in a lane delays live events nor does a broken LISTEN go unnoticed: the next read fails with it.
 */
export interface EventListener {
  /** The events after `afterSeq`. Connects first when there is no connection; throws when that or the read fails. */
  read(afterSeq: number, limit: number): Promise<LoggedEvent[]>;
  /** The newest seq. Connects and throws like `read`. */
  latestSeq(): Promise<number>;
  /** Tells other replicas whether events were committed and hands them messages. Throws without a connection. */
  notify(news: { committed: boolean; messages: readonly string[] }): Promise<void>;
  close(): Promise<void>;
}

export interface EventListenerOptions {
  readonly url: string;
  readonly logger: Logger;
  /** Another replica committed events. */
  readonly onCommitted: () => void;
  /** Another replica sent a message. */
  readonly onMessage: (message: string) => void;
}

const COMMITTED_CHANNEL = 'molecule_events';
const MESSAGE_CHANNEL = 'molecule_transient';
/** Postgres limits a notification to less than 8,000 bytes. */
export const MESSAGE_BYTES_MAX = 7_900;
// A read takes milliseconds. A connection that is dead without having been closed must not hold up live events.
const QUERY_TIMEOUT_MS = 5_000;

export function createEventListener(options: EventListenerOptions): EventListener {
  let current: { client: pg.Client; pid: number } | null = null;
  let connecting: Promise<pg.Client> | null = null;
  let closed = false;

  const drop = (client: pg.Client): void => {
    if (current?.client === client) current = null;
    // It is already known to be broken; how its end goes is of no interest.
    client.end().catch((error: unknown) => options.logger.debug({ err: error }, 'closing the event connection failed'));
  };

  const connect = async (): Promise<pg.Client> => {
    const client = new pg.Client({
      connectionString: options.url,
      application_name: 'molecule-listen',
      connectionTimeoutMillis: QUERY_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      keepAlive: true,
      types: createTypeParsers(),
    });
    client.on('error', (error) => {
      options.logger.warn({ err: error }, 'event connection lost');
      drop(client);
    });
    try {
      await client.connect();
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
      const pid = rows[0]?.pid ?? 0;
      client.on('notification', ({ processId, channel, payload }) => {
        // Postgres also tells the sender, whose own subscribers have it already.
        if (processId === pid) return;
        if (channel === COMMITTED_CHANNEL) options.onCommitted();
        else if (payload !== undefined) options.onMessage(payload);
      });
      await client.query(`listen ${COMMITTED_CHANNEL}`);
      await client.query(`listen ${MESSAGE_CHANNEL}`);
      if (closed) throw new Error('the event connection was closed while it connected');
      current = { client, pid };
      return client;
    } catch (error) {
      drop(client);
      throw error;
    }
  };

  const connected = (): Promise<pg.Client> => {
    if (closed) return Promise.reject(new Error('the event connection is closed'));
    if (current !== null) return Promise.resolve(current.client);
    connecting ??= connect().finally(() => {
      connecting = null;
    });
    return connecting;
  };

  // One statement at a time: the driver's own queue is deprecated.
  let last: Promise<unknown> = Promise.resolve();
  const query = async <Row extends pg.QueryResultRow>(client: pg.Client, config: pg.QueryConfig): Promise<Row[]> => {
    const result = last.then(() => client.query<Row>(config));
    last = result.catch(() => undefined);
    try {
      return (await result).rows;
    } catch (error) {
      // After a timeout answers would come out of step, so any failure costs the connection. There is always a next.
      drop(client);
      throw error;
    }
  };

  return {
    async read(afterSeq, limit) {
      const rows = await query<EventRow>(await connected(), {
        name: 'event-feed',
        text: 'select seq, type, workspace_id, payload, at from events where seq > $1 order by seq limit $2',
        values: [afterSeq, limit],
      });
      return rows.map(toLoggedEvent);
    },
    async latestSeq() {
      const rows = await query<{ seq: number }>(await connected(), {
        text: 'select last_seq as seq from event_counter',
      });
      return rows[0]?.seq ?? 0;
    },
    async notify({ committed, messages }) {
      if (current === null) throw new Error('cannot notify other replicas: the event connection is down');
      await query(current.client, {
        name: 'event-notify',
        text: `select pg_notify('${COMMITTED_CHANNEL}', '') where $1
               union all select pg_notify('${MESSAGE_CHANNEL}', message) from unnest($2::text[]) as message`,
        values: [committed, messages],
      });
    },
    async close() {
      closed = true;
      await connecting?.catch(() => {});
      const client = current?.client;
      current = null;
      await client?.end();
    },
  };
}
