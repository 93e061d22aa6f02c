import type { Db, Tx } from '../../platform/db.js';
import type { PlacedWorkspace } from './import-plan.js';

/** Every workspace that is not removed, with where it stands, in creation order. */
export async function listPlaced(db: Db | Tx): Promise<PlacedWorkspace[]> {
  const rows = await db
    .selectFrom('workspaces')
    .leftJoin('canvas_layouts', 'canvas_layouts.workspace_id', 'workspaces.id')
    .select([
      'workspaces.id',
      'workspaces.name',
      'workspaces.parent_id',
      'canvas_layouts.x',
      'canvas_layouts.y',
      'canvas_layouts.w',
      'canvas_layouts.h',
    ])
    .where('workspaces.status', '<>', 'removed')
    .orderBy('workspaces.seq')
    .execute();
  return rows.map(({ parent_id: parentId, x, y, ...row }) => ({ ...row, parentId, x: x ?? 0, y: y ?? 0 }));
}
