import type { IncomingHttpHeaders } from 'node:http';
import { LegacyJsonRpcTransportHandler } from '@a2a-js/sdk/compat/v0_3/server';
import {
  type A2ARequestHandler,
  JsonRpcTransportHandler,
  ServerCallContext,
  STATE_HEADERS_KEY,
} from '@a2a-js/sdk/server';
import { TurnAbortedError } from '../turns/turns.js';
import { BUSY_CODE, BUSY_RETRY_AFTER_SECONDS } from './errors.js';
import { isRecord, normalizeLegacyRequest } from './normalize.js';

export type RpcResult =
  | { readonly kind: 'single'; readonly status: number; readonly body: unknown }
  | {
      readonly kind: 'stream';
      readonly first: unknown;
      readonly rest: AsyncGenerator<unknown, void, undefined>;
      /**
       * The frame that tells the reader why the stream broke off; null when this process is leaving in the middle of
       * a turn. Then nothing is known about the turn: the reader must see a cut, and ask, not a failure.
       */
      toErrorFrame(error: unknown): unknown;
    };

export interface RpcDispatcher {
  /** Never throws; whatever goes wrong becomes a JSON-RPC error in the dialect of the request. */
  dispatch(body: string, headers: IncomingHttpHeaders): Promise<RpcResult>;
}

const SUPPORTED_VERSIONS = ['0.3', '1.0'];
const VERSION_NOT_SUPPORTED = -32009;
const PARSE_ERROR = -32700;

/**
 * Routes a request to the codec of its dialect. The method name decides, not the version header: 0.3 names have a
 * slash, and the platform forwards 0.3 requests from clients of every age without a header.
 */
export function createRpcDispatcher(handler: A2ARequestHandler): RpcDispatcher {
  const current = new JsonRpcTransportHandler(handler);
  const legacy = new LegacyJsonRpcTransportHandler(handler);

  return {
    async dispatch(body, headers) {
      const request = parse(body);
      if (!isRecord(request)) return single(rpcFailure(null, PARSE_ERROR, 'The body is not a JSON-RPC object.'));
      const version = headers['a2a-version'];
      if (typeof version === 'string' && version !== '' && !SUPPORTED_VERSIONS.includes(version)) {
        const message = `A2A version ${version} is not supported; use ${SUPPORTED_VERSIONS.join(' or ')}.`;
        return single(rpcFailure(request.id ?? null, VERSION_NOT_SUPPORTED, message));
      }
      const context = new ServerCallContext({
        requestedVersion: typeof version === 'string' ? version : '0.3',
        state: new Map([[STATE_HEADERS_KEY, headers]]),
      });
      if (!isLegacyMethod(request.method))
        return settle(await current.handle({ ...request }, context), request.id, false);
      return settle(await legacy.handle(normalizeLegacyRequest(request), context), request.id, true);
    },
  };
}

async function settle(result: unknown, id: unknown, isLegacy: boolean): Promise<RpcResult> {
  if (!isStream(result)) return single(withUsage(result));
  const toErrorFrame = (error: unknown) => ({ jsonrpc: '2.0', id: id ?? null, error: toErrorBody(error, isLegacy) });
  try {
    // The first event is awaited before any header is sent: a refusal is then an ordinary answer with its status.
    const first = await result.next();
    if (first.done) return single(rpcFailure(id ?? null, -32603, 'The stream ended without an event.'));
    return {
      kind: 'stream',
      first: first.value,
      rest: result,
      toErrorFrame: (error) => (error instanceof TurnAbortedError ? null : toErrorFrame(error)),
    };
  } catch (error) {
    return single(toErrorFrame(error));
  }
}

function single(body: unknown): RpcResult {
  if (!isRecord(body) || !isRecord(body.error) || body.error.code !== BUSY_CODE)
    return { kind: 'single', status: 200, body };
  // The 1.0 codec keeps no data of codes it does not know, and the platform tells "busy" from "failed" by it.
  const data = { busy: true, retry_after: BUSY_RETRY_AFTER_SECONDS };
  return { kind: 'single', status: 503, body: { ...body, error: { data, ...body.error } } };
}

/** The platform accounts tokens from `result.usage` (contract registry-a2a §8.9); the codecs only carry metadata. */
function withUsage(body: unknown): unknown {
  if (!isRecord(body) || !isRecord(body.result) || !isRecord(body.result.metadata)) return body;
  const { usage } = body.result.metadata;
  return usage === undefined ? body : { ...body, result: { ...body.result, usage } };
}

function isLegacyMethod(method: unknown): boolean {
  return typeof method === 'string' && method.includes('/');
}

function toErrorBody(error: unknown, isLegacy: boolean): unknown {
  return isLegacy
    ? LegacyJsonRpcTransportHandler.mapToLegacyJSONRPCError(error)
    : JsonRpcTransportHandler.mapToJSONRPCError(error);
}

function rpcFailure(id: unknown, code: number, message: string): unknown {
  return { jsonrpc: '2.0', id, error: { code, message } };
}

function isStream(value: unknown): value is AsyncGenerator<unknown, void, undefined> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
