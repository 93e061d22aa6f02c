import type { Db } from '../../platform/db.js';

/** Whether an org token may be bound to it: a root workspace that has not been removed (design §9). */
export async function isLiveRoot(db: Db, workspaceId: string): Promise<boolean> {
  const row = await db
    .selectFrom('workspaces')
    .select('id')
    .where('id', '=', workspaceId)
    .where('parent_id', 'is', null)
    .where('status', '<>', 'removed')
    .executeTakeFirst();
  return row !== undefined;
}
