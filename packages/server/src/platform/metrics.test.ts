import { describe, expect, it } from 'vitest';
import { createMetrics } from './metrics.js';

describe('metrics', () => {
  it('B-79: a counter is at zero for every label before anything happened', async () => {
    const metrics = createMetrics({ processMetrics: false });
    metrics.counter({ name: 'beats_total', help: 'Beats.', labels: { outcome: ['ok', 'refused'], kind: ['a'] } });
    metrics.counter({ name: 'boots_total', help: 'Boots.', labels: {} });
    const { body } = await metrics.scrape();
    expect(body).toContain('beats_total{outcome="ok",kind="a"} 0');
    expect(body).toContain('beats_total{outcome="refused",kind="a"} 0');
    expect(body).toContain('boots_total 0');
  });

  it('B-79: concurrent increments are all counted', async () => {
    const metrics = createMetrics({ processMetrics: false });
    const counter = metrics.counter({ name: 'beats_total', help: 'Beats.', labels: { outcome: ['ok', 'refused'] } });
    await Promise.all(Array.from({ length: 500 }, async () => counter.inc({ outcome: 'ok' })));
    counter.inc({ outcome: 'refused' }, 3);
    const { body } = await metrics.scrape();
    expect(body).toContain('beats_total{outcome="ok"} 500');
    expect(body).toContain('beats_total{outcome="refused"} 3');
  });

  it('reads a gauge at the time of the scrape', async () => {
    const metrics = createMetrics({ processMetrics: false });
    let busy = 1;
    metrics.gauge({ name: 'busy', help: 'Busy.', labels: { lane: ['control'] }, read: () => busy });
    busy = 7;
    expect((await metrics.scrape()).body).toContain('busy{lane="control"} 7');
  });

  it('sorts durations into buckets, empty ones shown', async () => {
    const metrics = createMetrics({ processMetrics: false });
    const spec = { name: 'took_seconds', help: 'Took.', labels: { route: ['x', 'y'] }, buckets: [0.1, 1] } as const;
    metrics.histogram(spec).observe({ route: 'x' }, 0.5);
    const { body } = await metrics.scrape();
    expect(body).toContain('took_seconds_bucket{le="0.1",route="x"} 0');
    expect(body).toContain('took_seconds_bucket{le="1",route="x"} 1');
    expect(body).toContain('took_seconds_count{route="y"} 0');
  });

  it('keeps two apps of one process apart', async () => {
    const [one, two] = [createMetrics({ processMetrics: true }), createMetrics({ processMetrics: true })];
    one.counter({ name: 'beats_total', help: 'Beats.', labels: {} }).inc({}, 5);
    two.counter({ name: 'beats_total', help: 'Beats.', labels: {} });
    expect((await one.scrape()).body).toContain('beats_total 5');
    expect((await two.scrape()).body).toContain('beats_total 0');
    expect((await two.scrape()).body).toContain('process_resident_memory_bytes');
  });
});
