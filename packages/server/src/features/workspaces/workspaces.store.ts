import type { Status } from '@molecule/contract';
import { sql } from 'kysely';
import { claim, ownedBy } from '../../platform/claim.js';
import type { Db, Tx } from '../../platform/db.js';
import { toStorableJson } from '../../platform/storable-json.js';
import type { InstanceRecord } from '../../provisioners/provisioner.js';
import type { StartRecord } from './pending-changes.js';
import type { InstanceState, WorkspaceSpec } from './workspaces.types.js';

/** One workspace as it is written first. Ids are chosen before, so that a tree is one statement per table. */
export interface WorkspaceInsert {
  readonly id: string;
  readonly name: string;
  readonly role: string | null;
  readonly parentId: string | null;
  readonly spec: WorkspaceSpec;
  readonly backend: string;
  readonly status: Status;
  readonly url: string | null;
  readonly deliveryMode: 'push' | 'poll' | null;
  readonly budgetLimit: number | null;
  readonly layout: { readonly x: number; readonly y: number };
  readonly seedFiles: readonly { readonly path: string; readonly content: Buffer }[];
  readonly sourceBundleId?: string;
}

/** Inserts in the order given (parents first), with liveness, layout and seed files: four statements for any number. */
export async function insertWorkspaces(tx: Tx, inserts: readonly WorkspaceInsert[]): Promise<void> {
  if (inserts.length === 0) return;
  const rows = toStorableJson(
    inserts.map((insert, order) => ({
      order,
      id: insert.id,
      name: insert.name,
      role: insert.role,
      parent_id: insert.parentId,
      spec: insert.spec,
      backend: insert.backend,
      status: insert.status,
      url: insert.url,
      delivery_mode: insert.deliveryMode,
      budget_limit: insert.budgetLimit,
      source_bundle_id: insert.sourceBundleId ?? null,
      x: insert.layout.x,
      y: insert.layout.y,
    })),
  );
  await sql`
    insert into workspaces
      (id, name, role, parent_id, awareness_namespace, spec, backend, status, url, url_from, delivery_mode, budget_limit,
       source_bundle_id, may_bootstrap, seeded_for)
    select id, name, role, parent_id, 'workspace:' || id, spec, backend, status::workspace_status, url,
           case when url is null then 'none' else 'agent' end, delivery_mode, budget_limit, source_bundle_id,
           backend = 'external', coalesce(spec ->> 'template', '')
      from jsonb_to_recordset(${rows}::jsonb) as v("order" integer, id uuid, name text, role text, parent_id uuid,
           spec jsonb, backend text, status text, url text, delivery_mode text, budget_limit bigint,
           source_bundle_id text)
     order by v."order"`.execute(tx);
  await sql`
    insert into workspace_liveness (workspace_id)
    select id from jsonb_to_recordset(${rows}::jsonb) as v(id uuid)`.execute(tx);
  await sql`
    insert into canvas_layouts (workspace_id, x, y)
    select id, x, y from jsonb_to_recordset(${rows}::jsonb) as v(id uuid, x double precision, y double precision)`.execute(
    tx,
  );
  const files = inserts.flatMap((insert) => insert.seedFiles.map((file) => ({ workspace_id: insert.id, ...file })));
  for (let start = 0; start < files.length; start += 500) {
    await tx
      .insertInto('workspace_seed_files')
      .values(files.slice(start, start + 500))
      .execute();
  }
}

export interface LockedWorkspace extends StartRecord {
  readonly id: string;
  readonly name: string;
  readonly role: string | null;
  readonly status: Status;
  readonly parentId: string | null;
  readonly idleMinutes: number | null;
}

/**
 * Holds the rows to the end of the transaction, in id order as all sets are held, so that two of them never wait for each
 * other in a circle. Those that do not exist or are removed are left out.
 */
