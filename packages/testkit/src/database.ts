import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { waitFor } from './wait-for.js';

export interface TestDatabaseOptions {
  /** A database of the Postgres to use, with the right to create others. */
  readonly adminUrl: string;
  readonly migrationsFolder: string;
  /** Brings an empty database up to date. Called at most once per state of the migrations folder. */
  readonly migrate: (url: string) => Promise<void>;
}

export interface TestDatabase {
  readonly url: string;
  /**
   * Removes the database. Throws, after removing it, when connections were still open: the code under test leaked
   * them.
   */
  drop(): Promise<void>;
  /** Keeps the database for inspection and prints where it is. */
  keep(reason: string): void;
}

// Any constant: test processes take turns on building the template.
const TEMPLATE_LOCK = 7_021_003;
const LEAK_GRACE_MS = 2_000;

/**
 * A fresh, migrated database of its own, by cloning a template that is built once per state of the migrations. Takes
 * tens of milliseconds. Parallel calls, also from other processes, are fine.
 */
export async function cloneTestDatabase(options: TestDatabaseOptions): Promise<TestDatabase> {
  const name = `molecule_test_${randomUUID().replaceAll('-', '').slice(0, 16)}`;
  const url = withDatabase(options.adminUrl, name);
  await withClient(options.adminUrl, async (admin) => {
    const template = await ensureTemplate(admin, options);
    await admin.query(`create database ${name} template ${template}`);
  });
  return {
    url,
    drop: () => withClient(options.adminUrl, (admin) => dropDatabase(admin, name)),
    keep: (reason) => console.error(`\nkept test database (${reason}): ${url}\n`),
  };
}

/** Names of the test databases that exist, which are the kept ones once a run is over. */
export async function listTestDatabases(adminUrl: string): Promise<string[]> {
  return withClient(adminUrl, async (admin) => {
    const { rows } = await admin.query<{ datname: string }>(
      `select datname from pg_database where datname like 'molecule\\_test\\_%' order by datname`,
    );
    return rows.map((row) => row.datname);
  });
}

async function ensureTemplate(admin: pg.Client, options: TestDatabaseOptions): Promise<string> {
  const name = `molecule_template_${await hashFolder(options.migrationsFolder)}`;
  const exists = async (): Promise<boolean> =>
    (await admin.query('select from pg_database where datname = $1', [name])).rowCount === 1;
  if (await exists()) return name;

  await admin.query('select pg_advisory_lock($1)', [TEMPLATE_LOCK]);
  try {
    if (await exists()) return name;
    // Built under another name and renamed when complete: a crash half-way can never be mistaken for the template.
    const building = `${name}_building`;
    await admin.query(`drop database if exists ${building} with (force)`);
    await admin.query(`create database ${building}`);
    await options.migrate(withDatabase(options.adminUrl, building));
    // A session that has just ended may still be counted for a moment, and a rename needs there to be none.
    await waitFor(() => admin.query(`alter database ${building} rename to ${name}`), {
      what: 'the sessions of the migration to end',
    });
    return name;
  } finally {
    await admin.query('select pg_advisory_unlock($1)', [TEMPLATE_LOCK]);
  }
}

async function hashFolder(folder: string): Promise<string> {
  const hash = createHash('sha256');
  for (const filename of (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()) {
    hash.update(`${filename}\n`).update(await readFile(join(folder, filename)));
  }
  return hash.digest('hex').slice(0, 16);
}

async function dropDatabase(admin: pg.Client, name: string): Promise<void> {
  const open = async (): Promise<string[]> => {
    const { rows } = await admin.query<{ application_name: string }>(
      'select application_name from pg_stat_activity where datname = $1',
      [name],
    );
    return rows.map((row) => row.application_name);
  };
  // Closing a pool sends its goodbye; the server takes a moment to read it.
  await waitFor(async () => (await open()).length === 0, { timeoutMs: LEAK_GRACE_MS }).catch(() => {});
  const leaked = await open();
  await admin.query(`drop database if exists ${name} with (force)`);
  if (leaked.length > 0) throw new Error(`test left ${leaked.length} database connections open: ${leaked.join(', ')}`);
}

async function withClient<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'molecule-testkit' });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

function withDatabase(adminUrl: string, name: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.toString();
}
