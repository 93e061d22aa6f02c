import { connect } from 'node:net';
import { Readable, Writable } from 'node:stream';
import { type RouteSpec, routes } from '@molecule/contract';
import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import Type from 'typebox';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { HTTP_DEFAULTS } from '../../../test/http-defaults.js';
import { createSystemClock } from '../clock.js';
import { PlatformUnavailableError } from '../errors.js';
import { AppError } from './app-error.js';
import { createHttpServer, type HttpOptions } from './http-server.js';
import { createHostCheck } from './own-host.js';

const CANVAS = /script-src 'self'/;
const STRICT = "default-src 'self'";

const common = { access: 'admin', rate: 'default', errors: [], source: 'new' } as const;
const declared = {
  read: { ...common, method: 'GET', path: '/things/:id', summary: 'Read', responses: { 200: Type.Unknown() } },
  write: {
    ...common,
    method: 'POST',
    path: '/things',
    summary: 'Write',
    body: Type.Object({ name: Type.String() }),
    invalidBody: 'invalid_workspace_payload',
    failedText: 'failed to write',
    responses: { 201: Type.Unknown() },
  },
  claim: {
    ...common,
    access: 'self',
    method: 'POST',
    path: '/claims',
    summary: 'Claim',
    body: Type.Object({ name: Type.String() }),
    responses: { 200: Type.Unknown() },
  },
  probe: {
    ...common,
    method: 'GET',
    path: '/probe',
    summary: 'Probe',
    rate: 'exempt',
    responses: { 200: Type.Unknown() },
  },
  stream: {
    ...common,
    method: 'GET',
    path: '/stream',
    summary: 'Stream',
    stream: 'sse',
    responses: { 200: Type.String() },
  },
  socket: {
    ...common,
    method: 'GET',
    path: '/socket',
    summary: 'Socket',
    stream: 'websocket',
    query: routes.live.query,
    responses: { 200: Type.String() },
  },
} as const satisfies Record<string, RouteSpec>;

type Answer = (context: never) => Promise<unknown>;
type Sample = Parameters<HttpOptions<string>['observe']>[0];

const open: FastifyInstance[] = [];
afterEach(async () => {
  for (const http of open.splice(0)) await http.close();
});

/** The edge with routes of this test; each answers `{}` unless told otherwise. */
async function createEdge(
  given: { handlers?: Partial<Record<keyof typeof declared, Answer>> } & Partial<
    Omit<HttpOptions<string>, 'handlers' | 'routes'>
  > = {},
) {
  const logged: Record<string, unknown>[] = [];
  const samples: Sample[] = [];
  let ids = 0;
  const sink = new Writable({
    write(chunk, _encoding, done) {
      logged.push(JSON.parse(String(chunk)));
      done();
    },
  });
  const fallback: Answer = async () => ({ status: 200, body: {} });
  const { handlers, ...rest } = given;
  const http = await createHttpServer<string>({
    routes: declared,
    handlers: { ...Object.fromEntries(Object.keys(declared).map((name) => [name, fallback])), ...handlers },
    gate: async () => 'somebody',
    rateLimit: null,
    ...HTTP_DEFAULTS,
    requestId: () => `made-here-${++ids}`,
    logger: pino({ level: 'debug' }, sink),
    clock: createSystemClock(),
    observe: (sample) => samples.push(sample),
    isDraining: () => false,
    ...rest,
  });
  open.push(http);
  return { http, logged, samples };
}

async function listen(http: FastifyInstance): Promise<number> {
  await http.listen({ port: 0, host: '127.0.0.1' });
  const address = http.server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no address');
  return address.port;
}

const failWith =
  (error: unknown): Answer =>
  async () => {
    throw error;
  };

