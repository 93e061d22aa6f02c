import { ChevronRight } from 'lucide-react';
import { Link } from 'react-router';
import { useFleet } from '../../app/services-context.js';
import { pathOf } from '../../model/selectors.js';

/** The teams around an agent, from the root down; nothing for a root. */
export function Breadcrumb({ id }: { id: string }) {
  const fleet = useFleet((state) => state.fleet);
  const above = pathOf(fleet, id).slice(0, -1);
  if (above.length === 0) return null;
  return (
    <nav aria-label="Teams around this agent">
      <ol className="flex items-center gap-1 overflow-hidden text-xs text-ink-faint">
        {above.map((agent) => (
          <li key={agent.id} className="flex min-w-0 items-center gap-1">
            <Link to={`/w/${agent.id}/chat`} className="truncate rounded hover:text-ink hover:underline">
              {agent.name}
            </Link>
            <ChevronRight aria-hidden className="size-3 shrink-0" />
          </li>
        ))}
      </ol>
    </nav>
  );
}
