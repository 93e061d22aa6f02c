import type { RouteSpec } from '@molecule/contract';
import pino from 'pino';
import Type from 'typebox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HTTP_DEFAULTS } from '../../../test/http-defaults.js';
import { createSystemClock } from '../clock.js';
import { createHttpServer } from './http-server.js';

const LISTED = 'https://ops.example';
const HOST = 'molecule.example:8080';
const common = { access: 'admin', errors: [], source: 'new', responses: { 200: Type.Unknown() } } as const;
const routes = {
  read: { ...common, method: 'GET', path: '/things', summary: 'Read', rate: 'default' },
  write: { ...common, method: 'POST', path: '/things', summary: 'Write', rate: 'default' },
  probe: { ...common, method: 'GET', path: '/probe', summary: 'Probe', rate: 'exempt' },
} as const satisfies Record<string, RouteSpec>;

const serve = (publicUrl: string | null) => {
  const handled = async () => ({ status: 200, body: { handled: true } });
  return createHttpServer<string>({
    routes,
    handlers: { read: handled, write: handled, probe: handled },
    gate: async () => 'somebody',
    ...HTTP_DEFAULTS,
    crossOrigin: { listed: [LISTED], publicUrl },
    rateLimit: { perMinute: 1_000, keyOf: () => null },
    requestId: () => 'id',
    logger: pino({ level: 'silent' }),
    clock: createSystemClock(),
    observe: () => {},
    isDraining: () => false,
  });
};

describe('a request from the page of', () => {
  let http: Awaited<ReturnType<typeof serve>>;
  beforeAll(async () => {
    http = await serve('https://public.example');
  });
  afterAll(() => http.close());

  const ask = (method: 'GET' | 'POST' | 'OPTIONS', origin: string | undefined, headers: Record<string, string> = {}) =>
    http.inject({
      method,
      url: '/things',
      headers: { host: HOST, ...(origin === undefined ? {} : { origin }), ...headers },
    });
  const corsOf = (headers: Record<string, unknown>) =>
    Object.keys(headers).filter((name) => name.startsWith('access-control-'));

  it.each([
    ['nobody in particular', undefined],
    ['this host', `http://${HOST}`],
    ['this host behind a proxy that ends TLS', `https://${HOST}`],
    ['this host, written otherwise', `HTTPS://${HOST.toUpperCase()}`],
    ['the configured URL', 'https://public.example'],
  ])('%s passes, without headers about origins', async (_whose, origin) => {
    for (const method of ['GET', 'POST'] as const) {
      const answer = await ask(method, origin);
      expect([answer.statusCode, answer.json(), corsOf(answer.headers)]).toEqual([200, { handled: true }, []]);
    }
  });

  it('this host passes also where a proxy changed the Host header and says so', async () => {
    const answer = await ask('POST', 'https://shown.example', { 'x-forwarded-host': 'shown.example, inner' });
    expect(answer.statusCode).toBe(200);
  });

  it('a listed origin is answered with its name, credentials allowed, and with what it may read of the headers', async () => {
    const { statusCode, headers } = await ask('GET', LISTED);
    expect([statusCode, headers['access-control-allow-origin'], headers['access-control-allow-credentials']]).toEqual([
      200,
      LISTED,
      'true',
    ]);
    expect(headers.vary).toBe('Origin');
    expect(headers['access-control-expose-headers']).toContain('Retry-After');
    // Refusals can be read as well.
    const unknown = await http.inject({ url: '/nothing', headers: { host: HOST, origin: LISTED } });
    expect([unknown.statusCode, unknown.headers['access-control-allow-origin']]).toEqual([404, LISTED]);
  });

  it('a listed origin asks first, and is told methods and headers, at any path and without being counted', async () => {
    const asked = { 'access-control-request-method': 'PATCH', 'access-control-request-headers': 'authorization' };
    const answer = await ask('OPTIONS', LISTED, asked);
    expect([answer.statusCode, answer.body]).toEqual([204, '']);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': LISTED,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE, OPTIONS',
    });
    expect(String(answer.headers['access-control-allow-headers']).split(', ').sort()).toEqual([
      'Authorization',
      'Content-Type',
      'Origin',
      'X-Molecule-Org-Id',
      'X-Molecule-Org-Slug',
      'X-Workspace-ID',
    ]);
    expect(answer.headers).not.toHaveProperty('access-control-max-age');
    expect(answer.headers).not.toHaveProperty('x-ratelimit-limit');
    expect(answer.headers['content-security-policy']).toBe("default-src 'self'");
  });

  it.each([
    ['another site', 'https://evil.example'],
    ['a host that begins like ours', `http://${HOST}.evil.example`],
    ['another port of this host', 'http://molecule.example:3000'],
    ['a listed origin by another scheme', 'http://ops.example'],
    ['nowhere', 'null'],
    ['what is no origin', 'garbage'],
  ])('%s is refused whatever it asks, and told what to do', async (_whose, origin) => {
    for (const method of ['GET', 'POST', 'OPTIONS'] as const) {
      const answer = await ask(method, origin);
      expect(answer.statusCode).toBe(403);
      expect(answer.json()).toMatchObject({ error: 'origin not allowed', code: 'origin_not_allowed' });
      expect(answer.json().help).toContain('CORS_ORIGINS');
      expect(corsOf(answer.headers)).toEqual([]);
      expect(answer.headers['x-content-type-options']).toBe('nosniff');
    }
    const probe = await http.inject({ url: '/probe', headers: { host: HOST, origin } });
    expect(probe.statusCode).toBe(403);
  });
});
