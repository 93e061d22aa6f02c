import type { Status } from '@molecule/contract';
import { sql } from 'kysely';
import type { Db, Tx } from '../../platform/db.js';
import { toStorableJson } from '../../platform/storable-json.js';
import type { StartRecord } from './pending-changes.js';
import type { WorkspaceSpec } from './workspaces.types.js';

export interface VerbSubject extends StartRecord {
  readonly id: string;
  readonly name: string;
  readonly status: Status;
  readonly backend: string;
  readonly generation: number;
  readonly activeTasks: number;
  readonly lastHeartbeatAt: Date | null;
}

/** The row a verb acts on, held to the end of the transaction; null when there is none. */
export async function lockVerbSubject(tx: Tx, id: string): Promise<VerbSubject | null> {
  const { rows } = await sql<VerbSubject>`
    select w.id, w.name, w.status, w.spec, w.backend, w.desired, w.generation, w.started_spec as "startedSpec",
           w.provisioned_at as "provisionedAt", w.applied_template as "appliedTemplate",
           w.applied_template_hash as "appliedTemplateHash",
           coalesce(l.active_tasks, 0) as "activeTasks", l.last_heartbeat_at as "lastHeartbeatAt"
      from workspaces as w
      left join workspace_liveness as l on l.workspace_id = w.id
     where w.id = ${id}
       for update of w`.execute(tx);
  return rows[0] ?? null;
}

/** Name of the nearest paused ancestor, null when none is. Walks at most 64 steps, so a cycle cannot hold it. */
export async function findPausedAncestor(db: Db | Tx, id: string): Promise<string | null> {
  const { rows } = await sql<{ name: string }>`
    with recursive line(id, step) as (
      select parent_id, 1 from workspaces where id = ${id}
      union
      select w.parent_id, line.step + 1 from line join workspaces as w on w.id = line.id where line.step < 64
    )
    select w.name from line join workspaces as w on w.id = line.id where w.status = 'paused' order by line.step limit 1`.execute(
    db,
  );
  return rows[0]?.name ?? null;
}

/** What the next start lays over the configuration folder. A later request without one takes an earlier one back. */
export async function writePendingTemplate(tx: Tx, id: string, template: string | null): Promise<void> {
  await sql`update workspaces set pending_template = ${template} where id = ${id}`.execute(tx);
}

/** Whether the next start asks the agent to forget its conversations. A later restart without that takes nothing back. */
export async function writePendingReset(tx: Tx, id: string): Promise<void> {
  await sql`update workspaces set pending_reset = true where id = ${id}`.execute(tx);
}

/** After a start handed the wish to the agent. A wish of a newer generation stands. */
export async function clearPendingReset(db: Db | Tx, id: string, generation: number): Promise<void> {
  await sql`
    update workspaces set pending_reset = false
     where id = ${id} and pending_reset and generation = ${generation}::bigint`.execute(db);
}

/** Stores the template of the owner's choice; null clears it. The folder changes with the next manual restart. */
export async function writeStoredTemplate(tx: Tx, id: string, template: string | null): Promise<void> {
  await sql`
    update workspaces
       set spec = jsonb_set(spec, '{template}', ${JSON.stringify(template)}::jsonb), updated_at = now()
     where id = ${id}`.execute(tx);
}

/** What a start did, as far as later ones have to know. */
export interface StartNote {
  /** What it laid into the configuration folder; null: nothing, so that a template asked for has gone. */
  readonly written: { readonly template: string | null; readonly templateHash: string | null } | null;
  /** What the instance was started with; null when it ran already. */
  readonly spec: WorkspaceSpec | null;
}

/** Writes it, and that what was asked for is done, unless something newer was asked for meanwhile. */
export async function writeStartNote(db: Db | Tx, id: string, generation: number, note: StartNote): Promise<void> {
  const { written, spec } = note;
  const started = spec === null ? null : toStorableJson(spec);
  await sql`
    update workspaces
       set applied_template = case when ${written !== null} then ${written?.template ?? null} else applied_template end,
           applied_template_hash = case when ${written !== null} then ${written?.templateHash ?? null}
                                        else applied_template_hash end,
           pending_template = case when generation = ${generation}::bigint then null else pending_template end,
           started_spec = coalesce(${started}::jsonb, started_spec)
     where id = ${id}`.execute(db);
}

export interface IdleWorkspace {
  readonly id: string;
  readonly generation: number;
}

/** Agents that have had nothing to do for as long as their owner allows (contract lifecycle §16.6, D4). */
export async function listIdle(db: Db | Tx, limit: number): Promise<IdleWorkspace[]> {
  const { rows } = await sql<IdleWorkspace>`
    select w.id, w.generation
      from workspaces as w
      join workspace_liveness as l on l.workspace_id = w.id
     where w.hibernation_idle_minutes is not null
       and w.status in ('online', 'degraded')
       and w.runtime <> 'external'
       and l.active_tasks = 0
       and l.idle_since < now() - w.hibernation_idle_minutes * interval '1 minute'
     order by w.id
     limit ${limit}`.execute(db);
  return rows;
}