describe('a refusal', () => {
  it('has text, code, retry and advice, with its own headers and fields', async () => {
    const refusal = new AppError('workspace_not_found', {
      text: 'no such thing',
      help: 'Look again.',
      fields: { id: 7 },
      headers: { 'retry-after': '3' },
    });
    const { http, logged } = await createEdge({ handlers: { read: failWith(refusal) } });
    const answer = await http.inject('/things/1');
    expect([answer.statusCode, answer.headers['retry-after'], answer.json()]).toEqual([
      404,
      '3',
      { error: 'no such thing', code: 'workspace_not_found', retry: false, help: 'Look again.', id: 7 },
    ]);
    expect(logged.filter((line) => line.level === 50)).toEqual([]);
  });

  it('for want of the database is 503 and says when to come back', async () => {
    const { http, logged } = await createEdge({
      handlers: { write: failWith(new PlatformUnavailableError('host db.internal refused the password')) },
    });
    const answer = await http.inject({ method: 'POST', url: '/things', payload: { name: 'x' } });
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '1']);
    expect(answer.body).toContain('"error":"platform datastore unavailable — retry shortly"');
    expect(answer.json()).toMatchObject({ code: 'platform_unavailable', retry: true });
    expect(answer.body).not.toContain('db.internal');
    expect(logged.filter((line) => line.level === 50)).toEqual([]);
  });

  it.each(['40P01', '40001'])('for a transaction that collided with another (%s) asks to repeat it', async (code) => {
    const collision = Object.assign(new Error('deadlock detected'), { code });
    const { http, logged } = await createEdge({ handlers: { write: failWith(collision) } });
    const answer = await http.inject({ method: 'POST', url: '/things', payload: { name: 'x' } });
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '1']);
    expect(answer.json()).toMatchObject({
      code: 'platform_unavailable',
      retry: true,
      help: 'It came across another change of the same things and was undone; retry.',
    });
    expect(answer.body).not.toContain('deadlock');
    expect(logged.filter((line) => line.level === 50)).toEqual([]);
  });

  it.each([
    ['an error', new Error('secret detail of row 7')],
    ['a text', 'secret detail'],
    ['nothing', undefined],
    ['an error that calls itself a refusal of the framework', Object.assign(new Error('secret'), { statusCode: 503 })],
  ])('for %s thrown by a defect shows the request id and nothing else', async (_what, thrown) => {
    const { http, logged } = await createEdge({ handlers: { write: failWith(thrown), read: failWith(thrown) } });
    const answer = await http.inject({ method: 'POST', url: '/things', payload: { name: 'x' } });
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([500, 'application/json; charset=utf-8']);
    expect(answer.json()).toEqual({
      error: 'failed to write',
      code: 'internal',
      retry: false,
      help: expect.stringContaining('request id'),
      request_id: 'made-here-1',
    });
    expect((await http.inject('/things/1')).json()).toMatchObject({
      error: 'internal error',
      request_id: 'made-here-2',
    });
    const errors = logged.filter((line) => line.level === 50);
    expect(errors.map((line) => line.reqId)).toEqual(['made-here-1', 'made-here-2']);
    expect(answer.body).not.toContain('secret');
  });

  it.each([
    ['GET', '/nowhere'],
    ['DELETE', '/things'],
    ['POST', '/things/1/'],
    ['GET', '/things/%E0%A4%A'],
    ['GET', `/things/${'x'.repeat(600)}`],
    ['GET', '/things/%00%0d%0a'],
    ['GET', '//things/1'],
  ] as const)('of %s %s is JSON with the headers of every answer', async (method, url) => {
    const { http } = await createEdge({ handlers: { read: failWith(new AppError('workspace_not_found')) } });
    const answer = await http.inject({ method, url });
    expect(answer.statusCode).toBe(404);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.json()).toEqual({
      error: expect.any(String),
      code: expect.stringMatching(/^(route_not_found|workspace_not_found)$/),
      retry: false,
      help: expect.any(String),
    });
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.headers['x-request-id']).toEqual(expect.any(String));
  });
});

