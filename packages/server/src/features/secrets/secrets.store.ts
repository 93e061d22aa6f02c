import { sql } from 'kysely';
import type { Db, Tx } from '../../platform/db.js';
import type { SealedValue } from './cipher.js';

/** A stored secret with everything needed to open it. */
export interface StoredSecret extends SealedValue {
  readonly key: string;
}

export interface SecretListing {
  readonly key: string;
  readonly scope: 'workspace' | 'global';
  readonly created_at: Date;
  readonly updated_at: Date;
}

const SEALED = ['key', 'encrypted_value', 'encryption_version', 'key_id'] as const;

export async function listGlobal(db: Db): Promise<SecretListing[]> {
  const rows = await db
    .selectFrom('global_secrets')
    .select(['key', 'created_at', 'updated_at'])
    .orderBy(sql`key collate "C"`)
    .execute();
  return rows.map((row) => ({ ...row, scope: 'global' }));
}

export async function listOwn(db: Db, workspaceId: string): Promise<SecretListing[]> {
  const rows = await db
    .selectFrom('workspace_secrets')
    .select(['key', 'created_at', 'updated_at'])
    .where('workspace_id', '=', workspaceId)
    .orderBy(sql`key collate "C"`)
    .execute();
  return rows.map((row) => ({ ...row, scope: 'workspace' }));
}

export interface EffectiveSecret extends StoredSecret {
  readonly scope: 'workspace' | 'global';
}

/** What an agent of this workspace gets: one row per key, the workspace's own before the global one. */
export async function listEffective(db: Db, workspaceId: string): Promise<EffectiveSecret[]> {
  const { rows } = await sql<EffectiveSecret>`
    select distinct on (key) key, scope, encrypted_value, encryption_version, key_id
      from (select key, 'workspace' as scope, encrypted_value, encryption_version, key_id
              from workspace_secrets where workspace_id = ${workspaceId}
            union all
            select key, 'global', encrypted_value, encryption_version, key_id from global_secrets) as both_scopes
     order by key, scope desc`.execute(db);
  return rows;
}

export async function listEffectiveKeys(db: Db | Tx, workspaceId: string): Promise<string[]> {
  const { rows } = await sql<{ key: string }>`
    select key collate "C" as key from workspace_secrets where workspace_id = ${workspaceId}
    union
    select key collate "C" from global_secrets
     order by key`.execute(db);
  return rows.map((row) => row.key);
}

/** Which of `keys` have a global value that is not empty. A sealed empty text is 28 bytes: nonce and tag. */
export async function listGlobalKeysWithValue(db: Db | Tx, keys: readonly string[]): Promise<string[]> {
  if (keys.length === 0) return [];
  const { rows } = await sql<{ key: string }>`
    select key from global_secrets
     where key = any(${[...keys]}::text[])
       and octet_length(encrypted_value) > case when encryption_version = 0 then 0 else 28 end`.execute(db);
  return rows.map((row) => row.key);
}

/** Ids of the workspaces whose own secret hides the global one of this key. */
export async function listOverriding(tx: Tx, key: string): Promise<string[]> {
  const rows = await tx.selectFrom('workspace_secrets').select('workspace_id').where('key', '=', key).execute();
  return rows.map((row) => row.workspace_id);
}

/** Locked, so that two writers of one key compare with what the other wrote. */
export async function lockGlobal(tx: Tx, key: string): Promise<StoredSecret | null> {
  const row = await tx
    .selectFrom('global_secrets')
    .select(SEALED)
    .where('key', '=', key)
    .forUpdate()
    .executeTakeFirst();
  return row ?? null;
}

/** The same for one key; null where neither has it. */
export async function findEffective(db: Db, workspaceId: string, key: string): Promise<EffectiveSecret | null> {
  const { rows } = await sql<EffectiveSecret>`
    select key, 'workspace' as scope, encrypted_value, encryption_version, key_id
      from workspace_secrets where workspace_id = ${workspaceId} and key = ${key}
    union all
    select key, 'global', encrypted_value, encryption_version, key_id from global_secrets where key = ${key}
     order by scope desc
     limit 1`.execute(db);
  return rows[0] ?? null;
}

