import type { DelegationState, DelegationView } from '@molecule/contract';

/** What a person calls the state of a delegation. */
export const stateWords = {
  queued: 'Queued',
  dispatched: 'Sent',
  in_progress: 'In progress',
  completed: 'Completed',
  failed: 'Failed',
  stuck: 'Stuck',
} satisfies Record<DelegationState, string>;

export const views: readonly { readonly id: DelegationView; readonly label: string; readonly empty: string }[] = [
  { id: 'in_flight', label: 'In flight', empty: 'Nothing is being worked on for somebody else right now.' },
  { id: 'stuck', label: 'Stuck', empty: 'No agent has gone quiet over a task.' },
  { id: 'failed', label: 'Failed', empty: 'No delegation has failed.' },
  { id: 'completed', label: 'Completed', empty: 'No delegation has been completed yet.' },
];

export type StateCounts = Readonly<Record<DelegationState, number>>;

export function countOf(view: DelegationView, counts: StateCounts): number {
  return view === 'in_flight' ? counts.queued + counts.dispatched + counts.in_progress : counts[view];
}

export function isView(text: string | null): text is DelegationView {
  return views.some((view) => view.id === text);
}