export async function lockLive(tx: Tx, ids: readonly string[]): Promise<ReadonlyMap<string, LockedWorkspace>> {
  const rows = await tx
    .selectFrom('workspaces')
    .select([
      'id',
      'name',
      'role',
      'status',
      'parent_id as parentId',
      'spec',
      'hibernation_idle_minutes as idleMinutes',
      'desired',
      'started_spec as startedSpec',
      'provisioned_at as provisionedAt',
      'applied_template as appliedTemplate',
      'applied_template_hash as appliedTemplateHash',
    ])
    .where(sql<boolean>`id = any(${[...ids]}::uuid[])`)
    .orderBy('id')
    .forUpdate()
    .execute();
  return new Map(rows.filter((row) => row.status !== 'removed').map((row) => [row.id, row]));
}

/**
 * Held before a workspace gets another parent, to the end of the transaction: moves take turns. Each sees the tree that
 * the one before left, and two that are fine by themselves do not make a ring together.
 */
export async function lockMoves(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(7024, 0)`.execute(tx);
}

/** Writes what a PATCH changed; the status is not among it. */
export async function updateWorkspace(
  tx: Tx,
  id: string,
  set: {
    name: string;
    role: string | null;
    parentId: string | null;
    spec: WorkspaceSpec;
    idleMinutes: number | null;
  },
): Promise<void> {
  await tx
    .updateTable('workspaces')
    .set({
      name: set.name,
      role: set.role,
      parent_id: set.parentId,
      hibernation_idle_minutes: set.idleMinutes,
      spec: JSON.stringify(set.spec),
      updated_at: sql<Date>`now()`,
    })
    .where('id', '=', id)
    .execute();
}

export interface StoredLayout {
  readonly x: number;
  readonly y: number;
  readonly w: number | null;
  readonly h: number | null;
  readonly z: number;
  readonly collapsed: boolean;
}

/** Null fields keep what is stored. Returns the layout as it is now. */
export async function upsertLayout(
  tx: Tx,
  id: string,
  set: { [K in keyof StoredLayout]?: StoredLayout[K] | undefined },
): Promise<StoredLayout> {
  const given = Object.fromEntries(Object.entries(set).filter(([, value]) => value !== undefined));
  return tx
    .insertInto('canvas_layouts')
    .values({ workspace_id: id, ...given })
    .onConflict((conflict) =>
      conflict.column('workspace_id').doUpdateSet(Object.keys(given).length > 0 ? given : { z: sql`canvas_layouts.z` }),
    )
    .returning(['x', 'y', 'w', 'h', 'z', 'collapsed'])
    .executeTakeFirstOrThrow();
}

/** Live direct children, in creation order. */
export async function listChildren(db: Db | Tx, id: string): Promise<{ id: string; name: string }[]> {
  return db
    .selectFrom('workspaces')
    .select(['id', 'name'])
    .where('parent_id', '=', id)
    .where('status', '<>', 'removed')
    .orderBy('seq')
    .execute();
}

export interface TreeMember {
  readonly id: string;
  readonly status: Status;
  readonly depth: number;
}

/** The workspace and everything below it, removed ones included; ends on a cycle. */
export async function listSubtree(db: Db | Tx, id: string): Promise<TreeMember[]> {
  const { rows } = await sql<TreeMember>`
    with recursive tree(id, depth) as (
      select id, 0 from workspaces where id = ${id}
      union
      select w.id, tree.depth + 1 from tree join workspaces as w on w.parent_id = tree.id where tree.depth < 64
    )
    select w.id, w.status, tree.depth from tree join workspaces as w using (id) order by tree.depth, w.seq`.execute(db);
  return rows;
}

/**
 * The same, with every row held to the end of the transaction: whoever adds a workspace below one of them waits, and one
 * that was added while we waited is part of the answer. Locked in id order, as all sets are.
 */
export async function lockSubtree(tx: Tx, id: string): Promise<TreeMember[]> {
  for (let tree = await listSubtree(tx, id); ; ) {
    const ids = tree.map((member) => member.id);
    await sql`select from workspaces where id = any(${ids}::uuid[]) order by id for update`.execute(tx);
    const again = await listSubtree(tx, id);
    if (again.length === tree.length) return again;
    tree = again;
  }
}

/** Ancestors of a workspace, nearest first, at most 64. */
export async function listAncestors(db: Db | Tx, id: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    with recursive line(id, parent_id, step) as (
      select id, parent_id, 0 from workspaces where id = ${id}
      union
      select w.id, w.parent_id, line.step + 1 from line join workspaces as w on w.id = line.parent_id where line.step < 64
    )
    select id from line where step > 0 order by step`.execute(db);
  return rows.map((row) => row.id);
}

