import type { Clock } from '../../platform/clock.js';
import type { EventFeed } from '../../platform/event-feed.js';
import { createFeedWaits, type FeedWaits } from '../../platform/feed-waits.js';

/** Requests that wait for a delegation to end, by its id. */
export type DelegationWaits = FeedWaits;

export function createDelegationWaits(feed: EventFeed, clock: Clock): DelegationWaits {
  return createFeedWaits(feed, clock, (event) =>
    event.type === 'DELEGATION_COMPLETE' || event.type === 'DELEGATION_FAILED'
      ? { key: event.payload.delegation_id }
      : null,
  );
}
