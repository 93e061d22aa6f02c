import { CircleCheck, CircleX, LoaderCircle } from 'lucide-react';
import { Link } from 'react-router';
import { useFleet } from '../../app/services-context.js';

/** Whom the agent has asked, while it composes its answer. */
export function TeamAtWork({ id }: { id: string }) {
  const flights = useFleet((state) => state.fleet.flights);
  const agents = useFleet((state) => state.fleet.agents);
  const asked = [...flights.values()].filter((flight) => flight.sourceId === id);
  if (asked.length === 0) return null;
  return (
    <ul aria-label="Delegated to" className="mt-2 space-y-1 border-l-2 border-line pl-3 text-sm text-ink-soft">
      {asked.map((flight) => (
        <li key={flight.id} className="flex items-center gap-2">
          {flight.outcome === 'open' && <LoaderCircle aria-hidden className="size-3.5 animate-spin text-busy" />}
          {flight.outcome === 'completed' && <CircleCheck aria-hidden className="size-3.5 text-ok" />}
          {flight.outcome === 'failed' && <CircleX aria-hidden className="size-3.5 text-bad" />}
          <Link to={`/w/${flight.targetId}/chat`} className="rounded hover:underline">
            {agents.get(flight.targetId)?.name ?? 'an agent'}
          </Link>
          <span className="text-ink-faint">
            {flight.outcome === 'open'
              ? 'is working on it'
              : flight.outcome === 'completed'
                ? 'has answered'
                : 'could not answer'}
          </span>
        </li>
      ))}
    </ul>
  );
}
