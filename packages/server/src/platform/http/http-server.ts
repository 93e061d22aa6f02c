import fastifyWebsocket from '@fastify/websocket';
import { errorSpec, type Method, type RouteSpec } from '@molecule/contract';
import {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  type preParsingHookHandler,
} from 'fastify';
import type { Logger } from 'pino';
import type { WebSocket } from 'ws';
import type { Clock } from '../clock.js';
import { toError } from '../errors.js';
import { AppError } from './app-error.js';
import { endConnection, endSilentConnections, endUpgraded } from './connections.js';
import { type CrossOriginRules, createCrossOrigin } from './cross-origin.js';
import { toErrorReply } from './error-reply.js';
import type { UpgradeReply } from './handlers.js';
import { acceptAnyJson } from './json-bodies.js';
import { onlyWebSockets } from './other-upgrades.js';
import { createBodyParser, parseParams } from './parse.js';
import { type Limiter, type RateLimit, registerRateLimit } from './rate-limit.js';
import { RequestView } from './request-view.js';
import { securityHeaders } from './security-headers.js';
import { createTenantGuard, type Tenant } from './tenant-guard.js';

export interface GateInput {
  readonly access: RouteSpec['access'];
  readonly tombstones: boolean;
  readonly method: Method;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly address: string;
  /** Raw path parameters; a gate must cope with any text. */
  readonly params: Readonly<Record<string, string>>;
  /** The validated body for `self` routes, undefined otherwise: every other gate answers before the body is read. */
  readonly body: unknown;
}

export interface HttpOptions<Actor> {
  readonly routes: Readonly<Record<string, RouteSpec>>;
  /** Typed against `routes` where they are collected; here a handler is only a function. */
  readonly handlers: Readonly<Record<string, (context: never) => Promise<unknown>>>;
  /** Decides who is calling; throws an AppError to refuse (contract registry-a2a §2). */
  readonly gate: (input: GateInput) => Promise<Actor>;
  /** Null turns the limiter off (development mode, contract registry-a2a §1.3). */
  readonly rateLimit: RateLimit | null;
  /** Refuses a Host header that is not ours (design §9); throws an AppError. */
  readonly checkHost: (host: string) => void;
  readonly crossOrigin: CrossOriginRules;
  /** Null where this server is no tenant among others. */
  readonly tenant: Tenant | null;
  /** Proxies whose X-Forwarded-For is believed; without them the address is that of the connection (contract §1.1). */
  readonly trustedProxies: readonly string[];
  readonly requestId: () => string;
  readonly logger: Logger;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Told of every answer when its head is sent, with the time until then. */
  readonly observe: (sample: { method: string; path: string; status: number; seconds: number }) => void;
  readonly isDraining: () => boolean;
}

interface Passed {
  actor: unknown;
  upgrade: ((socket: WebSocket) => void) | null;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Null where no declared route was met. Kept here, because fastify makes its options anew each time it is asked. */
    spec: RouteSpec | null;
    passed: Passed | null;
    startedMs: number;
  }
  interface FastifyContextConfig {
    spec?: RouteSpec;
  }
}

type RequestPayload = Parameters<preParsingHookHandler>[2];
type PayloadDone = Parameters<preParsingHookHandler>[3];

const DEFAULT_BODY_LIMIT_BYTES = 1_048_576;

/**
 * The HTTP edge. Every declared route passes the same steps: security headers, host, limiter, gate, parse, handler, one
 * error shape, metrics and one log line. Nothing here knows what a workspace is.
 */
