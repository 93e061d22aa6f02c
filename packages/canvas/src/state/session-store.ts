import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Point } from '../model/layout.js';

export type Theme = 'system' | 'light' | 'dark';

/** Cards before a move, so that it can be taken back. */
export type LayoutUndo = ReadonlyMap<string, Point>;

/** Scope "session": belongs to this tab or this browser, never to the server. */
export interface SessionState {
  readonly theme: Theme;
  readonly panelWidth: number;
  /** Unsent text by agent; survives closing the panel. */
  readonly drafts: ReadonlyMap<string, string>;
  readonly undo: readonly LayoutUndo[];
}

export type SessionStore = StoreApi<SessionState>;

export const PANEL_WIDTH_MIN = 360;
const PANEL_WIDTH_DEFAULT = 460;
const UNDO_DEPTH = 50;
const themeKey = 'molecule.theme';
const panelKey = 'molecule.panel-width';

/** The few browser facilities a session is kept in; tests pass their own. */
export interface SessionPorts {
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  readonly root: Pick<HTMLElement, 'dataset'>;
}

export function createSessionStore(ports: SessionPorts): SessionStore {
  const theme = ports.storage.getItem(themeKey);
  const width = Number(ports.storage.getItem(panelKey));
  const store = createStore<SessionState>(() => ({
    theme: theme === 'light' || theme === 'dark' ? theme : 'system',
    panelWidth: width >= PANEL_WIDTH_MIN ? width : PANEL_WIDTH_DEFAULT,
    drafts: new Map(),
    undo: [],
  }));
  store.subscribe((state, before) => {
    if (state.theme !== before.theme) {
      if (state.theme === 'system') {
        ports.storage.removeItem(themeKey);
        delete ports.root.dataset.theme;
      } else {
        ports.storage.setItem(themeKey, state.theme);
        ports.root.dataset.theme = state.theme;
      }
    }
    if (state.panelWidth !== before.panelWidth) ports.storage.setItem(panelKey, String(state.panelWidth));
  });
  return store;
}

export function setDraft(store: SessionStore, id: string, text: string): void {
  store.setState((state) => {
    const drafts = new Map(state.drafts);
    if (text === '') drafts.delete(id);
    else drafts.set(id, text);
    return { drafts };
  });
}

export function rememberMove(store: SessionStore, before: LayoutUndo): void {
  store.setState((state) => ({ undo: [...state.undo, before].slice(-UNDO_DEPTH) }));
}

/** Takes the newest move off the stack; null when there is none. */
export function takeUndo(store: SessionStore): LayoutUndo | null {
  const newest = store.getState().undo.at(-1) ?? null;
  if (newest) store.setState((state) => ({ undo: state.undo.slice(0, -1) }));
  return newest;
}
