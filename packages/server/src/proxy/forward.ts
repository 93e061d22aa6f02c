import type { Dispatcher } from 'undici';
import type { Clock } from '../platform/clock.js';
import { type AgentConnections, isConnectFailure } from './agent-connections.js';
import { readAnswer, type Verdict } from './answer.js';
import { watchIdle } from './idle-watch.js';
import { createSseParser } from './sse-parser.js';
import { createStreamFold, type StreamFold } from './stream-fold.js';
import type { ResolvedAddress, UrlGuard } from './url-guard.js';

/** How one delivery to an agent went. Says what is known, not what to do about it. */
export type ForwardOutcome =
  | { readonly kind: 'answered'; readonly status: number; readonly body: Buffer; readonly verdict: Verdict }
  /** The stream ended; `verdict` is null when it never said how the work ended. */
  | { readonly kind: 'streamed'; readonly status: number; readonly verdict: Verdict | null }
  /** The address may not be called. */
  | { readonly kind: 'not_routable'; readonly detail: string }
  /** No connection was made: the agent has seen nothing. */
  | { readonly kind: 'not_sent'; readonly detail: string }
  /** The connection broke after bytes were sent; `status` is the agent's, null when it had not answered yet. */
  | { readonly kind: 'broken'; readonly status: number | null; readonly detail: string }
  | { readonly kind: 'too_large'; readonly status: number }
  /** No sign of life for the idle window. */
  | { readonly kind: 'silent' }
  /** The caller's own limit passed. */
  | { readonly kind: 'deadline' }
  /** This server is stopping; the agent may well go on. */
  | { readonly kind: 'stopped' };

/** Where the bytes of a streamed answer go. */
export interface StreamSink {
  /** Resolves when the reader can take more, and at once when it is gone: the agent is followed to its end anyway. */
  write(chunk: Uint8Array): Promise<void>;
  end(): void;
  /** The answer breaks off here. */
  fail(): void;
}

export interface ForwardRequest {
  readonly url: string;
  /** A driver of ours set the address, so the URL guard is not asked (design §9). */
  readonly trusted: boolean;
  readonly body: string;
  readonly callerId: string | null;
  readonly idleMs: number;
  readonly deadlineMs: number | null;
  readonly lastBeatAt: () => Promise<Date | null>;
  /** Called when the answer turns out to be a stream. */
  readonly openSink: ((status: number) => StreamSink) | null;
  /** Called for every event of a stream: the agent is alive and working. */
  readonly onProgress: () => void;
  /** Called with the data of every such event, after `stream` has taken it in. */
  readonly onEvent?: (data: string, stream: HeardStream) => void;
  readonly signal: AbortSignal;
}

/** A streamed answer as far as it has come. */
export type HeardStream = Pick<StreamFold, 'artifacts'>;

export type Forward = (request: ForwardRequest) => Promise<ForwardOutcome>;

export interface ForwardDeps {
  readonly clock: Clock;
  readonly guard: UrlGuard;
  readonly connections: AgentConnections;
  /** A heartbeat could not be read while judging silence. */
  readonly onBeatUnreadable: (error: unknown) => void;
}

/** Of one answer, streamed or not (contract registry-a2a §8.1). */
const RESPONSE_BYTES_MAX = 10 * 1024 * 1024;
// An agent may forget to close a stream that has said its last word.
const CLOSE_GRACE_MS = 5_000;

type Cut = 'silent' | 'deadline' | 'stopped' | 'finished';

/**
 * Sends one request to an agent and follows the answer to its end, whoever else stops listening. The address is used
 * exactly as stored, redirects are never followed, and the caller's credentials stay here (contract registry-a2a §8.6).
 */
export function createForward(deps: ForwardDeps): Forward {
  return async (request) => {
    const target = await findAddress(request, deps.guard);
    if (!target.ok) return { kind: 'not_routable', detail: target.reason };
    const cutter = createCutter(request, deps);
    let status: number | null = null;
    try {
      const response = await deps.connections.poolFor(target.url.origin, target.address).request({
        method: 'POST',
        path: `${target.url.pathname}${target.url.search}`,
        headers: {
          'content-type': 'application/json',
          ...(request.callerId === null ? {} : { 'x-workspace-id': request.callerId }),
        },
        body: request.body,
        signal: cutter.signal,
      });
      status = response.statusCode;
      cutter.touch();
      return isEventStream(response) && status < 300
        ? await followStream(response, request, cutter)
        : await readWhole(response, cutter);
    } catch (error) {
      const cut = cutter.cut();
      if (cut !== null && cut !== 'finished') return { kind: cut };
      const detail = error instanceof Error ? error.message : String(error);
      return status === null && isConnectFailure(error)
        ? { kind: 'not_sent', detail }
        : { kind: 'broken', status, detail };
    } finally {
      cutter.stop();
    }
  };
}