export async function createHttpServer<Actor>(options: HttpOptions<Actor>): Promise<FastifyInstance> {
  const logger = options.logger.child({ part: 'http' });
  const answersCrossOrigin = createCrossOrigin(options.crossOrigin);
  const isForTenant = options.tenant === null ? () => true : createTenantGuard(options.tenant);
  const app: FastifyInstance = fastify({
    // With a logger of its own, and with a hook for sent answers, fastify listens to the socket of every request, which
    // costs more than the rest of an answer. What is worth a line is logged below.
    logger: false,
    genReqId: (request) => readRequestId(request.headers['x-request-id']) ?? options.requestId(),
    bodyLimit: DEFAULT_BODY_LIMIT_BYTES,
    routerOptions: { maxParamLength: 512, ignoreTrailingSlash: false },
    forceCloseConnections: 'idle',
    trustProxy: options.trustedProxies.length === 0 ? false : [...options.trustedProxies],
    // A path that cannot be decoded, or is too long to be one of ours, meets no route and none of the hooks below.
    frameworkErrors: (_error, request, reply) => {
      const answer = toErrorReply(new AppError('route_not_found'), undefined, request.id);
      // Declared for replies of any type provider, of which no status and no body is known.
      const plain = reply as unknown as FastifyReply;
      const path = pathOf(request.url);
      plain.headers(securityHeaders(path)).header('x-request-id', request.id);
      plain.code(answer.status).send(isForTenant(path, request.headers) ? answer.body : undefined);
    },
    // A client that trickles its header holds a socket; a minute is plenty and far below the kernel's patience.
    requestTimeout: 0,
    keepAliveTimeout: 72_000,
  });
  acceptAnyJson(app);
  endSilentConnections(app);
  app.decorateRequest('spec', null);
  app.decorateRequest('passed', null);
  app.decorateRequest('startedMs', 0);
  // Callbacks and not promises in what every request passes: nothing here waits, and a promise each would be felt.
  app.addHook('onRequest', (request, reply, done) => {
    request.startedMs = options.clock.monotonicMs();
    request.spec = request.routeOptions.config.spec ?? null;
    if (request.headers.upgrade !== undefined) endUpgraded(request, reply);
    reply.headers(securityHeaders(pathOf(request.url)));
    reply.header('x-request-id', request.id);
    try {
      options.checkHost(request.headers.host ?? '');
      if (answersCrossOrigin(request, reply)) return;
    } catch (error) {
      return done(toError(error));
    }
    done();
  });
  if (options.tenant !== null) {
    // Behind the limiter and before the gate of any route, the canvas and the 404 included: an empty answer, so that
    // nothing tells whether this tenant exists, or which of its routes do (B-16).
    app.addHook('preParsing', (request, reply, payload, done) => {
      if (isForTenant(pathOf(request.url), request.headers)) return done(null, payload);
      const limited = limiter.checkStranger(request, reply);
      if (limited) done(limited);
      else reply.code(404).send();
    });
  }
  app.addHook('onSend', (request, reply, payload, done) => {
    const ms = options.clock.monotonicMs() - request.startedMs;
    const path = request.spec?.path ?? request.routeOptions.url ?? 'unmatched';
    options.observe({ method: request.method, path, status: reply.statusCode, seconds: ms / 1000 });
    const level = request.spec?.rate === 'exempt' || reply.statusCode < 400 ? 'debug' : 'info';
    if (logger.isLevelEnabled(level)) {
      const { id: reqId, method } = request;
      logger[level]({ reqId, method, path, status: reply.statusCode, ms: Math.round(ms) }, 'request');
    }
    done(null, payload);
  });
  app.setErrorHandler(async (error, request, reply) => {
    const spec = request.spec ?? undefined;
    const given = toErrorReply(error, spec, request.id);
    const limited = isUnproven(given.status, request) ? limiter.checkStranger(request, reply) : null;
    const answer = limited ? toErrorReply(limited, spec, request.id) : given;
    if (answer.bug) {
      logger.error({ reqId: request.id, err: error, route: request.routeOptions.url }, 'request failed unexpectedly');
    }
    if (options.isDraining()) endConnection(reply);
    return reply.code(answer.status).headers(answer.headers).send(answer.body);
  });
  const limiter = registerRateLimit(app, options.rateLimit);
  app.setNotFoundHandler((request, reply) => {
    const answer = toErrorReply(new AppError('route_not_found'), undefined, request.id);
    return reply.code(answer.status).send(answer.body);
  });
  const specs = Object.entries(options.routes);
  await app.register(async (scope) => {
    for (const [name, spec] of specs) {
      if (spec.stream !== 'websocket') addRoute(scope, name, spec, options, limiter);
    }
  });
  // Apart from the others, which would all get its listener for sent answers.
  await app.register(async (scope) => {
    await scope.register(fastifyWebsocket, {
      options: { maxPayload: 65_536, perMessageDeflate: false, server: onlyWebSockets(app.server) },
    });
    for (const [name, spec] of specs) {
      if (spec.stream === 'websocket') addRoute(scope, name, spec, options, limiter);
    }
  });
  return app;
}

