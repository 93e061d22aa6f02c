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

/** Why a delegation failed, in a few words. The next step, which the server adds, says the rest. */
export function reasonWords(reason: string | undefined): string {
  return (reason === undefined ? undefined : reasons.get(reason)) ?? 'Failed';
}

/** Names of the ledger; one of a newer server is simply a failure. */
const reasons: ReadonlyMap<string, string> = new Map([
  ['agent_error', 'The agent reported an error'],
  ['canceled_by_caller', 'Given up'],
  ['dropped', 'Dropped by an operator'],
  ['agent_canceled', 'Canceled by the agent'],
  ['agent_unreachable', 'The agent did not answer'],
  ['agent_silent', 'The agent went silent'],
  ['interrupted', 'The connection broke'],
  ['response_too_large', 'The answer was too large'],
  ['url_not_routable', 'The address of the agent must not be called'],
  ['attempts_exhausted', 'Every delivery failed'],
  ['deadline_exceeded', 'Out of time'],
  ['expired', 'Never taken'],
  ['no_heartbeat', 'The agent stopped reporting'],
  ['target_removed', 'The agent was removed'],
  ['target_failed', 'The agent has failed'],
  ['access_denied', 'These two must not talk'],
  ['budget_exceeded', 'The budget is used up'],
]);
