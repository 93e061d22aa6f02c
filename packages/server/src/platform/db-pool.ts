import { type PostgresPool, type PostgresPoolClient, type RawBuilder, sql } from 'kysely';
import pg from 'pg';
import { createTypeParsers } from './db-types.js';
import { isConnectionError, PlatformUnavailableError, toError } from './errors.js';
import type { Logger } from './logger.js';

export interface LanePoolOptions {
  readonly url: string;
  readonly lane: string;
  readonly size: number;
  /** How long a caller waits for a free connection, or for a new one to be made. */
  readonly acquireTimeoutMs: number;
  readonly logger: Logger;
}

// Far above any statement sent on purpose. A request has somebody waiting for it; background work has time.
const STATEMENT_TIMEOUTS_MS: Readonly<Record<string, number>> = { health: 5_000, control: 10_000 };
const STATEMENT_TIMEOUT_MS = 30_000;
// Past its own limit a database that answers nothing at all is frozen or cut off, and nobody but us can end the wait.
const SILENCE_MS = 2_000;
// A transaction that idles holds row locks and its lane's connection; no code of ours waits inside one.
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 60_000;
// Long enough to keep connections, with their prepared statements, between beats of a quiet server.
const IDLE_CONNECTION_MS = 120_000;

/** A pool that waits for a connection only so long, and in which no broken connection can end the process. */
export function createLanePool(options: LanePoolOptions): pg.Pool {
  const { lane, logger } = options;
  const statementTimeoutMs = STATEMENT_TIMEOUTS_MS[lane] ?? STATEMENT_TIMEOUT_MS;
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: `molecule-${lane}`,
    max: options.size,
    connectionTimeoutMillis: options.acquireTimeoutMs,
    idleTimeoutMillis: IDLE_CONNECTION_MS,
    allowExitOnIdle: false,
    keepAlive: true,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + SILENCE_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    types: createTypeParsers(),
  });
  // Without a listener an error on a connection that nobody is using would be thrown at the process.
  pool.on('error', (error) => logger.warn({ err: error, lane }, 'idle database connection lost'));
  // The pool listens only while a connection is idle; one that breaks between two statements has no listener otherwise.
  pool.on('connect', (client) => {
    client.on('error', (error) => logger.debug({ err: error, lane }, 'database connection failed'));
  });
  return pool;
}

/** What kysely needs of a pool, with every failure of the connection turned into PlatformUnavailableError. */
export function toKyselyPool(pool: pg.Pool, options: LanePoolOptions): PostgresPool {
  const clients = new WeakMap<pg.PoolClient, PostgresPoolClient>();
  return {
    async connect() {
      const client = await pool.connect().catch((error: unknown) => {
        throw toAcquireError(error, pool, options);
      });
      // kysely keeps its own state per client object, so the same client must get the same wrapper.
      const wrapped = clients.get(client) ?? toKyselyClient(client, options.lane);
      clients.set(client, wrapped);
      return wrapped;
    },
    end: () => pool.end(),
  };
}

function toKyselyClient(client: pg.PoolClient, lane: string): PostgresPoolClient {
  let broken = false;
  const query = async (text: string, values: readonly unknown[]): Promise<unknown> => {
    const name = PREPARED.exec(text)?.[1];
    // A rollback would wait behind the statement that never ends.
    if (broken) throw new PlatformUnavailableError(`the database connection of lane "${lane}" has failed`);
    try {
      return await client.query({ text, values: [...values], ...(name === undefined ? {} : { name }) });
    } catch (error) {
      if (!isConnectionError(error)) throw error;
      broken = true;
      throw new PlatformUnavailableError(
        `the database connection of lane "${lane}" failed: ${toError(error).message}`,
        {
          cause: error,
        },
      );
    }
  };
  return {
    // kysely also declares a form for cursors, which only streaming would use; we page by seq instead of streaming.
    query: query as PostgresPoolClient['query'],
    // The socket of a cut connection may close a moment after the error: back in the pool it would fail the next caller.
    release: () => client.release(broken),
  };
}

const PREPARED = /^\/\* prepared: ([a-z0-9-]+) \*\//;

/**
 * Starts a statement that Postgres shall parse and plan once per connection: `` sql`${prepared('beat')} update …` ``.
 * About twice as fast for batches. Only for constant text: each name keeps a plan on every connection, and using one
 * name for two texts is an error.
 */
export function prepared(name: string): RawBuilder<unknown> {
  return sql.raw(`/* prepared: ${name} */`);
}

function toAcquireError(error: unknown, pool: pg.Pool, options: LanePoolOptions): PlatformUnavailableError {
  const busy = pool.totalCount - pool.idleCount;
  return new PlatformUnavailableError(
    `no database connection of lane "${options.lane}" within ${options.acquireTimeoutMs} ms ` +
      `(${busy} of ${options.size} busy, ${pool.waitingCount} waiting): ${toError(error).message}`,
    { cause: error },
  );
}
