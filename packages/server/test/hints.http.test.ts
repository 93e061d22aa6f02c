import { ERRORS, type RouteSpec, routes } from '@molecule/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useTestDatabase } from './database.js';
import { type RealApp, startRealApp } from './real-app.js';

const declared = Object.values<RouteSpec>(routes).map(
  ({ method, path }) => `${method} ${path.replace(/[:*]\w+/g, '*')}`,
);

/** Every route that a sentence names, its parameters without their names. */
function routesIn(text: string): string[] {
  return [...text.matchAll(/\b(GET|POST|PUT|PATCH|DELETE) (\/[\w\-/:<> ]*[\w>])/g)].map(([, method, path]) => {
    const named = (path ?? '').replace(/:\w+|<[^>]*>/g, '*').split(' ')[0] ?? '';
    return `${method} ${named}`;
  });
}

describe('a hint', () => {
  const database = useTestDatabase();
  let app: RealApp;
  beforeAll(async () => {
    app = await startRealApp(database.url);
  });
  afterAll(() => app.close());

  it('M-51: names no route that does not exist, whatever it is about', () => {
    const found = Object.entries(ERRORS).flatMap(([about, { help }]) =>
      routesIn(help).map((route) => ({ about, route })),
    );
    expect(found.length).toBeGreaterThan(15);
    expect(found.filter(({ route }) => !declared.includes(route))).toEqual([]);
  });

  it('M-51: on a lost token leads to a new one, by the routes it names', async () => {
    const { body: away } = await app.call('POST', '/workspaces', { name: 'Away', external: true });
    const { body: managed } = await app.call('POST', '/workspaces', { name: 'Here', runtime: 'echo' });
    const refused = await app.call('POST', `/workspaces/${managed.id}/external/rotate`);
    expect(routesIn(refused.body.hint)).toEqual(['POST /workspaces/*/restart']);
    const lost: string = away.connection.auth_token;
    const rotated = await app.call('POST', `/workspaces/${away.id}/external/rotate`);
    const found: string = rotated.body.auth_token;
    const beat = async (token: string) =>
      (await app.call('POST', '/registry/heartbeat', { workspace_id: away.id }, token)).status;
    expect([await beat(lost), await beat(found)]).toEqual([401, 200]);
    expect(await app.call('GET', `/workspaces/${away.id}`)).toMatchObject({ status: 200, body: { name: 'Away' } });
    await app.call('DELETE', `/workspaces/${away.id}`);
    const gone = await app.call('GET', `/workspaces/${away.id}`, undefined, found);
    expect(gone).toMatchObject({ status: 410, body: { hint: expect.stringContaining('Tokens') } });
    for (const route of routesIn(`${gone.body.hint} ${gone.body.help}`)) expect(declared).toContain(route);
  });
});