/** A workspace as a person recognises it. */
export interface WorkspaceName {
  readonly id: string;
  readonly name: string;
}

/**
 * Those among `ids` that a programmatic restart may touch, in creation order: never external, held or removed ones, nor
 * what lies below a paused one, nor what none of the `backends` of this server could start (contract lifecycle §2.3).
 */
export async function listRestartable(
  tx: Tx,
  ids: readonly string[] | 'all',
  backends: readonly string[],
): Promise<WorkspaceName[]> {
  const among = ids === 'all' ? sql`true` : sql`w.id = any(${[...ids]}::uuid[])`;
  const { rows } = await sql<WorkspaceName>`
    with recursive held(id, step) as (
      select id, 0 from workspaces where status = 'paused'
      union
      select w.id, held.step + 1 from held join workspaces as w on w.parent_id = held.id where held.step < 64
    )
    select w.id, w.name
      from workspaces as w
     where ${among}
       and w.status in ('provisioning', 'online', 'degraded', 'offline', 'failed')
       and w.runtime <> 'external'
       and w.backend = any(${[...backends]}::text[])
       and not exists (select from held where held.id = w.id)
     order by w.seq`.execute(tx);
  return rows;
}

/** The owner's choice of a model as lists show it; null when there is none. What an agent starts with is its secret. */
export async function writeChosenModel(tx: Tx, id: string, model: string | null): Promise<void> {
  await sql`
    update workspaces
       set spec = jsonb_set(spec, '{model}', ${toStorableJson(model)}::jsonb), updated_at = now()
     where id = ${id}`.execute(tx);
}

export async function deleteLayouts(tx: Tx, ids: readonly string[]): Promise<void> {
  await sql`delete from canvas_layouts where workspace_id = any(${[...ids]}::uuid[])`.execute(tx);
}

/** How far the worker has come with each workspace. */
export interface Settlement {
  readonly id: string;
  readonly settled: boolean;
  readonly stopError: string | null;
}

export async function readSettlements(db: Db | Tx, ids: readonly string[]): Promise<Settlement[]> {
  const rows = await db
    .selectFrom('workspaces')
    .select(['id', 'generation', 'observed_generation', 'stop_error'])
    .where(sql<boolean>`id = any(${[...ids]}::uuid[])`)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    settled: row.observed_generation >= row.generation,
    stopError: row.stop_error,
  }));
}

/** Makes rows due at once, so that the worker tries again what it had put off; what it reported before is forgotten. */
export async function makeDue(tx: Tx | Db, ids: readonly string[]): Promise<void> {
  await sql`update workspaces set due_at = now(), stop_error = null where id = any(${[...ids]}::uuid[])`.execute(tx);
}

/** Deletes what the workspaces own and their rows; messages, events, activity and usage stay with the bare id (design §5). */
export async function purgeWorkspaces(tx: Tx, ids: readonly string[]): Promise<void> {
  const list = sql`${[...ids]}::uuid[]`;
  await sql`update workspaces set parent_id = null where parent_id = any(${list})`.execute(tx);
  // Liveness, layout, seed files, tokens and secrets go with their row by cascade.
  await sql`delete from workspaces where id = any(${list}) and status = 'removed'`.execute(tx);
}

// --- what the worker reads and writes

