import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ErrorCode, errorSpec, type RouteName, type RouteSpec, routes } from '@molecule/contract';

export interface FakeCall {
  readonly route: RouteName;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly authorization: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

export interface FakeAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Writes the body itself instead: for streams that break off. */
  readonly write?: (response: ServerResponse) => void;
}

type Answerer = (call: FakeCall) => FakeAnswer | Promise<FakeAnswer>;

/** A server that speaks the contract's routes; a test says what each answers. Routes nobody prepared answer 404. */
export interface FakeServer {
  readonly url: string;
  readonly calls: readonly FakeCall[];
  on(route: RouteName, answer: Answerer | FakeAnswer): void;
  close(): Promise<void>;
}

export async function startFakeServer(): Promise<FakeServer> {
  const calls: FakeCall[] = [];
  const answers = new Map<RouteName, Answerer>();
  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = await readCall(request);
    const answer = call && answers.get(call.route);
    if (call) calls.push(call);
    const { status, body, headers, write } = answer ? await answer(call) : refusal('route_not_found');
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
    if (write) write(response);
    else response.end(JSON.stringify(body));
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    on(route, answer) {
      answers.set(route, typeof answer === 'function' ? answer : () => answer);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The answer of the server to a refused request, as the contract shapes it. */
export function refusal(code: ErrorCode, fields: Readonly<Record<string, unknown>> = {}): FakeAnswer {
  const { status, text, retry, help } = errorSpec(code);
  return { status, body: { error: text, code, retry, help, ...fields } };
}

/** A stream of JSON-RPC frames that ends in order. */
export function sse(...frames: readonly unknown[]): FakeAnswer {
  return {
    status: 200,
    headers: { 'content-type': 'text/event-stream' },
    write: (response) => {
      for (const frame of frames) response.write(`data: ${JSON.stringify(frame)}\n\n`);
      response.end();
    },
  };
}

async function readCall(request: IncomingMessage): Promise<FakeCall | null> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const url = new URL(request.url ?? '/', 'http://fake');
  for (const [name, spec] of Object.entries<RouteSpec>(routes)) {
    const pattern = new RegExp(
      `^${spec.path.replace(/:([A-Za-z]+)/g, '(?<$1>[^/]+)').replace(/\*([A-Za-z]+)$/, '(?<$1>.*)')}$`,
    );
    const match = pattern.exec(url.pathname);
    if (!match || spec.method !== request.method) continue;
    return {
      route: name as RouteName,
      params: { ...match.groups },
      query: Object.fromEntries(url.searchParams),
      body: chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString()),
      authorization: request.headers.authorization,
      headers: request.headers,
    };
  }
  return null;
}
