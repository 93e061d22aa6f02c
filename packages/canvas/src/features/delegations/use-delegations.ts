import type { AdminDelegation, DelegationView } from '@molecule/contract';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { toast } from 'sonner';
import { useServices } from '../../app/services-context.js';
import { problemOf } from '../../model/problem.js';

const KEY = 'all-delegations';
/** What one page shows; the command line reaches further back. */
export const ROWS = 200;
/** A team at work ends several a second; one read serves them all. */
const GATHER_MS = 300;

/** The newest delegations of the organisation in one view, and how many there are of each. Follows the live feed. */
export function useDelegations(view: DelegationView) {
  const { client } = useServices();
  useLiveReads();
  const list = useQuery({
    queryKey: [KEY, 'list', view],
    queryFn: async ({ signal }) =>
      (await client.call('listAllDelegations', { query: { status: view, limit: ROWS } }, { signal })).body.delegations,
  });
  const counts = useQuery({
    queryKey: [KEY, 'counts'],
    queryFn: async ({ signal }) => (await client.call('countDelegations', {}, { signal })).body,
  });
  return { list, counts };
}

/** One delegation as the ledger knows it: why it ended, what can be done, whether its result came late. */
export function useDelegation(callerId: string, delegationId: string) {
  const { client } = useServices();
  return useQuery({
    queryKey: [KEY, 'one', callerId, delegationId],
    queryFn: async ({ signal }) =>
      (await client.call('getDelegation', { params: { id: callerId, delegationId } }, { signal })).body,
  });
}

function useLiveReads(): void {
  const { feed, clock } = useServices();
  const queries = useQueryClient();
  useEffect(() => {
    let cancel: (() => void) | null = null;
    const read = (): void => {
      cancel = null;
      queries.invalidateQueries({ queryKey: [KEY] }).catch((error: unknown) => {
        // The query keeps its own error and shows it; this promise only repeats it.
        console.debug('reading the delegations failed', error);
      });
    };
    const stop = feed.subscribe((frames) => {
      if (frames.some((frame) => frame.event.startsWith('DELEGATION_'))) cancel ??= clock.after(GATHER_MS, read);
    });
    return () => {
      stop();
      cancel?.();
    };
  }, [feed, clock, queries]);
}

/** Gives one up, or gives its task once more. */
export function useDelegationAction(row: Pick<AdminDelegation, 'caller_id' | 'delegation_id'>) {
  const { client } = useServices();
  const queries = useQueryClient();
  const params = { id: row.caller_id, delegationId: row.delegation_id };
  return useMutation({
    mutationFn: async (action: 'cancel' | 'retry') => {
      if (action === 'retry') {
        await client.call('retryDelegation', { params });
        return 'The task was given once more';
      }
      const { body } = await client.call('cancelDelegation', { params, body: {} });
      return body.reason === 'canceled_by_caller' ? 'Canceled' : 'It had ended just before';
    },
    onSuccess: (told) => {
      toast.success(told);
      return queries.invalidateQueries({ queryKey: [KEY] });
    },
    onError: (error) => {
      const problem = problemOf(error);
      toast.error(problem.title, { description: problem.advice });
    },
  });
}
