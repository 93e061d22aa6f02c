import type { Db } from '../../platform/db.js';

export interface PeerName {
  readonly name: string;
  readonly role: string | null;
}

/** Who wrote to a workspace, for readers that show a name beside a message. Removed workspaces keep their name. */
export async function findPeerNames(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, PeerName>> {
  if (ids.length === 0) return new Map();
  const rows = await db.selectFrom('workspaces').select(['id', 'name', 'role']).where('id', 'in', ids).execute();
  return new Map(rows.map(({ id, name, role }) => [id, { name, role }]));
}