export interface ReconcileRow {
  readonly id: string;
  readonly name: string;
  readonly role: string | null;
  readonly status: Status;
  readonly spec: WorkspaceSpec;
  readonly backend: string;
  readonly desired: 'running' | 'stopped' | 'removed';
  readonly generation: number;
  readonly observedGeneration: number;
  readonly instance: InstanceRecord | null;
  readonly instanceState: InstanceState;
  readonly crashCount: number;
  /** The template that this start lays over the configuration folder; null leaves the folder alone. */
  readonly pendingTemplate: string | null;
  /** When an instance became ready for the first time; null: never. */
  readonly provisionedAt: Date | null;
  /** What its latest instance was started with; null: not known. */
  readonly startedSpec: WorkspaceSpec | null;
  /** The template that the seed files were composed for, "" for none; null: not known, they lie over any. */
  readonly seededFor: string | null;
  /** This start asks the agent to forget its conversations. */
  readonly pendingReset: boolean;
  /** The host that runs it and keeps its files; null until one has taken it. */
  readonly hostId: string | null;
  /** What people are told that its start is doing; "" for nothing special. */
  readonly startProgress: string;
}

export async function findReconcileRow(db: Db | Tx, id: string): Promise<ReconcileRow | null> {
  const row = await db
    .selectFrom('workspaces')
    .select([
      'id',
      'name',
      'role',
      'status',
      'spec',
      'backend',
      'desired',
      'generation',
      'observed_generation',
      'instance',
      'instance_state',
      'crash_count',
      'pending_template',
      'provisioned_at',
      'started_spec',
      'seeded_for',
      'pending_reset',
      'host_id',
      'start_progress',
    ])
    .where('id', '=', id)
    .executeTakeFirst();
  if (!row) return null;
  const {
    observed_generation: observedGeneration,
    instance_state: instanceState,
    crash_count: crashCount,
    pending_template: pendingTemplate,
    provisioned_at: provisionedAt,
    started_spec: startedSpec,
    seeded_for: seededFor,
    pending_reset: pendingReset,
    host_id: hostId,
    start_progress: startProgress,
    ...rest
  } = row;
  return {
    ...rest,
    observedGeneration,
    instanceState,
    crashCount,
    pendingTemplate,
    provisionedAt,
    startedSpec,
    seededFor,
    pendingReset,
    hostId,
    startProgress,
  };
}

export interface Observation {
  readonly generation: number;
  /** Crashes known when the worker looked: one that happened since must not be overwritten. */
  readonly crashCount: number;
  readonly instance: InstanceRecord | null;
  readonly instanceState: InstanceState;
  readonly stopError: string | null;
  /** False leaves the generation unobserved, so that the row stays due. */
  readonly settled: boolean;
  /** When to look again, in milliseconds from now; null when there is nothing more to do. */
  readonly dueInMs: number | null;
}

/**
 * Writes what the worker saw. Guarded by the lease: a worker that lost its claim matches nothing. An older generation
 * never overwrites what a newer one observed, and an end of the instance reported meanwhile keeps its due time.
 * Returns whether it was written.
 */
export async function writeObservation(db: Db | Tx, id: string, owner: string, seen: Observation): Promise<boolean> {
  const result = await sql`
    update workspaces
       set instance = ${seen.instance === null ? null : JSON.stringify(seen.instance)}::jsonb,
           instance_state = ${seen.instanceState},
           stop_error = ${seen.stopError},
           observed_generation = case when ${seen.settled} then greatest(observed_generation, ${seen.generation}::bigint)
                                      else observed_generation end,
           url = case when ${seen.instanceState} = 'running' and generation = ${seen.generation}::bigint
                      then coalesce(${seen.instance?.url ?? null}::text, url) else url end,
           url_from = case when ${seen.instanceState} = 'running' and ${seen.instance?.url ?? null}::text is not null
                           then 'driver' else url_from end,
           provisioned_at = case when ${seen.instanceState} = 'running' and ${seen.settled}
                                 then coalesce(provisioned_at, now()) else provisioned_at end,
           due_at = case when ${seen.dueInMs}::bigint is null then null
                         else now() + ${seen.dueInMs}::bigint * interval '1 millisecond' end
     where ${ownedBy({ id, owner })} and crash_count = ${seen.crashCount}`.execute(db);
  return (result.numAffectedRows ?? 0n) > 0n;
}

export interface ClaimedWorkspace {
  readonly id: string;
  readonly generation: number;
}

/**
 * Leases due workspaces, oldest first: those to start (`running`) or those to stop. Rows bound to another host are that
 * host's alone.
 */
