import { hash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Address6 } from 'ip-address';
import { AppError } from './app-error.js';
import { type Count, createRequestWindows } from './request-windows.js';

export interface RateLimit {
  readonly perMinute: number;
  /** The credential that a request presents, null when it presents none. It need not be worth anything. */
  readonly keyOf: (request: RequestHead) => string | null;
}

export interface RequestHead {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface Limiter {
  /**
   * To be asked about an answer that found the presented credential worth nothing, or refused before anybody judged it;
   * gives the refusal to answer instead once its address has had its share of those.
   */
  readonly checkStranger: (request: FastifyRequest, reply: FastifyReply) => AppError | null;
  /** For whoever the gate has let in: throws once an address has asked too often for what a `minting` route hands out. */
  readonly checkMinting: (request: FastifyRequest) => void;
}

const WINDOW_MS = 60_000;
/** Contract registry-a2a §1.3. */
const MINTING_PER_HOUR = 10;
const HOUR_MS = 3_600_000;
/** A longer credential is remembered by its hash: what a stranger sends must not fill the memory. */
const KEY_CHARACTERS_MAX = 128;
/** A host chooses its addresses within such a network as it likes. */
const IPV6_NETWORK_BITS = 64;

/**
 * Counts requests by the credential they present, and those without one by address (design §9). Whoever presents another
 * wrong one each time would be counted nowhere, so what turns out to be worth nothing counts by its address as well. That
 * is looked at only after the credential was judged, and in a count of its own: all agents of a host share one address,
 * and a broken one must cost the others, and people who are about to log in, nothing.
 */
export function registerRateLimit(app: FastifyInstance, limit: RateLimit | null): Limiter {
  if (!limit) {
    app.addHook('onRequest', (_request, reply, done) => {
      reply.header('x-ratelimit-limit', 'unlimited');
      done();
    });
    return { checkStranger: () => null, checkMinting: () => {} };
  }
  // Apart, so that nobody can use up the count of an address by its name, or push it out with credentials made up.
  const byCredential = createRequestWindows(limit.perMinute, WINDOW_MS);
  const byAddress = createRequestWindows(limit.perMinute, WINDOW_MS);
  const strangers = createRequestWindows(limit.perMinute, WINDOW_MS);
  const minting = createRequestWindows(MINTING_PER_HOUR, HOUR_MS);
  // What presents itself where nobody looks at it is not worth a count of its own: a new one each time would be counted
  // nowhere.
  const credentialOf = (request: FastifyRequest): string | null => {
    const { spec } = request;
    const given = spec === null || spec.access === 'open' ? null : limit.keyOf(request);
    return given === null || given.length <= KEY_CHARACTERS_MAX ? given : hash('sha256', given, 'base64url');
  };
  app.addHook('onRequest', (request, reply, done) => {
    if (request.spec?.rate === 'exempt') return done();
    const credential = credentialOf(request);
    const count =
      credential === null
        ? byAddress.count(addressOf(request), request.startedMs)
        : byCredential.count(credential, request.startedMs);
    reply.header('x-ratelimit-limit', limit.perMinute);
    tell(reply, count);
    done(count.exceeded ? rateLimited(count) : undefined);
  });
  return {
    checkMinting(request) {
      const count = minting.count(addressOf(request), request.startedMs);
      if (count.exceeded)
        throw rateLimited(count, { 'x-ratelimit-limit': String(MINTING_PER_HOUR), ...headersOf(count) });
    },
    checkStranger(request, reply) {
      // Without a credential the address has been counted already.
      if (request.spec?.rate === 'exempt' || credentialOf(request) === null) return null;
      const count = strangers.count(addressOf(request), request.startedMs);
      if (!count.exceeded) return null;
      tell(reply, count);
      return rateLimited(count);
    },
  };
}

/** The network of an IPv6 host stands for all its addresses, and an IPv4 address for how IPv6 writes it. */
function addressOf({ ip }: FastifyRequest): string {
  if (!isIPv6(ip)) return ip;
  const address = new Address6(ip);
  if (address.isMapped4()) return address.to4().correctForm();
  return new Address6(`${ip}/${IPV6_NETWORK_BITS}`).startAddress().correctForm();
}

function tell(reply: FastifyReply, { remaining, resetSeconds }: Count): void {
  reply.header('x-ratelimit-remaining', remaining);
  reply.header('x-ratelimit-reset', resetSeconds);
}

function headersOf({ remaining, resetSeconds }: Count): Readonly<Record<string, string>> {
  return { 'x-ratelimit-remaining': String(remaining), 'x-ratelimit-reset': String(resetSeconds) };
}

function rateLimited({ resetSeconds }: Count, headers: Readonly<Record<string, string>> = {}): AppError {
  return new AppError('rate_limited', {
    fields: { retry_after: resetSeconds },
    headers: { ...headers, 'retry-after': String(resetSeconds) },
  });
}
