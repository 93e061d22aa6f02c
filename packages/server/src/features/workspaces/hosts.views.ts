import { sql } from 'kysely';
import type { Db } from '../../platform/db.js';

export interface LostHostRow {
  readonly id: string;
  readonly generation: number;
  readonly hostName: string;
}

/** Never those of the host that asks: it lives, whatever its row says after the database was away. */
export async function listOnLostHosts(db: Db, askingHostId: string, silenceSeconds: number): Promise<LostHostRow[]> {
  const { rows } = await sql<LostHostRow>`
    select w.id, w.generation, h.name as "hostName"
      from workspaces as w
      join server_hosts as h on h.id = w.host_id
     where w.status in ('provisioning', 'online', 'degraded')
       and h.id <> ${askingHostId}
       and h.seen_at < now() - ${silenceSeconds}::integer * interval '1 second'
     order by w.id
     limit 1000`.execute(db);
  return rows;
}
