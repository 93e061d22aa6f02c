import type { Clock } from './clock.js';
import type { EventFeed } from './event-feed.js';
import type { LoggedEvent } from './event-log.js';

/** Requests that wait for something to happen: no connection is held and nothing is polled, the feed wakes them. */
export interface FeedWaits {
  /** Over when the time is up (null: never), when the client leaves, or when the server stops. */
  wait(key: string, ms: number | null, clientGone: AbortSignal): Wait;
  /** Lets everybody go, now and from now on. */
  close(): void;
}

export interface Wait {
  /** Resolves on a sign that what is waited for may have happened, and when the wait is over. */
  next(): Promise<void>;
  /** Makes `next` resolve, for a sign of another kind. */
  wakeUp(): void;
  isOver(): boolean;
  done(): void;
}

/** Whom an event wakes. */
export interface Call {
  readonly key: string;
  /** There is nothing to wait for any more: who waits looks once again and goes. */
  readonly last?: true;
}

/** `callOf` tells whom an event wakes; null for nobody. */
export function createFeedWaits(feed: EventFeed, clock: Clock, callOf: (event: LoggedEvent) => Call | null): FeedWaits {
  const waiting = new Map<string, Set<(last: boolean) => void>>();
  let closed = false;

  const subscription = feed.subscribe((events) => {
    for (const event of events) {
      const call = callOf(event);
      if (call === null) continue;
      for (const wakeUp of waiting.get(call.key) ?? []) wakeUp(call.last === true);
    }
  });

  return {
    wait(key, ms, clientGone) {
      let over = closed || clientGone.aborted;
      let told = false;
      let resume = (): void => {};
      // Registered before the first read of the rows, so that what happens between the two is not missed.
      const wakeUp = (last: boolean): void => {
        told = true;
        over ||= last;
        resume();
      };
      const finish = (): void => {
        over = true;
        resume();
      };
      const others = waiting.get(key) ?? new Set();
      waiting.set(key, others.add(wakeUp));
      const cancel = ms === null ? () => {} : clock.after(ms, finish);
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
        wakeUp: () => wakeUp(false),
        isOver: () => over || closed,
        done() {
          over = true;
          cancel();
          clientGone.removeEventListener('abort', finish);
          others.delete(wakeUp);
          if (others.size === 0) waiting.delete(key);
        },
      };
    },
    close() {
      closed = true;
      subscription.close();
      for (const group of waiting.values()) for (const wakeUp of group) wakeUp(true);
    },
  };
}
