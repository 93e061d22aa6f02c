import type { NewEvent } from '@molecule/contract';
import type { Tx } from './db.js';
import { appendEvents } from './event-log.js';

/**
 * The only function that writes a status or an event (design §4.2). Applies the transitions (locking rows first, compare
 * and set), then appends their events and the caller's as the very last statement of the transaction, so that seq is
 * handed out in commit order and no lock is taken while the log is held.
 *
 * Call it last: nothing may touch the database in the same transaction afterwards.
 */
export type Commit<Transition, Outcome> = (
  tx: Tx,
  request: { readonly transitions?: readonly Transition[]; readonly events?: readonly NewEvent[] },
) => Promise<CommitResult<Outcome>>;

export interface CommitResult<Outcome> {
  /** One per transition, in the order given. */
  readonly outcomes: readonly Outcome[];
}

export type ApplyTransitions<Transition, Outcome> = (
  tx: Tx,
  transitions: readonly Transition[],
) => Promise<{ readonly outcomes: readonly Outcome[]; readonly events: readonly NewEvent[] }>;

export function createCommit<Transition, Outcome>(
  applyTransitions: ApplyTransitions<Transition, Outcome>,
): Commit<Transition, Outcome> {
  return async (tx, { transitions = [], events = [] }) => {
    const applied = await applyTransitions(tx, transitions);
    const all = [...applied.events, ...events];
    if (all.length > 0) await appendEvents(tx, all);
    return { outcomes: applied.outcomes };
  };
}