describe('the headers of every answer', () => {
  it('are those of a page for the pages among the routes, and strict for every other', async () => {
    const answer: Answer = async () => ({ status: 200, body: {} });
    const handlers = Object.fromEntries(Object.keys(routes).map((name) => [name, answer]));
    const { http } = await createEdge({ routes, handlers } as never);
    const pages: string[] = [];
    for (const spec of Object.values<RouteSpec>(routes)) {
      const { headers } = await http.inject({ method: spec.method, url: spec.path.replace(/[:*][A-Za-z]+/g, 'x') });
      const policy = String(headers['content-security-policy']);
      if (policy !== STRICT) pages.push(`${spec.method} ${spec.path}`);
      // Neither lets a page run a script that is not a file of ours.
      expect(policy).toMatch(/^default-src 'self'(?!.*script-src[^;]*(unsafe|http|\*))/);
    }
    expect(pages.sort()).toEqual(['GET /docs', 'GET /login', 'GET /login/*token', 'POST /login/:token']);
  });

  it.each(
    '/workspaces /registry /health /admin /metrics /settings /bundles /org /orgs /templates /plugins /webhooks /channels /ws /events /approvals'.split(
      ' ',
    ),
  )('are strict at and below %s (contract registry-a2a §1.6)', async (path) => {
    const { http } = await createEdge();
    for (const url of [path, `${path}/x`, `${path}?next=/app/`]) {
      expect((await http.inject(url)).headers['content-security-policy']).toBe(STRICT);
    }
  });

  it.each([
    ['/', CANVAS],
    ['/app', CANVAS],
    ['/app/workspaces/1?tab=chat', CANVAS],
    ['/login', CANVAS],
    ['/login/abc', CANVAS],
    ['/docs', CANVAS],
    ['/things/1', STRICT],
    ['/things/1?x=/app/', STRICT],
    ['/approvals', STRICT],
    ['/apple', STRICT],
    ['/docs/x', STRICT],
    ['/nowhere', STRICT],
  ])('%s carries its policy', async (url, policy) => {
    const { http } = await createEdge();
    const { headers } = await http.inject(url);
    expect(headers['content-security-policy']).toEqual(
      typeof policy === 'string' ? policy : expect.stringMatching(policy),
    );
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'strict-transport-security': 'max-age=31536000; includeSubDomains',
      'referrer-policy': 'strict-origin-when-cross-origin',
      'permissions-policy': 'camera=(), microphone=(), geolocation=()',
    });
  });

  it('are there on refusals of host, limiter and gate as well', async () => {
    const { http } = await createEdge({
      gate: failWith(new AppError('admin_auth_required')) as never,
      rateLimit: { perMinute: 1, keyOf: () => 'k' },
      checkHost: createHostCheck({ host: '127.0.0.1', publicUrl: null, corsOrigins: [] }),
    });
    const host = { host: 'localhost:80' };
    const answers = [
      await http.inject({ url: '/things/1', headers: { host: 'evil.example' } }),
      await http.inject({ url: '/things/1', headers: host }),
      await http.inject({ url: '/things/1', headers: host }),
    ];
    expect(answers.map((answer) => answer.statusCode)).toEqual([421, 401, 429]);
    for (const answer of answers) expect(answer.headers['x-frame-options']).toBe('DENY');
  });
});

describe('the Host header on a loopback address', () => {
  const check = createHostCheck({
    host: '127.0.0.1',
    publicUrl: 'https://molecule.example:8443/x',
    corsOrigins: ['http://other.example:3000', 'not a url'],
  });
  const judge = (host: string): string => {
    try {
      check(host);
      return 'ours';
    } catch (error) {
      return error instanceof AppError ? error.code : 'a defect';
    }
  };

  it.each([
    'localhost',
    'LOCALHOST:8080',
    '127.0.0.1:1',
    '[::1]:8080',
    '[::1]',
    'molecule.example',
    'Molecule.Example:443',
    'other.example:9',
  ])('%s is ours', (host) => {
    expect(judge(host)).toBe('ours');
  });

  it.each([
    '',
    'evil.example',
    'localhost.evil.example',
    'evil.example:8080',
    '127.0.0.1.evil.example',
    'localhost:80:80',
    'localhost@evil.example',
    'localhost, evil.example',
    '127.0.0.2',
    '0.0.0.0',
    'molecule.example.',
  ])('%j is another server', (host) => {
    expect(judge(host)).toBe('misdirected_request');
  });

  it('is not judged where the server listens to the network', () => {
    expect(() =>
      createHostCheck({ host: '0.0.0.0', publicUrl: null, corsOrigins: [] })('anything.example'),
    ).not.toThrow();
  });

  it('is refused with 421 before anybody is asked who calls', async () => {
    let asked = 0;
    const { http } = await createEdge({
      checkHost: check,
      gate: async () => {
        asked += 1;
        return 'somebody';
      },
    });
    for (const url of ['/things/1', '/probe', '/nowhere', '/socket']) {
      const answer = await http.inject({ url, headers: { host: 'evil.example' } });
      expect([url, answer.statusCode, answer.json().code]).toEqual([url, 421, 'misdirected_request']);
    }
    expect(asked).toBe(0);
  });
});

