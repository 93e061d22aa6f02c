import type { Verdict } from './answer.js';
import type { Forward, ForwardRequest } from './forward.js';
import { isJsonObject, parseJson } from './json.js';

/** What an agent says about a message it may or may not have taken (design §4.5, crash decision). */
export type AgentKnowledge =
  | { readonly kind: 'ended'; readonly verdict: Verdict }
  | { readonly kind: 'working' }
  /** It has no record of the message. */
  | { readonly kind: 'unknown' }
  /** It answered, but not in a way that tells anything: it does not keep tasks by message id. */
  | { readonly kind: 'cannot_tell'; readonly detail: string }
  | { readonly kind: 'unreachable'; readonly detail: string };

const TASK_NOT_FOUND = -32001;
const ASK_TIMEOUT_MS = 15_000;

/** Asks an agent by `tasks/get` for the task of a message id. Changes nothing; may be repeated. */
export async function askAgent(
  forward: Forward,
  target: Pick<ForwardRequest, 'url' | 'trusted' | 'callerId' | 'signal'>,
  messageId: string,
): Promise<AgentKnowledge> {
  const outcome = await forward({
    ...target,
    body: JSON.stringify({ jsonrpc: '2.0', id: messageId, method: 'tasks/get', params: { id: messageId } }),
    idleMs: ASK_TIMEOUT_MS * 2,
    deadlineMs: ASK_TIMEOUT_MS,
    lastBeatAt: async () => null,
    openSink: null,
    onProgress: () => {},
  });
  if (outcome.kind !== 'answered') {
    return { kind: 'unreachable', detail: 'detail' in outcome ? outcome.detail : outcome.kind };
  }
  const { verdict } = outcome;
  switch (verdict.kind) {
    case 'completed':
    case 'input_required':
    case 'canceled':
      return { kind: 'ended', verdict };
    case 'working':
      return { kind: 'working' };
    case 'failed':
      return readFailure(outcome.body.toString('utf8'), verdict);
    case 'busy':
      return { kind: 'unreachable', detail: 'busy' };
    case 'refused':
      return verdict.status >= 500
        ? { kind: 'unreachable', detail: `HTTP ${verdict.status}` }
        : { kind: 'cannot_tell', detail: `HTTP ${verdict.status}` };
    case 'queued':
    case 'foreign':
      return { kind: 'cannot_tell', detail: 'the answer is not JSON-RPC' };
    default:
      return verdict satisfies never;
  }
}

/** A failed task is an ending; a JSON-RPC error is about the question. */
function readFailure(body: string, verdict: Extract<Verdict, { kind: 'failed' | 'canceled' }>): AgentKnowledge {
  const rpc = parseJson(body);
  const error = isJsonObject(rpc) && isJsonObject(rpc.error) ? rpc.error : null;
  if (!error) return { kind: 'ended', verdict };
  return error.code === TASK_NOT_FOUND ? { kind: 'unknown' } : { kind: 'cannot_tell', detail: verdict.error };
}
