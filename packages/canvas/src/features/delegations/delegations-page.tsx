import { ArrowRightLeft } from 'lucide-react';
import { useSearchParams } from 'react-router';
import { useNow } from '../../app/use-now.js';
import { Placeholder, SkeletonRows } from '../../ui/placeholder.js';
import { ReadFailure } from '../../ui/read-failure.js';
import { Segments } from '../../ui/segments.js';
import { DelegationItem } from './delegation-item.js';
import { countOf, isView, type StateCounts, views } from './delegation-words.js';
import { ROWS, useDelegations } from './use-delegations.js';

/** What agents do for each other across the organisation: in flight, stuck, failed with the reason, completed. */
export function DelegationsPage() {
  const [params, setParams] = useSearchParams();
  const asked = params.get('view');
  const view = isView(asked) ? asked : 'in_flight';
  const { list, counts } = useDelegations(view);
  const now = useNow(10_000);
  const empty = views.find((one) => one.id === view)?.empty;
  return (
    <div className="flex h-full flex-col">
      <div className="flex flex-wrap items-center gap-3 px-6 pt-5 pb-4 max-sm:px-4">
        <h1 className="mr-auto text-xl font-semibold tracking-tight">Delegations</h1>
        <Segments
          label="Which delegations"
          options={views.map(({ id, label }) => ({ id, label: withCount(label, id, counts.data) }))}
          value={view}
          onChange={(next) => setParams(next === 'in_flight' ? {} : { view: next }, { replace: true })}
        />
      </div>
      {list.isPending ? (
        <SkeletonRows label="Loading the delegations" />
      ) : list.isError ? (
        <div className="px-6">
          <ReadFailure error={list.error} onRetry={() => list.refetch()} />
        </div>
      ) : list.data.length === 0 ? (
        <Placeholder icon={ArrowRightLeft} title="Nothing here">
          {empty}
        </Placeholder>
      ) : (
        <ul className="relative min-h-0 flex-1 space-y-2.5 overflow-y-auto px-6 pb-6 max-sm:px-4">
          {list.data.map((row) => (
            <DelegationItem key={row.delegation_id} row={row} now={now} />
          ))}
          {list.data.length === ROWS && (
            <li className="py-2 text-center text-xs text-ink-soft">
              The newest {ROWS}. <code>./molecule delegations ls --limit 1000</code> reaches further back.
            </li>
          )}
        </ul>
      )}
    </div>
  );
}

function withCount(label: string, view: (typeof views)[number]['id'], counts: StateCounts | undefined): string {
  return counts === undefined ? label : `${label} ${countOf(view, counts)}`;
}