describe('the limiter', () => {
  const keyOf = ({ headers }: { headers: Readonly<Record<string, unknown>> }): string | null =>
    typeof headers['x-key'] === 'string' ? headers['x-key'] : null;
  const limited = (perMinute: number) => ({ rateLimit: { perMinute, keyOf } });
  const as = (key: string) => ({ url: '/things/1', headers: { 'x-key': key } });

  it('counts down per key and refuses with the seconds to wait, in body and header', async () => {
    const { http } = await createEdge(limited(2));
    const headersOf = async (key: string) => {
      const { headers } = await http.inject(as(key));
      return [headers['x-ratelimit-limit'], headers['x-ratelimit-remaining']];
    };
    expect(await headersOf('a')).toEqual(['2', '1']);
    expect(await headersOf('a')).toEqual(['2', '0']);
    const refused = await http.inject(as('a'));
    expect(refused.statusCode).toBe(429);
    const seconds = Number(refused.headers['retry-after']);
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(60);
    expect(refused.headers).toMatchObject({
      'x-ratelimit-limit': '2',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': String(seconds),
    });
    expect(refused.json()).toEqual({
      error: 'rate limit exceeded',
      code: 'rate_limited',
      retry: true,
      help: expect.any(String),
      retry_after: seconds,
    });
    expect(await headersOf('b')).toEqual(['2', '1']);
  });

  it('counts those whom the gate refuses: guessing credentials is limited too', async () => {
    let asked = 0;
    const { http } = await createEdge({
      ...limited(3),
      gate: async () => {
        asked += 1;
        throw new AppError('invalid_admin_token');
      },
    });
    const statuses = [];
    for (let i = 0; i < 5; i += 1) statuses.push((await http.inject(as('a'))).statusCode);
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
    expect(asked).toBe(3);
  });

  describe('on credentials that are worth nothing', () => {
    const gate = async ({ headers }: { headers: Readonly<Record<string, unknown>> }) => {
      if (String(headers['x-key']).startsWith('wrong')) throw new AppError('invalid_admin_token');
      return 'somebody';
    };
    const from = (remoteAddress: string, key?: string) => ({
      url: '/things/1',
      remoteAddress,
      ...(key === undefined ? {} : { headers: { 'x-key': key } }),
    });

    it('counts them by address: changing the guess does not escape', async () => {
      const { http } = await createEdge({ ...limited(3), gate });
      const statuses = [];
      for (let i = 0; i < 5; i += 1) statuses.push((await http.inject(from('10.0.0.1', `wrong-${i}`))).statusCode);
      expect(statuses).toEqual([401, 401, 401, 429, 429]);
      const refused = await http.inject(from('10.0.0.1', 'wrong-again'));
      const seconds = Number(refused.headers['retry-after']);
      expect(seconds).toBeGreaterThan(0);
      expect(refused.headers).toMatchObject({ 'x-ratelimit-limit': '3', 'x-ratelimit-remaining': '0' });
      expect(refused.json()).toMatchObject({ code: 'rate_limited', retry: true, retry_after: seconds });
      expect((await http.inject(from('10.0.0.2', 'wrong-0'))).statusCode).toBe(401);
    });

    it('takes the addresses that one IPv6 host may choose from for one', async () => {
      const { http } = await createEdge({ ...limited(1), gate });
      const guess = (address: string) => http.inject(from(address, `wrong ${address}`));
      expect((await guess('2001:db8:0:1::1')).statusCode).toBe(401);
      expect((await guess('2001:db8:0:1::2')).statusCode).toBe(429);
      expect((await guess('2001:db8:0:2::1')).statusCode).toBe(401);
    });

    it('counts one that nobody came to judge, because the body was refused first', async () => {
      const { http } = await createEdge({ ...limited(2), gate });
      const write = (key: string, payload: string) =>
        http.inject({ ...from('10.0.0.1', key), method: 'POST', url: '/claims', payload });
      const statuses = [];
      for (let i = 0; i < 4; i += 1) statuses.push((await write(`made up ${i}`, '{')).statusCode);
      expect(statuses).toEqual([400, 400, 429, 429]);
      expect((await http.inject(from('10.0.0.1', 'good'))).statusCode).toBe(200);
    });

    it('counts one that comes to another tenant', async () => {
      const { http } = await createEdge({
        ...limited(2),
        gate,
        tenant: { orgId: 'org_1', openPaths: new Set<string>(), publicUrl: null },
      });
      const statuses = [];
      for (let i = 0; i < 4; i += 1) statuses.push((await http.inject(from('10.0.0.1', `made up ${i}`))).statusCode);
      expect(statuses).toEqual([404, 404, 429, 429]);
    });

    it('takes an IPv4 address for the same however it is written, and two of them for two', async () => {
      const { http } = await createEdge({ ...limited(1), gate });
      const guess = (address: string) => http.inject(from(address, `wrong ${address}`));
      expect((await guess('::ffff:192.0.2.1')).statusCode).toBe(401);
      expect((await guess('192.0.2.1')).statusCode).toBe(429);
      expect((await guess('::ffff:192.0.2.2')).statusCode).toBe(401);
    });

    it('never refuses a good one, or one who has none yet, for what others at its address got wrong', async () => {
      const { http } = await createEdge({ ...limited(3), gate });
      for (let i = 0; i < 9; i += 1) await http.inject(from('10.0.0.1', `wrong-${i}`));
      for (const key of ['good', 'another', undefined]) {
        const { statusCode, headers } = await http.inject(from('10.0.0.1', key));
        expect([key, statusCode, headers['x-ratelimit-remaining']]).toEqual([key, 200, '2']);
      }
    });

    it('counts the answer of a handler like that of the gate', async () => {
      const page = { status: 401, headers: {}, stream: 'no such link' };
      const handlers = { read: async () => page, write: async () => ({ status: 200, body: {}, unproven: true }) };
      const { http } = await createEdge({ ...limited(2), handlers });
      const write = (key: string) =>
        http.inject({ ...from('10.0.0.1', key), method: 'POST', url: '/things', payload: { name: 'x' } });
      expect((await http.inject(from('10.0.0.1', 'a'))).body).toBe('no such link');
      expect((await write('b')).statusCode).toBe(200);
      expect((await write('c')).statusCode).toBe(429);
      expect((await http.inject(from('10.0.0.1', 'd'))).statusCode).toBe(429);
    });
  });

  it('counts across routes, and never a probe', async () => {
    const { http } = await createEdge(limited(1));
    const post = { method: 'POST', url: '/things', headers: { 'x-key': 'a' }, payload: { name: 'x' } } as const;
    expect((await http.inject(as('a'))).statusCode).toBe(200);
    expect((await http.inject(post)).statusCode).toBe(429);
    for (let i = 0; i < 3; i += 1) {
      const probe = await http.inject({ url: '/probe', headers: { 'x-key': 'a' } });
      expect([probe.statusCode, probe.headers['x-ratelimit-limit']]).toEqual([200, undefined]);
    }
  });

  it('counts what meets no route as well, by address: a credential that nobody looks at gets no count of its own', async () => {
    const { http } = await createEdge(limited(2));
    const nowhere = (key: string) => http.inject({ url: '/nowhere', headers: { 'x-key': key } });
    const first = await nowhere('a');
    expect([first.statusCode, first.headers['x-ratelimit-remaining']]).toEqual([404, '1']);
    expect((await nowhere('b')).statusCode).toBe(404);
    expect((await nowhere('c')).statusCode).toBe(429);
    expect((await http.inject(as('a'))).statusCode).toBe(200);
  });

  it('nobody uses up the count of an address by presenting it as a credential', async () => {
    const { http } = await createEdge(limited(1));
    const address = '203.0.113.7';
    expect((await http.inject(as(address))).statusCode).toBe(200);
    const anonymous = { url: '/things/1', remoteAddress: address };
    expect((await http.inject(anonymous)).statusCode).toBe(200);
  });

  it('goes by the address of the connection, unless that is of a proxy to be believed', async () => {
    const from = (remoteAddress: string, forwarded: string) => ({
      url: '/things/1',
      remoteAddress,
      headers: { 'x-forwarded-for': forwarded },
    });
    const { http } = await createEdge({ ...limited(1), trustedProxies: ['10.0.0.0/8'] });
    const statuses = async (...requests: ReturnType<typeof from>[]) => {
      const found = [];
      for (const request of requests) found.push((await http.inject(request)).statusCode);
      return found;
    };
    // Two people behind the proxy, and one who pretends to be behind it.
    expect(await statuses(from('10.1.1.1', '203.0.113.1'), from('10.1.1.1', '203.0.113.2'))).toEqual([200, 200]);
    expect(await statuses(from('10.9.9.9', '203.0.113.1'))).toEqual([429]);
    expect(await statuses(from('192.0.2.7', '203.0.113.3'), from('192.0.2.7', '203.0.113.4'))).toEqual([200, 429]);
    // What the client itself put before the last hop counts for nothing.
    expect(await statuses(from('10.1.1.1', '198.51.100.1, 203.0.113.2'))).toEqual([429]);
    const { http: plain } = await createEdge(limited(1));
    expect((await plain.inject(from('10.1.1.1', '203.0.113.1'))).statusCode).toBe(200);
    expect((await plain.inject(from('10.1.1.1', '203.0.113.2'))).statusCode).toBe(429);
  });

  it('says in development mode that there is none', async () => {
    const { http } = await createEdge({ rateLimit: null });
    for (const url of ['/things/1', '/probe', '/nowhere']) {
      const { headers } = await http.inject(url);
      expect([headers['x-ratelimit-limit'], headers['x-ratelimit-remaining']]).toEqual(['unlimited', undefined]);
    }
  });
});

