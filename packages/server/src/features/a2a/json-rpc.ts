import { LegacyJsonRpcTransportHandler } from '@a2a-js/sdk/compat/v0_3/server';
import { JsonRpcTransportHandler, ServerCallContext } from '@a2a-js/sdk/server';
import { isJsonObject } from '../../proxy/json.js';
import { REFUSED_CODE, type Refusal } from './refusal.js';
import type { Operations } from './request-handler.js';

export type RpcAnswer =
  | { readonly kind: 'single'; readonly body: unknown }
  | { readonly kind: 'stream'; readonly frames: AsyncGenerator<unknown, void, undefined> };

const SUPPORTED_VERSIONS = ['0.3', '1.0'] as const;
const CODES = { parse: -32700, internal: -32603, version: -32009 } as const;

/** True for a version header that names one this server speaks; a missing one means 0.3. */
export function isSupported(version: string | null): boolean {
  return version === null || SUPPORTED_VERSIONS.some((known) => version === known || version.startsWith(`${known}.`));
}

/**
 * One JSON-RPC request in either dialect. `A2A-Version: 1.0` means the names of 1.0; without a version the name of the
 * method decides, because clients of 0.3 never send one and some of 1.0 forget to.
 */
export async function answerRpc(operations: Operations, request: unknown, version: string | null): Promise<RpcAnswer> {
  if (!isJsonObject(request) || Object.keys(request).length === 0) {
    return failed(null, CODES.parse, 'The body is empty, or no JSON object.');
  }
  const id = request.id ?? null;
  if (!isSupported(version)) {
    const known = SUPPORTED_VERSIONS.join(' and ');
    return failed(id, CODES.version, `A2A version ${version} is not supported. This server speaks ${known}.`);
  }
  const named = typeof request.method === 'string' && request.method.includes('/') ? '0.3' : '1.0';
  const legacy = (version === null ? named : version) === '0.3' || (version?.startsWith('0.3.') ?? false);
  const context = new ServerCallContext({ requestedVersion: legacy ? '0.3' : '1.0' });
  const codec = legacy
    ? new LegacyJsonRpcTransportHandler(operations.handler)
    : new JsonRpcTransportHandler(operations.handler);
  const toError = (error: unknown): unknown =>
    legacy
      ? LegacyJsonRpcTransportHandler.mapToLegacyJSONRPCError(error)
      : JsonRpcTransportHandler.mapToJSONRPCError(error);
  const result: unknown = await codec.handle({ ...request }, context);
  if (!isStream(result)) return { kind: 'single', body: withDetails(result, operations.refusal()) };
  const toFrame = (error: unknown): unknown =>
    withDetails({ jsonrpc: '2.0', id, error: toError(error) }, operations.refusal());
  try {
    // The first event is awaited before any header is sent: a refusal is then an ordinary answer.
    const first = await result.next();
    if (first.done) return failed(id, CODES.internal, 'There was nothing to stream.');
    return { kind: 'stream', frames: framesOf(first.value, result, toFrame) };
  } catch (error) {
    return { kind: 'single', body: toFrame(error) };
  }
}

async function* framesOf(
  first: unknown,
  rest: AsyncGenerator<unknown, void, undefined>,
  toErrorFrame: (error: unknown) => unknown,
): AsyncGenerator<unknown, void, undefined> {
  try {
    yield first;
    yield* rest;
  } catch (error) {
    yield toErrorFrame(error);
  }
}

/** The codecs keep no data of codes that they do not know. */
function withDetails(body: unknown, refusal: Refusal | null): unknown {
  if (refusal === null || !isJsonObject(body) || !isJsonObject(body.error)) return body;
  if (body.error.code !== REFUSED_CODE) return body;
  return { ...body, error: { ...body.error, data: refusal.details } };
}

function failed(id: unknown, code: number, message: string): RpcAnswer {
  return { kind: 'single', body: { jsonrpc: '2.0', id, error: { code, message } } };
}

function isStream(value: unknown): value is AsyncGenerator<unknown, void, undefined> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
