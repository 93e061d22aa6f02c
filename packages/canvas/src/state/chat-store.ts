import { createStore, type StoreApi } from 'zustand/vanilla';
import { type Chat, type ChatAction, chatReducer, emptyChat } from '../model/chat.js';
import type { Problem } from '../model/problem.js';

/** Scope "document", read on demand: the conversations that were opened in this tab. */
export interface ChatState {
  readonly chats: ReadonlyMap<string, Chat>;
  /** Why the history of an agent could not be read. */
  readonly problems: ReadonlyMap<string, Problem>;
}

export type ChatStore = StoreApi<ChatState>;

export function createChatStore(): ChatStore {
  return createStore<ChatState>(() => ({ chats: new Map(), problems: new Map() }));
}

export function chatOf(state: ChatState, id: string): Chat {
  return state.chats.get(id) ?? emptyChat;
}

export function dispatchChat(store: ChatStore, id: string, action: ChatAction): void {
  store.setState((state) => {
    const before = chatOf(state, id);
    const after = chatReducer(before, action);
    return after === before ? state : { chats: new Map(state.chats).set(id, after) };
  });
}

export function setChatProblem(store: ChatStore, id: string, problem: Problem | null): void {
  store.setState((state) => {
    const problems = new Map(state.problems);
    if (problem) problems.set(id, problem);
    else problems.delete(id);
    return { problems };
  });
}
