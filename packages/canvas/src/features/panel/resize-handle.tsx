import type { PointerEvent } from 'react';
import { useServices, useSession } from '../../app/services-context.js';
import { PANEL_WIDTH_MIN } from '../../state/session-store.js';

const STEP = 24;

/** Drag, or arrow keys; Home makes the panel as narrow, End as wide as it can be. */
export function ResizeHandle() {
  const { session } = useServices();
  const width = useSession((state) => state.panelWidth);
  const max = () => Math.max(PANEL_WIDTH_MIN, Math.round(window.innerWidth * 0.7));
  const set = (next: number) =>
    session.setState({ panelWidth: Math.round(Math.min(max(), Math.max(PANEL_WIDTH_MIN, next))) });

  const onPointerDown = (event: PointerEvent<HTMLDivElement>) => {
    event.preventDefault();
    event.currentTarget.setPointerCapture(event.pointerId);
  };
  const onPointerMove = (event: PointerEvent<HTMLDivElement>) => {
    if (event.currentTarget.hasPointerCapture(event.pointerId)) set(window.innerWidth - event.clientX);
  };

  return (
    // biome-ignore lint/a11y/useSemanticElements: a separator that can be moved has no element of its own
    <div
      role="separator"
      tabIndex={0}
      aria-label="Width of the panel"
      aria-orientation="vertical"
      aria-valuenow={width}
      aria-valuemin={PANEL_WIDTH_MIN}
      aria-valuemax={max()}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onKeyDown={(event) => {
        const next = { ArrowLeft: width + STEP, ArrowRight: width - STEP, Home: PANEL_WIDTH_MIN, End: max() }[
          event.key
        ];
        if (next === undefined) return;
        event.preventDefault();
        set(next);
      }}
      className="absolute inset-y-0 -left-1.5 z-10 w-3 cursor-col-resize touch-none after:absolute after:inset-y-0 after:left-1.5 after:w-px hover:after:w-0.5 hover:after:bg-accent focus-visible:after:w-0.5 focus-visible:after:bg-accent focus-visible:outline-none max-md:hidden"
    />
  );
}
