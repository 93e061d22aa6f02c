import type { LoggedEvent } from '../../platform/event-log.js';
import { type Call, createFeedWaits } from '../../platform/feed-waits.js';
import type { Ports } from '../../ports.js';
import { type ActivityHandlers, createActivityHandlers } from './activity.handlers.js';
import { createReportWriter } from './activity.reports.js';
import { deleteOldActivities, endActivities, insertActivities } from './activity.store.js';

import { createSessionSearchHandlers, type SessionSearchHandlers } from './session-search.js';

export { activityLogged } from './activity.projection.js';
export type { ActivityEnding, NewActivity } from './activity.types.js';
export { capBody, firstCharacters, toStoredBody } from './stored-body.js';

/** Writes of the log for the feature whose rows it projects, inside that feature's transaction. */
export interface ActivityWrites {
  readonly insert: typeof insertActivities;
  readonly end: typeof endActivities;
}

export interface ActivityDeps
  extends Pick<Ports, 'lanes' | 'transact' | 'commit' | 'random' | 'supervisor' | 'logger' | 'feed' | 'clock'> {
  /** Rows older than this are removed; 0 keeps everything (contract registry-a2a §16). */
  readonly retentionDays: number;
  /** Default 6. */
  readonly cleanupHours?: number;
}

export interface ActivityFeature {
  readonly handlers: ActivityHandlers & SessionSearchHandlers;
  readonly writes: ActivityWrites;
  /** Lets every request that waits for a row go, now and from now on, so that none holds up a stop. */
  standDown(): void;
  /** Waits for reports that are being written. Call before the pool closes. */
  drain(): Promise<void>;
}

const DELETE_AT_ONCE = 5_000;

export function createActivity(deps: ActivityDeps): ActivityFeature {
  const reports = createReportWriter(deps);
  const waits = createFeedWaits(deps.feed, deps.clock, wokenBy);
  deps.supervisor.loop({
    name: 'activity-retention',
    everyMs: (deps.cleanupHours ?? 6) * 3_600_000,
    async run(signal) {
      if (deps.retentionDays === 0) return;
      let total = 0;
      let deleted = DELETE_AT_ONCE;
      // In slices, so that no statement runs long and no lock is held for a whole backlog.
      while (deleted === DELETE_AT_ONCE && !signal.aborted) {
        deleted = await deleteOldActivities(deps.lanes.work, deps.retentionDays, DELETE_AT_ONCE);
        total += deleted;
      }
      if (total > 0) deps.logger.info({ rows: total }, 'removed old activity rows');
    },
  });
  return {
    handlers: { ...createActivityHandlers(deps, reports, waits), ...createSessionSearchHandlers(deps) },
    writes: { insert: insertActivities, end: endActivities },
    standDown: () => waits.close(),
    drain: () => reports.drain(),
  };
}

/** A new row wakes who waits for one; whose token or workspace has gone must not wait on, and learns it when it asks again. */
function wokenBy(event: LoggedEvent): Call | null {
  if (event.workspaceId === null) return null;
  switch (event.type) {
    case 'ACTIVITY_LOGGED':
      return { key: event.workspaceId };
    case 'WORKSPACE_REMOVED':
    case 'EXTERNAL_CREDENTIALS_ROTATED':
      return { key: event.workspaceId, last: true };
    default:
      return null;
  }
}
