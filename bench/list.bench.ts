import type { Rig } from './rig.js';
import { percentile } from './statistics.js';
import { milliseconds, type Row } from './table.js';

const REQUESTS = 200;
const WARM_UP = 30;
const OWED_P95_MS = 50;

export async function measureList(rig: Rig): Promise<Row> {
  const samples: number[] = [];
  let bytes = 0;
  for (let n = 0; n < WARM_UP + REQUESTS; n += 1) {
    const startedMs = performance.now();
    const response = await fetch(`${rig.url}/workspaces`, { headers: { authorization: `Bearer ${rig.token}` } });
    const body = await response.arrayBuffer();
    if (n >= WARM_UP) samples.push(performance.now() - startedMs);
    if (!response.ok) throw new Error(`the list answered ${response.status}`);
    bytes = body.byteLength;
  }
  const p95Ms = percentile(samples, 0.95);
  return {
    what: `list ${rig.fleet.length} workspaces with 1 KiB cards`,
    owed: `p95 < ${OWED_P95_MS} ms`,
    measured: `p95 ${milliseconds(p95Ms)}, p50 ${milliseconds(percentile(samples, 0.5))} (${Math.round(bytes / 1024)} KiB)`,
    ok: p95Ms < OWED_P95_MS,
  };
}
