import type { Activity } from '@molecule/contract';
import { asText, at, failureOfReply, textOfReply, textOfRequest } from '@molecule/contract/a2a';

/** How far the work has come that one agent asked another for. */
export type ExchangeState = 'queued' | 'working' | 'answered' | 'failed';

/** One question of one agent to another with all that is known of its answer, whichever rows of the two logs tell it. */
export interface PeerExchange {
  readonly id: string;
  readonly fromId: string;
  readonly toId: string;
  readonly at: string;
  readonly question: string;
  readonly state: ExchangeState;
  readonly answer: string;
  readonly answeredAt: string | null;
  readonly error: string | null;
  /** The answer came after the work had been given up. */
  readonly late: boolean;
  readonly delegationId: string | null;
}

/** All that an agent and one of its peers said to each other, in short. */
export interface PeerConversation {
  readonly peerId: string;
  /** What was said last, by either of them. */
  readonly latest: PeerExchange;
  /** How often the agent asked its peer, and was asked by it. */
  readonly asked: number;
  readonly wasAsked: number;
  readonly open: number;
  readonly failed: number;
}

/**
 * Joins the rows of a question into one exchange, oldest first. The caller's log has the task and the result, the
 * callee's the message with its answer; all carry the message id. Rows that are between nobody are left out.
 */
export function exchangesOf(rows: readonly Activity[]): PeerExchange[] {
  const found = new Map<string, PeerExchange>();
  // In the order in which they were written, so that the later row of a question adds to the earlier.
  for (const row of rows.toSorted((a, b) => a.seq - b.seq)) {
    const part = partOf(row);
    if (part === null) continue;
    const known = found.get(part.id);
    found.set(part.id, known === undefined ? part : join(known, part));
  }
  return [...found.values()].toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

/** The conversations of one agent, the one with the newest word first. */
export function conversationsOf(exchanges: readonly PeerExchange[], agentId: string): PeerConversation[] {
  const found = new Map<string, PeerConversation>();
  for (const exchange of exchanges) {
    const peerId = exchange.fromId === agentId ? exchange.toId : exchange.fromId;
    const known = found.get(peerId);
    const mine = exchange.fromId === agentId ? 1 : 0;
    found.set(peerId, {
      peerId,
      latest: known !== undefined && lastWordAt(known.latest) > lastWordAt(exchange) ? known.latest : exchange,
      asked: (known?.asked ?? 0) + mine,
      wasAsked: (known?.wasAsked ?? 0) + 1 - mine,
      open: (known?.open ?? 0) + (exchange.state === 'queued' || exchange.state === 'working' ? 1 : 0),
      failed: (known?.failed ?? 0) + (exchange.state === 'failed' ? 1 : 0),
    });
  }
  return [...found.values()].toSorted((a, b) => (lastWordAt(a.latest) > lastWordAt(b.latest) ? -1 : 1));
}

export function lastWordAt({ at: asked, answeredAt }: PeerExchange): string {
  return answeredAt ?? asked;
}

/** What one row says of an exchange; null when it is none between two agents. */
function partOf(row: Activity): PeerExchange | null {
  const { source_id: source, target_id: target } = row;
  if (source === null || target === null || source === target) return null;
  const isResult = row.method === 'delegate_result';
  switch (row.activity_type) {
    case 'delegation':
      return isResult ? resultPart(row, source, target) : taskPart(row, source, target);
    // The message that brings a result goes the other way.
    case 'a2a_receive':
      return isResult ? resultPart(row, target, source) : messagePart(row, source, target);
    case 'a2a_send':
      return messagePart(row, source, target);
    default:
      return null;
  }
}

/** A task as its caller's log has it. */
function taskPart(row: Activity, fromId: string, toId: string): PeerExchange {
  return {
    ...bare(row, fromId, toId),
    question: asText(at(row.request_body, 'task')) ?? row.summary ?? '',
    state: taskState(row.status),
    error: row.error_detail,
    delegationId: asText(at(row.request_body, 'delegation_id')),
  };
}

function taskState(status: string): ExchangeState {
  switch (status) {
    case 'dispatched':
    case 'in_progress':
      return 'working';
    case 'completed':
    case 'ok':
      return 'answered';
    case 'failed':
    case 'stuck':
    case 'error':
      return 'failed';
    default:
      return 'queued';
  }
}

function resultPart(row: Activity, fromId: string, toId: string): PeerExchange {
  const late = at(row.response_body, 'late') === true;
  return {
    ...bare(row, fromId, toId),
    state: row.status === 'error' || row.status === 'failed' ? 'failed' : 'answered',
    answer: asText(at(row.response_body, 'text')) ?? '',
    answeredAt: row.created_at,
    error: row.error_detail,
    late,
    delegationId: asText(at(row.response_body, 'delegation_id')),
  };
}

/** A message as its receiver's log has it, with the answer once there is one. */
function messagePart(row: Activity, fromId: string, toId: string): PeerExchange {
  const failure = row.status === 'error' ? (row.error_detail ?? failureOfReply(row.response_body)) : null;
  const answered = row.response_body !== undefined && row.response_body !== null;
  return {
    ...bare(row, fromId, toId),
    question: textOfRequest(row.request_body),
    state: row.status === 'error' ? 'failed' : answered ? 'answered' : 'queued',
    answer: textOfReply(row.response_body),
    answeredAt: answered ? endOf(row) : null,
    error: failure,
  };
}

function endOf(row: Activity): string {
  return new Date(Date.parse(row.created_at) + (row.duration_ms ?? 0)).toISOString();
}

function bare(row: Activity, fromId: string, toId: string): PeerExchange {
  return {
    // A message id is chosen by its sender: two senders may choose the same.
    id: `${fromId} ${toId} ${row.message_id ?? row.id}`,
    fromId,
    toId,
    at: row.created_at,
    question: '',
    state: 'queued',
    answer: '',
    answeredAt: null,
    error: null,
    late: false,
    delegationId: null,
  };
}

/** The caller's log has the beginning of a long task and the callee's has all of it; the same holds for answers. */
function join(a: PeerExchange, b: PeerExchange): PeerExchange {
  const late = a.late || b.late;
  // A late answer does not undo that the work was given up.
  const failed = a.state === 'failed' || b.state === 'failed';
  const state = late && failed ? 'failed' : furthest(a.state, b.state);
  return {
    ...a,
    at: earliest([a.at, b.at]) ?? a.at,
    question: longer(a.question, b.question),
    state,
    answer: longer(a.answer, b.answer),
    answeredAt: earliest([a.answeredAt, b.answeredAt]),
    error: a.error ?? b.error,
    late,
    delegationId: a.delegationId ?? b.delegationId,
  };
}

const order: readonly ExchangeState[] = ['queued', 'working', 'answered', 'failed'];

function furthest(a: ExchangeState, b: ExchangeState): ExchangeState {
  return order.indexOf(a) > order.indexOf(b) ? a : b;
}

function earliest(instants: readonly (string | null)[]): string | null {
  return instants.filter((instant) => instant !== null).toSorted()[0] ?? null;
}

function longer(a: string, b: string): string {
  return b.length > a.length ? b : a;
}
