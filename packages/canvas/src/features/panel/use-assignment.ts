import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useServices } from '../../app/services-context.js';

/** Who is on record as working in a workspace; `unknown` until the server has said so. */
export type Assignment =
  | { readonly state: 'assigned'; readonly model: string; readonly since: string }
  | { readonly state: 'none' }
  | { readonly state: 'unknown' };

/** Read when it is looked at, and again whenever an event tells of a change. */
export function useAssignment(id: string): Assignment {
  const { client, feed } = useServices();
  const queries = useQueryClient();
  const answer = useQuery({
    queryKey: ['assignment', id],
    queryFn: async ({ signal }) => (await client.call('getAgent', { params: { id } }, { signal })).body,
  });
  useEffect(
    () =>
      feed.subscribe((frames) => {
        const tells = frames.some(
          ({ workspace_id, event }) => workspace_id === id && /^AGENT_(ASSIGNED|REPLACED|REMOVED|MOVED)$/.test(event),
        );
        if (!tells) return;
        queries.invalidateQueries({ queryKey: ['assignment', id] }).catch((error: unknown) => {
          // It stays as it was read; a write that no longer fits is refused in words.
          console.debug('reading who is assigned failed', error);
        });
      }),
    [feed, queries, id],
  );
  if (answer.data === undefined) return { state: 'unknown' };
  const { agent } = answer.data;
  return agent === null ? { state: 'none' } : { state: 'assigned', model: agent.model, since: agent.assigned_at };
}
