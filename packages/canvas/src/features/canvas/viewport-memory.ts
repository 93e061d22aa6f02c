import type { Viewport } from '@xyflow/react';
import { useMemo, useRef } from 'react';
import { useServices } from '../../app/services-context.js';

const key = 'molecule.viewport';
const RECENTLY_MS = 4_000;

/** The view belongs to the person in front of this browser, not to the organisation. */
export function readViewport(): Viewport | null {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(key) ?? 'null');
    if (typeof stored !== 'object' || stored === null) return null;
    const { x, y, zoom } = stored as Record<string, unknown>;
    return Number.isFinite(x) && Number.isFinite(y) && typeof zoom === 'number' && zoom > 0
      ? { x: Number(x), y: Number(y), zoom }
      : null;
  } catch {
    // A damaged entry is as good as none.
    return null;
  }
}

export function useViewportMemory() {
  const { clock } = useServices();
  const movedAt = useRef(Number.NEGATIVE_INFINITY);
  return useMemo(
    () => ({
      /** The event is null when the app itself moved the view. */
      onMoveEnd: (event: MouseEvent | TouchEvent | null, viewport: Viewport) => {
        if (event !== null) movedAt.current = clock.nowMs();
        localStorage.setItem(key, JSON.stringify(viewport));
      },
      isRecentlyMoved: () => clock.nowMs() - movedAt.current < RECENTLY_MS,
    }),
    [clock],
  );
}
