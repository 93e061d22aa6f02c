import type { LoggedEvent, Status } from '@molecule/contract';

/** Who works in a workspace by the events that tell of it; `unknown` when the log read so far does not. */
export type Assignment =
  | { readonly state: 'assigned'; readonly model: string; readonly since: string }
  | { readonly state: 'none' }
  | { readonly state: 'unknown' };

type Row = Pick<LoggedEvent, 'event_type' | 'payload' | 'created_at'>;

/** Of the events of one workspace, newest first. */
export function assignmentOf(events: readonly Row[]): Assignment {
  for (const { event_type: type, payload, created_at: since } of events) {
    switch (type) {
      case 'AGENT_ASSIGNED':
      case 'AGENT_REPLACED':
        return { state: 'assigned', model: textIn(payload, 'model') ?? '', since };
      case 'AGENT_REMOVED':
        return { state: 'none' };
      case 'AGENT_MOVED': {
        // Both ends are told; the one that names a source is where it has arrived.
        const arrived = textIn(payload, 'source_workspace_id') !== null;
        return arrived ? { state: 'assigned', model: textIn(payload, 'model') ?? '', since } : { state: 'none' };
      }
      default:
    }
  }
  return { state: 'unknown' };
}

const statusEvents: Partial<Record<string, readonly Status[]>> = {
  WORKSPACE_PROVISIONING: ['provisioning'],
  WORKSPACE_ONLINE: ['online'],
  WORKSPACE_AWAITING_AGENT: ['awaiting_agent'],
  WORKSPACE_OFFLINE: ['offline'],
  WORKSPACE_DEGRADED: ['degraded'],
  WORKSPACE_PAUSED: ['paused'],
  WORKSPACE_HIBERNATED: ['hibernated'],
  WORKSPACE_PROVISION_FAILED: ['failed'],
};

/** Since when an agent has its status; null when the events read so far do not tell. */
export function statusSince(status: Status, events: readonly Row[]): string | null {
  let since: string | null = null;
  for (const { event_type: type, created_at: at } of events) {
    const statuses = statusEvents[type];
    if (statuses === undefined) continue;
    if (!statuses.includes(status)) return since;
    since = at;
  }
  return since;
}

function textIn(payload: unknown, field: string): string | null {
  const value = typeof payload === 'object' && payload !== null ? (payload as Record<string, unknown>)[field] : null;
  return typeof value === 'string' ? value : null;
}
