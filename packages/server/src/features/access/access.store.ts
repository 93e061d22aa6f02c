import { sql } from 'kysely';
import { type Db, prepared, type Tx } from '../../platform/db.js';
import type { OrgTokenIdentity } from './actor.js';

export interface NewToken {
  readonly id: string;
  readonly workspaceId: string;
  readonly hash: Buffer;
  readonly prefix: string;
}

export interface Credential {
  readonly tokenId: string;
  readonly workspaceId: string;
  readonly live: boolean;
  readonly removed: boolean;
}

/** One statement by a unique index: this runs for almost every request of an agent. */
export async function findCredential(db: Db | Tx, hash: Buffer): Promise<Credential | null> {
  const { rows } = await sql<Credential>`${prepared('access-find-credential')}
    select token_id as "tokenId", workspace_id as "workspaceId", live, removed
      from workspace_credentials where token_hash = ${hash}`.execute(db);
  return rows[0] ?? null;
}

/** A live bearer of any kind, or what is left of a workspace's. */
export type FoundBearer =
  | ({ readonly kind: 'workspace' } & Credential)
  | { readonly kind: 'org'; readonly token: OrgTokenIdentity };

interface BearerRow extends Credential {
  /** Place in what was asked, from 1. */
  readonly n: number;
  readonly isOrg: boolean;
  readonly prefix: string;
  readonly orgId: string | null;
}

/**
 * Bearers of both kinds, in the order of their hashes: one statement for all requests that wait. A hash belongs to one
 * kind at most. The limits keep the planner from joining whole tables, whose sizes it does not know on a new database.
 */
export async function findBearers(db: Db, hashes: readonly Buffer[]): Promise<readonly (FoundBearer | null)[]> {
  const { rows } = await sql<BearerRow>`${prepared('access-find-bearers')}
    select given.n::integer as n, found.*
      from unnest(${hashes}::bytea[]) with ordinality as given(hash, n)
     cross join lateral (
           (select false as "isOrg", token_id as "tokenId", workspace_id as "workspaceId", live, removed,
                   '' as prefix, null::uuid as "orgId"
              from workspace_credentials where token_hash = given.hash limit 1)
           union all
           (select true, id, null, true, false, prefix, org_id
              from org_api_tokens where token_hash = given.hash and revoked_at is null limit 1)) as found`.execute(db);
  const found: (FoundBearer | null)[] = hashes.map(() => null);
  for (const { n, isOrg, prefix, orgId, ...credential } of rows) {
    found[n - 1] = isOrg
      ? { kind: 'org', token: { id: credential.tokenId, prefix, orgId } }
      : { kind: 'workspace', ...credential };
  }
  return found;
}

