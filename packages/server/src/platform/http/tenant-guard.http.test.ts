import { type RouteSpec, routes, TENANT_OPEN_PATHS } from '@molecule/contract';
import { createClient } from '@molecule/contract/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { useTestDatabase } from '../../../test/database.js';
import { type RealApp, startRealApp } from '../../../test/real-app.js';
import { createTenantGuard } from './tenant-guard.js';

const ORG = 'org_2x4';

describe('a server that is one tenant of many', () => {
  const database = useTestDatabase();
  let app: RealApp;
  let host: string;
  beforeAll(async () => {
    app = await startRealApp(database.url, {}, null, {
      MOLECULE_ORG_ID: ` ${ORG} `,
      CORS_ORIGINS: 'https://ops.example',
    });
    host = new URL(app.url).host;
  });
  afterAll(() => app.close());

  /** Over the network, as somebody who brings every credential and no word of the tenant. */
  const ask = async (path: string, headers: Record<string, string> = {}, method = 'GET') => {
    const answer = await fetch(`${app.url}${path}`, {
      method,
      redirect: 'manual',
      headers: { authorization: 'Bearer the-admin-token-of-this-test', ...headers },
      ...(method === 'POST' ? { body: '{}' } : {}),
    });
    return { status: answer.status, headers: answer.headers, body: await answer.text() };
  };
  const hidden = { status: 404, body: '' };

  it.each([
    ['/health', 200],
    ['/metrics', 200],
    ['/buildinfo', 200],
    ['/readyz', 200],
  ])('B-05, M-54: the probe %s is answered to everybody', async (path, status) => {
    expect((await ask(path)).status).toBe(status);
    expect((await ask(`${path}?probe=1`)).status).toBe(status);
  });

  it.each(['/registry/register', '/registry/heartbeat'])('B-05: %s is answered to agents', async (path) => {
    expect((await ask(path, {}, 'POST')).body).not.toBe('');
  });

  it.each([
    '/health/',
    '/health/x',
    '/buildinfo/x',
    '/metrics/',
    '/registry/register/',
    '/registry/heartbeat/x',
    '//health',
    '/HEALTH',
    '/%68ealth',
    '/healthz',
    '/cp/auth/me',
    '/registry/check-access',
    '/no/such/route',
    '/%',
    '/',
    '/app',
    '/app/',
    '/app/assets/x.js',
    '/favicon.ico',
    '/login',
    '/docs',
  ])('B-05, B-16: %s is an empty 404 with the security headers, and never the canvas', async (path) => {
    const answer = await ask(path);
    expect(answer).toMatchObject(hidden);
    expect(answer.headers.get('content-type')).toBeNull();
    expect(answer.headers.get('location')).toBeNull();
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'self'");
  });

  it('B-05: every declared route but the open ones hides, whatever credential comes', async () => {
    const shown: string[] = [];
    for (const spec of Object.values<RouteSpec>(routes)) {
      const path = spec.path.replace(/[:*][A-Za-z]+/g, '6a1b5f0e-9c3d-4e2f-8a7b-0123456789ab');
      const answer = await ask(path, {}, spec.method);
      if (answer.status !== 404 || answer.body !== '') shown.push(spec.path);
    }
    expect(shown.sort()).toEqual([...TENANT_OPEN_PATHS].sort());
  });

  it('is there for whoever names it, or comes from a page of its own', async () => {
    for (const headers of [
      { 'x-molecule-org-id': ORG },
      { origin: `http://${host}` },
      { origin: `https://${host}` },
      { referer: `http://${host}` },
      { referer: `https://${host}/app/` },
    ]) {
      expect({ headers, status: (await ask('/workspaces', headers)).status }).toEqual({ headers, status: 200 });
      // The guard proves nobody: what passes meets the gate.
      expect((await ask('/workspaces', { ...headers, authorization: '' })).status).toBe(401);
    }
    expect((await ask('/app/', { 'x-molecule-org-id': ORG })).status).not.toBe(404);
  });

  it('is not there for whoever names another, or comes from elsewhere', async () => {
    for (const headers of [
      { 'x-molecule-org-id': 'org_other' },
      { 'x-molecule-org-id': `${ORG}, org_other` },
      { 'fly-replay-src': `instance=1;state=${ORG}` },
      { referer: `http://${host}.evil.example/` },
      { referer: 'https://evil.example/' },
      { origin: 'https://ops.example' },
    ]) {
      const { status, body } = await ask('/workspaces', headers);
      expect({ headers, status, body }).toEqual({ headers, ...hidden });
    }
  });

  it('opens its live socket to its own pages only', async () => {
    const open = (headers: Record<string, string>) =>
      new Promise<number | 'open'>((resolve) => {
        const socket = new WebSocket(`ws://${host}/ws`, {
          headers: { authorization: 'Bearer the-admin-token-of-this-test', ...headers },
        });
        socket.once('open', () => {
          socket.close();
          resolve('open');
        });
        socket.once('unexpected-response', (_request, response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        });
        socket.on('error', () => {});
      });
    expect([await open({}), await open({ origin: `http://${host}` })]).toEqual([404, 'open']);
  });

  it('is found by its own agents and by the command line, which know its URL', async () => {
    const client = createClient({ baseUrl: app.url, token: () => 'the-admin-token-of-this-test' });
    expect((await client.call('listWorkspaces', {})).status).toBe(200);
  });
});

it('a tenant behind a proxy that changes the Host header knows its pages by its configured URL', () => {
  const isForTenant = createTenantGuard({ orgId: ORG, openPaths: new Set(), publicUrl: 'https://public.example' });
  const headers = { host: 'inner:8080' };
  expect(isForTenant('/workspaces', { ...headers, origin: 'https://public.example' })).toBe(true);
  expect(isForTenant('/workspaces', { ...headers, referer: 'https://public.example/app/' })).toBe(true);
  expect(isForTenant('/workspaces', { ...headers, referer: 'https://public.example.evil/' })).toBe(false);
  expect(isForTenant('/workspaces', headers)).toBe(false);
});
