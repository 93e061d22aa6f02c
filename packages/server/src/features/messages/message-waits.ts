import type { Clock } from '../../platform/clock.js';
import type { EventFeed } from '../../platform/event-feed.js';
import type { LoggedEvent } from '../../platform/event-log.js';

/** Requests that wait for something to happen to a message: no connection is held, nothing is polled, the feed wakes them. */
export interface MessageWaits {
  /** Over when the time is up (null: never), when the client leaves, or when the server stops. */
  wait(rowId: string, ms: number | null, clientGone: AbortSignal): Wait;
  /** Lets everybody go, now and from now on. */
  close(): void;
}

export interface Wait {
  /** Resolves on a sign that the row may have changed, and when the wait is over. */
  next(): Promise<void>;
  /** Makes `next` resolve, for a sign of another kind. */
  wakeUp(): void;
  isOver(): boolean;
  done(): void;
}

export function createMessageWaits(feed: EventFeed, clock: Clock): MessageWaits {
  const waiting = new Map<string, Set<() => void>>();
  let closed = false;

  const subscription = feed.subscribe((events) => {
    if (waiting.size === 0) return;
    for (const event of events) {
      const rowId = rowOf(event);
      if (rowId === null) continue;
      for (const wakeUp of waiting.get(rowId) ?? []) wakeUp();
    }
  });

  return {
    wait(rowId, ms, clientGone) {
      let over = closed || clientGone.aborted;
      let told = false;
      let resume = (): void => {};
      // Registered before the first read of the row, so that a change between the two is not missed.
      const wakeUp = (): void => {
        told = true;
        resume();
      };
      const finish = (): void => {
        over = true;
        resume();
      };
      const others = waiting.get(rowId) ?? new Set();
      waiting.set(rowId, others.add(wakeUp));
      const cancel = ms === null ? () => {} : clock.after(ms, finish);
      clientGone.addEventListener('abort', finish, { once: true });
      return {
        async next() {
          if (!over && !told && !closed) {
            await new Promise<void>((resolve) => {
              resume = resolve;
            });
          }
          told = false;
        },
        wakeUp,
        isOver: () => over || closed,
        done() {
          over = true;
          cancel();
          clientGone.removeEventListener('abort', finish);
          others.delete(wakeUp);
          if (others.size === 0) waiting.delete(rowId);
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

/** The ledger row an event tells of: its activity row has the same id. */
function rowOf(event: LoggedEvent): string | null {
  if (event.type === 'ACTIVITY_LOGGED') return event.payload.activity_id;
  const tells =
    event.type === 'DELEGATION_STATUS' || event.type === 'DELEGATION_COMPLETE' || event.type === 'DELEGATION_FAILED';
  return tells ? event.payload.delegation_id : null;
}
