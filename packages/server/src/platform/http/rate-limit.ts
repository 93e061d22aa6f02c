import fastifyRateLimit, { normalizeIP } from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from './app-error.js';

export interface RateLimit {
  readonly perMinute: number;
  /** The credential that a request presents, null when it presents none. It need not be worth anything. */
  readonly keyOf: (request: RequestHead) => string | null;
}

export interface RequestHead {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly cookies: Readonly<Record<string, string | undefined>>;
}

/**
 * To be asked about an answer that found the presented credential worth nothing; gives the refusal to answer instead once
 * its address has had its share of those.
 */
export type StrangerCheck = (request: FastifyRequest, reply: FastifyReply) => Promise<AppError | null>;

/**
 * Counts requests by the credential they present, and those without one by address (design §9). Whoever presents another
 * wrong one each time would be counted nowhere, so what turns out to be worth nothing counts by its address as well. That
 * is looked at only after the credential was judged, and in a count of its own: all agents of a host share one address,
 * and a broken one must cost the others, and people who are about to log in, nothing.
 */
export async function registerRateLimit(app: FastifyInstance, limit: RateLimit | null): Promise<StrangerCheck> {
  if (!limit) {
    app.addHook('onRequest', async (_request, reply) => {
      reply.header('x-ratelimit-limit', 'unlimited');
    });
    return async () => null;
  }
  await app.register(fastifyRateLimit, {
    global: true,
    max: limit.perMinute,
    timeWindow: 60_000,
    hook: 'onRequest',
    keyGenerator: (request) => limit.keyOf(request) ?? normalizeIP(request.ip),
    errorResponseBuilder: (_request, { ttl }) => rateLimited(Math.ceil(ttl / 1000)),
  });
  const countByAddress = app.createRateLimit({ keyGenerator: (request) => normalizeIP(request.ip) });
  return async (request, reply) => {
    const isExempt = request.routeOptions.config.spec?.rate === 'exempt';
    // Without a credential the address has been counted already.
    if (isExempt || limit.keyOf(request) === null) return null;
    const count = await countByAddress(request);
    if (count.isAllowed || !count.isExceeded) return null;
    reply.header('x-ratelimit-remaining', 0).header('x-ratelimit-reset', count.ttlInSeconds);
    return rateLimited(count.ttlInSeconds);
  };
}

function rateLimited(secondsLeft: number): AppError {
  const seconds = Math.max(1, secondsLeft);
  return new AppError('rate_limited', {
    fields: { retry_after: seconds },
    headers: { 'retry-after': String(seconds) },
  });
}
