import { sql } from 'kysely';
import type { Db } from '../../platform/db.js';

export interface LostHostRow {
  readonly id: string;
  readonly generation: number;
  /** Its id when even its name is forgotten. */
  readonly hostName: string;
}

/** Never those of the host that asks: it lives, whatever its row says after the database was away. */
export async function listOnLostHosts(db: Db, askingHostId: string, silenceSeconds: number): Promise<LostHostRow[]> {
  const { rows } = await sql<LostHostRow>`
    select w.id, w.generation, coalesce(h.name, w.host_id::text) as "hostName"
      from workspaces as w
      left join server_hosts as h on h.id = w.host_id
     where w.status in ('provisioning', 'online', 'degraded')
       and w.host_id <> ${askingHostId}
       and (h.id is null or h.seen_at < now() - ${silenceSeconds}::integer * interval '1 second')
     order by w.id
     limit 1000`.execute(db);
  return rows;
}
