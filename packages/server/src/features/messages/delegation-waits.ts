import type { Clock } from '../../platform/clock.js';
import type { EventFeed } from '../../platform/event-feed.js';

/** Requests that wait for a delegation to end: no connection is held and nothing is polled, the feed wakes them. */
export interface DelegationWaits {
  /** Resolves when the delegation ends, when the time is up, when the client leaves, or when the server stops. */
  wait(delegationId: string, ms: number, clientGone: AbortSignal): Wait;
  /** Lets everybody go, now and from now on. */
  close(): void;
}

export interface Wait {
  /** Resolves on a sign that the row may have ended, and when the wait is over. */
  next(): Promise<void>;
  isOver(): boolean;
  done(): void;
}

export function createDelegationWaits(feed: EventFeed, clock: Clock): DelegationWaits {
  const waiting = new Map<string, Set<() => void>>();
  let closed = false;

  const subscription = feed.subscribe((events) => {
    for (const event of events) {
      if (event.type !== 'DELEGATION_COMPLETE' && event.type !== 'DELEGATION_FAILED') continue;
      for (const wakeUp of waiting.get(event.payload.delegation_id) ?? []) wakeUp();
    }
  });

  return {
    wait(delegationId, ms, clientGone) {
      let over = closed || clientGone.aborted;
      let told = false;
      let resume = (): void => {};
      // Registered before the first read of the row, so that an end between the two is not missed.
      const wakeUp = (): void => {
        told = true;
        resume();
      };
      const finish = (): void => {
        over = true;
        resume();
      };
      const others = waiting.get(delegationId) ?? new Set();
      waiting.set(delegationId, others.add(wakeUp));
      const cancel = clock.after(ms, finish);
      clientGone.addEventListener('abort', finish, { once: true });
      return {
        async next() {
          if (!over && !told) {
            await new Promise<void>((resolve) => {
              resume = resolve;
            });
          }
          told = false;
        },
        isOver: () => over || closed,
        done() {
          over = true;
          cancel();
          clientGone.removeEventListener('abort', finish);
          others.delete(wakeUp);
          if (others.size === 0) waiting.delete(delegationId);
        },
      };
    },
    close() {
      closed = true;
      subscription.close();
      for (const group of waiting.values()) for (const wakeUp of group) wakeUp();
    },
  };
}
