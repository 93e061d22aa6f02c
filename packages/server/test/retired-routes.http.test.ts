import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useTestDatabase } from './database.js';
import { type RealApp, startRealApp } from './real-app.js';

describe('routes that were retired', () => {
  const database = useTestDatabase();
  let app: RealApp;
  beforeAll(async () => {
    app = await startRealApp(database.url);
  });
  afterAll(() => app.close());

  it('R39, M-56: stay gone, also for a workspace that exists', async () => {
    const { body } = await app.call('POST', '/workspaces', { name: 'here', external: true });
    for (const [method, path] of [
      ['POST', 'expand'],
      ['GET', 'shared-context'],
    ] as const) {
      const answer = await app.call(method, `/workspaces/${body.id}/${path}`, method === 'POST' ? {} : undefined);
      expect(answer).toMatchObject({ status: 404, body: { code: 'route_not_found' } });
    }
  });
});
