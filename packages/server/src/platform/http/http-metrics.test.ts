import { routes } from '@molecule/contract';
import { describe, expect, it } from 'vitest';
import { createMetrics } from '../metrics.js';
import { createHttpMetrics } from './http-metrics.js';

function setUp() {
  const metrics = createMetrics({ processMetrics: false });
  const observe = createHttpMetrics(metrics, routes);
  return {
    observe,
    /** Series by their labels as the text shows them. */
    async series(name = 'molecule_http_requests_total') {
      const lines = (await metrics.scrape()).body.split('\n').filter((line) => line.startsWith(`${name}{`));
      return new Map(
        lines.map((line) => {
          const [labels = '', value = ''] = line.slice(name.length).split(' ');
          return [labels, Number(value)];
        }),
      );
    },
  };
}

const beat = { method: 'POST', path: '/registry/heartbeat', seconds: 0.25 };

describe('counting requests', () => {
  it('B-79: every route is there at zero, with the statuses it declares, before any traffic', async () => {
    const { series } = setUp();
    const fresh = await series();
    for (const { method, path, responses } of Object.values(routes)) {
      for (const status of Object.keys(responses)) {
        expect(fresh.get(`{method="${method}",path="${path}",status="${status}"}`)).toBe(0);
      }
    }
    expect(fresh.get('{method="POST",path="/workspaces/:id/delegate",status="429"}')).toBe(0);
    expect(new Set(fresh.values())).toEqual(new Set([0]));
    expect([...(await series('molecule_http_request_duration_seconds_total')).keys()]).toEqual([...fresh.keys()]);
  });

  it('B-79: requests and their time are counted exactly, by method, route pattern and status', async () => {
    const { observe, series } = setUp();
    for (let n = 0; n < 1_000; n += 1) observe({ ...beat, status: 200 });
    observe({ ...beat, status: 418 });
    const labels = '{method="POST",path="/registry/heartbeat",status="200"}';
    expect((await series()).get(labels)).toBe(1_000);
    expect((await series('molecule_http_request_duration_seconds_total')).get(labels)).toBe(250);
    // Read twice, counted once.
    expect((await series()).get(labels)).toBe(1_000);
    expect((await series()).get('{method="POST",path="/registry/heartbeat",status="418"}')).toBe(1);
  });

  it('B-79: what a client can invent becomes no label', async () => {
    const { observe, series } = setUp();
    const before = (await series()).size;
    for (let n = 0; n < 100; n += 1) {
      observe({ method: 'GET', path: `/workspaces/${n}`, status: 404, seconds: 0 });
      observe({ method: `M${n}`, path: 'unmatched', status: 404, seconds: 0 });
    }
    const after = await series();
    expect(after.get('{method="GET",path="unmatched",status="404"}')).toBe(100);
    expect(after.get('{method="other",path="unmatched",status="404"}')).toBe(100);
    expect(after.size - before).toBeLessThanOrEqual(2);
  });
});
