import { LoaderCircle } from 'lucide-react';
import { exactTime } from '../../model/relative-time.js';
import type { ActivityLogState } from '../../sync/activity-log.js';
import { Button } from '../../ui/button.js';
import type { EndOfList } from './use-more-at-end.js';

interface ListEndProps extends EndOfList {
  state: ActivityLogState;
  sieved: boolean;
  empty: boolean;
}

/** Below the last row: more on its way, more on demand, or that this was all. */
export function ListEnd({ mark, searching, hasMore, more, state, sieved, empty }: ListEndProps) {
  const oldest = state.rows.at(-1)?.created_at;
  return (
    <div ref={mark} className="px-4 py-3 text-center text-xs text-ink-soft">
      {searching ? (
        <p role="status" className="flex h-7 items-center justify-center gap-2">
          <LoaderCircle aria-hidden className="size-4 animate-spin" />
          {sieved ? 'Searching further back' : 'Reading earlier activity'}
        </p>
      ) : hasMore ? (
        <div className="flex flex-wrap items-center justify-center gap-x-3 gap-y-1.5">
          {sieved && oldest && (
            <span>
              Searched {state.rows.length.toLocaleString()} rows, back to{' '}
              <time dateTime={oldest} title={exactTime(oldest)}>
                {new Date(oldest).toLocaleString()}
              </time>
              .
            </span>
          )}
          <Button size="small" onClick={more}>
            {sieved ? 'Search further back' : 'Show earlier'}
          </Button>
        </div>
      ) : (
        !empty && state.history === 'complete' && <p>This is all there is.</p>
      )}
    </div>
  );
}
