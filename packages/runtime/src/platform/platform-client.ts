import { ApiError, type Client, createClient, UnreachableError } from '@molecule/contract/client';
import { reasonOf } from '../log.js';

/**
 * The outcome of one authorised call. A value, not an exception: every caller has to say what "revoked", "later" and
 * "no" mean to it.
 */
export type PlatformReply<T> = { readonly kind: 'ok'; readonly value: T } | PlatformFailure;

export type PlatformFailure =
  /** 401: the token is no longer ours. */
  | { readonly kind: 'unauthorized'; readonly reason: string }
  /** No answer, 429, 5xx or an answer that is not the platform's: worth repeating. */
  | {
      readonly kind: 'unavailable';
      readonly reason: string;
      readonly retryAfterMs: number | null;
      readonly rateLimited: boolean;
    }
  /** Any other refusal: repeating it would not help. */
  | { readonly kind: 'refused'; readonly status: number; readonly reason: string; readonly body?: unknown };

export interface PlatformClient {
  /** Makes one call of the contract's client. Throws only when `options.signal` of the call aborted. */
  attempt<T>(run: (api: Client) => Promise<T>): Promise<PlatformReply<T>>;
}

export interface PlatformClientOptions {
  readonly baseUrl: string;
  readonly workspaceId: string;
  readonly token: string;
  /** Sent with every call. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Told about each 401, whichever call met it, so that the connection ends at once. */
  readonly onUnauthorized: (reason: string) => void;
}

export function createPlatformClient(options: PlatformClientOptions): PlatformClient {
  const api = createClient({
    baseUrl: options.baseUrl,
    token: () => options.token,
    headers: { 'x-workspace-id': options.workspaceId, ...options.headers },
  });
  return {
    async attempt(run) {
      try {
        return { kind: 'ok', value: await run(api) };
      } catch (error) {
        const failure = toFailure(error);
        if (failure.kind === 'unauthorized') options.onUnauthorized(failure.reason);
        return failure;
      }
    },
  };
}

/** Rethrows what is neither a refusal nor an unreachable platform: an abort by the caller, or a bug. */
export function toFailure(error: unknown): PlatformFailure {
  if (error instanceof UnreachableError) {
    return { kind: 'unavailable', reason: reasonOf(error), retryAfterMs: null, rateLimited: false };
  }
  if (!(error instanceof ApiError)) throw error;
  const { status, message: reason } = error;
  if (status === 401) return { kind: 'unauthorized', reason };
  // A loop breaker also answers 429, but waiting does not open it (design §7).
  const rateLimited = status === 429 && error.code !== 'loop_refused';
  // Below 400 it was something in between that answered, not the platform.
  if (rateLimited || status >= 500 || status < 400) {
    return { kind: 'unavailable', reason, retryAfterMs: toRetryAfterMs(error.retryAfterSeconds), rateLimited };
  }
  return { kind: 'refused', status, reason, body: error.body };
}

/** Bounded, so that a wrong header cannot silence an agent. */
function toRetryAfterMs(seconds: number | null): number | null {
  return seconds === null ? null : Math.min(Math.max(seconds, 0), 300) * 1000;
}

/** A text field of an object received from outside; null when it is not there. */
export function textField(value: unknown, key: string): string | null {
  if (typeof value !== 'object' || value === null) return null;
  const field: unknown = Reflect.get(value, key);
  return typeof field === 'string' && field !== '' ? field : null;
}
