import type { Activity } from '@molecule/contract';
import {
  at,
  failureOfReply,
  hear,
  messageIdOfRequest,
  type StreamedReply,
  silentReply,
  textOfReply,
  textOfRequest,
  textSoFar,
} from '@molecule/contract/a2a';
import type { Problem } from './problem.js';

/**
 * The conversation of a person with one agent. A question and its answer are one entry, keyed by the id of the
 * message, so that neither can appear twice however often and in whatever order stream, event and history deliver
 * them. What the log says is final: nothing this tab hears afterwards changes it.
 *
 *   sending ──► working ──► answered            (this tab's own stream)
 *      │           └──────► failed
 *      ├─► queued ─────────► answered | failed  (by the log)
 *      └─► refused                              (never recorded; may be sent again)
 */
export type Answer =
  | { readonly state: 'sending' }
  | { readonly state: 'working'; readonly text: string; readonly note: string | null }
  | { readonly state: 'queued'; readonly waking: boolean }
  | { readonly state: 'answered'; readonly text: string; readonly durationMs: number | null }
  | { readonly state: 'failed'; readonly reason: string }
  | { readonly state: 'refused'; readonly problem: Problem; readonly atMs: number };

export interface Exchange {
  readonly kind: 'exchange';
  /** The message id. */
  readonly id: string;
  readonly at: string;
  readonly text: string;
  readonly answer: Answer;
  /** The log has said how it ended. */
  readonly settled: boolean;
  readonly activityId: string | null;
}

/** A message an agent sent on its own accord. */
export interface Push {
  readonly kind: 'push';
  readonly id: string;
  readonly at: string;
  readonly text: string;
}

export type ChatEntry = Exchange | Push;

export interface Chat {
  /** Oldest first. */
  readonly entries: readonly ChatEntry[];
  /** Streams that this tab is reading, by message id. */
  readonly streams: ReadonlyMap<string, StreamedReply>;
  readonly history: 'unread' | 'partial' | 'complete';
  /** The cursor for older rows. */
  readonly oldestAt: string | null;
}

export type ChatAction =
  | { readonly type: 'sent'; readonly messageId: string; readonly text: string; readonly at: string }
  | { readonly type: 'heard'; readonly messageId: string; readonly frame: unknown }
  | { readonly type: 'hungUp'; readonly messageId: string }
  | { readonly type: 'queued'; readonly messageId: string; readonly waking: boolean }
  | { readonly type: 'refused'; readonly messageId: string; readonly problem: Problem; readonly atMs: number }
  | { readonly type: 'dropped'; readonly messageId: string }
  /** Newest rows first, as the log answers. `page` tells that they continue the history downwards. */
  | { readonly type: 'logged'; readonly rows: readonly Activity[]; readonly page?: { readonly complete: boolean } };

export const emptyChat: Chat = { entries: [], streams: new Map(), history: 'unread', oldestAt: null };

export function chatReducer(chat: Chat, action: ChatAction): Chat {
  switch (action.type) {
    case 'sent':
      return put(chat, {
        kind: 'exchange',
        id: action.messageId,
        at: action.at,
        text: action.text,
        answer: { state: 'sending' },
        settled: false,
        activityId: null,
      });
    case 'heard': {
      const reply = hear(chat.streams.get(action.messageId) ?? silentReply, action.frame);
      const streams = new Map(chat.streams).set(action.messageId, reply);
      return answer({ ...chat, streams }, action.messageId, answerOf(reply));
    }
    case 'hungUp': {
      // The stream ended without a last word: the work goes on, and the log will tell how it ends.
      const reply = chat.streams.get(action.messageId);
      const streams = new Map(chat.streams);
      streams.delete(action.messageId);
      const next = { ...chat, streams };
      return reply === undefined || reply.outcome === 'open'
        ? answer(next, action.messageId, { state: 'queued', waking: false })
        : next;
    }
    case 'queued':
      return answer(chat, action.messageId, { state: 'queued', waking: action.waking });
    case 'refused':
      return answer(chat, action.messageId, { state: 'refused', problem: action.problem, atMs: action.atMs });
    case 'dropped':
      return { ...chat, entries: chat.entries.filter((entry) => entry.id !== action.messageId) };
    case 'logged':
      return withRows(chat, action.rows, action.page);
  }
}

function answerOf(reply: StreamedReply): Answer {
  const text = textSoFar(reply);
  switch (reply.outcome) {
    case 'open':
      return { state: 'working', text, note: reply.note };
    case 'done':
      return { state: 'answered', text, durationMs: null };
    case 'failed':
      return { state: 'failed', reason: reply.failure ?? 'The agent reported an error.' };
  }
}

function answer(chat: Chat, id: string, next: Answer): Chat {
  let changed = false;
  const entries = chat.entries.map((entry) => {
    if (entry.kind !== 'exchange' || entry.id !== id || entry.settled) return entry;
    changed = true;
    return { ...entry, answer: next };
  });
  return changed ? { ...chat, entries } : chat;
}

function withRows(chat: Chat, rows: readonly Activity[], page: { readonly complete: boolean } | undefined): Chat {
  const merged = rows.reduce((result, row) => {
    const entry = entryOf(row);
    return entry === null ? result : put(result, entry);
  }, chat);
  if (!page) return merged;
  return {
    ...merged,
    history: page.complete ? 'complete' : 'partial',
    oldestAt: rows.at(-1)?.created_at ?? chat.oldestAt,
  };
}

/** Rows of the human conversation: what a person wrote (no source) and what the agent pushed. */
function entryOf(row: Activity): ChatEntry | null {
  if (row.activity_type !== 'a2a_receive' || row.source_id !== null) return null;
  if (row.method === 'notify') {
    return { kind: 'push', id: row.id, at: row.created_at, text: textOfReply(row.response_body) };
  }
  const id = row.message_id ?? messageIdOfRequest(row.request_body) ?? row.id;
  const text = textOfRequest(row.request_body);
  const answer = answerOfRow(row);
  if (text === '' && answer.state !== 'answered') return null;
  const settled = answer.state === 'answered' || answer.state === 'failed';
  return { kind: 'exchange', id, at: row.created_at, text, answer, settled, activityId: row.id };
}

function answerOfRow(row: Activity): Answer {
  const failure = failureOfReply(row.response_body);
  if (row.status === 'error' || failure !== null) {
    return { state: 'failed', reason: failure ?? row.error_detail ?? 'The agent reported an error.' };
  }
  if (row.response_body === undefined || row.response_body === null) {
    return { state: 'queued', waking: at(row.response_body, 'waking') === true };
  }
  return { state: 'answered', text: textOfReply(row.response_body), durationMs: row.duration_ms };
}

/** Adds an entry, or settles the one with its id. Entries stay in order of time; a known one keeps its place. */
function put(chat: Chat, entry: ChatEntry): Chat {
  const index = chat.entries.findIndex((one) => one.id === entry.id);
  if (index === -1) {
    const after = chat.entries.findLastIndex((one) => Date.parse(one.at) <= Date.parse(entry.at));
    return { ...chat, entries: chat.entries.toSpliced(after + 1, 0, entry) };
  }
  const known = chat.entries[index];
  if (known?.kind !== 'exchange' || entry.kind !== 'exchange' || known.settled) return chat;
  // A row without an answer yet must not take a running stream off the screen.
  const next = entry.settled
    ? { ...entry, at: known.at, text: entry.text || known.text }
    : { ...known, activityId: entry.activityId ?? known.activityId };
  return { ...chat, entries: chat.entries.toSpliced(index, 1, next) };
}
