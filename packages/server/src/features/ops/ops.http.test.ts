import { routes } from '@molecule/contract';
import { waitFor } from '@molecule/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { ADMIN_TOKEN, createEdge, type Edge } from '../../../test/edge.js';

describe('what operators ask', () => {
  const database = useTestDatabase();
  let edge: Edge;
  beforeAll(async () => {
    edge = await createEdge(database.url, { metricsToken: 'scraper' });
    await edge.ports.start();
  });
  afterAll(() => edge.close());

  it('health says what is known of the database without asking it', async () => {
    await expect.poll(async () => (await edge.call('GET', '/health')).body.database).toBe('ok');
    const reply = await edge.call('GET', '/health');
    expect(reply.text).toContain('"status":"ok"');
    expect(reply.body).toEqual({
      status: 'ok',
      version: '1.2.3',
      uptime: expect.stringMatching(/^\d+s$/),
      database: 'ok',
    });
  });

  it('readiness and build are told to anybody', async () => {
    expect((await edge.call('GET', '/readyz')).text).toBe('{"status":"ready"}');
    expect((await edge.call('GET', '/buildinfo')).body).toEqual({ git_sha: 'abc', version: '1.2.3' });
  });

  it('metrics ask for their token when there is one, and show counters before any traffic', async () => {
    for (const token of [undefined, 'wrong', ADMIN_TOKEN]) {
      const reply = await edge.call('GET', '/metrics', token === undefined ? {} : { token });
      expect([reply.status, reply.body.code]).toEqual([401, 'metrics_token_required']);
    }
    const reply = await edge.call('GET', '/metrics', { token: 'scraper' });
    expect(String(reply.headers['content-type'])).toContain('text/plain; version=0.0.4');
    expect(reply.text).toContain('molecule_websocket_connections_active 0');
  });

  it('B-79: the counters the contract names are there at zero from the first scrape', async () => {
    const { text } = await edge.call('GET', '/metrics', { token: 'scraper' });
    for (const series of [
      'molecule_phantom_busy_resets_total',
      'molecule_pending_uploads_swept_total{outcome="acked"}',
      'molecule_pending_uploads_swept_total{outcome="expired"}',
      'molecule_pending_uploads_swept_total{outcome="error"}',
    ]) {
      expect(text).toContain(`\n${series} 0\n`);
      const name = series.split('{')[0];
      expect(text).toContain(`# HELP ${name} `);
      expect(text).toContain(`# TYPE ${name} counter`);
    }
  });

  it('every loop shows when it ran last', async () => {
    const { subsystems } = (await edge.call('GET', '/admin/liveness', { token: ADMIN_TOKEN })).body;
    expect(Object.keys(subsystems).sort()).toEqual(
      expect.arrayContaining([
        'credential-use',
        'database-probe',
        'event-feed',
        'event-retention',
        'expired-logins',
        'live-keep-alive',
      ]),
    );
    expect(subsystems['event-feed']).toEqual({
      last_tick_at: expect.any(String),
      seconds_ago: expect.any(Number),
      failures: 0,
      last_error: null,
    });
  });

  it('B-80: a loop that throws is shown, goes on by itself after a pause, and holds up neither server nor siblings', async () => {
    const cycles = { failed: 0, sibling: 0 };
    let broken = true;
    edge.ports.supervisor.loop({
      name: 'test-broken',
      everyMs: 10,
      // Not even a promise: it throws where it is called.
      run() {
        if (!broken) return Promise.resolve();
        cycles.failed += 1;
        throw new Error('out of cheese');
      },
    });
    edge.ports.supervisor.loop({
      name: 'test-sibling',
      everyMs: 10,
      run: async () => {
        cycles.sibling += 1;
      },
    });
    const shown = async (name: string) =>
      (await edge.call('GET', '/admin/liveness', { token: ADMIN_TOKEN })).body.subsystems[name];
    const first = await shown('test-broken');
    edge.ports.supervisor.start();
    await waitFor(async () => (await shown('test-broken')).failures >= 2, { timeoutMs: 30_000, what: 'two failures' });
    expect(await shown('test-broken')).toMatchObject({ last_error: 'out of cheese', last_tick_at: first.last_tick_at });
    // It pauses between its attempts, while the other goes on at its own pace.
    expect(cycles.sibling).toBeGreaterThan(cycles.failed);
    expect(await shown('test-sibling')).toMatchObject({ failures: 0, last_error: null });
    expect((await edge.call('GET', '/health')).status).toBe(200);
    broken = false;
    await waitFor(async () => (await shown('test-broken')).last_error === null, {
      timeoutMs: 30_000,
      what: 'the loop to go on',
    });
    const { failures, last_tick_at } = await shown('test-broken');
    expect(failures).toBe(cycles.failed);
    expect(last_tick_at > first.last_tick_at).toBe(true);
  });

  it('the page of the API names every route with its access and refusals, without script', async () => {
    const page = await edge.call('GET', '/docs');
    expect(String(page.headers['content-type'])).toBe('text/html; charset=utf-8');
    for (const [name, spec] of Object.entries(routes)) {
      expect(page.text).toContain(`<article id="${name}">`);
      expect(page.text).toContain(`<code>${spec.path}</code>`);
    }
    expect(page.text).toContain('<code>workspace_id</code> <small>string</small> required');
    expect(page.text).not.toContain('<script');
    expect(page.text).toContain('color-scheme: light dark');
  });

  it('the document of the API is served as JSON', async () => {
    const reply = await edge.call('GET', '/openapi.json');
    expect(reply.body.openapi).toBe('3.1.0');
    expect(Object.keys(reply.body.paths)).toContain('/registry/heartbeat');
  });
});
