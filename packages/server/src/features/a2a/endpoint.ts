import { createHash } from 'node:crypto';
import { ContentTypeNotSupportedError, toRestErrorBody } from '@a2a-js/sdk/errors';
import type { StreamReply } from '../../platform/http/handlers.js';
import { createReaderSink } from '../../proxy/reader-sink.js';
import { createCipher } from '../secrets/index.js';
import { createCard, toCardJson } from './card.js';
import { answerHttp, type HttpRequest } from './http-json.js';
import { answerRpc } from './json-rpc.js';
import { accepts, isJsonBody, SINGLE_TYPES, STREAM_TYPES } from './media.js';
import { createPush, type Push, type PushDeps } from './push.js';
import { createOperations, type HandlerDeps } from './request-handler.js';
import { createSigningKey, type SigningKey } from './signing-key.js';
import type { Visit } from './visit.js';

/** Headers of a request that the protocol knows. */
export interface ProtocolHeaders {
  readonly version: string | null;
  readonly contentType: string | null;
  readonly accept: string | null;
  readonly ifNoneMatch: string | null;
  readonly ifModifiedSince: string | null;
}

/** The bindings of one endpoint. All that needs the SDK is behind this module, which is loaded on first use. */
export interface Endpoint {
  card(visit: Visit, headers: ProtocolHeaders): Promise<StreamReply>;
  rpc(visit: Visit, headers: ProtocolHeaders, body: unknown): Promise<StreamReply>;
  http(visit: Visit, headers: ProtocolHeaders, request: Omit<HttpRequest, 'version'>): Promise<StreamReply>;
  jwks: SigningKey['jwks'];
  deliver: Push['deliver'];
}

const CARD_SECONDS = 60;
// Below the idle timers of everything in between, so that a long silent turn is not cut.
const KEEP_ALIVE_MS = 15_000;
const STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache',
  'x-accel-buffering': 'no',
} as const;

export interface EndpointDeps extends Omit<HandlerDeps, 'push' | 'signCard'>, Omit<PushDeps, 'cipher' | 'signingKey'> {
  /** Encrypts what receivers give us, and is where the signing key comes from. */
  readonly secretsKey: string;
}

export function createEndpoint(given: EndpointDeps): Endpoint {
  const signingKey = createSigningKey(given.secretsKey);
  const push = createPush({ ...given, signingKey, cipher: createCipher(given.secretsKey, given.random) });
  const deps: HandlerDeps = { ...given, push, signCard: signingKey.signCard };

  /** Sends the frames as they come. The work behind them does not depend on whether anybody reads. */
  function stream(frames: AsyncGenerator<string, void, undefined>): StreamReply {
    const sink = createReaderSink(deps.clock);
    let cancel = (): void => {};
    const keepAlive = (): void => {
      cancel = deps.clock.after(KEEP_ALIVE_MS, () => {
        sink.write(Buffer.from(': keep-alive\n\n')).catch(() => sink.fail());
        keepAlive();
      });
    };
    deps.supervisor.background('a2a-stream', async () => {
      keepAlive();
      try {
        for await (const frame of frames) await sink.write(Buffer.from(frame));
        sink.end();
      } finally {
        cancel();
      }
    });
    return { status: 200, headers: STREAM_HEADERS, stream: sink.readable };
  }

  return {
    jwks: () => signingKey.jwks(),
    deliver: (due) => push.deliver(due),

    async card(visit, { version, accept, ifNoneMatch, ifModifiedSince }) {
      if (!accepts(accept, SINGLE_TYPES)) return plain(406, { error: 'The card is application/json.' });
      const text = JSON.stringify(toCardJson(await signingKey.signCard(createCard(visit), visit.origin), version));
      const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"`;
      // Whole seconds are all that the header can say.
      const changed = new Date(Math.floor(visit.target.updatedAt.getTime() / 1_000) * 1_000);
      const headers = {
        etag,
        'last-modified': changed.toUTCString(),
        'cache-control': `private, max-age=${CARD_SECONDS}`,
        vary: 'A2A-Version, Authorization, Host',
        'content-type': 'application/json',
      };
      const known =
        ifNoneMatch === null
          ? ifModifiedSince !== null && new Date(ifModifiedSince).getTime() >= changed.getTime()
          : ifNoneMatch.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
      return known ? { status: 304, headers, stream: '' } : { status: 200, headers, stream: text };
    },

    async rpc(visit, { version, contentType, accept }, body) {
      if (!isJsonBody(contentType, true)) {
        return plain(415, rpcError(-32005, 'Send the request as application/json.'));
      }
      if (!accepts(accept, [...SINGLE_TYPES, ...STREAM_TYPES])) {
        return plain(406, rpcError(-32600, 'Answers are application/json, streams text/event-stream.'));
      }
      const answer = await answerRpc(createOperations(deps, visit), body, version);
      if (answer.kind === 'single') return plain(200, answer.body);
      return stream(framesOf(answer.frames));
    },

    async http(visit, { version, contentType, accept }, request) {
      const hasBody = request.method === 'POST' && typeof request.body === 'object' && request.body !== null;
      if (
        request.method === 'POST' &&
        !isJsonBody(contentType, hasBody && Object.keys(request.body ?? {}).length > 0)
      ) {
        return refused(415, 'Send the request as application/a2a+json or application/json.');
      }
      const streams = /^(message:stream|tasks\/[^/]+:subscribe)$/.test(request.operation);
      if (!accepts(accept, streams ? STREAM_TYPES : SINGLE_TYPES)) {
        return refused(406, `The answer is ${streams ? 'text/event-stream' : 'application/a2a+json'}.`);
      }
      const answer = await answerHttp(createOperations(deps, visit), { ...request, version });
      if (answer.kind === 'stream') {
        return stream(eventsOf(answer.events));
      }
      const headers = { ...answer.headers, 'content-type': 'application/a2a+json' };
      const text = answer.body === undefined ? '' : JSON.stringify(answer.body);
      return { status: answer.status, headers, stream: text };
    },
  };
}

function plain(status: number, body: unknown): StreamReply {
  return { status, headers: { 'content-type': 'application/json' }, stream: JSON.stringify(body) };
}

function rpcError(code: number, message: string): unknown {
  return { jsonrpc: '2.0', id: null, error: { code, message } };
}

function refused(code: 406 | 415, message: string): StreamReply {
  const body = toRestErrorBody(new ContentTypeNotSupportedError(message), code);
  return { status: code, headers: { 'content-type': 'application/a2a+json' }, stream: JSON.stringify(body) };
}

async function* framesOf(frames: AsyncGenerator<unknown, void, undefined>): AsyncGenerator<string, void, undefined> {
  for await (const frame of frames) yield `data: ${JSON.stringify(frame)}\n\n`;
}

async function* eventsOf(
  events: AsyncGenerator<{ isError: boolean; data: unknown }, void, undefined>,
): AsyncGenerator<string, void, undefined> {
  for await (const { isError, data } of events) {
    yield `${isError ? 'event: error\n' : ''}data: ${JSON.stringify(data)}\n\n`;
  }
}
