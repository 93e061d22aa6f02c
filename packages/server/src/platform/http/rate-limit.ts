import fastifyRateLimit, { normalizeIP } from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest, preHandlerAsyncHookHandler } from 'fastify';
import { AppError } from './app-error.js';

export interface RateLimit {
  readonly perMinute: number;
  /** The credential that a request presents, null when it presents none. It need not be worth anything. */
  readonly keyOf: (request: RequestHead) => string | null;
}

export interface RequestHead {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/**
 * To be asked about an answer that found the presented credential worth nothing; gives the refusal to answer instead once
 * its address has had its share of those.
 */
type StrangerCheck = (request: FastifyRequest, reply: FastifyReply) => Promise<AppError | null>;

export interface Limiter {
  readonly checkStranger: StrangerCheck;
  /** Hooks of what meets no route, which is counted like everything else. */
  readonly unmatched: { readonly preHandler?: preHandlerAsyncHookHandler };
  /** For whoever the gate has let in: throws once an address has asked too often for what a `minting` route hands out. */
  readonly checkMinting: (request: FastifyRequest) => Promise<void>;
}

/** Contract registry-a2a §1.3. */
const MINTING_PER_HOUR = 10;

/**
 * Counts requests by the credential they present, and those without one by address (design §9). Whoever presents another
 * wrong one each time would be counted nowhere, so what turns out to be worth nothing counts by its address as well. That
 * is looked at only after the credential was judged, and in a count of its own: all agents of a host share one address,
 * and a broken one must cost the others, and people who are about to log in, nothing.
 */
export async function registerRateLimit(app: FastifyInstance, limit: RateLimit | null): Promise<Limiter> {
  if (!limit) {
    app.addHook('onRequest', async (_request, reply) => {
      reply.header('x-ratelimit-limit', 'unlimited');
    });
    return { unmatched: {}, checkStranger: async () => null, checkMinting: async () => {} };
  }
  // What presents itself where nobody looks at it is not worth a count of its own: a new one each time would be counted
  // nowhere. The two kinds of keys are kept apart, so that nobody can use up the count of an address by its name.
  const credentialOf = (request: FastifyRequest): string | null => {
    const { spec } = request.routeOptions.config;
    const given = spec === undefined || spec.access === 'open' ? null : limit.keyOf(request);
    return given === null ? null : `c:${given}`;
  };
  const addressOf = (request: FastifyRequest): string => `a:${normalizeIP(request.ip)}`;
  await app.register(fastifyRateLimit, {
    global: true,
    max: limit.perMinute,
    timeWindow: 60_000,
    hook: 'onRequest',
    keyGenerator: (request) => credentialOf(request) ?? addressOf(request),
    errorResponseBuilder: (_request, { ttl }) => rateLimited(Math.ceil(ttl / 1000)),
  });
  const countByAddress = app.createRateLimit({ keyGenerator: addressOf });
  const countMinting = app.createRateLimit({
    max: MINTING_PER_HOUR,
    timeWindow: 3_600_000,
    keyGenerator: addressOf,
  });
  const checkMinting: Limiter['checkMinting'] = async (request) => {
    if (request.routeOptions.config.spec?.rate !== 'minting') return;
    const count = await countMinting(request);
    if (count.isAllowed || !count.isExceeded) return;
    throw rateLimited(count.ttlInSeconds, {
      'x-ratelimit-limit': String(MINTING_PER_HOUR),
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': String(count.ttlInSeconds),
    });
  };
  const checkStranger: StrangerCheck = async (request, reply) => {
    const isExempt = request.routeOptions.config.spec?.rate === 'exempt';
    // Without a credential the address has been counted already.
    if (isExempt || credentialOf(request) === null) return null;
    const count = await countByAddress(request);
    if (count.isAllowed || !count.isExceeded) return null;
    reply.header('x-ratelimit-remaining', 0).header('x-ratelimit-reset', count.ttlInSeconds);
    return rateLimited(count.ttlInSeconds);
  };
  return { unmatched: { preHandler: app.rateLimit() }, checkStranger, checkMinting };
}

function rateLimited(secondsLeft: number, headers: Readonly<Record<string, string>> = {}): AppError {
  const seconds = Math.max(1, secondsLeft);
  return new AppError('rate_limited', {
    fields: { retry_after: seconds },
    headers: { ...headers, 'retry-after': String(seconds) },
  });
}
