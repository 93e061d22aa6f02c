import { type Clock, deadlineSignal } from '../clock.js';
import { reasonOf } from '../log.js';

/**
 * One authorised call to the platform. The outcome is a value, not an exception: every caller has to say what
 * "revoked", "later" and "no" mean to it.
 */
export type PlatformReply =
  | { readonly kind: 'ok'; readonly status: number; readonly body: unknown }
  /** 401: the token is no longer ours. */
  | { readonly kind: 'unauthorized'; readonly reason: string }
  /** 429 or 503 with a wait the platform chose, or anything that says "not now": worth repeating. */
  | {
      readonly kind: 'unavailable';
      readonly reason: string;
      readonly retryAfterMs: number | null;
      readonly rateLimited: boolean;
    }
  /** Any other 4xx: repeating it would not help. */
  | { readonly kind: 'refused'; readonly status: number; readonly code: string | null; readonly reason: string };

export interface PlatformClient {
  call(request: PlatformRequest): Promise<PlatformReply>;
}

export interface PlatformRequest {
  readonly method: 'GET' | 'POST';
  /** Starts with a slash. */
  readonly path: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  readonly timeoutMs: number;
}

export interface PlatformClientOptions {
  readonly baseUrl: string;
  readonly workspaceId: string;
  readonly token: string;
  readonly clock: Clock;
  /** Told about each 401, whichever call met it, so that the connection ends at once. */
  readonly onUnauthorized: (reason: string) => void;
}

/**
 * Calls the platform with the workspace's bearer. Never throws except with the reason of `request.signal` when the
 * caller itself gave up. Answers that are not JSON count as unavailable: they come from something in between.
 */
export function createPlatformClient(options: PlatformClientOptions): PlatformClient {
  return {
    async call(request) {
      const deadline = deadlineSignal(options.clock, request.timeoutMs, request.signal);
      try {
        const response = await fetch(`${options.baseUrl}${request.path}`, {
          method: request.method,
          headers: {
            authorization: `Bearer ${options.token}`,
            'x-workspace-id': options.workspaceId,
            ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
          },
          ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
          redirect: 'error',
          signal: deadline.signal,
        });
        const reply = toReply(response.status, response.headers.get('retry-after'), await response.text());
        if (reply.kind === 'unauthorized') options.onUnauthorized(reply.reason);
        return reply;
      } catch (error) {
        request.signal?.throwIfAborted();
        return { kind: 'unavailable', reason: reasonOf(error), retryAfterMs: null, rateLimited: false };
      } finally {
        deadline.clear();
      }
    },
  };
}

export function toReply(status: number, retryAfter: string | null, text: string): PlatformReply {
  const body = parseJson(text);
  if (status >= 200 && status < 300) {
    if (body === undefined) {
      return { kind: 'unavailable', reason: `answered ${status} without JSON`, retryAfterMs: null, rateLimited: false };
    }
    return { kind: 'ok', status, body };
  }
  const reason = textField(body, 'error') ?? `answered ${status}`;
  if (status === 401) return { kind: 'unauthorized', reason };
  if (status === 429 || status >= 500 || status < 400) {
    // A loop breaker also answers 429, but waiting does not open it: it names itself in `code`.
    const code = textField(body, 'code');
    if (code === 'loop_refused') return { kind: 'refused', status, code, reason };
    return { kind: 'unavailable', reason, retryAfterMs: parseRetryAfter(retryAfter), rateLimited: status === 429 };
  }
  return { kind: 'refused', status, code: textField(body, 'code'), reason };
}

/** Seconds only: that is all the platform sends. Bounded, so that a wrong header cannot silence an agent. */
function parseRetryAfter(value: string | null): number | null {
  if (value === null || !/^\d+$/.test(value.trim())) return null;
  return Math.min(Number(value) * 1000, 5 * 60_000);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A text field of an object received from outside; null when it is not there. */
export function textField(value: unknown, key: string): string | null {
  if (typeof value !== 'object' || value === null) return null;
  const field: unknown = Reflect.get(value, key);
  return typeof field === 'string' && field !== '' ? field : null;
}
