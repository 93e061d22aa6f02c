import { type CompiledQuery, Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { Database } from '../src/database.js';
import type { Db } from '../src/platform/db.js';
import { createTypeParsers } from '../src/platform/db-types.js';

/** A connection on which one can ask what Postgres does for the statements that code really sends. */
export interface PlanReader {
  readonly db: Db;
  /** Runs `work` and returns how many rows of `table` its statements looked at, kept or not. */
  countVisited(table: string, work: (db: Db) => Promise<unknown>): Promise<number>;
  close(): Promise<void>;
}

interface PlanNode {
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
      let visited = 0;
      for (const { sql, parameters } of sent) {
        const { rows } = await pool.query<{ 'QUERY PLAN': readonly { Plan: PlanNode }[] }>(
          `explain (analyze, format json) ${sql}`,
          [...parameters],
        );
        for (const { Plan } of rows[0]?.['QUERY PLAN'] ?? []) visited += visitedBy(Plan, table);
      }
      return visited;
    },
    close: () => db.destroy(),
  };
}

function visitedBy(node: PlanNode, table: string): number {
  const below = (node.Plans ?? []).reduce((sum, inner) => sum + visitedBy(inner, table), 0);
  if (node['Relation Name'] !== table) return below;
  const perLoop =
    node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
  return below + perLoop * node['Actual Loops'];
}
