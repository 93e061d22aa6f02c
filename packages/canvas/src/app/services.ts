import { type Client, createClient } from '@molecule/contract/client';
import { QueryClient } from '@tanstack/react-query';
import { type ChatStore, createChatStore } from '../state/chat-store.js';
import { createFileDrafts, type FileDraftStore } from '../state/file-drafts.js';
import { createFleetStore, type FleetStore } from '../state/fleet-store.js';
import { createSessionStore, type SessionStore } from '../state/session-store.js';
import { browserClock, type Clock } from '../sync/clock.js';
import { type Conversations, createConversations } from '../sync/conversations.js';
import { createFeed, type Feed } from '../sync/feed.js';

/** Everything components may use, made once at start. There is no other shared state in the app. */
export interface Services {
  readonly client: Client;
  readonly clock: Clock;
  readonly queries: QueryClient;
  readonly fleet: FleetStore;
  readonly chats: ChatStore;
  readonly session: SessionStore;
  readonly files: FileDraftStore;
  readonly feed: Feed;
  readonly conversations: Conversations;
}

export function createServices(overrides: Partial<Pick<Services, 'client' | 'clock'>> = {}): Services {
  const client = overrides.client ?? createClient({ baseUrl: '' });
  const clock = overrides.clock ?? browserClock;
  const fleet = createFleetStore();
  const chats = createChatStore();
  const session = createSessionStore({ storage: localStorage, root: document.documentElement });
  const files = createFileDrafts();
  const feed = createFeed({ client, clock, fleet, openSocket });
  const conversations = createConversations({ client, clock, chats });
  feed.subscribe(conversations.hear);
  return { client, clock, queries: createQueries(), fleet, chats, session, files, feed, conversations };
}

function openSocket(since: number | null): WebSocket {
  const url = new URL('/ws', location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  if (since !== null) url.searchParams.set('since', String(since));
  return new WebSocket(url);
}

/** Lists outside the event feed are read when shown. Refusals are shown, not retried behind the person's back. */
function createQueries(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: { retry: false, refetchOnWindowFocus: false, staleTime: 10_000 },
      mutations: { retry: false },
    },
  });
}
