import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../clock.js';
import { type Log, reasonOf } from '../log.js';
import { BUSY_RETRY_AFTER_SECONDS } from './errors.js';
import { isAllowed } from './inbound-auth.js';
import type { RpcDispatcher, RpcResult } from './rpc.js';

export interface A2AServer {
  readonly port: number;
  readonly url: string;
  /** Refuses new connections, lets answers under way leave for a moment, then cuts what is still open. */
  close(): Promise<void>;
}

export interface A2AServerOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly dispatcher: RpcDispatcher;
  /** The card as JSON for a version header (`null` when the client sends none). */
  readonly card: (version: string | null) => unknown;
  readonly inboundSecret: () => string | null;
}

// The platform forwards at most 1 MiB (contract registry-a2a §8.1); twice that leaves room for what it adds.
const BODY_BYTES_MAX = 2 * 1024 * 1024;
// Below the idle timers of everything in between, so that a long silent turn is not cut.
const KEEP_ALIVE_MS = 15_000;
const CLOSE_GRACE_MS = 300;
const CARD_PATHS = ['/.well-known/agent-card.json', '/.well-known/agent.json'];

/** Serves A2A over JSON-RPC on a free port of 127.0.0.1. */
export async function startA2AServer(options: A2AServerOptions): Promise<A2AServer> {
  const server = createServer((request, response) => {
    handle(request, response, options).catch((error: unknown) => {
      options.log.error('a2a_request_failed', { reason: reasonOf(error) });
      if (response.headersSent) response.destroy();
      else sendJson(response, 500, { error: 'The agent failed to handle the request.' });
    });
  });
  // Turns may run for hours; the platform's own idle rules decide when to give up.
  server.requestTimeout = 0;
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve());
  });
  const { port } = server.address() as AddressInfo; // A TCP server that listens has one.
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        const cancel = options.clock.after(CLOSE_GRACE_MS, () => server.closeAllConnections());
        server.close(() => {
          cancel();
          resolve();
        });
      }),
  };
}

async function handle(request: IncomingMessage, response: ServerResponse, options: A2AServerOptions): Promise<void> {
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  if (request.method === 'GET' && CARD_PATHS.includes(path)) {
    const version = request.headers['a2a-version'];
    response.setHeader('vary', 'A2A-Version');
    sendJson(response, 200, options.card(typeof version === 'string' ? version : null));
    return;
  }
  if (path !== '/') return sendJson(response, 404, { error: 'Not found. A2A is served at / by POST.' });
  if (request.method !== 'POST') {
    response.setHeader('allow', 'POST');
    return sendJson(response, 405, { error: 'A2A requests are sent by POST.' });
  }
  if (!isAllowed(request, options.inboundSecret())) {
    return sendJson(response, 401, { error: "Send this workspace's inbound secret as a bearer token." });
  }
  if (!isJson(request.headers['content-type'])) {
    return sendJson(response, 415, { error: 'Send the request as application/json.' });
  }
  const body = await readBody(request);
  if (body === null) {
    response.setHeader('connection', 'close');
    return sendJson(response, 413, { error: `The request is larger than ${BODY_BYTES_MAX} bytes.` });
  }
  const result = await options.dispatcher.dispatch(body, request.headers);
  if (result.kind === 'single') {
    if (result.status === 503) response.setHeader('retry-after', String(BUSY_RETRY_AFTER_SECONDS));
    return sendJson(response, result.status, result.body);
  }
  await sendEvents(response, result, options.clock);
}

async function sendEvents(
  response: ServerResponse,
  stream: Extract<RpcResult, { kind: 'stream' }>,
  clock: Clock,
): Promise<void> {
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache',
    'x-accel-buffering': 'no',
  });
  let cancelKeepAlive = () => {};
  const keepAlive = () => {
    cancelKeepAlive = clock.after(KEEP_ALIVE_MS, () => {
      response.write(': keep-alive\n\n');
      keepAlive();
    });
  };
  keepAlive();
  try {
    await send(response, stream.first);
    for await (const event of stream.rest) {
      // The reader is gone; the turn goes on, and the platform can ask for its outcome.
      if (response.destroyed) return;
      await send(response, event);
    }
  } catch (error) {
    const frame = stream.toErrorFrame(error);
    if (frame === null) response.destroy();
    else await send(response, frame);
  } finally {
    cancelKeepAlive();
    response.end();
  }
}

/** Waits for a slow reader instead of buffering the answer in memory. */
async function send(response: ServerResponse, event: unknown): Promise<void> {
  if (response.write(`data: ${JSON.stringify(event)}\n\n`) || response.destroyed) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

function isJson(contentType: string | undefined): boolean {
  const type = contentType?.split(';')[0]?.trim().toLowerCase();
  return type === 'application/json' || type === 'application/a2a+json';
}

/** Null when the body is too large. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
