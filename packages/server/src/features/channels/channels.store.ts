import { sql } from 'kysely';
import type { Tx } from '../../platform/db.js';
import { toStorableJson } from '../../platform/storable-json.js';

export interface ChannelRow {
  readonly id: string;
  readonly workspaceId: string;
  readonly type: string;
  /** As stored: sealed where it must be. */
  readonly config: Readonly<Record<string, string>>;
  readonly enabled: boolean;
  readonly allowedUsers: readonly string[];
}

export interface StoredConfig {
  readonly id: string;
  readonly workspaceId: string;
  readonly type: string;
  readonly config: Readonly<Record<string, string>>;
}

/** A page of all channels by id, held to the end of the transaction. */
export async function lockConfigPage(tx: Tx, after: string | null, limit: number): Promise<StoredConfig[]> {
  return tx
    .selectFrom('workspace_channels')
    .select(['id', 'workspace_id as workspaceId', 'channel_type as type', 'channel_config as config'])
    .$if(after !== null, (query) => query.where('id', '>', after ?? ''))
    .orderBy('id')
    .limit(limit)
    .forUpdate()
    .execute();
}

export async function writeConfig(tx: Tx, id: string, config: Readonly<Record<string, string>>): Promise<void> {
  await tx
    .updateTable('workspace_channels')
    .set({ channel_config: JSON.stringify(config) })
    .where('id', '=', id)
    .execute();
}

/** Writes those whose workspace has no channel of the kind yet; what is there may have been changed by its owner (A9). */
export async function insertMissingChannels(tx: Tx, rows: readonly ChannelRow[]): Promise<void> {
  if (rows.length === 0) return;
  const json = toStorableJson(
    rows.map((row) => ({
      id: row.id,
      workspace_id: row.workspaceId,
      channel_type: row.type,
      channel_config: row.config,
      enabled: row.enabled,
      allowed_users: row.allowedUsers,
    })),
  );
  await sql`
    insert into workspace_channels (id, workspace_id, channel_type, channel_config, enabled, allowed_users)
    select id, workspace_id, channel_type, channel_config, enabled, allowed_users
      from jsonb_to_recordset(${json}::jsonb) as v(id uuid, workspace_id uuid, channel_type text,
           channel_config jsonb, enabled boolean, allowed_users jsonb)
    on conflict (workspace_id, channel_type) do nothing`.execute(tx);
}
