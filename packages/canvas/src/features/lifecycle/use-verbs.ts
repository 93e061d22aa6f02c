import type { Workspace } from '@molecule/contract';
import { type Mutation, useIsMutating, useMutation, useMutationState } from '@tanstack/react-query';
import { toast } from 'sonner';
import { useServices } from '../../app/services-context.js';
import { useDialog } from '../../app/use-navigation.js';
import { isAskedVerb, type LifecycleVerb } from '../../model/lifecycle-verbs.js';
import { busyTasksOf, runVerb, type Told, type VerbRequest, verbProblemOf } from './run-verb.js';

const key = ['lifecycle-verb'];

interface VerbOutcome {
  /** Called before the toast; also when the component that asked is gone by then. */
  onDone?: () => void;
  onRefused?: (error: unknown, request: VerbRequest) => void;
}

/** One verb under way. Cards change when the event comes, not before: the server may refuse, or stop only a part. */
export function useRunVerb({ onDone, onRefused }: VerbOutcome = {}) {
  const { client } = useServices();
  return useMutation({
    mutationKey: key,
    mutationFn: (request: VerbRequest) => runVerb(client, request),
    onSuccess: (told) => {
      onDone?.();
      tell(told);
    },
    onError: (error, request) => onRefused?.(error, request),
  });
}

/** Starts a verb from a menu, a button or the palette: asks first where there is something to ask. */
export function useAct(): (verb: LifecycleVerb, agent: Workspace) => void {
  const dialog = useDialog();
  const run = useRunVerb({
    onRefused: (error, request) => {
      if (busyTasksOf(error) !== null) return dialog.open('hibernate', request.agent.id);
      const problem = verbProblemOf(error);
      toast.error(problem.title, { description: problem.advice });
    },
  });
  return (verb, agent) => {
    // An idle agent hibernates without a question; the server tells whether it is at work.
    if (isAskedVerb(verb) && verb !== 'hibernate') dialog.open(verb, agent.id);
    else run.mutate({ verb, agent });
  };
}

/** Whether a verb, or this one, is under way for an agent, whichever button started it. */
export function useIsActing(id: string, verb?: LifecycleVerb): boolean {
  const predicate = (mutation: Mutation) => {
    const request = requestOf(mutation);
    return request?.agent.id === id && (verb === undefined || request.verb === verb);
  };
  return useIsMutating({ mutationKey: key, predicate }) > 0;
}

/** How many tasks the server named when it last refused to hibernate an agent; null when it did not. */
export function useTasksInTheWay(id: string): number | null {
  const counts = useMutationState({
    filters: { mutationKey: key, status: 'error', predicate: (mutation) => requestOf(mutation)?.agent.id === id },
    select: ({ state }) => busyTasksOf(state.error),
  });
  return counts.findLast((count) => count !== null) ?? null;
}

/** The key says which mutations these are. */
function requestOf({ state }: Mutation): VerbRequest | undefined {
  return state.variables as VerbRequest | undefined;
}

function tell({ title, note, tone }: Told): void {
  const description = note === null ? {} : { description: note };
  if (tone === 'warning') toast.warning(title, { ...description, duration: 10_000 });
  else toast.success(title, description);
}
