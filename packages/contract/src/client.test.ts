import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { countAbortFollowers } from '@molecule/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { ApiError, type ClientOptions, createClient, UnreachableError } from './client.js';

const ID = '6a1b5f0e-9c3d-4e2f-8a7b-0123456789ab';
const servers: Server[] = [];

/** A server that answers as told and keeps what it was asked. */
async function serve(answer: RequestListener): Promise<{ baseUrl: string; seen: IncomingMessage[]; bodies: string[] }> {
  const seen: IncomingMessage[] = [];
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      bodies.push(Buffer.concat(chunks).toString());
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the test server has no address');
  return { baseUrl: `http://127.0.0.1:${address.port}`, seen, bodies };
}

function json(status: number, body: unknown, headers: Record<string, string> = {}): RequestListener {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
    response.end(JSON.stringify(body));
  };
}

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      throw new Error(`expected a failure, got ${JSON.stringify(value)}`);
    },
    (error: unknown) => error,
  );
}

async function clientOf(answer: RequestListener, options: Omit<ClientOptions, 'baseUrl'> = {}) {
  const server = await serve(answer);
  return { ...server, client: createClient({ baseUrl: server.baseUrl, ...options }) };
}

describe('what the client sends', () => {
  it('is the method, path, query and body of the route, with the token of this moment', async () => {
    let token: string | null = 'one';
    const { client, seen, bodies } = await clientOf(json(200, []), { token: () => token, headers: { 'x-a': '1' } });
    await client.call('listActivity', {
      params: { id: ID },
      query: { limit: 5, before_ts: new Date(0), source: undefined, since_id: 'a b&c' },
    });
    token = 'two';
    await client.call('patchWorkspace', { params: { id: ID }, body: { role: null } }, { headers: { 'x-b': '2' } });
    token = null;
    await client.call('deleteGlobalSecret', { params: { key: 'A/B?' } });
    expect(seen.map(({ method, url }) => `${method} ${url}`)).toEqual([
      `GET /workspaces/${ID}/activity?limit=5&before_ts=1970-01-01T00%3A00%3A00.000Z&since_id=a+b%26c`,
      `PATCH /workspaces/${ID}`,
      'DELETE /settings/secrets/A%2FB%3F',
    ]);
    expect(seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer one', 'Bearer two', undefined]);
    expect(seen.map(({ headers }) => headers['content-type'])).toEqual([undefined, 'application/json', undefined]);
    expect(seen.map(({ headers }) => [headers['x-a'], headers['x-b']])).toEqual([
      ['1', undefined],
      ['1', '2'],
      ['1', undefined],
    ]);
    expect(bodies).toEqual(['', '{"role":null}', '']);
  });
});

describe('what the client makes of an answer', () => {
  it('every declared status is an answer, even one above 400', async () => {
    const body = { workspace_id: ID, deleted: true };
    const { client } = await clientOf(json(404, body));
    expect(await client.call('getWorkspaceState', { params: { id: ID } })).toEqual({ status: 404, body });
  });

  it('a refusal carries status, code, retry, help and the seconds to wait', async () => {
    const body = { error: 'no', code: 'agent_busy', retry: true, help: 'Wait.', extra: 1 };
    const { client } = await clientOf(json(503, body, { 'retry-after': '7' }));
    const error = await failureOf(client.call('listWorkspaces', {}));
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({
      message: 'no',
      status: 503,
      code: 'agent_busy',
      retry: true,
      help: 'Wait.',
      retryAfterSeconds: 7,
      body,
    });
  });

  it.each([
    ['a page of a proxy', 502, 'text/html', '<h1>Bad Gateway</h1>', true],
    ['a body cut in the middle', 500, 'application/json', '{"error":"x', true],
    ['nothing at all', 400, 'text/plain', '', false],
    ['JSON of another server', 404, 'application/json', '{"message":"?"}', false],
    ['a bare string', 401, 'application/json', '"no"', false],
  ])('%s is a refusal whose code is unknown', async (_what, status, type, text, retry) => {
    const { client } = await clientOf((_request, response) => {
      response.writeHead(status, { 'content-type': type });
      response.end(text);
    });
    const error = await failureOf(client.call('listWorkspaces', {}));
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status, code: 'unknown', retry, help: null, retryAfterSeconds: null });
    expect(error).toMatchObject({ message: `the server answered ${status}` });
  });

  it('a Retry-After that is a date is left to the caller', async () => {
    const date = { 'retry-after': 'Sat, 21 Nov 2026 04:45:52 GMT' };
    const { client } = await clientOf(json(503, { error: 'x', code: 'y', retry: true }, date));
    expect(await failureOf(client.call('listWorkspaces', {}))).toMatchObject({ retryAfterSeconds: null });
  });

  it('a route of text answers its text', async () => {
    const { client } = await clientOf((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' });
      response.end('up 1\n');
    });
    expect(await client.call('metrics', {})).toEqual({ status: 200, body: 'up 1\n' });
  });
});

