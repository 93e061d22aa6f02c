import { sql } from 'kysely';
import type { Db, Tx } from '../../platform/db.js';

export interface WaitingStart {
  readonly id: string;
  readonly runtime: string;
}

/** Workspaces of this host that are starting on a backend, whatever they wait for. */
export async function listStarting(db: Db, hostId: string, backend: string): Promise<WaitingStart[]> {
  const { rows } = await sql<WaitingStart>`
    select id, runtime
      from workspaces
     where status = 'provisioning' and desired = 'running' and host_id = ${hostId} and backend = ${backend}
     order by id`.execute(db);
  return rows;
}

/** Writes it where it is news; answers where it was. Its time counts for the limit of the start. */
export async function writeStartProgress(tx: Tx, ids: readonly string[], text: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    update workspaces
       set start_progress = ${text}, start_progress_at = now()
     where id in (select id from workspaces where id = any(${[...ids]}::uuid[]) and status = 'provisioning'
                   and start_progress <> ${text} order by id for update)
     returning id`.execute(tx);
  return rows.map(({ id }) => id);
}

/** What they wait for got on, in a way too small to be told. */
export async function touchStartProgress(db: Db, ids: readonly string[]): Promise<void> {
  await sql`
    update workspaces set start_progress_at = now()
     where id in (select id from workspaces where id = any(${[...ids]}::uuid[]) and status = 'provisioning'
                   order by id for update)`.execute(db);
}

/** Their next look is now. */
export async function makeDue(db: Db, ids: readonly string[]): Promise<void> {
  await sql`
    update workspaces set due_at = now()
     where id in (select id from workspaces where id = any(${[...ids]}::uuid[]) and status = 'provisioning'
                   and due_at is not null order by id for update)`.execute(db);
}

/** Live workspaces of this host that are to run. */
export async function listWantedOnHost(
  db: Db,
  hostId: string,
): Promise<readonly { readonly name: string; readonly runtime: string }[]> {
  return db
    .selectFrom('workspaces')
    .select(['name', 'runtime'])
    .where('host_id', '=', hostId)
    .where('desired', '=', 'running')
    .where('status', 'not in', ['failed', 'removed'])
    .orderBy('seq')
    .execute();
}
