import type { Db, Tx } from '../../platform/db.js';

export interface Agent {
  readonly id: string;
  readonly model: string;
}

export interface AssignedAgent extends Agent {
  readonly assignedAt: Date;
}

/** Whoever decides by it holds the workspace's row: whether it has an agent must not change before that. */
export async function findActiveAgent(db: Db | Tx, workspaceId: string): Promise<AssignedAgent | null> {
  const row = await db
    .selectFrom('agents')
    .select(['id', 'model', 'created_at as assignedAt'])
    .where('workspace_id', '=', workspaceId)
    .where('status', '=', 'active')
    .executeTakeFirst();
  return row ?? null;
}

export async function insertAgent(tx: Tx, workspaceId: string, agent: Agent): Promise<void> {
  await tx.insertInto('agents').values({ id: agent.id, workspace_id: workspaceId, model: agent.model }).execute();
}

/** It stays as the record of who has worked there. */
export async function retireAgent(
  tx: Tx,
  id: string,
  retired: { readonly status: 'replaced' | 'removed'; readonly reason: 'model_replaced' | 'manual_removal' },
): Promise<void> {
  await tx
    .updateTable('agents')
    .set((eb) => ({ status: retired.status, removal_reason: retired.reason, removed_at: eb.fn('now') }))
    .where('id', '=', id)
    .execute();
}

export async function reassignAgent(tx: Tx, id: string, workspaceId: string): Promise<void> {
  await tx.updateTable('agents').set({ workspace_id: workspaceId }).where('id', '=', id).execute();
}
