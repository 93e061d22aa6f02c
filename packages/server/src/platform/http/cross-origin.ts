import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from './app-error.js';
import { isOwnOrigin } from './own-origin.js';

export interface CrossOriginRules {
  /** Origins besides our own whose pages may read our answers. */
  readonly listed: readonly string[];
  readonly publicUrl: string | null;
}

const METHODS = 'GET, POST, PUT, PATCH, DELETE, OPTIONS';
/** The last two are sent by clients of the predecessor, whose own server did not list them. */
const REQUEST_HEADERS = 'Origin, Content-Type, X-Workspace-ID, Authorization, X-Molecule-Org-Slug, X-Molecule-Org-Id';
/** What our answers say beside their bodies, and a page of another origin may read only when it is named. */
const ANSWER_HEADERS =
  'Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-Id, ETag, Location';

/**
 * Cross-origin requests (contract registry-a2a §1.2), judged before anything else is. An own hook and not a library: what
 * is allowed depends on the Host of each request, and what is not allowed is refused instead of being served without
 * headers. Returns true when it has answered; throws `origin_not_allowed`.
 */
export function createCrossOrigin(rules: CrossOriginRules): (request: FastifyRequest, reply: FastifyReply) => boolean {
  const listed = new Set(rules.listed.map((origin) => origin.toLowerCase()));
  return (request, reply) => {
    const { origin } = request.headers;
    // Programs send none, and browsers send none with what their own page reads.
    if (origin === undefined) return false;
    // What is answered to one origin must not be kept for another.
    reply.header('vary', 'Origin');
    if (isOwnOrigin(origin, request.headers, rules.publicUrl)) return false;
    if (!listed.has(origin.toLowerCase())) throw new AppError('origin_not_allowed');
    reply.header('access-control-allow-origin', origin).header('access-control-allow-credentials', 'true');
    if (request.method !== 'OPTIONS') {
      reply.header('access-control-expose-headers', ANSWER_HEADERS);
      return false;
    }
    const allowed = { 'access-control-allow-methods': METHODS, 'access-control-allow-headers': REQUEST_HEADERS };
    reply.code(204).headers(allowed).send();
    return true;
  };
}
