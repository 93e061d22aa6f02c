import type { Db } from '../../platform/db.js';
import type { EventFeed } from '../../platform/event-feed.js';
import type { LoggedEvent } from '../../platform/event-log.js';
import type { WorkspaceReads } from '../workspaces/index.js';

/**
 * The tree of workspaces in memory, for filtering the live feed: one load, then kept up to date by the very events that
 * are being filtered, so that an event costs no query however many agents listen (contract registry-a2a §6, §19.7).
 */
export interface Hierarchy {
  /** Must have resolved once before `canSee` is asked. Throws when the database cannot be read; may be repeated. */
  load(): Promise<void>;
  canSee(viewerId: string, workspaceId: string): boolean;
}

const STEPS_MAX = 32;

export function createHierarchy(deps: {
  readonly feed: EventFeed;
  readonly db: Db;
  readonly workspaces: Pick<WorkspaceReads, 'list'>;
}): Hierarchy {
  const parents = new Map<string, string | null>();
  let loading: Promise<void> | null = null;

  const load = async (): Promise<void> => {
    // Subscribed before reading: what changes meanwhile is applied on top, in order, and ends in the same state.
    const subscription = deps.feed.subscribe((events) => {
      for (const event of events) apply(parents, event);
    });
    try {
      for (const { id, parentId } of await deps.workspaces.list(deps.db)) parents.set(id, parentId);
    } catch (error) {
      subscription.close();
      loading = null;
      throw error;
    }
  };

  return {
    load: () => {
      loading ??= load();
      return loading;
    },
    canSee: (viewerId, workspaceId) => canCommunicate(parents, viewerId, workspaceId),
  };
}

/** Events by which a workspace appears or moves. A removed one stays: its last event is still to be filtered. */
function apply(parents: Map<string, string | null>, event: LoggedEvent): void {
  const id = event.workspaceId;
  if (id === null) return;
  if (event.type === 'WORKSPACE_PROVISIONING' && event.payload.parent_id !== undefined) {
    parents.set(id, event.payload.parent_id);
  } else if (event.type === 'WORKSPACE_UPDATED' && 'parent_id' in event.payload.changes) {
    const parentId = event.payload.changes.parent_id;
    parents.set(id, typeof parentId === 'string' ? parentId : null);
  } else if (!parents.has(id)) {
    // Created without an announcement: it registered itself, as a root.
    parents.set(id, null);
  }
}

/** Contract registry-a2a §6, on a map: self, siblings (roots among them), or one above the other. Cycles end and deny. */
export function canCommunicate(parents: ReadonlyMap<string, string | null>, a: string, b: string): boolean {
  if (a === b) return true;
  const parentA = parents.get(a);
  const parentB = parents.get(b);
  if (parentA === undefined || parentB === undefined) return false;
  return parentA === parentB || isAbove(parents, a, b) || isAbove(parents, b, a);
}

function isAbove(parents: ReadonlyMap<string, string | null>, upper: string, lower: string): boolean {
  let current = parents.get(lower);
  for (let step = 0; step < STEPS_MAX && current; step += 1) {
    if (current === upper) return true;
    current = parents.get(current);
  }
  return false;
}
