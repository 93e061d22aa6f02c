import type { DelegationRow } from '@molecule/contract';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { ArrowRightLeft } from 'lucide-react';
import { useEffect } from 'react';
import { Link } from 'react-router';
import { useFleet, useServices } from '../../app/services-context.js';
import { useNow } from '../../app/use-now.js';
import { agoOf, exactTime } from '../../model/relative-time.js';
import { Placeholder, SkeletonRows } from '../../ui/placeholder.js';
import { ReadFailure } from '../../ui/read-failure.js';
import { outcomeOf } from '../activity/activity-words.js';
import { nameOfPeer } from '../activity/filter-fields.js';
import { OutcomeMark } from '../activity/outcome-mark.js';
import { ConversationLink } from '../comms/conversation-link.js';
import { stateWords } from './delegation-words.js';
import { RetryButton } from './retry-button.js';

/** What the agent has asked others to do, newest first. */
export function DelegationsTab({ id }: { id: string }) {
  const { client, feed } = useServices();
  const queries = useQueryClient();
  const list = useQuery({
    queryKey: ['delegations', id],
    queryFn: async ({ signal }) =>
      mergeRows((await client.call('listDelegations', { params: { id } }, { signal })).body),
  });
  useEffect(
    () =>
      feed.subscribe((frames) => {
        if (!frames.some((frame) => frame.workspace_id === id && frame.event.startsWith('DELEGATION_'))) return;
        queries.invalidateQueries({ queryKey: ['delegations', id] }).catch((error: unknown) => {
          // The query keeps its own error and shows it; this promise only repeats it.
          console.debug('reading the delegations failed', error);
        });
      }),
    [feed, queries, id],
  );

  if (list.isPending) return <SkeletonRows label="Loading the delegations" />;
  if (list.isError) {
    return (
      <div className="p-4">
        <ReadFailure error={list.error} onRetry={() => list.refetch()} />
      </div>
    );
  }
  if (list.data.length === 0) {
    return (
      <Placeholder icon={ArrowRightLeft} title="Nothing delegated yet">
        When this agent passes work on to another one, the work and its outcome appear here.
      </Placeholder>
    );
  }
  return (
    <ul className="relative h-full overflow-y-auto">
      {list.data.map((row) => (
        <Delegation key={row.delegation_id ?? row.id} row={row} />
      ))}
    </ul>
  );
}

function Delegation({ row }: { row: DelegationRow }) {
  const now = useNow(15_000);
  const target = useFleet((state) => (row.target_id === null ? undefined : state.fleet.agents.get(row.target_id)));
  return (
    <li className="border-b border-line px-4 py-2.5">
      <div className="flex items-center gap-2">
        <OutcomeMark outcome={outcomeOf(row.status)} word={stateWords[row.status]} />
        <span className="text-sm font-medium">{stateWords[row.status]}</span>
        {target ? (
          <Link to={`/w/${target.id}/chat`} className="truncate rounded text-sm text-accent hover:underline">
            {target.name}
          </Link>
        ) : (
          row.target_id && (
            <span className="truncate text-sm text-ink-faint">{nameOfPeer(undefined, row.target_id)}</span>
          )
        )}
        <span className="flex-1" />
        <time
          dateTime={row.created_at}
          title={exactTime(row.created_at)}
          className="text-xs text-ink-faint tabular-nums"
        >
          {agoOf(row.created_at, now)}
        </time>
      </div>
      <p className="mt-1 line-clamp-2 pl-6 text-sm">{row.summary}</p>
      {row.response_preview && (
        <p className="mt-1 line-clamp-2 pl-6 text-sm text-ink-soft">
          <span className="font-medium">Result: </span>
          {row.response_preview}
        </p>
      )}
      {row.error && <p className="mt-1 pl-6 text-sm break-words text-bad">{row.error}</p>}
      <div className="mt-1.5 flex flex-wrap items-center gap-x-3 gap-y-2 pl-6">
        {(row.status === 'failed' || row.status === 'stuck') && row.delegation_id && (
          <RetryButton delegation={{ caller_id: row.source_id, delegation_id: row.delegation_id }} />
        )}
        {row.target_id && <ConversationLink id={row.source_id} peerId={row.target_id} label="Conversation" />}
      </div>
    </li>
  );
}

/** The list has a row for the task and one for its result; both carry the same delegation id, the newest comes first. */
function mergeRows(rows: readonly DelegationRow[]): DelegationRow[] {
  const merged = new Map<string, DelegationRow>();
  for (const row of rows) {
    const key = row.delegation_id ?? row.id;
    const newer = merged.get(key);
    merged.set(key, newer ? { ...row, ...newer, summary: row.summary } : row);
  }
  return [...merged.values()];
}
