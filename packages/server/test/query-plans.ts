import { type CompiledQuery, Kysely, PostgresDialect, type RawBuilder, sql } from 'kysely';
import pg from 'pg';
import type { Database } from '../src/database.js';
import type { Db } from '../src/platform/db.js';
import { createTypeParsers } from '../src/platform/db-types.js';

/** A connection on which one can ask what Postgres does for the statements that code really sends. */
export interface PlanReader {
  readonly db: Db;
  /**
   * Runs `work` and returns how many rows of `table` its statements looked at, kept or not. Throws when one of them reads
   * the table from end to end, however few rows that may be, or when none names it. What is asked about is undone again,
   * what `work` does itself is not.
   */
  countVisited(table: string, work: (db: Db) => Promise<unknown>): Promise<number>;
  close(): Promise<void>;
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  /** Per loop, like the two below. */
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly Plans?: readonly PlanNode[];
}

export function createPlanReader(url: string): PlanReader {
  const pool = new pg.Pool({ connectionString: url, max: 1, types: createTypeParsers() });
  const sent: CompiledQuery[] = [];
  const db = new Kysely<Database>({
    dialect: new PostgresDialect({ pool }),
    log: (event) => void sent.push(event.query),
  });
  return {
    db,
    async countVisited(table, work) {
      sent.length = 0;
      await work(db);
      const plans: PlanNode[] = [];
      for (const { sql: statement, parameters } of sent.filter((one) => !/^(begin|commit|rollback)/.test(one.sql))) {
        await pool.query('begin');
        try {
          const { rows } = await pool.query<{ 'QUERY PLAN': readonly { Plan: PlanNode }[] }>(
            `explain (analyze, format json) ${statement}`,
            [...parameters],
          );
          plans.push(...(rows[0]?.['QUERY PLAN'] ?? []).map(({ Plan }) => Plan));
        } finally {
          await pool.query('rollback');
        }
      }
      const nodes = plans.flatMap(flatten).filter((node) => node['Relation Name'] === table);
      if (nodes.length === 0) throw new Error(`no statement names ${table}`);
      const whole = nodes.find((node) => node['Node Type'].endsWith('Seq Scan'));
      if (whole) throw new Error(`${table} is read from end to end: ${JSON.stringify(whole)}`);
      return nodes.reduce((sum, node) => sum + visitedBy(node), 0);
    },
    close: () => db.destroy(),
  };
}

function flatten(node: PlanNode): readonly PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)];
}

function visitedBy(node: PlanNode): number {
  const perLoop =
    node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
  return perLoop * node['Actual Loops'];
}

/**
 * Fills a table with a great many rows. Its indexes are built afterwards, which takes a fraction of the time that keeping
 * them up to date row by row does; keys and constraints stay in force.
 */
export async function fillTable(db: Db, table: string, insert: RawBuilder<unknown>): Promise<void> {
  const { rows: indexes } = await sql<{ name: string; definition: string }>`
    select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition from pg_index
     where indrelid = ${table}::regclass
       and not exists (select from pg_constraint where conindid = indexrelid)`.execute(db);
  await sql`set maintenance_work_mem = '256MB'`.execute(db);
  await sql`alter table ${sql.table(table)} set unlogged`.execute(db);
  for (const { name } of indexes) await sql`drop index ${sql.raw(name)}`.execute(db);
  await insert.execute(db);
  for (const { definition } of indexes) await sql.raw(definition).execute(db);
  await sql`vacuum analyze ${sql.table(table)}`.execute(db);
}
