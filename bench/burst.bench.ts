import { burst, prepareBurst } from './burst.js';
import type { Rig } from './rig.js';
import { percentile } from './statistics.js';
import { milliseconds, type Row } from './table.js';
import { readUnrest } from './unrest.js';

const WRITES = 200;
const ROUNDS = 5;
const HEALTH_P99_MS = 250;
const REST_AFTER_MS = 1_000;

/** The worst of several bursts counts: a server that stalls now and then is not healthy at the median. */
export async function measureBurst(rig: Rig): Promise<Row> {
  let refused = 0;
  let slowestMs = 0;
  let healthP99Ms = 0;
  let unrest: readonly string[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const targets = await prepareBurst(rig.api, rig.url);
    const { value, healthMs } = await rig.underProbes(async () => {
      const startedMs = performance.now();
      const outcomes = await burst(rig.api, targets, WRITES);
      return { outcomes, ms: performance.now() - startedMs };
    });
    refused += value.outcomes.filter(({ status }) => status < 200 || status > 299).length;
    slowestMs = Math.max(slowestMs, value.ms);
    healthP99Ms = Math.max(healthP99Ms, percentile(healthMs, 0.99));
    await new Promise((resolve) => setTimeout(resolve, REST_AFTER_MS));
    unrest = [...unrest, ...(await readUnrest(rig.api))];
  }
  const pool = unrest.length === 0 ? 'pool idle' : `pool busy: ${unrest.join(', ')}`;
  return {
    what: `burst of ${WRITES} parallel writes of every kind`,
    owed: `all 2xx, health p99 < ${HEALTH_P99_MS} ms, pool back to idle`,
    measured: `${refused} refused in ${ROUNDS} bursts (${milliseconds(slowestMs)}), health p99 ${milliseconds(healthP99Ms)}, ${pool}`,
    ok: refused === 0 && healthP99Ms < HEALTH_P99_MS && unrest.length === 0,
  };
}