function addRoute<Actor>(
  app: FastifyInstance,
  name: string,
  spec: RouteSpec,
  options: HttpOptions<Actor>,
  limiter: Limiter,
): void {
  const handler = options.handlers[name];
  if (!handler) throw new Error(`route ${name} has no handler`);
  const parseBody = createBodyParser(spec);
  const gateNeedsBody = spec.access === 'self';
  // The router knows the rest of a path as a bare star.
  const rest = /\*([A-Za-z]+)$/.exec(spec.path)?.[1];
  const restNamed = (raw: unknown): unknown =>
    rest === undefined ? raw : { ...(raw as Record<string, string>), [rest]: (raw as Record<string, string>)['*'] };
  const enter = async (request: FastifyRequest, body: unknown): Promise<void> => {
    const actor = await options.gate({
      access: spec.access,
      tombstones: spec.tombstones ?? false,
      method: spec.method,
      headers: request.headers,
      address: request.ip,
      params: request.params as Record<string, string>,
      body,
    });
    if (spec.rate === 'minting') limiter.checkMinting(request);
    request.passed = { actor, upgrade: null };
  };
  const run = async (request: FastifyRequest, answer: FastifyReply): Promise<unknown> => {
    const body = parseBody(request.body);
    if (gateNeedsBody) await enter(request, body);
    const context = {
      params: parseParams(spec.params, restNamed(request.params)),
      query: parseParams(spec.query, request.query),
      body,
      actor: request.passed?.actor,
      request: new RequestView(request, answer),
    };
    return handler(context as never);
  };
  const shared = {
    method: spec.method,
    url: rest === undefined ? spec.path : spec.path.slice(0, -rest.length),
    bodyLimit: spec.bodyLimitBytes ?? DEFAULT_BODY_LIMIT_BYTES,
    config: { spec },
    // The step after the limiter: whoever repeats a credential too often is limited before it is judged once more. The
    // body is not read yet.
    preParsing: (request: FastifyRequest, _reply: FastifyReply, payload: RequestPayload, done: PayloadDone): void => {
      if (options.isDraining() && spec.rate !== 'exempt') {
        done(new AppError('shutting_down', { headers: { 'retry-after': '2' } }));
      } else if (gateNeedsBody) {
        done(null, payload);
      } else {
        enter(request, undefined).then(
          () => done(null, payload),
          (error: unknown) => done(toError(error)),
        );
      }
    },
  };
  if (spec.stream === 'websocket') {
    app.route({
      ...shared,
      method: 'GET',
      // Everything that can refuse runs before the upgrade, so that a refusal is an ordinary HTTP answer.
      preHandler: async (request, answer) => {
        const reply = (await run(request, answer)) as UpgradeReply;
        if (request.passed) request.passed.upgrade = reply.upgrade;
      },
      handler: async (_request, reply) =>
        reply
          .code(426)
          .header('upgrade', 'websocket')
          .send({ ...body426, code: 'invalid_query' }),
      wsHandler: (socket, request) => request.passed?.upgrade?.(socket),
    });
    return;
  }
  app.route({
    ...shared,
    handler: async (request, reply) => {
      const answer = (await run(request, reply)) as AnyReply;
      const limited = answer.status === 401 || answer.unproven ? limiter.checkStranger(request, reply) : null;
      if (limited) throw limited;
      if (options.isDraining()) endConnection(reply);
      if (typeof answer.stream === 'object') {
        // Its head is sent by then, so the caller sees only that it breaks off: why stands in the log. After a caller who
        // has left, what still goes wrong is no news.
        answer.stream.once('error', (error) => {
          if (reply.raw.destroyed) return;
          options.logger.warn({ reqId: request.id, err: toError(error), route: spec.path }, 'an answer broke off');
        });
      }
      return send(reply, answer);
    },
  });
}

/** What was refused before its credential was judged is worth as little: a new one each time would be counted nowhere. */
function isUnproven(status: number, { passed }: FastifyRequest): boolean {
  return status === 401 || (passed === null && [400, 404, 410, 413, 415].includes(status));
}

const body426 = { error: 'this route speaks WebSocket', retry: false, help: errorSpec('invalid_query').help };

interface AnyReply {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly stream?: NodeJS.ReadableStream | string;
  readonly unproven?: boolean;
}

function send(reply: FastifyReply, { status, headers, stream, body }: AnyReply): FastifyReply {
  reply.code(status);
  if (headers) reply.headers(headers);
  if (stream !== undefined) return reply.send(stream);
  // Fastify would send a bare string as text; a JSON route answers JSON whatever the value.
  return reply.type('application/json; charset=utf-8').send(JSON.stringify(body));
}

function pathOf(url: string): string {
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}

/** Ids that differ between processes and between requests of one: cheap, because every request takes one. */
export function createRequestIds(process: string): () => string {
  let count = 0;
  return () => `${process}-${(count++).toString(36)}`;
}

/** A caller's own id is kept when it is short and plain, so that logs of both sides can be matched. */
function readRequestId(value: string | string[] | undefined): string | null {
  return typeof value === 'string' && /^[A-Za-z0-9._-]{8,64}$/.test(value) ? value : null;
}
