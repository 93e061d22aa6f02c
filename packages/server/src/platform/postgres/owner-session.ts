import type { Client } from 'pg';
import { PostgresStartError } from './errors.js';
import { toOwnedError } from './owner-file.js';
import { DATABASE } from './password.js';
import type { Postmaster } from './postmaster.js';
import { createClient } from './probe.js';
import { waitUntil } from './wait.js';

/** "MOLECULE" in ASCII; any fixed number would do, since the server shares this Postgres with nobody. */
const LOCK_KEY = '5570746494827383877';

/**
 * Opens the connection whose session lock marks this server as the owner of the database, and creates the database on
 * first use. The lock lives as long as the connection: Postgres drops it when the owner dies, however it dies.
 */
export async function openOwnerSession(postmaster: Postmaster, password: string, dataDir: string): Promise<Client> {
  // Advisory locks are per database, so the session sits in one that always exists.
  const client = createClient(postmaster.port, password, 'postgres');
  try {
    await client.connect();
  } catch (cause) {
    throw new PostgresStartError(
      'start_failed',
      `Postgres runs on port ${postmaster.port} but refuses our connection: ${cause instanceof Error ? cause.message : String(cause)}.`,
      `If ${dataDir}/pg/password was changed or restored, put back the one that belongs to this database.`,
      { cause },
    );
  }
  try {
    // A server that was killed a moment ago still holds its lock until Postgres notices the closed socket.
    const isLocked = await waitUntil(() => tryLock(client), 2_000, 50);
    if (!isLocked) throw toOwnedError(dataDir, null);
    await ensureDatabase(client);
    return client;
  } catch (error) {
    await client.end();
    throw error;
  }
}

async function tryLock(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [LOCK_KEY]);
  return rows[0]?.locked === true;
}

async function ensureDatabase(client: Client): Promise<void> {
  const { rows } = await client.query('select 1 from pg_database where datname = $1', [DATABASE]);
  if (rows.length === 0) await client.query(`create database ${DATABASE}`);
}
