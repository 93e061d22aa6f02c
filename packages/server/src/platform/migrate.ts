import pg from 'pg';
import { toError } from './errors.js';
import {
  type AppliedMigration,
  MigrationError,
  type MigrationFile,
  planMigrations,
  readMigrations,
} from './migration-files.js';

export { MigrationError } from './migration-files.js';

// Any constant, as long as every release uses the same: replicas that start together take turns on it.
const MIGRATION_LOCK = '7021, 0';
// Longer than any migration should take; a replica that waits this long says so instead of hanging at boot.
const LOCK_TIMEOUT = '5min';

/**
 * Brings the schema up to date from the files of `folder` and returns the names of those it applied, in order. Each
 * file is one transaction with its row in `schema_migrations`, so a failed file leaves nothing behind and the files
 * before it stay. Safe to call at every start and from several replicas at once. Throws MigrationError.
 */
export async function migrate(options: { url: string; folder: string }): Promise<string[]> {
  const files = await readMigrations(options.folder);
  const client = new pg.Client({
    connectionString: options.url,
    application_name: 'molecule-migrate',
    connectionTimeoutMillis: 10_000,
  });
  let lost: Error | null = null;
  // An 'error' without a listener would end the process; the statement under way rejects with the same cause.
  client.on('error', (error) => {
    lost = error;
  });
  try {
    await client.connect();
    await client.query(`set lock_timeout = '${LOCK_TIMEOUT}'`);
    await client.query(`select pg_advisory_lock(${MIGRATION_LOCK})`).catch((error: unknown) => {
      throw new MigrationError(`another server has been migrating this database for ${LOCK_TIMEOUT}; is it stuck?`, {
        cause: error,
      });
    });
    const pending = planMigrations(files, await readApplied(client));
    for (const file of pending) await apply(client, file);
    return pending.map((file) => file.filename);
  } finally {
    // Ending the session frees the advisory lock.
    if (lost === null) await client.end();
  }
}

async function readApplied(client: pg.Client): Promise<AppliedMigration[]> {
  await client.query(
    `create table if not exists schema_migrations (
       filename   text primary key,
       checksum   text not null,
       applied_at timestamptz not null default now()
     )`,
  );
  const { rows } = await client.query<AppliedMigration>('select filename, checksum from schema_migrations');
  return rows;
}

async function apply(client: pg.Client, file: MigrationFile): Promise<void> {
  await client.query('begin');
  try {
    await client.query(file.sql);
    await client.query('insert into schema_migrations (filename, checksum) values ($1, $2)', [
      file.filename,
      file.checksum,
    ]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch((rollbackError: unknown) => {
      throw new MigrationError(
        `migration ${file.filename} failed and the connection broke: ${toError(error).message}`,
        {
          cause: rollbackError,
        },
      );
    });
    throw new MigrationError(`migration ${file.filename} failed${where(error, file)}: ${toError(error).message}`, {
      cause: error,
    });
  }
}

/** Postgres reports the place of a syntax error as a character offset from 1. */
function where(error: unknown, file: MigrationFile): string {
  const position = error instanceof pg.DatabaseError ? Number(error.position) : Number.NaN;
  return Number.isNaN(position) ? '' : ` at line ${file.sql.slice(0, position).split('\n').length}`;
}