export async function claimDue(
  db: Db,
  wanted: { running: boolean; hostId: string; limit: number; owner: string; leaseMs: number },
): Promise<ClaimedWorkspace[]> {
  return claim<ClaimedWorkspace>(db, {
    table: 'workspaces',
    // A row that was put off waits for its time even when its generation is not observed yet.
    where: sql<boolean>`((due_at is null and generation <> observed_generation) or due_at <= now())
      and (desired = 'running') = ${wanted.running} and (host_id is null or host_id = ${wanted.hostId})`,
    orderBy: sql`seq`,
    limit: wanted.limit,
    owner: wanted.owner,
    leaseMs: wanted.leaseMs,
  });
}

/** Binds a claimed row to the host whose driver is about to start its instance. */
export async function assignHost(db: Db, id: string, owner: string, hostId: string): Promise<void> {
  await sql`update workspaces set host_id = ${hostId} where ${ownedBy({ id, owner })}`.execute(db);
}

/**
 * Binds a workspace that nobody runs yet to the host that is about to keep files of it. Answers the host that has it now;
 * null while a worker decides about that.
 */
export async function takeForFiles(db: Db, id: string, hostId: string): Promise<string | null> {
  await sql`
    update workspaces set host_id = ${hostId}
     where id = ${id} and host_id is null and (lease_until is null or lease_until < now())`.execute(db);
  const row = await db.selectFrom('workspaces').select('host_id').where('id', '=', id).executeTakeFirst();
  return row?.host_id ?? null;
}

/** Which of the given rows are wanted differently by now than when they were claimed. */
export async function listSuperseded(
  db: Db,
  held: readonly { readonly id: string; readonly generation: number }[],
): Promise<string[]> {
  if (held.length === 0) return [];
  const { rows } = await sql<{ id: string }>`
    select w.id
      from workspaces as w
      join unnest(${held.map((row) => row.id)}::uuid[], ${held.map((row) => row.generation)}::bigint[])
           as held(id, generation) on held.id = w.id
     where w.generation > held.generation`.execute(db);
  return rows.map((row) => row.id);
}

export interface CrashRow {
  readonly id: string;
  readonly status: Status;
  readonly generation: number;
  readonly count: number;
  readonly windowStartedAt: Date | null;
  readonly onlineSince: Date | null;
  readonly instance: InstanceRecord | null;
  readonly instanceState: InstanceState;
}

export async function lockForCrash(tx: Tx, id: string): Promise<CrashRow | null> {
  const row = await tx
    .selectFrom('workspaces')
    .select([
      'id',
      'status',
      'generation',
      'crash_count',
      'crash_window_started_at',
      'online_since',
      'instance',
      'instance_state',
    ])
    .where('id', '=', id)
    .where('desired', '=', 'running')
    .forUpdate()
    .executeTakeFirst();
  return row
    ? {
        id: row.id,
        status: row.status,
        generation: row.generation,
        count: row.crash_count,
        windowStartedAt: row.crash_window_started_at,
        onlineSince: row.online_since,
        instance: row.instance,
        instanceState: row.instance_state,
      }
    : null;
}

/** Records a crash: the next start is due after `delayMs`, or never when it is null. */
export async function writeCrash(
  tx: Tx,
  id: string,
  crash: { count: number; windowStartedAt: Date | null; delayMs: number | null; generation: number },
): Promise<void> {
  await sql`
    update workspaces
       set crash_count = ${crash.count},
           crash_window_started_at = ${crash.windowStartedAt},
           instance_state = 'gone',
           observed_generation = case when ${crash.delayMs}::bigint is null
             then greatest(observed_generation, ${crash.generation}::bigint) else observed_generation end,
           due_at = case when ${crash.delayMs}::bigint is null then null
                         else now() + ${crash.delayMs}::bigint * interval '1 millisecond' end
     where id = ${id}`.execute(tx);
}

export async function listSeedFiles(db: Db | Tx, id: string): Promise<{ path: string; content: Buffer }[]> {
  return db
    .selectFrom('workspace_seed_files')
    .select(['path', 'content'])
    .where('workspace_id', '=', id)
    .orderBy('path')
    .execute();
}
