import { type QueryExecutorProvider, type RawBuilder, type SqlBool, sql } from 'kysely';

/**
 * Leases on rows: the one way in which workers of several processes share work (design §4.3, §4.5). A table that is
 * claimed from has `id uuid`, `lease_owner uuid` and `lease_until timestamptz`, the last two null when free. Only the
 * database's `now()` decides whether a lease has expired; process clocks differ.
 */
export interface ClaimSpec {
  readonly table: string;
  /** Which rows are due, in unqualified column names. That the row is free is added to it. */
  readonly where: RawBuilder<SqlBool>;
  /** Which come first, e.g. `` sql`due_at, seq` ``. */
  readonly orderBy: RawBuilder<unknown>;
  readonly limit: number;
  /**
   * A fresh id for every call, never the id of the process: a process that lost a lease and claims the same row again
   * must not let its own late worker pass for the new one.
   */
  readonly owner: string;
  readonly leaseMs: number;
}

/** Whose lease on which row. */
export interface LeaseRef {
  readonly table: string;
  readonly id: string;
  readonly owner: string;
}

/**
 * Leases up to `limit` due rows that are free or whose lease has expired, and returns them whole, in order. Rows that
 * another transaction is working on are passed over, so claimers never wait for each other. On a transaction the
 * leases become visible with its commit.
 */
export async function claim<Row>(db: QueryExecutorProvider, spec: ClaimSpec): Promise<Row[]> {
  const table = sql.table(spec.table);
  // Materialized: as a plain subquery it could be run again per row of the update, and lock more than `limit` rows.
  const { rows } = await sql<Row>`
    with due as materialized (
      select id from ${table}
       where (lease_until is null or lease_until < now()) and (${spec.where})
       order by ${spec.orderBy} limit ${spec.limit}
         for update skip locked),
    claimed as (
      update ${table} as target
         set lease_owner = ${spec.owner}, lease_until = now() + ${leaseInterval(spec.leaseMs)}
        from due where target.id = due.id
      returning target.*)
    select * from claimed order by ${spec.orderBy}`.execute(db);
  return rows;
}

/**
 * The predicate of every write by a lease holder, in unqualified column names: `update … where ${ownedBy(lease)}`.
 * If the lease was taken over this matches nothing, and the late owner changes nothing.
 */
export function ownedBy(lease: Pick<LeaseRef, 'id' | 'owner'>): RawBuilder<SqlBool> {
  return sql<SqlBool>`(id = ${lease.id} and lease_owner = ${lease.owner})`;
}

/** Frees the row for the next claimer. False when the lease was no longer ours; repeating it is harmless. */
export async function release(db: QueryExecutorProvider, lease: LeaseRef): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update ${sql.table(lease.table)} set lease_owner = null, lease_until = null where ${ownedBy(lease)}`.execute(db);
  return numAffectedRows === 1n;
}

export interface RenewalResult {
  /** Our leases that now last longer. */
  readonly renewed: readonly LeaseRef[];
  /** Leases that are someone else's by now, or nobody's. */
  readonly lost: readonly LeaseRef[];
}

/**
 * Prolongs leases of one table in one statement; also an expired one that nobody has taken. A row that is locked at
 * the moment (its holder is just completing it) is neither renewed nor lost: it is left for the next time.
 */
export async function renew(
  db: QueryExecutorProvider,
  request: { table: string; leases: readonly LeaseRef[]; leaseMs: number },
): Promise<RenewalResult> {
  const { leases } = request;
  const table = sql.table(request.table);
  // Skip locked: one row whose transaction takes long must not keep all the others from being renewed in time.
  const { rows } = await sql<{ position: number; renewed: boolean; owned: boolean }>`
    with held as materialized (
      select * from unnest(${leases.map((lease) => lease.id)}::uuid[], ${leases.map((lease) => lease.owner)}::uuid[])
        with ordinality as held (id, owner, position)),
    free as materialized (
      select target.id from ${table} as target
        join held on target.id = held.id and target.lease_owner = held.owner
       order by target.id for update of target skip locked),
    renewed as (
      update ${table} as target set lease_until = now() + ${leaseInterval(request.leaseMs)}
        from free where target.id = free.id
      returning target.id, target.lease_owner)
    select held.position,
           exists (select from renewed where renewed.id = held.id and renewed.lease_owner = held.owner) as renewed,
           exists (select from ${table} as target
                    where target.id = held.id and target.lease_owner = held.owner) as owned
      from held order by held.position`.execute(db);
  const pick = (include: (row: { renewed: boolean; owned: boolean }) => boolean): LeaseRef[] =>
    rows.filter(include).flatMap((row) => leases[row.position - 1] ?? []);
  return { renewed: pick((row) => row.renewed), lost: pick((row) => !row.renewed && !row.owned) };
}

function leaseInterval(leaseMs: number): RawBuilder<unknown> {
  return sql`make_interval(secs => ${leaseMs / 1_000}::double precision)`;
}
