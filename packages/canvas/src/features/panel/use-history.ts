import type { LoggedEvent } from '@molecule/contract';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useServices } from '../../app/services-context.js';

const DEPTH = 200;

/** The newest events of an agent, newest first; what the list of agents does not say follows from them. */
export function useHistory(id: string): readonly LoggedEvent[] {
  const { client, feed } = useServices();
  const queries = useQueryClient();
  const events = useQuery({
    queryKey: ['events', id],
    queryFn: async ({ signal }) =>
      (await client.call('listWorkspaceEvents', { params: { id }, query: { limit: DEPTH } }, { signal })).body,
  });
  useEffect(
    () =>
      feed.subscribe((frames) => {
        const tells = frames.some(
          ({ workspace_id, event }) =>
            workspace_id === id && /^(AGENT_(?!MESSAGE|CARD)|WORKSPACE_(?!HEARTBEAT|UPDATED))/.test(event),
        );
        if (!tells) return;
        queries.invalidateQueries({ queryKey: ['events', id] }).catch((error: unknown) => {
          // What follows from it is left out meanwhile; nothing else depends on it.
          console.debug('reading the events failed', error);
        });
      }),
    [feed, queries, id],
  );
  return events.data ?? [];
}
