import { sql } from 'kysely';
import type { Db } from '../../platform/db.js';

export interface NewOrgToken {
  readonly id: string;
  readonly hash: Buffer;
  readonly prefix: string;
  readonly name: string | null;
  readonly createdBy: string;
  readonly orgId: string | null;
}

export async function insertOrgToken(db: Db, token: NewOrgToken): Promise<void> {
  await db
    .insertInto('org_api_tokens')
    .values({
      id: token.id,
      token_hash: token.hash,
      prefix: token.prefix,
      name: token.name,
      created_by: token.createdBy,
      org_id: token.orgId,
    })
    .execute();
}

/** Live ones, newest first. The ids order those of one moment. */
export function listLiveOrgTokens(db: Db, limit: number) {
  return db
    .selectFrom('org_api_tokens')
    .select(['id', 'prefix', 'name', 'org_id', 'created_by', 'created_at', 'last_used_at'])
    .where('revoked_at', 'is', null)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
}

/** False when it is unknown or revoked already. */
export async function revokeOrgToken(db: Db, id: string): Promise<boolean> {
  const row = await db
    .updateTable('org_api_tokens')
    .set({ revoked_at: sql<Date>`now()` })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

export async function markOrgTokensUsed(db: Db, ids: readonly string[]): Promise<void> {
  await sql`update org_api_tokens set last_used_at = now() where id = any(${[...ids]}::uuid[])`.execute(db);
}

/** Nobody asks about a revoked one any more: what presents it is refused as what never was a token. */
export async function deleteRevokedOrgTokens(db: Db, days: number): Promise<void> {
  await sql`
    delete from org_api_tokens where revoked_at < now() - make_interval(days => ${days}::int)`.execute(db);
}
