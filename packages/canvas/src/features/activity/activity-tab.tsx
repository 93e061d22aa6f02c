import type { Activity, EventFrame } from '@molecule/contract';
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { Activity as ActivityIcon, Pause, Play } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useServices } from '../../app/services-context.js';
import { problemOf } from '../../model/problem.js';
import { Button, IconButton } from '../../ui/button.js';
import { SelectField } from '../../ui/field.js';
import { Notice } from '../../ui/notice.js';
import { Placeholder, SkeletonRows } from '../../ui/placeholder.js';
import { ActivityRow } from './activity-row.js';
import { activityFilters, withoutRepeatedResults } from './activity-words.js';

const PAGE = 50;
/** News within this time are read together. */
const NEWS_AFTER_MS = 300;

export function ActivityTab({ id }: { id: string }) {
  const { client } = useServices();
  const [type, setType] = useState('');
  const [live, setLive] = useState(true);
  const key = ['activity', id, type];
  useLiveTail(id, key, live);

  const log = useInfiniteQuery({
    queryKey: key,
    initialPageParam: null as string | null,
    queryFn: async ({ pageParam, signal }) => {
      const query = {
        limit: PAGE,
        ...(type === '' ? {} : { type }),
        ...(pageParam === null ? {} : { before_ts: pageParam }),
      };
      return (await client.call('listActivity', { params: { id }, query }, { signal })).body;
    },
    getNextPageParam: (last) => (last.length < PAGE ? undefined : last.at(-1)?.created_at),
  });
  const rows = withoutRepeatedResults(unique(log.data?.pages.flat() ?? []));
  const problem = log.error ? problemOf(log.error) : null;

  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex items-center gap-2 border-b border-line px-4 py-2">
        <div className="w-52">
          <SelectField
            bare
            label="Kind of activity"
            value={type}
            onChange={(event) => setType(event.target.value)}
            className="h-8!"
          >
            {activityFilters.map((filter) => (
              <option key={filter.type} value={filter.type}>
                {filter.label}
              </option>
            ))}
          </SelectField>
        </div>
        <span className="flex-1" />
        <span role="status" className="text-xs text-ink-soft">
          {live ? 'Following live' : 'Paused'}
        </span>
        <IconButton
          icon={live ? Pause : Play}
          label={live ? 'Stop following' : 'Follow live'}
          aria-pressed={live}
          onClick={() => setLive(!live)}
        />
      </div>
      {problem && (
        <div className="p-4 pb-0">
          <Notice
            tone="error"
            title={problem.title}
            action={
              <Button size="small" onClick={() => log.refetch()}>
                Retry
              </Button>
            }
          >
            {rows.length > 0 ? `The list may be out of date. ${problem.advice}` : problem.advice}
          </Notice>
        </div>
      )}
      {log.isPending ? (
        <SkeletonRows label="Loading the activity" rows={6} />
      ) : rows.length === 0 && !problem ? (
        <Placeholder icon={ActivityIcon} title={type === '' ? 'Nothing has happened yet' : 'Nothing of this kind'}>
          Messages, delegations and what the agent reports appear here as they happen.
        </Placeholder>
      ) : (
        <div className="relative min-h-0 flex-1 overflow-y-auto">
          <ul>
            {rows.map((row) => (
              <ActivityRow key={row.id} row={row} />
            ))}
          </ul>
          {log.hasNextPage && (
            <div className="p-4 text-center">
              <Button size="small" pending={log.isFetchingNextPage} onClick={() => log.fetchNextPage()}>
                Show earlier
              </Button>
            </div>
          )}
        </div>
      )}
    </div>
  );
}

/** Reads again when the event log says that a row was written; nothing is polled. */
function useLiveTail(id: string, key: readonly unknown[], live: boolean): void {
  const { feed, clock } = useServices();
  const queries = useQueryClient();
  const name = JSON.stringify(key);
  useEffect(() => {
    if (!live) return;
    let cancel: (() => void) | null = null;
    const read = () => {
      cancel = null;
      queries.invalidateQueries({ queryKey: JSON.parse(name) }).catch((error: unknown) => {
        // The query keeps its own error and shows it; this promise only repeats it.
        console.debug('reading the activity failed', error);
      });
    };
    const stop = feed.subscribe((frames) => {
      if (frames.some((frame) => isNews(frame, id))) cancel ??= clock.after(NEWS_AFTER_MS, read);
    });
    return () => {
      stop();
      cancel?.();
    };
  }, [feed, clock, queries, id, live, name]);
}

function isNews(frame: EventFrame, id: string): boolean {
  if (frame.workspace_id !== id) return false;
  return frame.event === 'ACTIVITY_LOGGED' || frame.event.startsWith('DELEGATION_') || frame.event === 'A2A_RESPONSE';
}

/** Two pages overlap when rows were written between reading them. */
function unique(rows: readonly Activity[]): Activity[] {
  return [...new Map(rows.map((row) => [row.id, row])).values()];
}
