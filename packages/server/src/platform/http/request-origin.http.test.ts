import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import Type from 'typebox';
import { afterEach, expect, it } from 'vitest';
import { HTTP_DEFAULTS } from '../../../test/http-defaults.js';
import { createSystemClock } from '../clock.js';
import { createHttpServer } from './http-server.js';

const open: FastifyInstance[] = [];
afterEach(async () => {
  for (const http of open.splice(0)) await http.close();
});

const read = {
  method: 'GET',
  path: '/origin',
  summary: 'Read',
  access: 'admin',
  rate: 'default',
  responses: { 200: Type.Unknown() },
  errors: [],
  source: 'new',
} as const;

/** What a handler takes for the address under which `remoteAddress` reached this server. */
async function originFor(remoteAddress: string, trustedProxies: readonly string[] = []): Promise<string> {
  const http = await createHttpServer<string>({
    routes: { read },
    handlers: {
      read: async ({ request }: { request: { origin: string } }) => ({ status: 200, body: request.origin }),
    },
    gate: async () => 'somebody',
    rateLimit: null,
    ...HTTP_DEFAULTS,
    requestId: () => 'one',
    logger: pino({ level: 'silent' }),
    clock: createSystemClock(),
    observe: () => {},
    isDraining: () => false,
    trustedProxies,
  });
  open.push(http);
  const headers = { host: 'inner.test:8080', 'x-forwarded-host': 'shown.test', 'x-forwarded-proto': 'https' };
  return (await http.inject({ url: '/origin', remoteAddress, headers })).json();
}

it('a proxy on this machine, and one that is configured, say under which address this server is known', async () => {
  expect(await originFor('127.0.0.1')).toBe('https://shown.test');
  expect(await originFor('::1')).toBe('https://shown.test');
  expect(await originFor('10.1.1.1', ['10.0.0.0/8'])).toBe('https://shown.test');
});

it('nobody else does: what people paste beside a token must not name the address of a stranger', async () => {
  expect(await originFor('192.0.2.7')).toBe('http://inner.test:8080');
  expect(await originFor('192.0.2.7', ['10.0.0.0/8'])).toBe('http://inner.test:8080');
});
