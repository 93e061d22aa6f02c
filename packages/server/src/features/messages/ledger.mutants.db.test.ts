import fc from 'fast-check';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../../test/database.js';
import { auditLedger } from '../../../test/ledger/ledger-audit.js';
import { createLedgerCluster } from '../../../test/ledger/ledger-run.js';
import { schedule } from '../../../test/ledger/steps.js';

interface Mutant { readonly flaw: string; readonly ddl?: string; readonly sql?: readonly (readonly [string, string])[] }
const swallow = (table: string, event: string, when: string) => `create function swallow() returns trigger language plpgsql as $$ begin return null; end $$;
  create trigger swallow before ${event} on ${table} for each row when (${when}) execute function swallow()`;
const MUTANTS: readonly Mutant[] = [
  { flaw: 'no cas', sql: [["m.state in ('queued', 'working', 'input_required')", 'true']] },
  { flaw: 'no owner', sql: [['(i.owner is null or m.lease_owner = i.owner)', 'true']] },
  { flaw: 'no inbox', ddl: swallow('activity_logs', 'insert', "new.method = 'delegate_result' and new.activity_type = 'a2a_receive'") },
  { flaw: 'no activity end', ddl: swallow('activity_logs', 'update', 'true') },
  { flaw: 'late twice', sql: [['"late" = $6', 'true     '], ] },
  { flaw: 'resend unclear', ddl: `create function resend() returns trigger language plpgsql as $$ begin new.state := 'queued'; return new; end $$;
    create trigger resend before update on messages for each row when (old.state = 'working' and new.state = 'working' and old.lease_owner is not null and new.lease_owner is null) execute function resend()` },
  { flaw: 'sweeper overrides', sql: [["m.state in ('queued', 'working', 'input_required')", 'true']] },
];
describe('mutants', () => {
  it.each(MUTANTS)('$flaw', async ({ ddl, sql: replaced = [] }) => {
    const database = await createTestDatabase();
    const cluster = await createLedgerCluster(database.url, {
      rewrite: (bytes) => {
        let text = bytes.toString('latin1');
        for (const [from, to] of replaced) text = text.replaceAll(from, to.padEnd(from.length));
        return Buffer.from(text, 'latin1');
      },
    });
    if (ddl) await sql.raw(ddl).execute(cluster.database.lanes.work);
    let wrong: readonly string[] = [];
    const result = await fc.check(
      fc.asyncProperty(fc.noBias(schedule), async (steps) => {
        wrong = await auditLedger(cluster, await cluster.run(steps));
        return wrong.length === 0;
      }),
      { numRuns: 60, endOnFailure: false, interruptAfterTimeLimit: 40_000 },
    );
    process.stdout.write(JSON.stringify({ failed: result.failed, runs: result.numRuns, seed: result.seed, path: result.counterexamplePath, ce: result.counterexample, wrong: wrong.slice(0, 4), err: String(result.errorInstance).slice(0, 300) }) + '\n');
    await cluster.close();
    await database.drop();
    expect(result.failed).toBe(true);
  }, 200_000);
});
