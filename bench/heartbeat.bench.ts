import { routes } from '@molecule/contract';
import { startChild } from './child.js';
import type { FleetAgent } from './fleet.js';
import type { LoadRequest, LoadResult } from './load.js';
import { compare, describeCompared, SECONDS, WARM_UP_SECONDS } from './pairs.js';
import type { Rig } from './rig.js';
import type { Row } from './table.js';

const CONNECTIONS = 64;
const OWED_RATIO = 0.6;

/** Requests per second of the product's heartbeat against those of a route that only validates, in pairs. */
export async function measureHeartbeat(rig: Rig): Promise<Row> {
  const bare = startChild('bare-heartbeat.ts');
  try {
    const bareUrl = await bare.next<string>();
    const requests = rig.fleet.map(toRequest);
    const compared = await compare((side, warmUp) => {
      const url = side === 'bare' ? bareUrl : rig.url;
      const seconds = warmUp ? WARM_UP_SECONDS : SECONDS;
      const job: LoadRequest = { url, connections: CONNECTIONS, seconds, requests };
      return rig.load.ask<LoadResult>(job);
    });
    return {
      what: `heartbeat, ${rig.fleet.length} agents, c=${CONNECTIONS}`,
      owed: `>= ${OWED_RATIO * 100} % of a bare validating route, none refused`,
      measured: describeCompared(compared),
      ok: compared.ratio >= OWED_RATIO && compared.failed === 0,
    };
  } finally {
    await bare.end();
  }
}

function toRequest({ id, token }: FleetAgent, n: number) {
  return {
    method: 'POST',
    path: routes.heartbeat.path,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({
      workspace_id: id,
      error_rate: 0,
      sample_error: '',
      active_tasks: n % 3,
      current_task: n % 3 === 0 ? '' : 'Reading the quarterly report',
      uptime_seconds: 3_600 + n,
    }),
  };
}
