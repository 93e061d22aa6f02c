import type { LoggedEvent, Status } from '@molecule/contract';

type Row = Pick<LoggedEvent, 'event_type' | 'created_at'>;

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
