import { routes } from '@molecule/contract';
import { startChild } from './child.js';
import type { FleetAgent } from './fleet.js';
import type { LoadRequest, LoadResult } from './load.js';
import type { Rig } from './rig.js';
import { median } from './statistics.js';
import type { Row } from './table.js';

const CONNECTIONS = 64;
const ROUNDS = 5;
const WARM_UP_SECONDS = 3;
const SECONDS = 4;
const OWED_RATIO = 0.6;

/** Requests per second of the product's heartbeat against those of a route that only validates, in pairs. */
export async function measureHeartbeat(rig: Rig): Promise<Row> {
  const bare = startChild('bare-heartbeat.ts');
  try {
    const bareUrl = await bare.next<string>();
    const requests = rig.fleet.map(toRequest);
    const run = async (url: string, seconds: number): Promise<LoadResult> => {
      const job: LoadRequest = { url, connections: CONNECTIONS, seconds, requests };
      return rig.load.ask<LoadResult>(job);
    };
    const urls = [bareUrl, rig.url];
    for (const url of urls) await run(url, WARM_UP_SECONDS);
    const pairs: { readonly bare: LoadResult; readonly real: LoadResult }[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      // Whoever goes first changes with every round, so that a machine that slows down favours neither.
      const results = new Map<string, LoadResult>();
      for (const url of round % 2 === 0 ? urls : urls.toReversed()) results.set(url, await run(url, SECONDS));
      const [first, second] = urls.map((url) => results.get(url));
      if (first && second) pairs.push({ bare: first, real: second });
    }
    const failed = pairs.reduce((sum, pair) => sum + pair.bare.failed + pair.real.failed, 0);
    const ratio = median(pairs.map((pair) => pair.real.perSecond / pair.bare.perSecond));
    const perSecond = (side: 'bare' | 'real') => Math.round(median(pairs.map((pair) => pair[side].perSecond)));
    return {
      what: `heartbeat, ${rig.fleet.length} agents, c=${CONNECTIONS}`,
      owed: `>= ${OWED_RATIO * 100} % of a bare validating route, none refused`,
      measured: `${(ratio * 100).toFixed(0)} % (${perSecond('real')} of ${perSecond('bare')} req/s), ${failed} refused`,
      ok: ratio >= OWED_RATIO && failed === 0,
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