describe('the request id', () => {
  it.each(['abcdefgh', 'A-b_c.1234', 'x'.repeat(64)])('%s of the caller is kept', async (id) => {
    const { http } = await createEdge();
    const answer = await http.inject({ url: '/things/1', headers: { 'x-request-id': id } });
    expect(answer.headers['x-request-id']).toBe(id);
  });

  it.each([undefined, '', 'short', 'x'.repeat(65), 'has blank in it', 'a\u00e9bcdefgh', '<script>alert</script>'])(
    '%j is replaced by one of ours',
    async (id) => {
      const { http } = await createEdge();
      const answer = await http.inject({ url: '/nowhere', headers: id === undefined ? {} : { 'x-request-id': id } });
      expect(answer.headers['x-request-id']).toBe('made-here-1');
    },
  );
});

describe('while the server is ending', () => {
  it('work is refused with 503, probes are answered, and connections end', async () => {
    const { http } = await createEdge({ isDraining: () => true });
    const answer = await http.inject('/things/1');
    expect([answer.statusCode, answer.headers['retry-after'], answer.headers.connection]).toEqual([503, '2', 'close']);
    expect(answer.json()).toMatchObject({ error: 'server is shutting down', code: 'shutting_down', retry: true });
    expect((await http.inject('/probe')).statusCode).toBe(200);
  });
});

