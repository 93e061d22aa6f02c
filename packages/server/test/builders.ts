import type { Status } from '@molecule/contract';
import { sql } from 'kysely';
import type { Db } from '../src/platform/db.js';
import { createRandom } from '../src/platform/random.js';

export interface WorkspaceRow {
  readonly id?: string;
  readonly name?: string;
  readonly role?: string | null;
  readonly parentId?: string | null;
  readonly status?: Status;
  readonly backend?: string;
  readonly mayBootstrap?: boolean;
  /** Where its agent answers; set by a driver unless `urlFrom` says otherwise. */
  readonly url?: string | null;
  readonly urlFrom?: 'driver' | 'agent';
  readonly deliveryMode?: 'push' | 'poll' | null;
  readonly maxConcurrentTasks?: number;
  readonly agentCard?: Readonly<Record<string, unknown>>;
  readonly budget?: { readonly limit: number; readonly spent: number };
}

/** A workspace with its liveness and layout rows, written directly: for features that only meet workspaces. */
export async function insertWorkspace(db: Db, given: WorkspaceRow = {}): Promise<string> {
  const id = given.id ?? createRandom().uuid();
  const spec = {
    runtime: given.backend === 'external' ? 'external' : 'echo',
    template: null,
    model: null,
    tier: 3,
    workspace_dir: null,
    workspace_access: 'none',
    max_concurrent_tasks: given.maxConcurrentTasks ?? 1,
  };
  const status = given.status ?? 'online';
  await sql`
    insert into workspaces (id, name, role, parent_id, awareness_namespace, spec, backend, status, may_bootstrap,
                            last_sample_error, removed_at, url, url_from, delivery_mode, agent_card, budget_limit, monthly_spend)
    values (${id}, ${given.name ?? 'worker'}, ${given.role ?? null}, ${given.parentId ?? null}, ${`workspace:${id}`},
            ${JSON.stringify(spec)}::jsonb, ${given.backend ?? 'process'}, ${status}::workspace_status,
            ${given.mayBootstrap ?? false}, ${status === 'failed' ? 'it broke' : null},
            case when ${status} = 'removed' then now() end, ${given.url ?? null},
            ${given.url ? (given.urlFrom ?? 'driver') : 'none'}, ${given.deliveryMode ?? null},
            ${given.agentCard ? JSON.stringify(given.agentCard) : null}::jsonb,
            ${given.budget?.limit ?? null}, ${given.budget?.spent ?? 0})`.execute(db);
  await sql`insert into workspace_liveness (workspace_id) values (${id})`.execute(db);
  await sql`insert into canvas_layouts (workspace_id) values (${id})`.execute(db);
  return id;
}
