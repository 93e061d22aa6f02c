import type { PublicWorkspace, Workspace } from '@molecule/contract';
import { CompiledQuery, sql } from 'kysely';
import { type Db, prepared, type Tx } from '../../platform/db.js';
import { hasChangedTemplate, needsRestart } from './pending-changes.js';
import type { WorkspaceCard, WorkspaceReads } from './reads.js';
import type { WorkspaceSpec } from './workspaces.types.js';

/** Joins for screens and for other features. Nothing here writes. */

function cards(db: Db | Tx) {
  return db
    .selectFrom('workspaces as w')
    .leftJoin('workspace_liveness as l', 'l.workspace_id', 'w.id')
    .select([
      'w.id',
      'w.seq',
      'w.name',
      'w.role',
      'w.parent_id',
      'w.spec',
      'w.status',
      'w.backend',
      'w.generation',
      'w.url',
      'w.url_from',
      'w.delivery_mode',
      'w.agent_card',
      'w.platform_inbound_secret',
      'w.budget_limit',
      'w.monthly_spend',
      'w.created_at',
      'w.updated_at',
      'w.removed_at',
      'w.last_sample_error',
      'w.failure_reason',
      'l.active_tasks',
      'l.current_task',
      'l.last_heartbeat_at',
      'l.idle_timeout_seconds',
    ]);
}

type CardRow = Awaited<ReturnType<ReturnType<typeof cards>['execute']>>[number];

function toCard(row: CardRow): WorkspaceCard {
  return {
    id: row.id,
    seq: row.seq,
    name: row.name,
    role: row.role,
    parentId: row.parent_id,
    tier: row.spec.tier,
    runtime: row.spec.runtime,
    template: row.spec.template,
    model: row.spec.model,
    status: row.status,
    backend: row.backend,
    generation: row.generation,
    url: row.url,
    urlFrom: row.url_from,
    deliveryMode: row.delivery_mode,
    agentCard: row.agent_card,
    inboundSecret: row.platform_inbound_secret,
    lastError: row.last_sample_error,
    failureReason: row.failure_reason,
    activeTasks: row.active_tasks ?? 0,
    maxConcurrentTasks: row.spec.max_concurrent_tasks,
    currentTask: row.current_task ?? '',
    lastHeartbeatAt: row.last_heartbeat_at,
    idleTimeoutSeconds: row.idle_timeout_seconds,
    budgetLimit: row.budget_limit,
    monthlySpend: row.monthly_spend,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    removedAt: row.removed_at,
  };
}

/** `cards` of given workspaces. Every message asks this, so it is neither composed nor planned anew. */
const FIND_CARDS = `/* prepared: workspaces-find-cards */
  select w.id, w.seq, w.name, w.role, w.parent_id, w.spec, w.status, w.backend, w.generation, w.url, w.url_from,
         w.delivery_mode, w.agent_card, w.platform_inbound_secret, w.budget_limit, w.monthly_spend, w.created_at,
         w.updated_at, w.removed_at, w.last_sample_error, w.failure_reason, l.active_tasks, l.current_task,
         l.last_heartbeat_at, l.idle_timeout_seconds
    from workspaces as w left join workspace_liveness as l on l.workspace_id = w.id
   where w.id = any($1::uuid[])`;

async function findMany(db: Db | Tx, ids: readonly string[]): Promise<ReadonlyMap<string, WorkspaceCard>> {
  const { rows } = await db.executeQuery<CardRow>(CompiledQuery.raw(FIND_CARDS, [ids]));
  return new Map(rows.map((row) => [row.id, toCard(row)]));
}

async function canCommunicateEach(
  db: Db | Tx,
  pairs: readonly (readonly [string, string])[],
): Promise<readonly boolean[]> {
  // One walk up from both ends, at most 32 steps; `union` ends it on a cycle.
  const { rows } = await sql<{ allowed: boolean }>`${prepared('workspaces-can-communicate')}
    select pair.a = pair.b or walked.allowed as allowed
      from unnest(${pairs.map(([a]) => a)}::uuid[], ${pairs.map(([, b]) => b)}::uuid[]) with ordinality as pair(a, b, n)
     cross join lateral (
           with recursive line(origin, id, parent_id, step) as (
             select id, id, parent_id, 0 from workspaces where id in (pair.a, pair.b)
             union
             select line.origin, up.id, up.parent_id, line.step + 1
               from line join workspaces as up on up.id = line.parent_id
              where line.step < 32
           ), own as (
             select origin, parent_id from line where step = 0
           )
           select (select count(*) from own) = 2
              and (
                (select count(distinct coalesce(parent_id::text, 'root')) from own) = 1
                or exists (select 1 from line where origin = pair.a and id = pair.b)
                or exists (select 1 from line where origin = pair.b and id = pair.a)
              ) as allowed) as walked
     order by pair.n`.execute(db);
  return rows.map(({ allowed }) => allowed);
}

