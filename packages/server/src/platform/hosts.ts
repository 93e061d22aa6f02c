import { sql } from 'kysely';
import type { Db } from './db.js';
import type { Supervisor } from './supervisor.js';

const BEAT_MS = 30_000;
/** A server that has not been seen for this long does not count as running (design §6). */
const LOST_SECONDS = 300;
/** A replica that was replaced by one with another data directory never comes back for its row. */
const FORGOTTEN_DAYS = 90;
const RETENTION_EVERY_MS = 6 * 3_600_000;

export interface Host {
  readonly id: string;
  readonly name: string;
}

/** Another server that uses this database now; null when we are alone. */
export async function findOtherHost(db: Db, own: Host): Promise<Host | null> {
  const { rows } = await sql<Host>`
    select id, name from server_hosts
     where id <> ${own.id} and seen_at > now() - ${LOST_SECONDS}::integer * interval '1 second'
     order by seen_at desc limit 1`.execute(db);
  return rows[0] ?? null;
}

/** A server that said within two beats that it lives; null when none did. */
export async function findLivingHost(db: Db): Promise<Host | null> {
  const { rows } = await sql<Host>`
    select id, name from server_hosts
     where seen_at > now() - ${(2 * BEAT_MS) / 1_000}::integer * interval '1 second'
     order by seen_at desc limit 1`.execute(db);
  return rows[0] ?? null;
}

/**
 * Makes this server known to the others on the same database and keeps saying that it lives (design §6). Workspaces run
 * by a host that falls silent are reported as such by whoever is left. One that stays away for months is forgotten.
 */
export async function announceHost(
  deps: { readonly db: Db; readonly supervisor: Supervisor },
  host: Host,
): Promise<void> {
  const beat = async (): Promise<void> => {
    await sql`
      insert into server_hosts (id, name) values (${host.id}, ${host.name})
      on conflict (id) do update set name = excluded.name, seen_at = now()`.execute(deps.db);
  };
  await beat();
  deps.supervisor.loop({ name: 'host-beat', everyMs: BEAT_MS, run: beat });
  deps.supervisor.loop({
    name: 'host-retention',
    everyMs: RETENTION_EVERY_MS,
    async run() {
      await sql`
        delete from server_hosts
         where seen_at < now() - make_interval(days => ${FORGOTTEN_DAYS}::int)`.execute(deps.db);
    },
  });
}
