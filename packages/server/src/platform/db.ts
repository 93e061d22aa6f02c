import { Kysely, PostgresDialect, sql, type Transaction } from 'kysely';
import type pg from 'pg';
import type { Database } from '../database.js';
import { createLanePool, toKyselyPool } from './db-pool.js';
import type { Logger } from './logger.js';

export { prepared } from './db-pool.js';

export type Db = Kysely<Database>;
export type Tx = Transaction<Database>;

/**
 * Separate pools, so that a burst in one cannot starve another: `health` for the health check and lease renewal,
 * `control` for requests, `work` for background workers. The event feed has one more connection of its own.
 */
export interface Lanes {
  readonly health: Db;
  readonly control: Db;
  readonly work: Db;
}

export type LaneName = keyof Lanes;
export type LaneSizes = Readonly<Record<LaneName, number>>;

const DEFAULT_LANE_SIZES: LaneSizes = { health: 1, control: 8, work: 4 };

/**
 * For tests: with one connection per lane, a query on the outer pool inside a transaction can never get a connection
 * and fails with PlatformUnavailableError after the acquire timeout, where a larger pool would wedge only under load.
 */
export const SINGLE_CONNECTION_LANES: LaneSizes = { health: 1, control: 1, work: 1 };

export interface DatabaseHandle {
  readonly lanes: Lanes;
  readonly url: string;
  /** Waits for running statements, then closes every connection. May be repeated. Later queries fail. */
  close(): Promise<void>;
  /** Connections per lane, for metrics and for tests that nothing leaked. */
  stats(): Record<LaneName, { total: number; idle: number; waiting: number }>;
}

export interface DatabaseOptions {
  readonly url: string;
  readonly logger: Logger;
  readonly laneSizes?: LaneSizes;
  /** Default 2,000. Waiting longer than this for a connection throws PlatformUnavailableError. */
  readonly acquireTimeoutMs?: number;
}

/** Opens no connection yet: the first query of each lane does, and throws PlatformUnavailableError when it cannot. */
export function createDatabase(options: DatabaseOptions): DatabaseHandle {
  const sizes = options.laneSizes ?? DEFAULT_LANE_SIZES;
  const open = (lane: LaneName): { pool: pg.Pool; db: Db } => {
    const { url, logger, acquireTimeoutMs = 2_000 } = options;
    const laneOptions = { url, logger, lane, size: sizes[lane], acquireTimeoutMs };
    const pool = createLanePool(laneOptions);
    return {
      pool,
      db: new Kysely<Database>({ dialect: new PostgresDialect({ pool: toKyselyPool(pool, laneOptions) }) }),
    };
  };
  const opened = { health: open('health'), control: open('control'), work: open('work') };
  const count = ({ pool }: { pool: pg.Pool }) => ({
    total: pool.totalCount,
    idle: pool.idleCount,
    waiting: pool.waitingCount,
  });
  let closing: Promise<void> | null = null;

  return {
    lanes: { health: opened.health.db, control: opened.control.db, work: opened.work.db },
    url: options.url,
    close() {
      // The pools are ended here and not by kysely, which leaves a pool alone that was never queried.
      closing ??= Promise.all(Object.values(opened).map(({ pool }) => pool.end())).then(() => {});
      return closing;
    },
    stats: () => ({ health: count(opened.health), control: count(opened.control), work: count(opened.work) }),
  };
}

/** From here to its end, a statement of `tx` that waits longer than `ms` for a lock fails with SQLSTATE 55P03. */
export async function setLockTimeout(tx: Tx, ms: number): Promise<void> {
  await sql`select set_config('lock_timeout', ${`${ms}ms`}, true)`.execute(tx);
}