export const workspaceReads: WorkspaceReads = {
  async find(db, id) {
    return (await findMany(db, [id])).get(id) ?? null;
  },

  findMany,

  async list(db) {
    const rows = await cards(db).where('w.status', '<>', 'removed').orderBy('w.seq').execute();
    return rows.map(toCard);
  },

  async peers(db, id) {
    // Siblings (for a root: all other roots), then children, then the parent; each group in creation order.
    const rows = await cards(db)
      .innerJoin('workspaces as self', (join) => join.on('self.id', '=', id))
      .where('w.status', '<>', 'removed')
      .where('w.id', '<>', id)
      .where((eb) =>
        eb.or([
          sql<boolean>`w.parent_id is not distinct from self.parent_id`,
          eb('w.parent_id', '=', id),
          eb('w.id', '=', eb.ref('self.parent_id')),
        ]),
      )
      .orderBy(
        sql`case when w.parent_id is not distinct from self.parent_id then 0 when w.parent_id = self.id then 1 else 2 end`,
      )
      .orderBy('w.seq')
      .execute();
    return rows.map(toCard);
  },

  async canCommunicate(db, a, b) {
    if (a === b) return true;
    const [allowed] = await canCommunicateEach(db, [[a, b]]);
    return allowed ?? false;
  },

  canCommunicateEach,
};

function wireRows(db: Db | Tx) {
  return db
    .selectFrom('workspaces as w')
    .leftJoin('workspace_liveness as l', 'l.workspace_id', 'w.id')
    .leftJoin('canvas_layouts as c', 'c.workspace_id', 'w.id')
    .select([
      'w.id',
      'w.name',
      'w.role',
      'w.status',
      'w.url',
      'w.parent_id',
      'w.agent_card',
      'w.spec',
      'w.last_sample_error',
      'w.start_progress',
      'w.backend',
      'w.generation',
      'w.monthly_spend',
      'w.budget_limit',
      'w.hibernation_idle_minutes',
      'w.desired',
      'w.started_spec as startedSpec',
      'w.provisioned_at as provisionedAt',
      'w.applied_template as appliedTemplate',
      'w.applied_template_hash as appliedTemplateHash',
      'w.last_outbound_at',
      'w.created_at',
      'w.removed_at',
      'w.updated_at',
      'l.active_tasks',
      'l.error_rate',
      'l.sample_error',
      'l.uptime_seconds',
      'l.current_task',
      'l.last_heartbeat_at',
      'l.demo',
      'l.model',
      'c.x',
      'c.y',
      'c.w',
      'c.h',
      'c.z',
      'c.collapsed',
    ]);
}

export type WireRow = Awaited<ReturnType<ReturnType<typeof wireRows>['execute']>>[number];

/** What a reading of a workspace needs to know of templates. */
export interface TemplateFacts {
  /** Milliseconds the canvas should wait for a start, or null when the runtime's template declares nothing. */
  provisionTimeoutOf(runtime: string): number | null;
  /** Changes with the files of a template; null when there is none of this name. */
  hashOf(template: string): string | null;
}

export async function listWorkspaces(db: Db | Tx, facts: TemplateFacts): Promise<Workspace[]> {
  const rows = await wireRows(db).where('w.status', '<>', 'removed').orderBy('w.seq').execute();
  return rows.map((row) => toWire(row, facts));
}

export async function findWireRow(db: Db | Tx, id: string): Promise<WireRow | null> {
  return (await wireRows(db).where('w.id', '=', id).executeTakeFirst()) ?? null;
}

export function toPublic(row: WireRow, facts: TemplateFacts): PublicWorkspace {
  const {
    last_sample_error: _e,
    current_task: _t,
    workspace_dir: _d,
    monthly_spend: _m,
    budget_limit: _b,
    ...shared
  } = toWire(row, facts);
  return { ...shared, last_outbound_at: row.last_outbound_at?.toISOString() ?? null };
}

function toWire(row: WireRow, facts: TemplateFacts): Workspace {
  const spec: WorkspaceSpec = row.spec;
  const timeoutMs = facts.provisionTimeoutOf(spec.runtime);
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    tier: spec.tier,
    status: row.status,
    url: row.url ?? '',
    parent_id: row.parent_id,
    agent_card: row.agent_card,
    active_tasks: row.active_tasks ?? 0,
    max_concurrent_tasks: spec.max_concurrent_tasks,
    last_error_rate: row.error_rate ?? 0,
    last_sample_error: row.last_sample_error ?? row.sample_error ?? '',
    uptime_seconds: row.uptime_seconds ?? 0,
    current_task: row.current_task ?? '',
    runtime: spec.runtime,
    template: spec.template ?? '',
    workspace_dir: spec.workspace_dir,
    monthly_spend: row.monthly_spend,
    budget_limit: row.budget_limit,
    x: row.x ?? 0,
    y: row.y ?? 0,
    collapsed: row.collapsed ?? false,
    w: row.w,
    h: row.h,
    z: row.z ?? 0,
    last_heartbeat_at: row.last_heartbeat_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
    generation: row.generation,
    demo: row.demo ?? false,
    model: row.model ?? spec.model,
    start_progress: row.start_progress,
    hibernation_idle_minutes: row.hibernation_idle_minutes,
    needs_restart: needsRestart(row),
    template_changed: hasChangedTemplate(row, facts.hashOf),
    ...(timeoutMs === null ? {} : { provision_timeout_ms: timeoutMs }),
  };
}
