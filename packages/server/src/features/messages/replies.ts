import { STATUS_CODES } from 'node:http';
import { AppError, refuse } from '../../platform/http/app-error.js';
import { isRpcReply, type Verdict } from '../../proxy/answer.js';
import { isStreaming } from '../../proxy/envelope.js';
import type { ForwardOutcome } from '../../proxy/forward.js';
import { isJsonObject, parseJson, textOf } from '../../proxy/json.js';
import type { Delivered } from './deliveries.js';
import type { NewMessage, RecordedMessage } from './ledger.types.js';
import { nextStep } from './reasons.js';
import type { SendReply } from './send-message.js';

const JSON_HEADERS = { 'content-type': 'application/json' } as const;
export const STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache',
  'x-accel-buffering': 'no',
} as const;

/** Accepted and recorded; the answer comes later, by activity and events. */
export function replyWaiting(queued: {
  id: string;
  messageId: string;
  depth: number;
  why: string;
  /** The target hibernates and is being started for this message. */
  waking?: boolean;
}): SendReply {
  return {
    status: 202,
    body: {
      queued: true,
      message_id: queued.messageId,
      queue_id: queued.id,
      queue_depth: queued.depth,
      message: `message queued: ${queued.why}`,
      ...(queued.waking ? { waking: true as const } : {}),
    },
  };
}

/** Design §13: the row in the inbox is committed, and its id is the activity id. */
export function replyToPoll(message: Pick<NewMessage, 'id' | 'messageId' | 'method'>): SendReply {
  return {
    status: 202,
    body: {
      status: 'queued',
      queued: true,
      delivery_mode: 'poll',
      message_id: message.messageId,
      activity_id: message.id,
      method: message.method,
    },
  };
}

/** The agent's own answer, byte for byte; only an HTTP error that is not JSON-RPC is put into words. */
export function replyAnswer(outcome: Extract<ForwardOutcome, { kind: 'answered' }>): SendReply {
  const text = outcome.body.toString('utf8');
  const rpc = parseJson(text);
  const passes = outcome.status < 300 || (isJsonObject(rpc) && isRpcReply(rpc));
  if (passes) return { status: outcome.status, headers: JSON_HEADERS, stream: text };
  const error = textOf(rpc, 'error') ?? STATUS_CODES[outcome.status] ?? `HTTP ${outcome.status}`;
  // Never a redirect: the caller must not be sent to an address the agent chose.
  const status = outcome.status < 400 ? 502 : outcome.status;
  const body = { error, code: 'agent_error', retry: false };
  return { status, headers: JSON_HEADERS, stream: JSON.stringify(body) };
}

/** What a waiting client is told about a delivery (contract registry-a2a §8.7). Throws refusals. */
export function replyDelivered(
  { outcome, decision }: Delivered,
  ids: { id: string; messageId: string },
  depth: number,
): SendReply {
  const waiting = (why: string): SendReply => replyWaiting({ ...ids, depth, why });
  if (decision.kind === 'hand_over') refuse('shutting_down', { headers: { 'retry-after': '2' } });
  if (decision.kind === 'retry') return waiting(decision.why);
  switch (outcome.kind) {
    case 'answered':
      return replyAnswer(outcome);
    case 'streamed':
      // The client had the stream itself; this is for one that asked for no stream and got none.
      return decision.kind === 'ask' ? waiting(decision.why) : replyVerdict(outcome.verdict);
    case 'broken':
      if (decision.kind === 'ask') return waiting('the connection to the agent broke; it is asked for the outcome');
      return outcome.status === null
        ? refuse('agent_unreachable')
        : refuse('agent_response_unreadable', { fields: { delivery_confirmed: outcome.status < 400 } });
    case 'too_large':
      return refuse('agent_response_unreadable', { fields: { delivery_confirmed: true } });
    case 'not_routable':
      return refuse('url_not_routable', {
        help: `The agent registered an address this server must not call: ${outcome.detail}.`,
      });
    case 'not_sent':
      return refuse('agent_unreachable');
    case 'silent':
    case 'deadline':
      return refuse('agent_timeout');
    case 'stopped':
      return refuse('shutting_down', { headers: { 'retry-after': '2' } });
    default:
      return outcome satisfies never;
  }
}

function replyVerdict(verdict: Verdict | null): SendReply {
  if (verdict === null || !('result' in verdict))
    refuse('agent_response_unreadable', { fields: { delivery_confirmed: true } });
  return { status: 200, headers: JSON_HEADERS, stream: JSON.stringify(verdict.result) };
}

/** The recorded outcome of a message id that was sent before. */
export function replyRecorded(
  recorded: RecordedMessage,
  repeated: Pick<NewMessage, 'method' | 'messageId'>,
): SendReply {
  const { state, result } = recorded;
  if (state === 'working') refuse('duplicate_message');
  if (isJsonObject(result) && result.truncated === true) {
    refuse('duplicate_message', { help: 'It was answered, and the answer was too large to be kept for a repetition.' });
  }
  if (isJsonObject(result)) {
    const text = textOf(result, 'raw') ?? JSON.stringify(result);
    return isStreaming(repeated.method)
      ? { status: 200, headers: STREAM_HEADERS, stream: `data: ${text}\n\n` }
      : { status: 200, headers: JSON_HEADERS, stream: text };
  }
  if (state === 'completed') {
    return replyToPoll({ id: recorded.id, messageId: repeated.messageId, method: recorded.method });
  }
  throw storedFailure(recorded);
}

function storedFailure({ reason, errorDetail }: RecordedMessage): AppError {
  const code =
    reason === 'agent_silent' || reason === 'deadline_exceeded'
      ? 'agent_timeout'
      : reason === 'interrupted' || reason === 'response_too_large'
        ? 'agent_response_unreadable'
        : 'agent_unreachable';
  const help = nextStep(reason);
  return new AppError(code, {
    ...(help === null ? {} : { help }),
    fields: { reason, detail: errorDetail, recorded: true },
  });
}
