import type { Verdict } from '../../proxy/answer.js';
import type { AgentKnowledge } from '../../proxy/ask-agent.js';
import type { ForwardOutcome } from '../../proxy/forward.js';
import type { JsonObject } from '../../proxy/json.js';
import type { Reason } from './reasons.js';

/** What becomes of a ledger row after a delivery, or after its agent was asked about it. */
export type Decision =
  | { readonly kind: 'end'; readonly ending: Ending }
  /** Back to the queue on the same row. */
  | { readonly kind: 'retry'; readonly delayMs: number; readonly failed: boolean; readonly why: string }
  /** The agent may have it: ask after a while, never send it blindly. */
  | { readonly kind: 'ask'; readonly delayMs: number; readonly why: string }
  /** This server is stopping; whoever comes next takes over at once. */
  | { readonly kind: 'hand_over' };

export type Ending =
  | { readonly state: 'completed' | 'input_required'; readonly result: JsonObject | null; readonly text: string }
  | { readonly state: 'canceled'; readonly reason: Reason; readonly detail: string; readonly result: JsonObject | null }
  | { readonly state: 'failed'; readonly reason: Reason; readonly detail: string; readonly result: JsonObject | null };

export interface Situation {
  /** Deliveries that failed before this one. */
  readonly failures: number;
  /** The agent keeps a record by message id (`canBeAsked`). */
  readonly askable: boolean;
  /** Run by a backend of ours, which restarts it when it is gone. */
  readonly managed: boolean;
  /** A client waits for this very answer and gets a failure at once instead of a later retry. */
  readonly attended: boolean;
  /** Its caller can answer a question under the same task. */
  readonly answerable: boolean;
}

/** Failed deliveries after which a message fails for good. */
export const FAILURES_MAX = 5;
// The contract retries 502 and "restarting" once, after 8 s (registry-a2a §10.2, B-44).
const GATEWAY_FAILURES_MAX = 2;
const GATEWAY_DELAY_MS = 8_000;
const BUSY_DELAY_MS = 5_000;
const BUSY_DELAY_MAX_MS = 60_000;
const ASK_DELAY_MS = 2_000;
const ASK_AGAIN_MS = 10_000;

export function decideDelivery(outcome: ForwardOutcome, situation: Situation): Decision {
  switch (outcome.kind) {
    case 'answered':
      return decideVerdict(outcome.verdict, situation);
    case 'streamed':
      return outcome.verdict ? decideVerdict(outcome.verdict, situation) : unclear('the stream ended early', situation);
    case 'not_routable':
      return fail('url_not_routable', outcome.detail);
    case 'not_sent':
      return decideNotSent(outcome.detail, situation);
    case 'broken':
      return unclear(outcome.detail, situation);
    case 'too_large':
      return fail('response_too_large', 'the answer exceeded 10 MiB');
    case 'silent':
      return situation.askable
        ? { kind: 'ask', delayMs: ASK_AGAIN_MS, why: 'the agent gave no sign of life' }
        : fail('agent_silent', 'the agent gave no sign of life');
    case 'deadline':
      return fail('deadline_exceeded', 'the time limit of the caller passed');
    case 'stopped':
      return { kind: 'hand_over' };
    default:
      return outcome satisfies never;
  }
}

/** After asking: "unknown" is the one answer that allows a second delivery (design §4.5). */
export function decideKnowledge(knowledge: AgentKnowledge, situation: Situation): Decision {
  switch (knowledge.kind) {
    case 'ended':
      return decideVerdict(knowledge.verdict, { ...situation, attended: true });
    case 'working':
      return { kind: 'ask', delayMs: ASK_DELAY_MS, why: 'the agent is at work on it' };
    case 'unknown':
      return retry(0, 'the agent has no record of it', situation, FAILURES_MAX);
    case 'cannot_tell':
      return fail('interrupted', `the agent cannot be asked about it: ${knowledge.detail}`);
    case 'unreachable':
      return situation.managed
        ? { kind: 'ask', delayMs: ASK_AGAIN_MS, why: `the agent does not answer: ${knowledge.detail}` }
        : fail('interrupted', `the agent does not answer: ${knowledge.detail}`);
    default:
      return knowledge satisfies never;
  }
}

function decideVerdict(verdict: Verdict, situation: Situation): Decision {
  switch (verdict.kind) {
    case 'completed':
      return complete(verdict);
    case 'input_required':
      // Kept open for an answer that nobody can give, it would end a second time: at its deadline, in place of a result.
      if (!situation.answerable) return complete(verdict);
      return { kind: 'end', ending: { state: 'input_required', result: verdict.result, text: verdict.text } };
    case 'working':
      // A foreign agent's open task is its answer to this call; the caller follows it by the task's own id.
      return situation.askable
        ? { kind: 'ask', delayMs: ASK_DELAY_MS, why: 'the agent took it and works on' }
        : complete({ result: verdict.result, text: '' });
    case 'queued':
      return unclear('it was queued where it was sent, and has no answer yet', situation);
    case 'failed':
      return fail('agent_error', verdict.error, verdict.result);
    case 'canceled': {
      const { result, error } = verdict;
      return { kind: 'end', ending: { state: 'canceled', reason: 'agent_canceled', detail: error, result } };
    }
    case 'busy': {
      const wantedMs = verdict.retryAfterSeconds === null ? BUSY_DELAY_MS : verdict.retryAfterSeconds * 1_000;
      const delayMs = Math.min(Math.max(wantedMs, 1_000), BUSY_DELAY_MAX_MS);
      return { kind: 'retry', delayMs, failed: false, why: 'the agent is busy' };
    }
    case 'refused': {
      const detail = `HTTP ${verdict.status}${verdict.error === '' ? '' : `: ${verdict.error}`}`;
      const transient = verdict.status === 502 || verdict.restarting;
      return transient && !situation.attended
        ? retry(GATEWAY_DELAY_MS, detail, situation, GATEWAY_FAILURES_MAX)
        : fail('agent_error', detail);
    }
    case 'foreign':
      return complete({ result: null, text: verdict.text });
    default:
      return verdict satisfies never;
  }
}

function decideNotSent(detail: string, situation: Situation): Decision {
  // Its backend starts it again, and then the message is delivered; nobody else would do that for an external agent.
  if (situation.managed) return retry(1_000 * 2 ** situation.failures, detail, situation, FAILURES_MAX);
  if (situation.attended) return fail('agent_unreachable', detail);
  return retry(GATEWAY_DELAY_MS, detail, situation, GATEWAY_FAILURES_MAX);
}

function unclear(detail: string, situation: Situation): Decision {
  return situation.askable ? { kind: 'ask', delayMs: ASK_DELAY_MS, why: detail } : fail('interrupted', detail);
}

function retry(delayMs: number, why: string, situation: Situation, failuresMax: number): Decision {
  if (situation.failures + 1 < failuresMax) return { kind: 'retry', delayMs, failed: true, why };
  return fail(failuresMax === GATEWAY_FAILURES_MAX ? 'agent_unreachable' : 'attempts_exhausted', why);
}

function complete({ result, text }: { readonly result: JsonObject | null; readonly text: string }): Decision {
  return { kind: 'end', ending: { state: 'completed', result, text } };
}

function fail(reason: Reason, detail: string, result: JsonObject | null = null): Decision {
  return { kind: 'end', ending: { state: 'failed', reason, detail, result } };
}
