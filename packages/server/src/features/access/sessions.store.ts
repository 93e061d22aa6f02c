import { sql } from 'kysely';
import type { Db } from '../../platform/db.js';

// Ages are measured by the database, so that replicas agree.

const SESSION_AGE = sql`interval '30 days'`;
const LINK_AGE = sql`interval '15 minutes'`;

/** When the session ends, null when there is none or it has ended. */
export async function findSession(db: Db, idHash: Buffer): Promise<Date | null> {
  const row = await db
    .selectFrom('sessions')
    .select('expires_at')
    .where('id_hash', '=', idHash)
    .where('expires_at', '>', sql<Date>`now()`)
    .executeTakeFirst();
  return row?.expires_at ?? null;
}

/** Where a session was opened, as far as its request told. */
export interface SessionOrigin {
  readonly userAgent: string | null;
  readonly address: string | null;
}

export async function insertSession(db: Db, idHash: Buffer, from: SessionOrigin): Promise<Date> {
  const row = await db
    .insertInto('sessions')
    .values({
      id_hash: idHash,
      expires_at: sql<Date>`now() + ${SESSION_AGE}`,
      user_agent: from.userAgent,
      address: from.address,
    })
    .returning('expires_at')
    .executeTakeFirstOrThrow();
  return row.expires_at;
}

export async function deleteSession(db: Db, idHash: Buffer): Promise<void> {
  await db.deleteFrom('sessions').where('id_hash', '=', idHash).execute();
}

/** Those that have not ended, last used first. `current` marks the one whose cookie asks; null when none does. */
export async function listSessions(db: Db, asking: Buffer | null, limit: number) {
  const { rows } = await sql<{
    id: string;
    createdAt: Date;
    lastSeenAt: Date;
    expiresAt: Date;
    userAgent: string | null;
    address: string | null;
    current: boolean;
  }>`
    select id, created_at as "createdAt", last_seen_at as "lastSeenAt", expires_at as "expiresAt",
           user_agent as "userAgent", address, coalesce(id_hash = ${asking}::bytea, false) as current
      from sessions where expires_at > now()
     order by current desc, last_seen_at desc, id
     limit ${limit}`.execute(db);
  return rows;
}

/** False when there is none of this id that has not ended. */
export async function deleteSessionById(db: Db, id: string): Promise<boolean> {
  const row = await db
    .deleteFrom('sessions')
    .where('id', '=', id)
    .where('expires_at', '>', sql<Date>`now()`)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** All but the one whose cookie asks, and all when none does; returns how many had not ended. */
export async function deleteOtherSessions(db: Db, asking: Buffer | null): Promise<number> {
  const { rows } = await sql<{ ended: number }>`
    with gone as (
      delete from sessions where id_hash is distinct from ${asking}::bytea returning expires_at)
    select count(*) filter (where expires_at > now()) as ended from gone`.execute(db);
  return rows[0]?.ended ?? 0;
}

/** A session that is used goes on: each use within its time starts the thirty days again. */
export async function extendSessions(db: Db, idHashes: readonly Buffer[]): Promise<void> {
  await sql`
    update sessions set last_seen_at = now(), expires_at = now() + ${SESSION_AGE}
     where id_hash = any(${[...idHashes]}::bytea[]) and expires_at > now()`.execute(db);
}

export async function insertLoginLink(db: Db, tokenHash: Buffer): Promise<Date> {
  const row = await db
    .insertInto('login_links')
    .values({ token_hash: tokenHash, expires_at: sql<Date>`now() + ${LINK_AGE}` })
    .returning('expires_at')
    .executeTakeFirstOrThrow();
  return row.expires_at;
}

export async function isLoginLinkUsable(db: Db, tokenHash: Buffer): Promise<boolean> {
  const row = await db
    .selectFrom('login_links')
    .select('token_hash')
    .where('token_hash', '=', tokenHash)
    .where('used_at', 'is', null)
    .where('expires_at', '>', sql<Date>`now()`)
    .executeTakeFirst();
  return row !== undefined;
}

/** Uses the link up and opens the session in one statement: two clicks at once make one session. Null: not usable. */
export async function exchangeLoginLink(
  db: Db,
  tokenHash: Buffer,
  sessionHash: Buffer,
  from: SessionOrigin,
): Promise<Date | null> {
  const { rows } = await sql<{ expires_at: Date }>`
    with used as (
      update login_links set used_at = now()
       where token_hash = ${tokenHash} and used_at is null and expires_at > now()
      returning 1
    )
    insert into sessions (id_hash, expires_at, user_agent, address)
    select ${sessionHash}::bytea, now() + ${SESSION_AGE}, ${from.userAgent}, ${from.address} from used
    returning expires_at`.execute(db);
  return rows[0]?.expires_at ?? null;
}

export async function deleteExpiredLogins(db: Db): Promise<void> {
  await db.deleteFrom('sessions').where('expires_at', '<', sql<Date>`now()`).execute();
  await db.deleteFrom('login_links').where('expires_at', '<', sql<Date>`now()`).execute();
}
