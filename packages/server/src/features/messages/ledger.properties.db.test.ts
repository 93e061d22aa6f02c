import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { createLedgerCluster, type LedgerCluster } from '../../../test/ledger/cluster.js';
import { auditLedger } from '../../../test/ledger/ledger-audit.js';
import { runSchedule } from '../../../test/ledger/ledger-run.js';
import { schedule } from '../../../test/ledger/steps.js';

/** MOLECULE_PROPERTY_RUNS asks for more, MOLECULE_PROPERTY_SEED for the seed that a failed run has printed. */
const RUNS = Number(process.env.MOLECULE_PROPERTY_RUNS ?? 32);
const SEED = process.env.MOLECULE_PROPERTY_SEED;

describe('the ledger', () => {
  const database = useTestDatabase();
  let cluster: LedgerCluster;

  beforeAll(async () => {
    cluster = await createLedgerCluster(database.url);
  });
  afterAll(() => cluster.close());

  it('ends every accepted message exactly once and tells it exactly once, whoever dies and however time jumps', async () => {
    await fc.assert(
      fc.asyncProperty(fc.noBias(schedule), async (steps) => {
        expect(await auditLedger(cluster, await runSchedule(cluster, steps))).toEqual([]);
      }),
      { numRuns: RUNS, ...(SEED ? { seed: Number(SEED) } : {}) },
    );
  }, 600_000);
});