describe('closing the server', () => {
  it('does not wait for a client that has connected and says nothing', async () => {
    const { http } = await createEdge();
    const port = await listen(http);
    const socket = connect(port, '127.0.0.1');
    const ended = new Promise((resolve) => socket.on('close', resolve));
    socket.on('error', () => {});
    await expect.poll(() => connectionsOf(http)).toBe(1);
    await http.close();
    await ended;
    expect(socket.destroyed).toBe(true);
  });
});

function connectionsOf(http: FastifyInstance): Promise<number> {
  return new Promise((resolve, reject) =>
    http.server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  );
}

describe('an answer', () => {
  it('of a JSON route is JSON whatever its value, with its own status and headers', async () => {
    for (const body of ['text', null, 7, true, [], { a: null }]) {
      const { http } = await createEdge({
        handlers: { write: async () => ({ status: 201, body, headers: { 'x-own': '1' } }) },
      });
      const answer = await http.inject({ method: 'POST', url: '/things', payload: { name: 'x' } });
      expect([answer.statusCode, answer.headers['content-type'], answer.headers['x-own'], answer.body]).toEqual([
        201,
        'application/json; charset=utf-8',
        '1',
        JSON.stringify(body),
      ]);
    }
  });

  it('that streams is passed on as it comes', async () => {
    const { http, samples } = await createEdge({
      handlers: {
        stream: async () => ({
          status: 200,
          headers: { 'content-type': 'text/event-stream' },
          stream: Readable.from(['data: 1\n\n', 'data: 2\n\n']),
        }),
      },
    });
    const answer = await http.inject('/stream');
    expect([answer.headers['content-type'], answer.body]).toEqual(['text/event-stream', 'data: 1\n\ndata: 2\n\n']);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(samples).toEqual([{ method: 'GET', path: '/stream', status: 200, seconds: expect.any(Number) }]);
  });

  it('that breaks off leaves its reason in the log', async () => {
    const body = new Readable({ read() {} });
    const { http, logged } = await createEdge({
      handlers: {
        stream: async () => ({ status: 200, headers: { 'content-type': 'text/event-stream' }, stream: body }),
      },
    });
    const port = await listen(http);
    body.push('data: 1\n\n');
    const answer = await fetch(`http://127.0.0.1:${port}/stream`);
    const reading = answer.text();
    body.destroy(new Error('the agent went away'));
    await expect(reading).rejects.toThrow();
    await expect.poll(() => logged.filter((line) => line.msg === 'an answer broke off')).toHaveLength(1);
    expect(logged.find((line) => line.msg === 'an answer broke off')).toMatchObject({
      route: '/stream',
      err: { message: 'the agent went away' },
    });
  });

  it('to a reader who leaves tells its handler', async () => {
    let gone: AbortSignal | null = null;
    const body = new Readable({ read() {} });
    const { http } = await createEdge({
      handlers: {
        stream: async ({ request }: { request: { clientGone: AbortSignal } }) => {
          gone = request.clientGone;
          body.push('data: 1\n\n');
          return { status: 200, headers: { 'content-type': 'text/event-stream' }, stream: body };
        },
      },
    });
    const port = await listen(http);
    const leave = new AbortController();
    const response = await fetch(`http://127.0.0.1:${port}/stream`, { signal: leave.signal });
    expect(response.status).toBe(200);
    leave.abort();
    await expect.poll(() => gone?.aborted).toBe(true);
    await expect.poll(() => body.destroyed).toBe(true);
  });

  it('that was complete does not look like a reader who left', async () => {
    let gone: AbortSignal | null = null;
    const { http, samples } = await createEdge({
      handlers: {
        read: async ({ request }: { request: { clientGone: AbortSignal } }) => {
          gone = request.clientGone;
          return { status: 200, body: {} };
        },
      },
    });
    const port = await listen(http);
    await (await fetch(`http://127.0.0.1:${port}/things/1`, { headers: { connection: 'close' } })).text();
    await expect.poll(() => samples.length).toBe(1);
    expect(gone).toMatchObject({ aborted: false });
  });

  it('is counted under its route, never under its path', async () => {
    const { http, samples } = await createEdge();
    await http.inject('/things/6a1b5f0e');
    await http.inject('/things-nobody-declared/6a1b5f0e');
    expect(samples.map(({ path, status }) => [path, status])).toEqual([
      ['/things/:id', 200],
      ['unmatched', 404],
    ]);
  });
});

