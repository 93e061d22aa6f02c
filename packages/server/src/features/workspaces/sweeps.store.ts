import { sql } from 'kysely';
import type { Db, Tx } from '../../platform/db.js';
import type { InstanceRecord } from '../../provisioners/provisioner.js';
import type { InstanceState } from './workspaces.types.js';

/** What the sweepers look for. Ages are measured by the database, so that replicas agree. */

export interface StartingRow {
  readonly id: string;
  readonly runtime: string;
  readonly generation: number;
  readonly instanceState: InstanceState;
  /** False while what is known of the instance is of the generation before. */
  readonly isObserved: boolean;
  readonly ageSeconds: number;
}

/**
 * Everything that is starting, with its age: since it was asked for, or since an install it waits for last got on. The
 * caller knows the limit of each runtime.
 */
export async function listOverdueStarts(db: Db): Promise<StartingRow[]> {
  const { rows } = await sql<StartingRow>`
    select id, runtime, generation, instance_state as "instanceState",
           observed_generation >= generation as "isObserved",
           extract(epoch from now() - greatest(status_changed_at, start_progress_at))::float8 as "ageSeconds"
      from workspaces
     where status = 'provisioning'
     order by seq`.execute(db);
  return rows;
}

export interface SilentRow {
  readonly id: string;
  readonly backend: string;
  readonly generation: number;
  readonly instance: InstanceRecord | null;
}

export interface SilenceLimits {
  readonly managedSilenceSeconds: number;
  readonly externalSilenceSeconds: number;
  readonly listeningSeconds: number;
}

/** Online or degraded, and not heard of for longer than its kind allows. A beat that lands meanwhile moves the age. */
export async function listSilent(db: Db, limits: SilenceLimits): Promise<SilentRow[]> {
  const { rows } = await sql<SilentRow>`
    select w.id, w.backend, w.generation, w.instance
      from workspaces as w
      left join workspace_liveness as l on l.workspace_id = w.id
     where ${isSilent(limits)}
     order by w.seq
     limit 500`.execute(db);
  return rows;
}

/** Whether one that was listed is still the same and still silent. It is held then, to the end of the transaction. */
export async function lockSilent(
  tx: Tx,
  { id, generation }: Pick<SilentRow, 'id' | 'generation'>,
  limits: SilenceLimits,
): Promise<boolean> {
  const { rows } = await sql`
    select w.id
      from workspaces as w
      left join workspace_liveness as l on l.workspace_id = w.id
     where w.id = ${id} and w.generation = ${generation} and ${isSilent(limits)}
       for update of w`.execute(tx);
  return rows.length > 0;
}

function isSilent({ managedSilenceSeconds, externalSilenceSeconds, listeningSeconds }: SilenceLimits) {
  return sql`w.status in ('online', 'degraded')
       and greatest(l.last_heartbeat_at, w.status_changed_at,
                    now() - ${listeningSeconds}::integer * interval '1 second')
           < now() - case when w.backend = 'external' then ${externalSilenceSeconds}::integer
                          else ${managedSilenceSeconds}::integer end * interval '1 second'`;
}

/** Everything this host is expected to run, made due at once: after a start it adopts what lives and starts what does not. */
export async function makeOwnInstancesDue(db: Db, hostId: string): Promise<number> {
  const result = await sql`
    update workspaces
       set due_at = now()
     where host_id = ${hostId}
       and desired = 'running'
       and status not in ('failed', 'removed')`.execute(db);
  return Number(result.numAffectedRows ?? 0n);
}

export interface HostedRow {
  readonly id: string;
  readonly generation: number;
  readonly backend: string;
  readonly instance: InstanceRecord | null;
}

/** What runs on this host, for an orderly shutdown. */
export async function listHosted(db: Db, hostId: string): Promise<HostedRow[]> {
  return db
    .selectFrom('workspaces')
    .select(['id', 'generation', 'backend', 'instance'])
    .where('host_id', '=', hostId)
    .where('desired', '=', 'running')
    .where('status', 'in', ['provisioning', 'online', 'degraded', 'offline'])
    .orderBy('id')
    .execute();
}

/** Notes that these instances do not run any more; what is wanted of them stays. */
export async function markStopped(tx: Tx, ids: readonly string[]): Promise<void> {
  await sql`update workspaces set instance_state = 'stopped' where id = any(${[...ids]}::uuid[])`.execute(tx);
}