/** Live or not: a workspace that has once had a token asks everybody for one (B-12). */
export async function hasEverHadToken(db: Db | Tx, workspaceId: string): Promise<boolean> {
  const row = await db
    .selectFrom('workspace_auth_tokens')
    .select('id')
    .where('workspace_id', '=', workspaceId)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

export async function insertToken(tx: Tx, token: NewToken): Promise<void> {
  await tx
    .insertInto('workspace_auth_tokens')
    .values({
      id: token.id,
      workspace_id: token.workspaceId,
      token_hash: token.hash,
      prefix: token.prefix,
      generation: null,
    })
    .execute();
}

/** Live ones, newest first; the order of ids decides between those of one moment. */
export async function listLiveTokens(db: Db, workspaceId: string, page: { limit: number; offset: number }) {
  const { rows } = await sql<{
    id: string;
    prefix: string;
    createdAt: Date;
    lastUsedAt: Date | null;
    isAgents: boolean;
  }>`
    select t.id, t.prefix, t.created_at as "createdAt", t.last_used_at as "lastUsedAt",
           t.generation is not null as "isAgents"
      from workspace_auth_tokens as t
      join workspace_credentials as c on c.token_id = t.id and c.live
     where t.workspace_id = ${workspaceId} and t.revoked_at is null
     order by t.created_at desc, t.id desc
     limit ${page.limit} offset ${page.offset}`.execute(db);
  return rows;
}

/**
 * Inserts unless the workspace has `max` live ones, and tells whether it did. The workspace must be locked: of two that
 * ask at once the later then counts the token of the earlier.
 */
export async function insertTokenBelow(tx: Tx, token: NewToken, max: number): Promise<boolean> {
  const { rows } = await sql`
    insert into workspace_auth_tokens (id, workspace_id, token_hash, prefix)
    select ${token.id}, ${token.workspaceId}::uuid, ${token.hash}, ${token.prefix}
     where (select count(*) from workspace_auth_tokens as t
              join workspace_credentials as c on c.token_id = t.id and c.live
             where t.workspace_id = ${token.workspaceId} and t.revoked_at is null) < ${max}
    returning id`.execute(tx);
  return rows.length > 0;
}

/** Null when the workspace has no such live token; `isAgents`: the instance of this server works with it. */
export async function revokeLiveToken(
  tx: Tx,
  workspaceId: string,
  tokenId: string,
): Promise<{ readonly isAgents: boolean } | null> {
  const { rows } = await sql<{ isAgents: boolean }>`
    update workspace_auth_tokens as t set revoked_at = now()
      from workspace_credentials as c
     where t.id = ${tokenId} and t.workspace_id = ${workspaceId} and c.token_id = t.id and c.live
    returning t.generation is not null as "isAgents"`.execute(tx);
  return rows[0] ?? null;
}

/**
 * Revokes and mints in one statement, so that there is no moment with two instances let in and none with the new one
 * shut out. Tokens of a later generation stay: a worker that lost its lease must not shut out its successor's agent.
 */
export async function replaceTokens(db: Db, token: NewToken, generation: number): Promise<void> {
  await sql`
    with revoked as (
      update workspace_auth_tokens set revoked_at = now()
       where workspace_id = ${token.workspaceId} and revoked_at is null
         and (generation is null or generation <= ${generation}::bigint)
    )
    insert into workspace_auth_tokens (id, workspace_id, token_hash, prefix, generation)
    values (${token.id}, ${token.workspaceId}, ${token.hash}, ${token.prefix}, ${generation})`.execute(db);
}

export async function revokeTokens(tx: Tx, workspaceIds: readonly string[]): Promise<void> {
  await sql`
    update workspace_auth_tokens set revoked_at = now()
     where workspace_id = any(${[...workspaceIds]}::uuid[]) and revoked_at is null`.execute(tx);
}

export async function markTokensUsed(db: Db, tokenIds: readonly string[]): Promise<void> {
  await sql`
    update workspace_auth_tokens set last_used_at = now() where id = any(${[...tokenIds]}::uuid[])`.execute(db);
}

/**
 * Removes up to `limit` tokens that were revoked more than `days` ago, and returns how many. To present one is answered
 * alike before and after, with two exceptions, which stay: every token of a removed workspace says that it was removed
 * (B-03), and the last one that a workspace had says that it once had one (B-12). Neither adds up: a removed
 * workspace gets no more, and the last one gives way to the next.
 */
export async function deleteRevokedTokens(db: Db, days: number, limit: number): Promise<number> {
  const { rows } = await sql<{ deleted: number }>`
    with old as (
      select t.id from workspace_auth_tokens as t
        join workspace_credentials as c on c.token_id = t.id and not c.removed
       where t.revoked_at < now() - make_interval(days => ${days}::int)
         and exists (select 1 from workspace_auth_tokens as later
                      where later.workspace_id = t.workspace_id and later.id > t.id)
       limit ${limit}),
    gone as (delete from workspace_auth_tokens as t using old where t.id = old.id returning 1)
    select count(*) as deleted from gone`.execute(db);
  return rows[0]?.deleted ?? 0;
}
