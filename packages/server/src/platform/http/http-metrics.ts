import type { RouteSpec } from '@molecule/contract';
import type { Metrics } from '../metrics.js';

const STATUSES = ['2xx', '3xx', '4xx', '5xx'] as const;
const UNMATCHED = 'unmatched';

/**
 * Counts requests by method and route pattern (contract registry-a2a §13, B-79). The label values are those of the
 * declared routes, so a raw path can never become a time series.
 */
export function createHttpMetrics(
  metrics: Metrics,
  routes: Readonly<Record<string, RouteSpec>>,
): (sample: { method: string; path: string; status: number; seconds: number }) => void {
  const known = new Set(Object.values(routes).map((spec) => `${spec.method} ${spec.path}`));
  const labels = { route: [...known, UNMATCHED], status: STATUSES };
  const requests = metrics.counter({
    name: 'molecule_http_requests_total',
    help: 'Requests answered, by method, route pattern and class of status.',
    labels,
  });
  const seconds = metrics.counter({
    name: 'molecule_http_request_duration_seconds_total',
    help: 'Time spent answering requests.',
    labels,
  });
  return (sample) => {
    const route = `${sample.method} ${sample.path}`;
    const status = STATUSES[Math.floor(sample.status / 100) - 2] ?? '5xx';
    const of = { route: known.has(route) ? route : UNMATCHED, status };
    requests.inc(of);
    seconds.inc(of, sample.seconds);
  };
}
