import { sql } from 'kysely';
import type { Tx } from '../../platform/db.js';

/**
 * Held until the transaction ends, one lock per root name: two imports of one org, here or on another replica, take
 * turns, so the second sees what the first created (R27). Locks are taken in one order, so that two imports with several
 * roots cannot wait for each other.
 */
export async function lockRoots(tx: Tx, rootNames: readonly string[]): Promise<void> {
  await sql`
    select pg_advisory_xact_lock(7023, key)
      from (select distinct hashtext(name) as key from unnest(${[...rootNames]}::text[]) as name order by key) as keys`.execute(
    tx,
  );
}
