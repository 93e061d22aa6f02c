import type { OrphanInstance } from '@molecule/contract';
import { sql } from 'kysely';
import type { Db, Tx } from '../../platform/db.js';
import type { InstanceListing } from '../../provisioners/provisioner.js';

/** What the database knows of a workspace that a driver holds something of. */
export interface Account {
  readonly id: string;
  readonly isRemoved: boolean;
  readonly generation: number;
  /** The worker has seen the current generation, so nobody is about to change what runs. */
  readonly isSettled: boolean;
}

export async function findAccounts(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, Account>> {
  if (ids.length === 0) return new Map();
  const { rows } = await sql<Account>`
    select id, status = 'removed' as "isRemoved", generation, observed_generation >= generation as "isSettled"
      from workspaces where id = any(${[...ids]}::uuid[])`.execute(db);
  return new Map(rows.map((row) => [row.id, row]));
}

export interface Suspect extends InstanceListing {
  readonly reason: OrphanInstance['reason'];
}

/** Whose driver listed the suspects. */
export interface Origin {
  readonly backend: string;
  /** Empty for backends that are bound to no host. */
  readonly hostId: string;
}

/**
 * Writes down what is suspect now and that the others of this origin no longer are. Answers those that have been so for
 * `graceSeconds`, by the clock of the database: only they may be acted upon.
 */
export async function writeSuspects(
  tx: Tx,
  { backend, hostId }: Origin,
  suspects: readonly Suspect[],
  graceSeconds: number,
): Promise<ReadonlySet<string>> {
  const rows = JSON.stringify(suspects);
  const { rows: seen } = await sql<{ workspace_id: string; ripe: boolean }>`
    insert into orphan_instances as o (backend, host_id, workspace_id, instance_id, generation, running, reason)
    select ${backend}, ${hostId}, "workspaceId", "instanceId", generation, running, reason
      from jsonb_to_recordset(${rows}::jsonb)
           as s("workspaceId" uuid, "instanceId" text, generation bigint, running boolean, reason text)
     order by "workspaceId"
    on conflict (backend, host_id, workspace_id) do update
       set instance_id = excluded.instance_id, generation = excluded.generation, running = excluded.running,
           reason = excluded.reason, last_seen_at = now(), resolved_at = null,
           first_seen_at = case when o.resolved_at is null and o.reason = excluded.reason
                                then o.first_seen_at else now() end,
           action = case when o.resolved_at is null then o.action end,
           error = case when o.resolved_at is null then o.error end
    returning o.workspace_id, o.first_seen_at < now() - ${graceSeconds}::integer * interval '1 second' as ripe`.execute(
    tx,
  );
  await sql`
    update orphan_instances set resolved_at = now(), running = false
     where backend = ${backend} and host_id = ${hostId} and resolved_at is null
       and workspace_id <> all(${suspects.map(({ workspaceId }) => workspaceId)}::uuid[])`.execute(tx);
  return new Set(seen.filter(({ ripe }) => ripe).map((row) => row.workspace_id));
}

export async function writeOutcome(
  db: Db,
  { backend, hostId }: Origin,
  workspaceId: string,
  outcome: { readonly action: OrphanInstance['action']; readonly error: string | null },
): Promise<void> {
  await sql`
    update orphan_instances set action = coalesce(${outcome.action}, action), error = ${outcome.error}
     where backend = ${backend} and host_id = ${hostId} and workspace_id = ${workspaceId}`.execute(db);
}

/** Newest first; with `after`, oldest first from there. */
export async function listOrphans(db: Db, limit: number, after: number | undefined): Promise<OrphanInstance[]> {
  const rows = await db
    .selectFrom('orphan_instances')
    .selectAll()
    .$if(after !== undefined, (query) => query.where('seq', '>', after ?? 0))
    .orderBy('seq', after === undefined ? 'desc' : 'asc')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    ...row,
    host_id: row.host_id === '' ? null : row.host_id,
    first_seen_at: row.first_seen_at.toISOString(),
    last_seen_at: row.last_seen_at.toISOString(),
    resolved_at: row.resolved_at?.toISOString() ?? null,
  }));
}

/** Those that were resolved long ago. Returns how many went. */
export async function forgetResolved(db: Db, days: number): Promise<number> {
  const result = await sql`
    delete from orphan_instances where resolved_at < now() - make_interval(days => ${days}::int)`.execute(db);
  return Number(result.numAffectedRows ?? 0n);
}