describe('a WebSocket', () => {
  it('is refused as plain HTTP, before any upgrade', async () => {
    const { http } = await createEdge({ gate: failWith(new AppError('missing_workspace_token')) as never });
    const port = await listen(http);
    const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`);
    const refusal = await new Promise<{ status: number | undefined; body: string; type: string | undefined }>(
      (resolve, reject) => {
        socket.on('open', () => reject(new Error('the socket was let in')));
        socket.on('error', reject);
        socket.on('unexpected-response', (_request, response) => {
          let body = '';
          response.on('data', (chunk) => {
            body += chunk;
          });
          response.on('end', () =>
            resolve({ status: response.statusCode, body, type: response.headers['content-type'] }),
          );
        });
      },
    );
    expect(refusal).toMatchObject({ status: 401, type: 'application/json; charset=utf-8' });
    expect(JSON.parse(refusal.body)).toMatchObject({ code: 'missing_workspace_token' });
  });

  it('with a wrong parameter is refused as plain HTTP as well', async () => {
    const { http } = await createEdge();
    const answer = await http.inject({
      url: '/socket?since=yesterday',
      headers: { connection: 'upgrade', upgrade: 'websocket' },
    });
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'invalid_query']);
  });

  it('that is let in talks; one asked for without an upgrade is told to upgrade', async () => {
    const { http } = await createEdge({
      handlers: { socket: async () => ({ upgrade: (socket: WebSocket) => socket.send('hello') }) },
    });
    const port = await listen(http);
    const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`);
    const first = await new Promise((resolve, reject) => {
      socket.on('message', (data: Buffer) => resolve(data.toString()));
      socket.on('error', reject);
    });
    expect(first).toBe('hello');
    socket.close();
    const plain = await fetch(`http://127.0.0.1:${port}/socket`);
    expect([plain.status, plain.headers.get('upgrade')]).toEqual([426, 'websocket']);
    expect(await plain.json()).toMatchObject({ error: 'this route speaks WebSocket', retry: false });
  });

  it('asked for where there is none gets the ordinary answer, and the connection ends', async () => {
    const { http } = await createEdge();
    const port = await listen(http);
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () =>
        socket.write('GET /things/1 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
      );
      let text = '';
      socket.on('data', (chunk) => {
        text += String(chunk);
      });
      socket.on('error', reject);
      socket.on('close', () => resolve(text));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 200 [\s\S]*\r\n\r\n\{\}$/);
  });
});

