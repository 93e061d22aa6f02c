import { sql } from 'kysely';
import type { Db } from '../../platform/db.js';
import { toStorableJson } from '../../platform/storable-json.js';

export type WorkspaceConfig = Readonly<Record<string, unknown>>;

/** `{}` when nothing was ever kept. */
export async function findWorkspaceConfig(db: Db, workspaceId: string): Promise<WorkspaceConfig> {
  const row = await db
    .selectFrom('workspace_config')
    .select('data')
    .where('workspace_id', '=', workspaceId)
    .executeTakeFirst();
  return row?.data ?? {};
}

export type MergeOutcome = 'merged' | 'too_large' | 'no_workspace';

/**
 * Lays the keys of `patch` over what is kept, one level deep; two at once both count. Nothing is written when the result
 * would have more than `bytesMax` as text.
 */
export async function mergeWorkspaceConfig(
  db: Db,
  workspaceId: string,
  patch: WorkspaceConfig,
  bytesMax: number,
): Promise<MergeOutcome> {
  const data = toStorableJson(patch);
  const { rows } = await sql<{ exists: boolean; written: boolean }>`
    with target as materialized (select id from workspaces where id = ${workspaceId} and status <> 'removed'),
    written as (
      insert into workspace_config as c (workspace_id, data)
      select id, ${data}::jsonb from target where octet_length(${data}::jsonb::text) <= ${bytesMax}::integer
      on conflict (workspace_id) do update
         set data = c.data || excluded.data, updated_at = now()
       where octet_length((c.data || excluded.data)::text) <= ${bytesMax}::integer
      returning true
    )
    select exists (select from target) as "exists", exists (select from written) as "written"`.execute(db);
  const { exists, written } = rows[0] ?? { exists: false, written: false };
  if (!exists) return 'no_workspace';
  return written ? 'merged' : 'too_large';
}
