import { textOfParts } from './envelope.js';
import { isJsonObject, type JsonObject, parseJson, textOf } from './json.js';

/** What an agent's answer means for the message it answers, whatever dialect it speaks. */
export type Verdict =
  | { readonly kind: 'completed'; readonly result: JsonObject; readonly text: string }
  | { readonly kind: 'input_required'; readonly result: JsonObject; readonly text: string }
  /** The agent took the message and works on: a task that has not ended. */
  | { readonly kind: 'working'; readonly result: JsonObject }
  /** Another server stands there and has put the message aside: accepted, and no answer of any kind (B-43). */
  | { readonly kind: 'queued' }
  | { readonly kind: 'failed' | 'canceled'; readonly result: JsonObject; readonly error: string }
  /** Not now: nothing was started, so the message may be sent again. */
  | { readonly kind: 'busy'; readonly retryAfterSeconds: number | null }
  /** An HTTP error without a JSON-RPC body. */
  | { readonly kind: 'refused'; readonly status: number; readonly error: string; readonly restarting: boolean }
  /** A success status whose body is not what A2A says. Callers get the bytes; they are the agent's own answer. */
  | { readonly kind: 'foreign'; readonly text: string };

export interface HttpAnswer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: string;
}

export function readAnswer(answer: HttpAnswer): Verdict {
  const rpc = parseJson(answer.body);
  if (isBusy(answer.status, rpc)) return { kind: 'busy', retryAfterSeconds: retrySeconds(answer, rpc) };
  if (isJsonObject(rpc) && isRpcReply(rpc)) return readRpcReply(rpc);
  if (answer.status === 202 && isJsonObject(rpc) && rpc.queued === true) return { kind: 'queued' };
  if (answer.status >= 300) {
    const restarting = isJsonObject(rpc) && rpc.restarting === true;
    return { kind: 'refused', status: answer.status, error: textOf(rpc, 'error') ?? '', restarting };
  }
  return { kind: 'foreign', text: answer.body };
}

/** Valid JSON-RPC passes through unflattened, errors included (contract registry-a2a §8.7). */
export function isRpcReply(value: JsonObject): boolean {
  return value.jsonrpc === '2.0' && ('result' in value || isJsonObject(value.error));
}

export function readRpcReply(rpc: JsonObject): Verdict {
  if (isJsonObject(rpc.error)) {
    return { kind: 'failed', result: rpc, error: textOf(rpc.error, 'message') ?? 'the agent answered with an error' };
  }
  const payload = unwrapResult(rpc.result);
  const state = stateOf(payload);
  const text = textOfResult(rpc.result);
  switch (state) {
    case null:
    case 'completed':
      return { kind: 'completed', result: rpc, text };
    case 'input-required':
    case 'auth-required':
      return { kind: 'input_required', result: rpc, text };
    case 'canceled':
      return { kind: 'canceled', result: rpc, error: text || 'the agent canceled the task' };
    case 'failed':
    case 'rejected':
      return { kind: 'failed', result: rpc, error: text || `the agent ${state} the task` };
    case 'submitted':
    case 'working':
    case 'unknown':
      return { kind: 'working', result: rpc };
    default:
      return state satisfies never;
  }
}

const TASK_STATES = [
  'submitted',
  'working',
  'input-required',
  'auth-required',
  'completed',
  'canceled',
  'failed',
  'rejected',
  'unknown',
] as const;
type TaskState = (typeof TASK_STATES)[number];

/** Task state in 0.3 spelling; null for a plain message or another result. `TASK_STATE_INPUT_REQUIRED` is 1.0's. */
export function stateOf(payload: unknown): TaskState | null {
  if (!isJsonObject(payload) || !isJsonObject(payload.status)) return null;
  const raw = textOf(payload.status, 'state');
  if (raw === null) return null;
  const plain = raw
    .replace(/^TASK_STATE_/, '')
    .replaceAll('_', '-')
    .toLowerCase();
  return TASK_STATES.find((state) => state === plain) ?? 'unknown';
}

/** A2A 1.0 wraps results: `{task}`, `{message}`. */
function unwrapResult(result: unknown): unknown {
  if (!isJsonObject(result)) return result;
  if (isJsonObject(result.task)) return result.task;
  if (isJsonObject(result.message) && result.parts === undefined) return result.message;
  return result;
}

/**
 * What the agent said, as text: of the message, else of the artifacts, else of the status (contract registry-a2a
 * §10.2). Parts count by `kind`, the older `type`, or neither.
 */
export function textOfResult(result: unknown): string {
  const payload = unwrapResult(result);
  if (!isJsonObject(payload)) return '';
  const said = textOfParts(payload.parts);
  if (said !== '') return said;
  const artifacts = Array.isArray(payload.artifacts) ? payload.artifacts : [];
  const made = artifacts.map((artifact: unknown) => (isJsonObject(artifact) ? textOfParts(artifact.parts) : ''));
  const joined = made.filter((text) => text !== '').join('\n');
  if (joined !== '') return joined;
  const status = isJsonObject(payload.status) ? payload.status : null;
  return status && isJsonObject(status.message) ? textOfParts(status.message.parts) : '';
}

function isBusy(status: number, rpc: unknown): boolean {
  if (!isJsonObject(rpc)) return status === 429;
  if (rpc.busy === true) return true;
  return isJsonObject(rpc.error) && isJsonObject(rpc.error.data) && rpc.error.data.busy === true;
}

function retrySeconds({ retryAfter }: HttpAnswer, rpc: unknown): number | null {
  const fromHeader = retryAfter !== null && /^\d{1,5}$/.test(retryAfter) ? Number(retryAfter) : null;
  if (fromHeader !== null) return fromHeader;
  const data = isJsonObject(rpc) && isJsonObject(rpc.error) ? rpc.error.data : rpc;
  const given = isJsonObject(data) ? data.retry_after : null;
  return typeof given === 'number' && given >= 0 ? given : null;
}
