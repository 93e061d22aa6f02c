import { errorSpec, type RouteSpec } from '@molecule/contract';
import type { Metrics } from '../metrics.js';

/** What was counted for one method, route pattern and status. */
interface Tally {
  readonly labels: { readonly method: string; readonly path: string; readonly status: string };
  requests: number;
  seconds: number;
}

const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const OTHER = 'other';
const UNMATCHED = 'unmatched';

/**
 * Counts requests by method, route pattern and status (contract registry-a2a §13, B-79). Method and path are those of
 * declared routes, so nothing a client invents can become a time series. Every heartbeat passes here: a request costs
 * three look-ups and two additions, and labels are put together only when somebody scrapes.
 */
export function createHttpMetrics(
  metrics: Metrics,
  routes: Readonly<Record<string, RouteSpec>>,
): (sample: { method: string; path: string; status: number; seconds: number }) => void {
  const tallies: Tally[] = [];
  const byPath = new Map<string, Map<string, Map<number, Tally>>>();

  function addTally(path: string, method: string, status: number): Tally {
    const byMethod = byPath.get(path) ?? new Map<string, Map<number, Tally>>();
    const byStatus = byMethod.get(method) ?? new Map<number, Tally>();
    const known = byStatus.get(status);
    if (known) return known;
    const tally = { labels: { method, path, status: String(status) }, requests: 0, seconds: 0 };
    byPath.set(path, byMethod.set(method, byStatus.set(status, tally)));
    tallies.push(tally);
    return tally;
  }

  for (const spec of Object.values(routes)) {
    for (const status of statusesOf(spec)) addTally(spec.path, spec.method, status);
  }
  addTally(UNMATCHED, 'GET', 404);

  const labelNames = ['method', 'path', 'status'];
  metrics.tally({
    name: 'molecule_http_requests_total',
    help: 'Requests answered, by method, route pattern and status.',
    labelNames,
    read: () => tallies.map((tally) => [tally.labels, tally.requests]),
  });
  metrics.tally({
    name: 'molecule_http_request_duration_seconds_total',
    help: 'Time spent answering requests.',
    labelNames,
    read: () => tallies.map((tally) => [tally.labels, tally.seconds]),
  });

  return ({ method, path, status, seconds }) => {
    const tally =
      byPath.get(path)?.get(method)?.get(status) ??
      addTally(byPath.has(path) ? path : UNMATCHED, METHODS.includes(method) ? method : OTHER, status);
    tally.requests += 1;
    tally.seconds += seconds;
  };
}

/** What a route declares, and the failure nobody declares. Any other status appears when it is first answered. */
function statusesOf(spec: RouteSpec): readonly number[] {
  return [...Object.keys(spec.responses).map(Number), ...spec.errors.map((code) => errorSpec(code).status), 500];
}