describe('a request that offers another protocol', () => {
  /** Sends the pieces one after the other and resolves with all that comes back until the server ends the connection. */
  async function exchange(port: number, pieces: readonly string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      let text = '';
      const send = ([piece, ...others]: readonly string[]): void => {
        if (piece !== undefined) socket.write(piece, () => send(others));
      };
      const socket = connect(port, '127.0.0.1', () => send(pieces));
      socket.on('data', (chunk) => {
        text += String(chunk);
      });
      socket.on('error', reject);
      socket.on('close', () => resolve(text));
    });
  }

  const body = JSON.stringify({ name: 'x'.repeat(200_000) });
  const chunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  const offer = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n';
  const last = 'GET /probe HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

  it.each<[string, readonly string[]]>([
    ['in one piece', [`${offer}Content-Length: ${body.length}\r\n\r\n${body}`, last]],
    [
      'with the body to follow',
      [`${offer}Content-Length: ${body.length}\r\n\r\n`, body.slice(0, 9), body.slice(9), last],
    ],
    ['in chunks', [`${offer}Transfer-Encoding: chunked\r\n\r\n`, chunked, last]],
    [
      'of a WebSocket, which is asked for with GET only',
      [`Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: ${body.length}\r\n\r\n${body}`, last],
    ],
  ])('%s is served with its body, and the connection goes on', async (_, [head = '', ...rest]) => {
    const written: unknown[] = [];
    const write = async ({ body: given }: { body: unknown }) => {
      written.push(given);
      return { status: 201, body: {} };
    };
    const { http } = await createEdge({ handlers: { write } });
    const port = await listen(http);
    const text = await exchange(port, [`POST /things HTTP/1.1\r\nHost: a\r\n${head}`, ...rest]);
    expect(written).toEqual([JSON.parse(body)]);
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 201', 'HTTP/1.1 200']);
  });
});

describe('what is not HTTP', () => {
  it('is answered with 400 and ends; the server goes on', async () => {
    const { http } = await createEdge();
    const port = await listen(http);
    for (const bytes of [
      'garbage\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nbad header\r\n\r\n',
      '\u0016\u0003\u0001',
    ]) {
      const answer = await new Promise<string>((resolve, reject) => {
        const socket = connect(port, '127.0.0.1', () => socket.end(bytes));
        let text = '';
        socket.on('data', (chunk) => {
          text += String(chunk);
        });
        socket.on('error', reject);
        socket.on('close', () => resolve(text));
      });
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    }
    expect((await fetch(`http://127.0.0.1:${port}/probe`)).status).toBe(200);
  });

  it('a header larger than the limit is answered with 431', async () => {
    const { http } = await createEdge();
    const port = await listen(http);
    const response = await fetch(`http://127.0.0.1:${port}/probe`, { headers: { 'x-large': 'x'.repeat(20_000) } });
    expect(response.status).toBe(431);
    await response.text();
  });
});
