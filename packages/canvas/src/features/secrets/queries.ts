import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useServices } from '../../app/services-context.js';

const key = ['global-secrets'];

/** Names of the saved keys; values never leave the server. Kept fresh by events. */
export function useGlobalSecrets() {
  const { client, feed } = useServices();
  const queries = useQueryClient();
  useEffect(
    () =>
      feed.subscribe((frames) => {
        if (!frames.some((frame) => frame.event === 'SECRET_CHANGED')) return;
        queries.invalidateQueries({ queryKey: key }).catch((error: unknown) => {
          // The query keeps its own error and shows it; this promise only repeats it.
          console.debug('reading the keys failed', error);
        });
      }),
    [feed, queries],
  );
  return useQuery({
    queryKey: key,
    queryFn: async ({ signal }) => (await client.call('listGlobalSecrets', {}, { signal })).body,
  });
}

export function useSaveSecret() {
  const { client } = useServices();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (secret: { key: string; value: string }) => {
      const { body } = await client.call('putGlobalSecret', { body: secret });
      return { restarts: body.status === 'saved' ? body.restarts : body.would_restart.length };
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: key }),
  });
}

export function useDeleteSecret() {
  const { client } = useServices();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (name: string) => {
      const { body } = await client.call('deleteGlobalSecret', { params: { key: name } });
      return { restarts: body.status === 'deleted' ? body.restarts : body.would_restart.length };
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: key }),
  });
}
