import { isJsonObject, type JsonObject, textOf } from './json.js';

/** A JSON-RPC request as it will be forwarded, with what the ledger wants to know about it. */
export interface Envelope {
  readonly body: JsonObject;
  readonly method: string;
  /** Null for methods that carry no message (tasks/get and the like). */
  readonly messageId: string | null;
  /** The conversation the message says it belongs to. */
  readonly contextId: string | null;
  /** The joined text parts of the message. */
  readonly text: string;
}

const STREAMING_METHODS = new Set(['message/stream', 'SendStreamingMessage']);
const SENDING_METHODS = new Set(['message/send', 'SendMessage', ...STREAMING_METHODS]);

/** True for the methods that ask an agent to work, which are the ones the ledger records. */
export function isSending(method: string): boolean {
  return SENDING_METHODS.has(method);
}

/** True when the method asks for the answer as a stream. */
export function isStreaming(method: string): boolean {
  return STREAMING_METHODS.has(method);
}

/**
 * Brings what clients of every age send into one JSON-RPC request (contract registry-a2a §8.5). The caller's `id`,
 * unknown methods and part shapes pass unchanged. Null when it is not a JSON object.
 */
export function normalizeEnvelope(body: unknown, uuid: () => string): Envelope | null {
  if (!isJsonObject(body)) return null;
  const rpc = 'jsonrpc' in body ? body : wrap(body, uuid);
  const method = textOf(rpc, 'method') ?? '';
  const params = rpc.params;
  if (!isJsonObject(params) || !isJsonObject(params.message)) {
    return { body: rpc, method, messageId: null, contextId: null, text: '' };
  }
  const given = textOf(params.message, 'messageId');
  const messageId = given ?? uuid();
  const message = given ? params.message : { ...params.message, messageId };
  return {
    body: given ? rpc : { ...rpc, params: { ...params, message } },
    method,
    messageId,
    contextId: textOf(message, 'contextId'),
    text: textOfParts(message.parts),
  };
}

/** Shorthands: `{method, params}`, `{parts}`, and the bare `{message}` that the command line of the predecessor sends. */
function wrap(body: JsonObject, uuid: () => string): JsonObject {
  const base = { jsonrpc: '2.0', id: uuid() };
  if (typeof body.method === 'string') return { ...base, method: body.method, params: body.params ?? {} };
  if (Array.isArray(body.parts)) return { ...base, method: 'message/send', params: toParams(body.parts) };
  if (typeof body.message === 'string') {
    return { ...base, method: 'message/send', params: toParams([{ kind: 'text', text: body.message }]) };
  }
  return { ...base, method: 'message/send', params: body.params ?? {} };
}

function toParams(parts: readonly unknown[]): JsonObject {
  return { message: { role: 'user', parts } };
}

/** Text of the parts that are text, in any dialect: `kind`, the older `type`, or neither (A2A 1.0). */
export function textOfParts(parts: unknown): string {
  if (!Array.isArray(parts)) return '';
  return parts
    .flatMap((part: unknown) => {
      if (!isJsonObject(part) || typeof part.text !== 'string') return [];
      const kind = part.kind ?? part.type ?? 'text';
      return kind === 'text' ? [part.text] : [];
    })
    .join('\n');
}
