import { sql } from 'kysely';
import type { Db } from '../../src/platform/db.js';

/** One change of a row of the ledger, seen by the database itself. */
export interface Change {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly reason: string | null;
  readonly detail: string | null;
}

/** Has the database write down every change of state, and every change of what an ended row says. */
export async function watchLedger(db: Db): Promise<void> {
  await sql`
    create table seen_changes (n bigserial primary key, id uuid not null, "from" text not null, "to" text not null,
                               reason text, detail text)`.execute(db);
  await sql`
    create function see_change() returns trigger language plpgsql as $$ begin
      insert into seen_changes (id, "from", "to", reason, detail)
           values (new.id, old.state, new.state, old.reason, old.error_detail);
      return null; end $$`.execute(db);
  await sql`
    create trigger see_change after update on messages for each row
      when (old.state is distinct from new.state
            or (old.ended_at is not null
                and (old.reason, old.error_detail, old.result::text) is distinct from
                    (new.reason, new.error_detail, new.result::text)))
      execute function see_change()`.execute(db);
}

export async function readChanges(db: Db, ids: readonly string[]): Promise<readonly Change[]> {
  const { rows } = await sql<Change>`
    select id, "from", "to", reason, detail from seen_changes where id = any(${ids}::uuid[]) order by n`.execute(db);
  return rows;
}

/** Lets `ms` pass in the database for these workspaces, backwards when negative: all its times move the other way. */
export async function shiftTimes(db: Db, workspaceIds: readonly string[], ms: number): Promise<void> {
  const by = sql`make_interval(secs => ${ms / 1_000}::double precision)`;
  await sql`
    update messages
       set created_at = created_at - ${by}, updated_at = updated_at - ${by}, due_at = due_at - ${by},
           deadline = deadline - ${by}, lease_until = lease_until - ${by}, dispatched_at = dispatched_at - ${by},
           last_heartbeat = last_heartbeat - ${by}, ended_at = ended_at - ${by}
     where target_id = any(${workspaceIds}::uuid[])`.execute(db);
  await sql`update workspaces set updated_at = updated_at - ${by} where id = any(${workspaceIds}::uuid[])`.execute(db);
}
