import { useState } from 'react';
import { useNow } from '../../app/use-now.js';
import { SkeletonRows } from '../../ui/placeholder.js';
import { ProblemNotice } from '../../ui/problem-notice.js';
import { type ActivityFilter, earliestOf, isNarrowed, isSieved, matches, queryOf } from './activity-filter.js';
import { ActivityList } from './activity-list.js';
import { withoutRepeatedResults } from './activity-words.js';
import { FilterBar } from './filter-bar.js';
import { useActivityLog } from './use-activity-log.js';
import { useFilter } from './use-filter.js';

/** What an agent did and what was done to it: history and live tail in one list, narrowed by what the address says. */
export function ActivityTab({ id }: { id: string }) {
  const { filter, set, clear } = useFilter();
  const [live, setLive] = useState(true);
  return (
    <div className="flex h-full min-h-0 flex-col">
      <FilterBar id={id} filter={filter} onChange={set} live={live} onLive={setLive} />
      <FilteredActivity id={id} filter={filter} live={live} onClear={clear} />
    </div>
  );
}

interface FilteredActivityProps {
  id: string;
  filter: ActivityFilter;
  live: boolean;
  onClear: () => void;
}

function FilteredActivity({ id, filter, live, onClear }: FilteredActivityProps) {
  const { log, state } = useActivityLog(queryOf(id, filter));
  const now = useNow(15_000);
  const earliest = earliestOf(filter, now);
  const oldest = state.rows.at(-1)?.created_at;
  const told = withoutRepeatedResults(state.rows).filter((row) => matches(row, filter, now));
  return (
    <>
      {state.problem && (
        <div className="px-4 pt-3">
          <ProblemNotice
            problem={state.problem}
            onRetry={log.retry}
            {...(told.length > 0 ? { consequence: 'The list may be out of date.' } : {})}
          />
        </div>
      )}
      {state.history === 'unread' && state.problem === null ? (
        <SkeletonRows label="Loading the activity" rows={6} />
      ) : (
        <ActivityList
          // Another filter is another list: it begins at its top, with nothing open.
          key={JSON.stringify(filter)}
          log={log}
          state={state}
          rows={told}
          narrowed={isNarrowed(filter)}
          sieved={isSieved(filter)}
          // Rows are in order of time: nothing before the first one that is too old can be young enough.
          atBound={earliest !== null && oldest !== undefined && Date.parse(oldest) < earliest}
          live={live}
          onClear={onClear}
        />
      )}
    </>
  );
}