describe('when there is no answer', () => {
  it('a server that is not there is unreachable, not late', async () => {
    const { baseUrl } = await serve(json(200, []));
    const port = servers.pop();
    port?.closeAllConnections();
    await new Promise((resolve) => port?.close(resolve));
    const error = await failureOf(createClient({ baseUrl }).call('listWorkspaces', {}));
    expect(error).toBeInstanceOf(UnreachableError);
    expect(error).toMatchObject({ timedOut: false, message: `cannot reach ${baseUrl}`, cause: expect.any(Error) });
  });

  it('a server that says nothing is late', async () => {
    const { client, baseUrl } = await clientOf(() => {});
    const error = await failureOf(client.call('listWorkspaces', {}, { timeoutMs: 50 }));
    expect(error).toBeInstanceOf(UnreachableError);
    expect(error).toMatchObject({ timedOut: true, message: `${baseUrl} did not answer within 0.05 s` });
  });

  it('a server that stops in the middle of its answer is late as well', async () => {
    const { client } = await clientOf(
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
        response.write('[');
      },
      { timeoutMs: 200 },
    );
    const error = await failureOf(client.call('listWorkspaces', {}));
    expect(error).toBeInstanceOf(UnreachableError);
    expect(error).toMatchObject({ timedOut: true });
  });

  it('a connection that breaks in the middle of its answer is unreachable', async () => {
    const { client } = await clientOf((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
      response.write('[', () => response.destroy());
    });
    const error = await failureOf(client.call('listWorkspaces', {}));
    expect(error).toBeInstanceOf(UnreachableError);
    expect(error).toMatchObject({ timedOut: false });
  });

  it('a caller who gives up gets their own reason back', async () => {
    const { client } = await clientOf(() => {});
    const giveUp = new AbortController();
    const call = failureOf(client.call('listWorkspaces', {}, { signal: giveUp.signal }));
    const reason = new Error('changed my mind');
    giveUp.abort(reason);
    expect(await call).toBe(reason);
  });

  it('0 means no limit', async () => {
    let finish = () => {};
    const { client, seen } = await clientOf((_request, response) => {
      finish = () => json(200, [])(_request, response);
    });
    const call = client.call('listWorkspaces', {}, { timeoutMs: 0 });
    await expect.poll(() => seen.length).toBe(1);
    finish();
    expect(await call).toEqual({ status: 200, body: [] });
  });
});

describe('a signal that outlives its calls', () => {
  it('keeps nothing of them, however they ended', async () => {
    const { signal } = new AbortController();
    const { client } = await clientOf((request, response) => {
      if (request.url === '/workspaces') json(200, [])(request, response);
      else if (request.url === '/templates') json(503, { error: 'no', code: 'x', retry: true })(request, response);
      else response.destroy();
    });
    const calls = (['listWorkspaces', 'listTemplates', 'listTemplateProblems'] as const).flatMap((name) =>
      Array.from({ length: 8 }, () => name),
    );
    for (const limit of [{}, { timeoutMs: 0 }]) {
      const ends = await Promise.allSettled(calls.map((name) => client.call(name, {}, { signal, ...limit })));
      expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(8);
    }
    expect(countAbortFollowers(signal)).toBe(0);
  });
});

describe('a raw answer', () => {
  it('is handed over before it is complete, whatever its status', async () => {
    let finish = () => {};
    const { client } = await clientOf((_request, response) => {
      response.writeHead(503, { 'content-type': 'text/event-stream' });
      response.write('data: 1\n\n');
      finish = () => response.end('data: 2\n\n');
    });
    const response = await client.open('streamWorkspaceEvents', { params: { id: ID } });
    expect(response.status).toBe(503);
    const reader = response.body?.getReader();
    const first = await reader?.read();
    expect(new TextDecoder().decode(first?.value)).toBe('data: 1\n\n');
    finish();
    const second = await reader?.read();
    expect(new TextDecoder().decode(second?.value)).toBe('data: 2\n\n');
  });
});
