import { sql } from 'kysely';
import { afterEach, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../test/database.js';
import {
  createDatabase,
  type DatabaseHandle,
  type DatabaseOptions,
  prepared,
  SINGLE_CONNECTION_LANES,
  setLockTimeout,
} from './db.js';
import { PlatformUnavailableError } from './errors.js';
import { createLogger } from './logger.js';

const testDatabase = useTestDatabase();
const opened: DatabaseHandle[] = [];
const lines: string[] = [];
const logger = createLogger({ level: 'debug', destination: { write: (line) => lines.push(line) } });

function open(options: Partial<DatabaseOptions> = {}): DatabaseHandle {
  const handle = createDatabase({ url: testDatabase.url, logger, ...options });
  opened.push(handle);
  return handle;
}

afterEach(async () => {
  for (const handle of opened.splice(0)) await handle.close();
});

async function one<T>(db: DatabaseHandle['lanes']['control'], query: string): Promise<T> {
  const { rows } = await sql<{ value: T }>`${sql.raw(query)}`.execute(db);
  const row = rows[0];
  if (row === undefined) throw new Error('no row');
  return row.value;
}

describe('what comes out of the database', () => {
  it('is a number for bigint, also in arrays and counts', async () => {
    const { control } = open().lanes;
    expect(await one(control, 'select 9007199254740991::bigint as value')).toBe(9007199254740991);
    expect(await one(control, 'select array[1, null, 3]::bigint[] as value')).toEqual([1, null, 3]);
    expect(await one(control, 'select count(*) as value from generate_series(1, 5)')).toBe(5);
  });

  it('is an error for a bigint that a number cannot hold, and the connection stays usable', async () => {
    const { control } = open({ laneSizes: SINGLE_CONNECTION_LANES }).lanes;
    await expect(one(control, 'select 9007199254740993::bigint as value')).rejects.toThrow('without loss');
    expect(await one(control, 'select 1 as value')).toBe(1);
  });

  it('is a Date for timestamptz and a value for jsonb', async () => {
    const { control } = open().lanes;
    expect(await one(control, `select '2026-02-03T04:05:06.789Z'::timestamptz as value`)).toEqual(
      new Date('2026-02-03T04:05:06.789Z'),
    );
    expect(await one(control, `select '{"a":[1,null]}'::jsonb as value`)).toEqual({ a: [1, null] });
  });
});

describe('lanes', () => {
  it('name themselves to Postgres and bound every statement', async () => {
    const { health, work } = open().lanes;
    expect(await one(health, `select current_setting('application_name') as value`)).toBe('molecule-health');
    expect(await one(work, `select current_setting('application_name') as value`)).toBe('molecule-work');
    expect(await one(work, `select current_setting('statement_timeout') as value`)).toBe('30s');
    expect(await one(work, `select current_setting('idle_in_transaction_session_timeout') as value`)).toBe('1min');
  });

  it('do not starve each other', async () => {
    const handle = open({ laneSizes: SINGLE_CONNECTION_LANES, acquireTimeoutMs: 5_000 });
    await handle.lanes.control.transaction().execute(async (tx) => {
      await sql`select 1`.execute(tx);
      expect(await one(handle.lanes.health, 'select 1 as value')).toBe(1);
    });
  });

  it('turn a query on the outer pool inside a transaction into a bounded failure, not a hang', async () => {
    const handle = open({ laneSizes: SINGLE_CONNECTION_LANES, acquireTimeoutMs: 500 });
    const nested = handle.lanes.control.transaction().execute(async (tx) => {
      await sql`select 1`.execute(tx);
      await one(handle.lanes.control, 'select 1 as value');
    });
    await expect(nested).rejects.toThrow(PlatformUnavailableError);
    await expect(nested).rejects.toThrow(/lane "control" within 500 ms \(1 of 1 busy/);
    expect(await one(handle.lanes.control, 'select 1 as value')).toBe(1);
    expect(handle.stats().control).toEqual({ total: 1, idle: 1, waiting: 0 });
  });

  it('serve a burst far above their size', async () => {
    const handle = open();
    const values = await Promise.all(
      Array.from({ length: 200 }, (_, i) => one<number>(handle.lanes.control, `select ${i} as value`)),
    );
    expect(values).toHaveLength(200);
    expect(handle.stats().control).toEqual({ total: 8, idle: 8, waiting: 0 });
  });
});

describe('a database that goes away', () => {
  it('is unavailable, not an unknown error, when it refuses connections', async () => {
    const { control } = open({ url: 'postgres://nobody@127.0.0.1:1/none' }).lanes;
    await expect(one(control, 'select 1 as value')).rejects.toThrow(PlatformUnavailableError);
  });

  it('is unavailable for the statement whose connection is cut, and back for the next', async () => {
    const handle = open();
    const sleeping = one(handle.lanes.work, 'select pg_sleep(20) as value');
    const cut = expect(sleeping).rejects.toThrow(PlatformUnavailableError);
    const terminated = async () =>
      one<number>(
        handle.lanes.control,
        `select count(pg_terminate_backend(pid)) as value from pg_stat_activity
         where datname = current_database() and query like '%pg_sleep(20)%' and pid <> pg_backend_pid()`,
      );
    while ((await terminated()) === 0);
    await cut;
    expect(await one(handle.lanes.work, 'select 1 as value')).toBe(1);
  });

  it('does not end the process when idle connections or one between two statements of a transaction are cut', async () => {
    const handle = open();
    await one(handle.lanes.work, 'select 1 as value');
    const interrupted = handle.lanes.control.transaction().execute(async (tx) => {
      await sql`select 1`.execute(tx);
      await one(
        handle.lanes.health,
        `select count(pg_terminate_backend(pid)) as value from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()`,
      );
      await sql`select 2`.execute(tx);
    });
    await expect(interrupted).rejects.toThrow(PlatformUnavailableError);
    expect(await one(handle.lanes.control, 'select 1 as value')).toBe(1);
    expect(await one(handle.lanes.work, 'select 1 as value')).toBe(1);
  });

  it('is unavailable after close, which may be repeated', async () => {
    const handle = open();
    await one(handle.lanes.work, 'select 1 as value');
    await handle.close();
    await handle.close();
    await expect(one(handle.lanes.work, 'select 1 as value')).rejects.toThrow(PlatformUnavailableError);
  });
});

describe('statements', () => {
  it('marked as prepared are planned once per connection under their name', async () => {
    const { control } = open({ laneSizes: SINGLE_CONNECTION_LANES }).lanes;
    for (const n of [1, 2, 3]) {
      const { rows } = await sql<{ value: number }>`${prepared('sum')} select ${n}::int + 1 as value`.execute(control);
      expect(rows).toEqual([{ value: n + 1 }]);
    }
    expect(await one(control, `select string_agg(name, ',') as value from pg_prepared_statements`)).toBe('sum');
  });

  it('give up on a lock when told to, and the limit ends with the transaction', async () => {
    const handle = open();
    await handle.lanes.work.transaction().execute(async (holder) => {
      await sql`select pg_advisory_xact_lock(77)`.execute(holder);
      const waiting = handle.lanes.control.transaction().execute(async (tx) => {
        await setLockTimeout(tx, 50);
        await sql`select pg_advisory_xact_lock(77)`.execute(tx);
      });
      await expect(waiting).rejects.toMatchObject({ code: '55P03' });
    });
    expect(await one(handle.lanes.control, `select current_setting('lock_timeout') as value`)).toBe('0');
  });
});
