import { sql } from 'kysely';
import type { Db, Tx } from '../../platform/db.js';

export interface PushConfigRow {
  readonly task_id: string;
  readonly id: string;
  readonly target_id: string;
  readonly url: string;
  readonly sealed: Buffer | null;
  readonly key_id: string | null;
  readonly version: string;
  readonly origin: string;
}

type Key = Pick<PushConfigRow, 'task_id' | 'id'>;

const COLUMNS = ['task_id', 'id', 'target_id', 'url', 'sealed', 'key_id', 'version', 'origin'] as const;

/** Writes a configuration, or replaces the one of the same id; then everything is told from the present on. */
export async function putConfig(db: Db, row: PushConfigRow): Promise<void> {
  await db
    .insertInto('task_push_configs')
    .values({ ...row, last_error: null })
    .onConflict((conflict) =>
      conflict.columns(['task_id', 'id']).doUpdateSet({
        url: row.url,
        sealed: row.sealed,
        key_id: row.key_id,
        version: row.version,
        origin: row.origin,
        told: '',
        attempts: 0,
        due_at: sql`now()`,
        last_error: null,
        done: false,
      }),
    )
    .execute();
}

export async function listConfigs(db: Db, taskId: string, limit: number): Promise<readonly PushConfigRow[]> {
  return db
    .selectFrom('task_push_configs')
    .select(COLUMNS)
    .where('task_id', '=', taskId)
    .orderBy('created_at')
    .orderBy('id')
    .limit(limit)
    .execute();
}

export async function deleteConfig(db: Db, { task_id, id }: Key): Promise<void> {
  await db.deleteFrom('task_push_configs').where('task_id', '=', task_id).where('id', '=', id).execute();
}

/** True while there is a task about whose end somebody is still to be told. */
export async function hasOpenConfigs(db: Db): Promise<boolean> {
  const row = await db
    .selectFrom('task_push_configs')
    .select('id')
    .where('done', '=', false)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Takes a due configuration for `seconds`; null when another has it. */
export async function claimConfig(
  db: Db,
  { task_id, id }: Key,
  seconds: number,
): Promise<(PushConfigRow & { readonly attempts: number }) | null> {
  const row = await db
    .updateTable('task_push_configs')
    .set({ due_at: sql`now() + make_interval(secs => ${seconds})`, attempts: sql`attempts + 1` })
    .where('task_id', '=', task_id)
    .where('id', '=', id)
    .where('due_at', '<=', sql<Date>`now()`)
    .where('done', '=', false)
    .returning([...COLUMNS, 'attempts'])
    .executeTakeFirst();
  return row ?? null;
}

/** What a delivery came to. Told, or given up, means that this state is over for the receiver. */
export async function settleConfig(
  db: Db,
  { task_id, id }: Key,
  outcome:
    | { readonly told: string; readonly done: boolean; readonly error: string | null }
    | { readonly retryInSeconds: number; readonly error: string },
): Promise<void> {
  const values =
    'told' in outcome
      ? { told: outcome.told, done: outcome.done, attempts: 0, due_at: sql<Date>`now()`, last_error: outcome.error }
      : { due_at: sql<Date>`now() + make_interval(secs => ${outcome.retryInSeconds})`, last_error: outcome.error };
  await db.updateTable('task_push_configs').set(values).where('task_id', '=', task_id).where('id', '=', id).execute();
}

/** Those that have nothing more to tell, and those of tasks that nobody answers, after their time. */
export async function deleteOldConfigs(db: Db, days: { readonly done: number; readonly open: number }): Promise<void> {
  await sql`
    delete from task_push_configs
     where (done and created_at < now() - make_interval(days => ${days.done}::int))
        or created_at < now() - make_interval(days => ${days.open}::int)`.execute(db);
}

/** Everything encrypted, locked: for a change of the key. */
export function lockSealed(tx: Tx): Promise<readonly PushConfigRow[]> {
  return tx.selectFrom('task_push_configs').select(COLUMNS).where('sealed', 'is not', null).forUpdate().execute();
}

export async function writeSealed(tx: Tx, { task_id, id, sealed, key_id }: PushConfigRow): Promise<void> {
  await tx
    .updateTable('task_push_configs')
    .set({ sealed, key_id })
    .where('task_id', '=', task_id)
    .where('id', '=', id)
    .execute();
}
