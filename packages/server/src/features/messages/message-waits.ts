import type { Clock } from '../../platform/clock.js';
import type { EventFeed } from '../../platform/event-feed.js';
import type { LoggedEvent } from '../../platform/event-log.js';
import { createFeedWaits, type FeedWaits } from '../../platform/feed-waits.js';

/** Requests that wait for something to happen to a message, by the id of its row. */
export type MessageWaits = FeedWaits;

export function createMessageWaits(feed: EventFeed, clock: Clock): MessageWaits {
  return createFeedWaits(feed, clock, (event) => {
    const rowId = rowOf(event);
    return rowId === null ? null : { key: rowId };
  });
}

/** The ledger row an event tells of: its activity row has the same id. */
function rowOf(event: LoggedEvent): string | null {
  if (event.type === 'ACTIVITY_LOGGED') return event.payload.activity_id;
  const tells =
    event.type === 'DELEGATION_STATUS' || event.type === 'DELEGATION_COMPLETE' || event.type === 'DELEGATION_FAILED';
  return tells ? event.payload.delegation_id : null;
}
