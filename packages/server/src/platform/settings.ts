import { sql } from 'kysely';
import type { Db, Tx } from './db.js';

/**
 * The stored value of a setting; writes `initial` first when there is none. Of several servers that start at once, all
 * get the one that was written first.
 */
export async function ensureSetting(db: Db | Tx, key: string, initial: unknown): Promise<unknown> {
  await sql`
    insert into settings (key, value) values (${key}, ${JSON.stringify(initial)}::jsonb)
    on conflict (key) do nothing`.execute(db);
  const row = await db.selectFrom('settings').select('value').where('key', '=', key).executeTakeFirstOrThrow();
  return row.value;
}

/** Writes a setting over what is stored. */
export async function writeSetting(tx: Tx, key: string, value: unknown): Promise<void> {
  await sql`
    insert into settings (key, value) values (${key}, ${JSON.stringify(value)}::jsonb)
    on conflict (key) do update set value = excluded.value`.execute(tx);
}
