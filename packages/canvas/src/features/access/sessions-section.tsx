import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Monitor } from 'lucide-react';
import { useServices } from '../../app/services-context.js';
import { useNow } from '../../app/use-now.js';
import { problemOf } from '../../model/problem.js';
import { agoOf } from '../../model/relative-time.js';
import { programOf } from '../../model/user-agent.js';
import { Button } from '../../ui/button.js';
import { Notice } from '../../ui/notice.js';
import { SkeletonRows } from '../../ui/placeholder.js';
import { ReadFailure } from '../../ui/read-failure.js';

const KEY = ['sessions'];

/** Where somebody is logged in, and how to end that. */
export function SessionsSection() {
  const { client } = useServices();
  const queries = useQueryClient();
  const now = useNow(30_000);
  const sessions = useQuery({
    queryKey: KEY,
    queryFn: async ({ signal }) => (await client.call('listSessions', {}, { signal })).body.sessions,
  });
  const end = useMutation({
    mutationFn: async (which: { readonly id: string } | 'others') => {
      if (which === 'others') await client.call('revokeOtherSessions', {});
      else await client.call('revokeSession', { params: { id: which.id } });
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: KEY }),
  });
  const problem = end.error ? problemOf(end.error) : null;
  const others = sessions.data?.filter((session) => !session.current).length ?? 0;
  return (
    <section>
      <h3 className="mb-1 text-base font-semibold">Sessions</h3>
      <p className="text-sm text-ink-soft">Browsers that are logged in. An ended one is refused at its next request.</p>
      <div className="mt-3 space-y-3">
        {problem && (
          <Notice tone="error" title={problem.title}>
            {problem.advice}
          </Notice>
        )}
        {sessions.isPending ? (
          <SkeletonRows label="Loading the sessions" rows={2} />
        ) : sessions.isError ? (
          <ReadFailure error={sessions.error} onRetry={() => sessions.refetch()} />
        ) : (
          <ul className="divide-y divide-line rounded-lg border border-line">
            {sessions.data.map((session) => (
              <li key={session.id} className="flex items-center gap-2 py-2 pr-2 pl-3">
                <Monitor aria-hidden className="size-4 shrink-0 text-ink-faint" />
                <div className="min-w-0 flex-1">
                  <p className="truncate text-sm" title={session.user_agent ?? undefined}>
                    {programOf(session.user_agent)}
                    {session.address !== null && <span className="ml-2 text-xs text-ink-faint">{session.address}</span>}
                  </p>
                  <p className="text-xs text-ink-faint">
                    {session.current ? 'this browser' : `seen ${agoOf(session.last_seen_at, now)}`}, since{' '}
                    {agoOf(session.created_at, now)}
                  </p>
                </div>
                {!session.current && (
                  <Button
                    size="small"
                    pending={end.isPending && typeof end.variables === 'object' && end.variables.id === session.id}
                    onClick={() => end.mutate({ id: session.id })}
                  >
                    End
                  </Button>
                )}
              </li>
            ))}
          </ul>
        )}
        {others > 1 && (
          <Button pending={end.isPending && end.variables === 'others'} onClick={() => end.mutate('others')}>
            End all {others} others
          </Button>
        )}
      </div>
    </section>
  );
}
