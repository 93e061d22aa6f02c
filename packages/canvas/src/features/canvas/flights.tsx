import { useInternalNode, ViewportPortal } from '@xyflow/react';
import { useMemo } from 'react';
import { useFleet } from '../../app/services-context.js';
import type { Flight } from '../../model/fleet.js';
import { CARD_HEIGHT, CARD_WIDTH } from '../../model/layout.js';
import { visibleAncestor } from '../../model/selectors.js';

interface Path {
  readonly source: string;
  readonly target: string;
  readonly outcome: Flight['outcome'];
}

/** Delegations under way, drawn between the two agents or the collapsed cards around them. */
export function Flights() {
  const fleet = useFleet((state) => (state.fleet.flights.size === 0 ? null : state.fleet));
  const paths = useMemo(() => {
    if (fleet === null) return [];
    const byPair = new Map<string, Path>();
    for (const flight of fleet.flights.values()) {
      const source = visibleAncestor(fleet, flight.sourceId);
      const target = visibleAncestor(fleet, flight.targetId);
      if (source === null || target === null || source === target) continue;
      const key = `${source} ${target}`;
      // Of several between the same two, the one still open is shown.
      if (byPair.get(key)?.outcome !== 'open') byPair.set(key, { source, target, outcome: flight.outcome });
    }
    return [...byPair];
  }, [fleet]);

  if (paths.length === 0) return null;
  return (
    <ViewportPortal>
      <svg aria-hidden className="pointer-events-none absolute top-0 left-0 z-[900] size-px overflow-visible">
        {paths.map(([key, path]) => (
          <FlightPath key={key} {...path} />
        ))}
      </svg>
    </ViewportPortal>
  );
}

function FlightPath({ source, target, outcome }: Path) {
  const from = useInternalNode(source);
  const to = useInternalNode(target);
  if (!from || !to) return null;
  const a = from.internals.positionAbsolute;
  const b = to.internals.positionAbsolute;
  const width = to.width ?? CARD_WIDTH;
  const height = to.height ?? CARD_HEIGHT;
  const inside =
    b.x >= a.x && b.y >= a.y && b.x + width <= a.x + (from.width ?? 0) && b.y + height <= a.y + (from.height ?? 0);
  if (inside) {
    // A lead and its member touch: a line between them would be a stub, so the member itself is framed.
    return (
      <rect
        x={b.x - 3}
        y={b.y - 3}
        width={width + 6}
        height={height + 6}
        rx={15}
        className="delegation-edge"
        data-outcome={outcome}
      />
    );
  }
  const start = { x: a.x + Math.min(from.width ?? CARD_WIDTH, CARD_WIDTH) / 2, y: a.y + CARD_HEIGHT };
  const end = { x: b.x + Math.min(width, CARD_WIDTH) / 2, y: b.y };
  const bend = Math.max(24, Math.abs(end.y - start.y) / 2);
  return (
    <path
      d={`M ${start.x} ${start.y} C ${start.x} ${start.y + bend}, ${end.x} ${end.y - bend}, ${end.x} ${end.y}`}
      className="delegation-edge"
      data-outcome={outcome}
    />
  );
}
