import { useInternalNode, ViewportPortal } from '@xyflow/react';
import { useMemo } from 'react';
import { useFleet } from '../../app/services-context.js';
import type { Flight } from '../../model/fleet.js';
import { HEADER } from '../../model/layout.js';
import { visibleAncestor } from '../../model/selectors.js';

/** Delegations under way, drawn between the two agents or the collapsed cards around them. */
export function Flights() {
  const fleet = useFleet((state) => (state.fleet.flights.size === 0 ? null : state.fleet));
  const paths = useMemo(() => {
    if (fleet === null) return [];
    const byPair = new Map<string, { source: string; target: string; outcome: Flight['outcome'] }>();
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

function FlightPath({ source, target, outcome }: { source: string; target: string; outcome: Flight['outcome'] }) {
  const from = useInternalNode(source);
  const to = useInternalNode(target);
  if (!from || !to) return null;
  const a = from.internals.positionAbsolute;
  const b = to.internals.positionAbsolute;
  const width = from.width ?? 0;
  // Out of the lower edge of the asking card's own face, into the upper edge of the asked one.
  const start = { x: a.x + Math.min(width, 240) / 2, y: a.y + HEADER - 12 };
  const end = { x: b.x + Math.min(to.width ?? 0, 240) / 2, y: b.y };
  const bend = Math.max(24, Math.abs(end.y - start.y) / 2);
  const d = `M ${start.x} ${start.y} C ${start.x} ${start.y + bend}, ${end.x} ${end.y - bend}, ${end.x} ${end.y}`;
  return (
    <>
      <path d={d} className="delegation-edge" data-outcome={outcome} />
      <circle cx={end.x} cy={end.y} r={3.5} fill="var(--busy-mark)" />
    </>
  );
}
