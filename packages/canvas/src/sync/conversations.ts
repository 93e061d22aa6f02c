import type { EventFrame } from '@molecule/contract';
import { asObject } from '@molecule/contract/a2a';
import { ApiError, type Client } from '@molecule/contract/client';
import { problemOf } from '../model/problem.js';
import { type ChatStore, chatOf, dispatchChat, setChatProblem } from '../state/chat-store.js';
import type { Clock } from './clock.js';
import { readHistoryPage } from './history-page.js';
import { createMessageId } from './random.js';
import { readSse } from './sse.js';

/** Talking to agents: sends, streams, and reads from the log what was said. */
export interface Conversations {
  /** Reads the newest page once; later calls do nothing unless the first one failed. */
  open(id: string): void;
  readOlder(id: string): void;
  send(id: string, text: string): void;
  /** Sends a refused message again, under its own id: the server answers a repeated id once. */
  sendAgain(id: string, messageId: string, text: string): void;
  /** Feeds events in; conversations that are open read what the log says. */
  hear(frames: readonly EventFrame[]): void;
}

export interface ConversationPorts {
  readonly client: Client;
  readonly clock: Clock;
  readonly chats: ChatStore;
}

const PAGE = 50;
/** Rows to read when the log reports news: a burst of answers fits, a page of history is not needed. */
const NEWS = 20;
const NEWS_AFTER_MS = 60;

export function createConversations({ client, clock, chats }: ConversationPorts): Conversations {
  const reading = new Set<string>();
  const news = new Map<string, () => void>();

  const readRows = async (id: string, page: { readonly limit: number; readonly before_ts?: string }) => {
    const query = { type: 'a2a_receive', source: 'canvas', ...page } as const;
    return (await client.call('listActivity', { params: { id }, query })).body;
  };

  const readPage = (id: string, before: string | null): void => {
    if (reading.has(id)) return;
    reading.add(id);
    setChatProblem(chats, id, null);
    const read = (limit: number, before_ts: string | undefined) =>
      readRows(id, { limit, ...(before_ts === undefined ? {} : { before_ts }) });
    readHistoryPage(read, PAGE, before ?? undefined)
      .then(
        ({ rows, complete }) => dispatchChat(chats, id, { type: 'logged', rows, page: { complete } }),
        (error: unknown) => setChatProblem(chats, id, problemOf(error)),
      )
      .finally(() => reading.delete(id));
  };

  const readNews = (id: string): void => {
    news.delete(id);
    readRows(id, { limit: NEWS }).then(
      (rows) => dispatchChat(chats, id, { type: 'logged', rows }),
      // The rows stay in the log; the next event or opening the chat reads them.
      (error: unknown) => setChatProblem(chats, id, problemOf(error)),
    );
  };

  const deliver = async (id: string, messageId: string, text: string): Promise<void> => {
    const response = await client.open(
      'sendMessage',
      { params: { id }, body: envelope(id, messageId, text) },
      { headers: { accept: 'text/event-stream, application/json' } },
    );
    const type = response.headers.get('content-type') ?? '';
    if (response.ok && type.includes('text/event-stream') && response.body) {
      for await (const frame of readSse(response.body)) dispatchChat(chats, id, { type: 'heard', messageId, frame });
      dispatchChat(chats, id, { type: 'hungUp', messageId });
      return;
    }
    const body: unknown = type.includes('json') ? await response.json() : await response.text();
    if (!response.ok) {
      const wait = Number(response.headers.get('retry-after') ?? Number.NaN);
      throw new ApiError(response.status, body, Number.isFinite(wait) ? wait : null);
    }
    // 202 means queued only when the body says so: a real agent may answer 202 as well.
    const { queued, waking } = asObject(body);
    if (queued === true) dispatchChat(chats, id, { type: 'queued', messageId, waking: waking === true });
    else dispatchChat(chats, id, { type: 'heard', messageId, frame: body });
  };

  const post = (id: string, messageId: string, text: string): void => {
    dispatchChat(chats, id, { type: 'sent', messageId, text, at: new Date(clock.nowMs()).toISOString() });
    deliver(id, messageId, text).catch((error: unknown) => {
      const heard = chatOf(chats.getState(), id).streams.has(messageId);
      // Once the agent has begun to answer, the message is recorded: the log will tell, repeating would double it.
      if (heard || isRecorded(error)) {
        dispatchChat(chats, id, { type: 'hungUp', messageId });
        readNews(id);
      } else {
        dispatchChat(chats, id, { type: 'refused', messageId, problem: problemOf(error), atMs: clock.nowMs() });
      }
    });
  };

  return {
    open: (id) => {
      if (chatOf(chats.getState(), id).history === 'unread') readPage(id, null);
    },
    readOlder: (id) => {
      const chat = chatOf(chats.getState(), id);
      if (chat.history === 'partial') readPage(id, chat.oldestAt);
    },
    send: (id, text) => post(id, createMessageId(), text),
    sendAgain: (id, messageId, text) => {
      dispatchChat(chats, id, { type: 'dropped', messageId });
      post(id, messageId, text);
    },
    hear: (frames) => {
      for (const frame of frames) {
        const id = frame.workspace_id;
        if (id === null || !concernsChat(frame) || news.has(id)) continue;
        if (!chats.getState().chats.has(id)) continue;
        news.set(
          id,
          clock.after(NEWS_AFTER_MS, () => readNews(id)),
        );
      }
    },
  };
}

/** The message was accepted before: the server knows its id. */
function isRecorded(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'duplicate_message';
}

function concernsChat(frame: EventFrame): boolean {
  switch (frame.event) {
    case 'A2A_RESPONSE':
    case 'AGENT_MESSAGE':
      return true;
    case 'ACTIVITY_LOGGED':
      return frame.payload.activity_type === 'a2a_receive' && frame.payload.source_id === null;
    default:
      return false;
  }
}

/** One lasting context per agent, so that it remembers what was said before. */
function envelope(id: string, messageId: string, text: string) {
  return {
    jsonrpc: '2.0',
    id: messageId,
    method: 'message/stream',
    params: {
      message: { kind: 'message', role: 'user', messageId, contextId: `canvas-${id}`, parts: [{ kind: 'text', text }] },
    },
  };
}
