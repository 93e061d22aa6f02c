import { type KeyboardEvent, type RefObject, useEffect, useMemo, useRef } from 'react';
import { useServices } from '../../app/services-context.js';
import { absoluteBoxes } from '../../model/layout.js';
import { directionOf, neighbourOf } from '../../model/spatial.js';
import type { CanvasActions } from './canvas-actions.js';
import type { LayoutEdits } from './use-layout-edits.js';

const NUDGE = 20;
/** Where the menu of a card opens that was asked for by keyboard. */
const MENU_INSET = 40;

interface CardActionPorts {
  onSelect: (id: string) => void;
  edits: LayoutEdits;
  reveal: (id: string) => void;
  openMenu: CanvasActions['openMenu'];
  frame: RefObject<HTMLDivElement | null>;
}

export function cardIn(frame: CardActionPorts['frame'], id: string): HTMLElement | null {
  return frame.current?.querySelector<HTMLElement>(`[data-agent="${id}"]`) ?? null;
}

/** The same object for the life of the canvas; it reads the newest ports when a card calls it. */
export function useCardActions(ports: CardActionPorts): CanvasActions {
  const { fleet } = useServices();
  const newest = useRef(ports);
  useEffect(() => {
    newest.current = ports;
  });
  return useMemo(() => {
    const onCardKey = (id: string, event: KeyboardEvent) => {
      if (event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey)) {
        event.preventDefault();
        const { left, top } = event.currentTarget.getBoundingClientRect();
        newest.current.openMenu(id, { x: left + MENU_INSET, y: top + MENU_INSET });
        return;
      }
      const direction = directionOf(event.key);
      if (direction === null) return;
      event.preventDefault();
      const { edits, reveal, frame } = newest.current;
      if (event.altKey) {
        const at = fleet.getState().placed.find((one) => one.id === id);
        if (!at) return;
        const dx = direction === 'left' ? -NUDGE : direction === 'right' ? NUDGE : 0;
        const dy = direction === 'up' ? -NUDGE : direction === 'down' ? NUDGE : 0;
        edits.move(new Map([[id, { x: at.x + dx, y: at.y + dy }]]), 'Moved a card');
        return;
      }
      const boxes = absoluteBoxes(fleet.getState().placed.filter((one) => !one.hidden));
      const next = neighbourOf(boxes, id, direction);
      if (next === null) return;
      reveal(next);
      // A card outside the view is not in the document until the view has moved there.
      const focus = () => cardIn(frame, next)?.focus();
      if (cardIn(frame, next)) focus();
      else requestAnimationFrame(() => requestAnimationFrame(focus));
    };
    return {
      select: (id) => newest.current.onSelect(id),
      setCollapsed: (id, collapsed) => newest.current.edits.setCollapsed(id, collapsed),
      openMenu: (id, at) => newest.current.openMenu(id, at),
      onCardKey,
    };
  }, [fleet]);
}
