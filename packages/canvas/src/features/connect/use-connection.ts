import type { Connection } from '@molecule/contract';
import { type QueryClient, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { toast } from 'sonner';
import { useServices } from '../../app/services-context.js';

const keyOf = (id: string) => ['connection', id];

/** Keeps a token that was just made until the dialog that shows it is closed; it is in no address and no storage. */
export function keepConnection(queries: QueryClient, connection: Connection): void {
  queries.setQueryData(keyOf(connection.workspace_id), connection);
}

/** How an agent that runs elsewhere connects. The token is there only right after it was made. */
export function useConnection(id: string) {
  const { client } = useServices();
  const queries = useQueryClient();
  useEffect(() => () => queries.removeQueries({ queryKey: keyOf(id) }), [queries, id]);
  const connection = useQuery({
    queryKey: keyOf(id),
    queryFn: async ({ signal }) =>
      (await client.call('getExternalConnection', { params: { id } }, { signal })).body.connection,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const rotate = useMutation({
    mutationFn: async () => (await client.call('rotateExternal', { params: { id } })).body.connection,
    onSuccess: (fresh) => {
      keepConnection(queries, fresh);
      toast.success('The credentials were replaced', { description: 'The former token is refused from now on.' });
    },
  });
  return { connection, rotate };
}
