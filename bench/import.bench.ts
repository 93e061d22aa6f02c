import { randomUUID } from 'node:crypto';
import type { Rig } from './rig.js';
import { median, percentile } from './statistics.js';
import { milliseconds, type Row } from './table.js';

const DIVISIONS = 9;
const TEAMS = 10;
const MEMBERS = 10;
const NODES = 1 + DIVISIONS * (1 + TEAMS * (1 + MEMBERS));
const ROUNDS = 3;
const OWED_MS = 2_000;
const HEALTH_P99_MS = 250;

/** External nodes, so that writing the tree is measured and not the start of a thousand programs. */
export async function measureImport(rig: Rig): Promise<Row> {
  const durations: number[] = [];
  let healthP99Ms = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const template = createTemplate();
    const { value, healthMs } = await rig.underProbes(async () => {
      const startedMs = performance.now();
      const reply = await rig.api.call('importOrg', { body: { template } });
      if (reply.status !== 201 || reply.body.count !== NODES) throw new Error('the import is not complete');
      return performance.now() - startedMs;
    });
    durations.push(value);
    healthP99Ms = Math.max(healthP99Ms, percentile(healthMs, 0.99));
  }
  const importMs = median(durations);
  return {
    what: `org import of ${NODES} nodes, without instances`,
    owed: `< ${OWED_MS / 1_000} s until committed, health p99 < ${HEALTH_P99_MS} ms`,
    measured: `${milliseconds(importMs)}, health p99 ${milliseconds(healthP99Ms)}`,
    ok: importMs < OWED_MS && healthP99Ms < HEALTH_P99_MS,
  };
}

function createTemplate() {
  const org = `org ${randomUUID()}`;
  const node = (name: string, children: readonly unknown[]) => ({
    name,
    role: 'keeps its part of the organisation running',
    external: true,
    ...(children.length > 0 ? { children } : {}),
  });
  const times = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n));
  const members = () => times(MEMBERS, (n) => node(`member ${n}`, []));
  const teams = () => times(TEAMS, (n) => node(`team ${n}`, members()));
  return {
    name: org,
    workspaces: [
      node(
        org,
        times(DIVISIONS, (n) => node(`division ${n}`, teams())),
      ),
    ],
  };
}
