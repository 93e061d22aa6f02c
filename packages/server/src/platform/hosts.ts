import { sql } from 'kysely';
import type { Db } from './db.js';
import type { Supervisor } from './supervisor.js';

const BEAT_MS = 30_000;

/**
 * Makes this server known to the others on the same database and keeps saying that it lives (design §6). Workspaces run
 * by a host that falls silent are reported as such by whoever is left.
 */
export async function announceHost(
  deps: { readonly db: Db; readonly supervisor: Supervisor },
  host: { readonly id: string; readonly name: string },
): Promise<void> {
  const beat = async (): Promise<void> => {
    await sql`
      insert into server_hosts (id, name) values (${host.id}, ${host.name})
      on conflict (id) do update set name = excluded.name, seen_at = now()`.execute(deps.db);
  };
  await beat();
  deps.supervisor.loop({ name: 'host-beat', everyMs: BEAT_MS, run: beat });
}
