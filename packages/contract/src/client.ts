import { followAbort } from './abort.js';
import type { ErrorBody } from './errors.js';
import type { BodyOf, ParamsOf, QueryOf, ReplyOf, RouteSpec } from './route.js';
import { type RouteName, type Routes, routes } from './routes.js';

/** A refusal of the server, with everything a caller needs to decide what to do. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly retry: boolean;
  readonly help: string | null;
  /** Seconds from Retry-After, when the server named them. */
  readonly retryAfterSeconds: number | null;
  readonly body: unknown;

  constructor(status: number, body: unknown, retryAfterSeconds: number | null) {
    const fields = isErrorBody(body) ? body : null;
    super(fields?.error ?? `the server answered ${status}`);
    this.status = status;
    this.code = fields?.code ?? 'unknown';
    this.retry = fields?.retry ?? status >= 500;
    this.help = fields?.help ?? null;
    this.retryAfterSeconds = retryAfterSeconds;
    this.body = body;
  }
}

/** The server could not be reached, or did not answer in time. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
  readonly timedOut: boolean;

  constructor(message: string, timedOut: boolean, cause: unknown) {
    super(message, { cause });
    this.timedOut = timedOut;
  }
}

export interface ClientOptions {
  /** Without a trailing slash; "" for the page's own origin. */
  readonly baseUrl: string;
  /** Read at each call, so that a rotated token is picked up. */
  readonly token?: () => string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly fetch?: typeof fetch;
  /** Default limit of one call in milliseconds; 0 means none. */
  readonly timeoutMs?: number;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

export type OpenOptions = Omit<CallOptions, 'timeoutMs'>;

type Input<R extends RouteSpec> = (R['params'] extends object
  ? { readonly params: TextOf<ParamsOf<R>> }
  : { readonly params?: never }) &
  (R['query'] extends object ? { readonly query?: Partial<TextOf<QueryOf<R>>> } : { readonly query?: never }) &
  (R['body'] extends object ? { readonly body: BodyOf<R> } : { readonly body?: never });

/** Parameters travel as text; a caller may give the parsed value or its text. */
type TextOf<T> = { readonly [K in keyof T]: T[K] | string };

export interface Client {
  /**
   * Calls one route. Resolves with the declared answer (`status` tells which); throws {@link ApiError} on a refusal
   * and {@link UnreachableError} when there was no answer. Repeats nothing by itself.
   */
  call<N extends RouteName>(name: N, input: Input<Routes[N]>, options?: CallOptions): Promise<ReplyOf<Routes[N]>>;
  /**
   * The same request with the raw response, for streams. The caller reads or cancels the body, or ends it by the signal:
   * a stream takes as long as it takes, so there is no other limit.
   */
  open<N extends RouteName>(name: N, input: Input<Routes[N]>, options?: OpenOptions): Promise<Response>;
}

export function createClient(options: ClientOptions): Client {
  const send = options.fetch ?? fetch;

  // A tenant behind a shared name answers who knows its org id or comes from its own pages (contract registry-a2a §1.4).
  // Where we called from says as much, and unlike Origin it is not refused behind a proxy that changes the Host.
  const referer = URL.canParse(options.baseUrl) ? { referer: `${new URL(options.baseUrl).origin}/` } : {};

  const limitOf = (call: CallOptions): number => call.timeoutMs ?? options.timeoutMs ?? 15_000;

  /** One exchange, ended by `signal`; `read` takes from the answer what the caller wants while that still counts. */
  async function exchange<T>(
    name: RouteName,
    input: Readonly<Record<string, unknown>>,
    call: CallOptions,
    signal: AbortSignal | null,
    read: (response: Response) => T | Promise<T>,
  ): Promise<T> {
    const spec: RouteSpec = routes[name];
    const url = `${options.baseUrl}${pathOf(spec, record(input.params))}${queryOf(record(input.query))}`;
    const token = options.token?.() ?? null;
    const body = input.body;
    try {
      const response = await send(url, {
        method: spec.method,
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token ? { authorization: `Bearer ${token}` } : {}),
          ...referer,
          ...options.headers,
          ...call.headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal,
        credentials: 'same-origin',
      });
      return await read(response);
    } catch (error) {
      if (call.signal?.aborted) throw error;
      const timedOut = signal?.aborted ?? false;
      const where = options.baseUrl || 'the server';
      throw new UnreachableError(
        timedOut ? `${where} did not answer within ${limitOf(call) / 1000} s` : `cannot reach ${where}`,
        timedOut,
        error,
      );
    }
  }

  function open(
    name: RouteName,
    input: Readonly<Record<string, unknown>>,
    callOptions: OpenOptions = {},
  ): Promise<Response> {
    return exchange(name, input, callOptions, callOptions.signal ?? null, (response) => response);
  }

  async function call(
    name: RouteName,
    input: Readonly<Record<string, unknown>>,
    callOptions: CallOptions = {},
  ): Promise<{ status: number; body: unknown }> {
    const limitMs = limitOf(callOptions);
    const limit = limitMs > 0 ? [AbortSignal.timeout(limitMs)] : [];
    const ender = new AbortController();
    const unfollow = followAbort(ender, callOptions.signal ? [callOptions.signal, ...limit] : limit);
    const { response, body } = await exchange(name, input, callOptions, ender.signal, async (answer) => ({
      response: answer,
      body: await readBody(answer),
    })).finally(unfollow);
    const spec: RouteSpec = routes[name];
    if (response.status in spec.responses) return { status: response.status, body };
    const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
    throw new ApiError(response.status, body, Number.isFinite(retryAfter) ? retryAfter : null);
  }

  // The public signatures are typed by the route; inside, a route is only data.
  return { call, open } as unknown as Client;
}

async function readBody(response: Response): Promise<unknown> {
  const text = await response.text();
  if (!(response.headers.get('content-type') ?? '').includes('json')) return text;
  try {
    return JSON.parse(text);
  } catch {
    // A proxy in between may cut a body; the status still tells the caller what happened.
    return text;
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function pathOf(spec: RouteSpec, params: Readonly<Record<string, unknown>>): string {
  return spec.path.replace(/([:*])([A-Za-z]+)/g, (_, kind: string, name: string) => {
    const encoded = encodeURIComponent(toText(params[name]));
    // The rest of a path keeps its slashes.
    return kind === '*' ? encoded.replaceAll('%2F', '/') : encoded;
  });
}

function queryOf(query: Readonly<Record<string, unknown>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, toText(value));
  const text = search.toString();
  return text ? `?${text}` : '';
}

function toText(value: unknown): string {
  return value instanceof Date ? value.toISOString() : String(value);
}

function isErrorBody(body: unknown): body is ErrorBody {
  return typeof body === 'object' && body !== null && 'error' in body && typeof body.error === 'string';
}