export async function lockOwn(tx: Tx, workspaceId: string, key: string): Promise<StoredSecret | null> {
  const row = await tx
    .selectFrom('workspace_secrets')
    .select(SEALED)
    .where('workspace_id', '=', workspaceId)
    .where('key', '=', key)
    .forUpdate()
    .executeTakeFirst();
  return row ?? null;
}

export async function upsertGlobal(tx: Tx, secret: StoredSecret): Promise<void> {
  const { key: _key, ...sealed } = secret;
  await tx
    .insertInto('global_secrets')
    .values(secret)
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ ...sealed, updated_at: sql<Date>`now()` }))
    .execute();
}

export interface OwnedSecret extends StoredSecret {
  readonly workspace_id: string;
}

const ROWS_PER_STATEMENT = 1_000;

/** The rows of the workspaces must exist; no key may come twice for one of them. */
export async function upsertOwn(tx: Tx, secrets: readonly OwnedSecret[]): Promise<void> {
  for (let start = 0; start < secrets.length; start += ROWS_PER_STATEMENT) {
    await tx
      .insertInto('workspace_secrets')
      .values(secrets.slice(start, start + ROWS_PER_STATEMENT))
      .onConflict((conflict) =>
        conflict.columns(['workspace_id', 'key']).doUpdateSet({
          encrypted_value: sql`excluded.encrypted_value`,
          encryption_version: sql`excluded.encryption_version`,
          key_id: sql`excluded.key_id`,
          updated_at: sql<Date>`now()`,
        }),
      )
      .execute();
  }
}

/** A page of all secrets of all workspaces, held to the end of the transaction; `after` is the last one of the page before. */
export async function lockOwnPage(
  tx: Tx,
  after: Pick<OwnedSecret, 'workspace_id' | 'key'> | null,
  limit: number,
): Promise<OwnedSecret[]> {
  return tx
    .selectFrom('workspace_secrets')
    .select(['workspace_id', ...SEALED])
    .$if(after !== null, (query) =>
      query.where(sql<boolean>`(workspace_id, key) > (${after?.workspace_id}::uuid, ${after?.key}::text)`),
    )
    .orderBy('workspace_id')
    .orderBy('key')
    .limit(limit)
    .forUpdate()
    .execute();
}

export async function lockGlobalPage(tx: Tx, after: string | null, limit: number): Promise<StoredSecret[]> {
  return tx
    .selectFrom('global_secrets')
    .select(SEALED)
    .$if(after !== null, (query) => query.where('key', '>', after ?? ''))
    .orderBy('key')
    .limit(limit)
    .forUpdate()
    .execute();
}

/** The same value in another seal: when it was changed last stays as it was. */
export async function resealOwn(tx: Tx, { workspace_id, key, ...sealed }: OwnedSecret): Promise<void> {
  await tx
    .updateTable('workspace_secrets')
    .set(sealed)
    .where('workspace_id', '=', workspace_id)
    .where('key', '=', key)
    .execute();
}

export async function resealGlobal(tx: Tx, { key, ...sealed }: StoredSecret): Promise<void> {
  await tx.updateTable('global_secrets').set(sealed).where('key', '=', key).execute();
}

/** One that is not there is no failure. */
export async function deleteGlobal(tx: Tx, key: string): Promise<void> {
  await tx.deleteFrom('global_secrets').where('key', '=', key).execute();
}

/** One that is not there is no failure. */
export async function deleteOwn(tx: Tx, workspaceId: string, key: string): Promise<void> {
  await tx.deleteFrom('workspace_secrets').where('workspace_id', '=', workspaceId).where('key', '=', key).execute();
}
