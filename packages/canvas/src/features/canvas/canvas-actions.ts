import { createContext, type KeyboardEvent, use } from 'react';
import type { Point } from '../../model/layout.js';

/** What a card may ask of the canvas. Stable for the life of the canvas, so that cards need not render for it. */
export interface CanvasActions {
  select(id: string): void;
  setCollapsed(id: string, collapsed: boolean): void;
  /** Opens the menu of a card at a point of the window. */
  openMenu(id: string, at: Point): void;
  /** Arrows walk to the neighbour, Alt with arrows moves the card, the menu key opens its menu. */
  onCardKey(id: string, event: KeyboardEvent): void;
}

export const CanvasActionsContext = createContext<CanvasActions | null>(null);

export function useCanvasActions(): CanvasActions {
  const actions = use(CanvasActionsContext);
  if (actions === null) throw new Error('A card was rendered outside of the canvas.');
  return actions;
}