async function findAddress(
  request: ForwardRequest,
  guard: UrlGuard,
): Promise<
  | { readonly ok: true; readonly url: URL; readonly address: ResolvedAddress | null }
  | { readonly ok: false; readonly reason: string }
> {
  if (!request.trusted) return guard.vetDispatch(request.url);
  if (!URL.canParse(request.url)) return { ok: false, reason: 'it is not a URL' };
  return { ok: true, url: new URL(request.url), address: null };
}

function isEventStream({ headers }: Dispatcher.ResponseData): boolean {
  const type = headers['content-type'];
  return typeof type === 'string' && type.toLowerCase().startsWith('text/event-stream');
}

async function readWhole(response: Dispatcher.ResponseData, cutter: Cutter): Promise<ForwardOutcome> {
  const status = response.statusCode;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    cutter.touch();
    bytes += chunk.length;
    if (bytes > RESPONSE_BYTES_MAX) return { kind: 'too_large', status };
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  const retryAfter = response.headers['retry-after'];
  const verdict = readAnswer({
    status,
    retryAfter: typeof retryAfter === 'string' ? retryAfter : null,
    body: body.toString('utf8'),
  });
  return { kind: 'answered', status, body, verdict };
}

async function followStream(
  response: Dispatcher.ResponseData,
  request: ForwardRequest,
  cutter: Cutter,
): Promise<ForwardOutcome> {
  const status = response.statusCode;
  const sink = request.openSink?.(status) ?? null;
  const parser = createSseParser();
  const fold = createStreamFold();
  let bytes = 0;
  let ended = false;
  try {
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      cutter.touch();
      bytes += chunk.length;
      if (bytes > RESPONSE_BYTES_MAX) {
        sink?.fail();
        return { kind: 'too_large', status };
      }
      const events = parser.push(chunk);
      for (const data of events) {
        fold.push(data);
        request.onEvent?.(data, fold);
      }
      if (events.length > 0) request.onProgress();
      if (sink) await sink.write(chunk);
      if (!ended && fold.hasEnded()) {
        ended = true;
        cutter.finishWithin(CLOSE_GRACE_MS);
      }
    }
  } catch (error) {
    if (cutter.cut() !== 'finished') {
      sink?.fail();
      // What the stream has already said counts, even when its end was torn off.
      if (ended) return { kind: 'streamed', status, verdict: fold.verdict() };
      throw error;
    }
  }
  sink?.end();
  return { kind: 'streamed', status, verdict: fold.verdict() };
}

interface Cutter {
  readonly signal: AbortSignal;
  /** Why the connection was cut, null when it was not. */
  cut(): Cut | null;
  touch(): void;
  finishWithin(ms: number): void;
  stop(): void;
}

function createCutter(request: ForwardRequest, { clock, onBeatUnreadable }: ForwardDeps): Cutter {
  const controller = new AbortController();
  let reason: Cut | null = null;
  const cancels: (() => void)[] = [];
  const cutFor = (cut: Cut): void => {
    reason ??= cut;
    controller.abort(new Error(`the connection to the agent was cut: ${cut}`));
  };
  const onStop = (): void => cutFor('stopped');
  if (request.signal.aborted) onStop();
  request.signal.addEventListener('abort', onStop, { once: true });
  if (request.deadlineMs !== null) cancels.push(clock.after(request.deadlineMs, () => cutFor('deadline')));
  const idle = watchIdle({
    clock,
    idleMs: request.idleMs,
    lastBeatAt: request.lastBeatAt,
    onSilent: () => cutFor('silent'),
    onUnreadable: onBeatUnreadable,
  });
  return {
    signal: controller.signal,
    cut: () => reason,
    touch: () => idle.touch(),
    finishWithin: (ms) => void cancels.push(clock.after(ms, () => cutFor('finished'))),
    stop() {
      idle.stop();
      for (const cancel of cancels) cancel();
      request.signal.removeEventListener('abort', onStop);
    },
  };
}
