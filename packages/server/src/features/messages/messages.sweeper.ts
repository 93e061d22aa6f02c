import type { Ports } from '../../ports.js';
import type { WorkspaceReads } from '../workspaces/index.js';
import { listExpired, listOpenOf, listOpenTargets, listPastDeadline, listQuiet } from './claims.store.js';
import type { Ledger } from './ledger.js';
import type { MessageLimits } from './limits.js';
import { canBeAsked } from './reachability.js';
import type { Reason } from './reasons.js';

export interface SweepDeps extends Pick<Ports, 'lanes' | 'clock'> {
  readonly ledger: Ledger;
  readonly workspaces: WorkspaceReads;
  readonly limits: MessageLimits;
}

const AT_ONCE = 256;

/**
 * Ends what has taken too long. Deadline before silence: an overdue row has failed for good, a quiet one is stuck and a
 * result may still come for it (B-63). A row that completes meanwhile wins: ending matches only open rows (B-62).
 * A message without a deadline has one as long as it waits: a workspace may stay stopped for good, and whoever wrote to it
 * is to be told. Work under way has no such end (design §7).
 * Silence that nobody was there to hear does not count: `listeningSeconds` says since when heartbeats could be heard.
 */
export async function sweepOverdue(
  { lanes, ledger, limits }: SweepDeps,
  signal: AbortSignal,
  listeningSeconds: number,
): Promise<void> {
  for (let ids = await listPastDeadline(lanes.work, AT_ONCE); ids.length > 0 && !signal.aborted; ) {
    const detail = 'deadline exceeded by sweeper';
    const ending = { state: 'failed', reason: 'deadline_exceeded', detail, result: null } as const;
    await ledger.endAll(ids.map((id) => ({ id, owner: null, ending })));
    ids = ids.length < AT_ONCE ? [] : await listPastDeadline(lanes.work, AT_ONCE);
  }
  // What waited while nobody was there to deliver it gets as long as its agent needs to come back.
  if (listeningSeconds <= limits.stuckAfterSeconds) return;
  const waited = `it could not be delivered within ${formatHours(limits.queuedMaxMs)}`;
  const expired = { state: 'failed', reason: 'expired', detail: waited, result: null } as const;
  for (let full = true; full && !signal.aborted; ) {
    const ids = await listExpired(lanes.work, limits.queuedMaxMs / 1_000, AT_ONCE);
    await ledger.endAll(ids.map((id) => ({ id, owner: null, onlyQueued: true, ending: expired })));
    full = ids.length === AT_ONCE;
  }
  for (let quiet = await listQuiet(lanes.work, limits.stuckAfterSeconds, AT_ONCE); quiet.length > 0; ) {
    await ledger.endAll(
      quiet.map(({ id, quiet: seconds }) => {
        const detail = `no heartbeat for ${seconds} s`;
        return { id, owner: null, ending: { state: 'stuck', reason: 'no_heartbeat', detail } as const };
      }),
    );
    if (quiet.length < AT_ONCE || signal.aborted) return;
    quiet = await listQuiet(lanes.work, limits.stuckAfterSeconds, AT_ONCE);
  }
}

function formatHours(ms: number): string {
  return `${Number((ms / 3_600_000).toFixed(1))} h`;
}

/**
 * Ends what waits for workspaces that will not take it: removed ones at once, failed ones after a grace. What one of them
 * had begun may have been done: it may be sent once more only to an agent that would know it again.
 */
export async function sweepLostTargets(deps: SweepDeps, signal: AbortSignal): Promise<void> {
  const { lanes, clock, limits, workspaces } = deps;
  for (const id of await listOpenTargets(lanes.work)) {
    if (signal.aborted) return;
    const target = await workspaces.find(lanes.work, id);
    if (!target || target.status === 'removed') {
      await failOpen(deps, id, { reason: 'target_removed', detail: 'its workspace was removed' }, 'any');
    } else if (
      target.status === 'failed' &&
      clock.now().getTime() - target.updatedAt.getTime() >= limits.failedGraceMs
    ) {
      await failOpen(deps, id, { reason: 'target_failed', detail: 'its workspace has failed' }, 'queued');
      const reason = canBeAsked(target) ? 'target_failed' : 'interrupted';
      await failOpen(deps, id, { reason, detail: 'its workspace failed while it was at work on it' }, 'begun');
    }
  }
}

const OPEN_STATES = {
  any: ['queued', 'working', 'input_required'],
  queued: ['queued'],
  begun: ['working', 'input_required'],
} as const;

async function failOpen(
  { lanes, ledger }: SweepDeps,
  targetId: string,
  why: { readonly reason: Reason; readonly detail: string },
  which: keyof typeof OPEN_STATES,
): Promise<void> {
  const onlyQueued = which === 'queued';
  for (;;) {
    const ids = await listOpenOf(lanes.work, targetId, OPEN_STATES[which], AT_ONCE);
    const ending = { state: 'failed', ...why, result: null } as const;
    const ended = await ledger.endAll(ids.map((id) => ({ id, owner: null, onlyQueued, ending })));
    // None of a full page ended: others are taking the very same rows, which is as good.
    if (ids.length < AT_ONCE || ended === 0) return;
  }
}
