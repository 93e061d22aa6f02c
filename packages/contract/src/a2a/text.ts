import { asArray, asObject, asText, at } from './json.js';

/**
 * Text of the message parts that exist on the wire: `kind` (0.3), `type` (older) or neither (1.0), and the
 * `root` wrapper of one SDK. All text parts count, joined by newlines.
 */
export function textOfParts(parts: unknown): string {
  return asArray(parts)
    .map((part) => {
      const inner = 'root' in asObject(part) ? asObject(asObject(part).root) : asObject(part);
      return asText(inner.text);
    })
    .filter((text) => text !== null && text !== '')
    .join('\n');
}

/** What a person wrote, from the stored JSON-RPC request. */
export function textOfRequest(body: unknown): string {
  const message = at(body, 'params', 'message');
  return textOfParts(asObject(message).parts) || asText(message) || '';
}

export function messageIdOfRequest(body: unknown): string | null {
  return asText(at(body, 'params', 'message', 'messageId'));
}

/** The answer in a JSON-RPC reply, whichever of the known places it is in; "" when there is none. */
export function textOfReply(body: unknown): string {
  const result = asObject(body).result;
  if (typeof result === 'string') return result;
  const direct = textOfResult(result);
  if (direct) return direct;
  return textOfResult(at(result, 'task')) || textOfResult(at(result, 'message')) || asText(asObject(body).task) || '';
}

function textOfResult(result: unknown): string {
  const fields = asObject(result);
  const parts = textOfParts(fields.parts);
  const artifacts = asArray(fields.artifacts)
    .map((artifact) => textOfParts(asObject(artifact).parts))
    .filter(Boolean)
    .join('\n\n');
  const text = [parts, artifacts].filter(Boolean).join('\n\n');
  return text || textOfParts(at(fields, 'status', 'message', 'parts'));
}

/** The reason in a JSON-RPC error or in a task that failed; null when the reply is no failure. */
export function failureOfReply(body: unknown): string | null {
  const error = asObject(body).error;
  if (typeof error === 'string') return error;
  const message = asText(asObject(error).message);
  if (message !== null) return message;
  const result = asObject(body).result;
  const state = asText(at(result, 'status', 'state')) ?? asText(at(result, 'task', 'status', 'state'));
  if (state === 'failed' || state === 'rejected' || state === 'canceled') {
    return textOfResult(result) || `The agent ended the task as ${state}.`;
  }
  return null;
}
