import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { auditLedger } from '../../../test/ledger/ledger-audit.js';
import { createLedgerCluster, type LedgerCluster } from '../../../test/ledger/ledger-run.js';
import { schedule } from '../../../test/ledger/steps.js';

/** More with MOLECULE_PROPERTY_RUNS; a failed run prints the seed and the path that play it again. */
const RUNS = Number(process.env.MOLECULE_PROPERTY_RUNS ?? 16);

describe('the ledger', () => {
  const database = useTestDatabase();
  let cluster: LedgerCluster;

  beforeAll(async () => {
    cluster = await createLedgerCluster(database.url);
  });
  afterAll(() => cluster.close());

  it('ends every accepted message exactly once and tells it exactly once, whoever dies and however time jumps', async () => {
    await fc.assert(
      fc.asyncProperty(schedule, async (steps) => {
        expect(await auditLedger(cluster, await cluster.run(steps))).toEqual([]);
      }),
      { numRuns: RUNS, interruptAfterTimeLimit: 240_000, markInterruptAsFailure: false },
    );
  }, 300_000);
});
