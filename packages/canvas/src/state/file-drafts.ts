import { createStore, type StoreApi } from 'zustand/vanilla';

/** A file as it was when somebody began to change it, and the text as it is now. */
export interface FileDraft {
  /** Null for a file that does not exist yet. */
  readonly base: { readonly etag: string; readonly text: string } | null;
  readonly text: string;
}

/** Unsaved texts by agent and path. They outlive tabs, other files and other agents: only saving or discarding ends one. */
export type FileDraftStore = StoreApi<ReadonlyMap<string, FileDraft>>;

export function createFileDrafts(): FileDraftStore {
  return createStore<ReadonlyMap<string, FileDraft>>(() => new Map());
}

export function draftKey(agentId: string, path: string): string {
  return `${agentId}/${path}`;
}

/** Null forgets it; so does a text that is the one it began from. */
export function putDraft(store: FileDraftStore, key: string, draft: FileDraft | null): void {
  store.setState((drafts) => {
    const next = new Map(drafts);
    if (draft === null || draft.text === draft.base?.text) next.delete(key);
    else next.set(key, draft);
    return next;
  }, true);
}
