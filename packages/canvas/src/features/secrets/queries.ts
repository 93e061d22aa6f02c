import type { RestartPreview } from '@molecule/contract';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useServices } from '../../app/services-context.js';

/** Everything below it is read again when any secret changes: a global one may be what a workspace inherits. */
export const secretsKey = ['secrets'];

/** Names of the keys saved for all agents; values never leave the server. Kept fresh by events. */
export function useGlobalSecrets() {
  const { client } = useServices();
  useFreshSecrets();
  return useQuery({
    queryKey: [...secretsKey, 'global'],
    queryFn: async ({ signal }) => (await client.call('listGlobalSecrets', {}, { signal })).body,
  });
}

/** Names of the keys one agent sees: its own, then the global ones it does not override. */
export function useWorkspaceSecrets(id: string) {
  const { client } = useServices();
  useFreshSecrets();
  return useQuery({
    queryKey: [...secretsKey, id],
    queryFn: async ({ signal }) => (await client.call('listSecrets', { params: { id } }, { signal })).body,
  });
}

/** The model and the provider chosen for one agent; each is kept as one of its secrets. */
export function useChosenModel(id: string) {
  const { client } = useServices();
  useFreshSecrets();
  return useQuery({
    queryKey: [...secretsKey, id, 'model'],
    queryFn: async ({ signal }) => {
      const [model, provider] = await Promise.all([
        client.call('getModel', { params: { id } }, { signal }),
        client.call('getProvider', { params: { id } }, { signal }),
      ]);
      return { model: model.body, provider: provider.body };
    },
  });
}

/** The answer of a write that was asked what it would do. */
export function previewOf(body: { readonly status: string } | RestartPreview): RestartPreview {
  if ('would_restart' in body) return body;
  throw new Error('The server did what it was only asked about. Reload the page.');
}

function useFreshSecrets(): void {
  const { feed } = useServices();
  const queries = useQueryClient();
  useEffect(
    () =>
      feed.subscribe((frames) => {
        if (!frames.some((frame) => frame.event === 'SECRET_CHANGED')) return;
        queries.invalidateQueries({ queryKey: secretsKey }).catch((error: unknown) => {
          // The query keeps its own error and shows it; this promise only repeats it.
          console.debug('reading the keys failed', error);
        });
      }),
    [feed, queries],
  );
}
