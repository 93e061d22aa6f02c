import { followAbort } from '@molecule/contract/abort';
import { release } from '../../platform/claim.js';
import type { LeaseKeeper } from '../../platform/claim-keeper.js';
import { toError } from '../../platform/errors.js';
import type { LoopHandle } from '../../platform/supervisor.js';
import type { Ports } from '../../ports.js';
import type { Reconciler } from './reconciler.js';
import { type ClaimedWorkspace, claimDue, listSuperseded } from './workspaces.store.js';

export interface WorkspaceWorkerDeps
  extends Pick<Ports, 'lanes' | 'clock' | 'random' | 'logger' | 'supervisor' | 'feed'> {
  readonly reconciler: Reconciler;
  readonly leases: LeaseKeeper;
  readonly leaseMs: number;
  readonly hostId: string;
  /** Starts at the same time on this host (MOLECULE_PROVISION_CONCURRENCY). */
  readonly startsMax: number;
  /** What decided it, for the log. */
  readonly startsMaxFrom: string;
}

/** Stops are cheap and must not queue behind slow starts: somebody waits for them. */
const STOPS_MAX = 16;
const POLL_MS = 1_000;

/** Claims workspaces that are due and hands each to the reconciler; one row is in one pair of hands at a time. */
export function createWorkspaceWorker(deps: WorkspaceWorkerDeps): LoopHandle {
  const db = deps.lanes.work;
  const starting = new Map<string, { row: ClaimedWorkspace; aborter: AbortController }>();
  const stopping = new Map<string, { row: ClaimedWorkspace; aborter: AbortController }>();

  async function take(running: boolean, hands: typeof starting, limit: number): Promise<void> {
    const free = limit - hands.size;
    if (free <= 0) return;
    const owner = deps.random.uuid();
    const claimedAtMs = deps.clock.monotonicMs();
    const rows = await claimDue(db, { running, hostId: deps.hostId, limit: free, owner, leaseMs: deps.leaseMs });
    for (const row of rows) work(row, owner, claimedAtMs, hands);
  }

  function work(row: ClaimedWorkspace, owner: string, claimedAtMs: number, hands: typeof starting): void {
    const lease = deps.leases.hold({ table: 'workspaces', id: row.id, owner }, claimedAtMs);
    const aborter = new AbortController();
    hands.set(row.id, { row, aborter });
    deps.supervisor.background('reconcile-workspace', async (stopped) => {
      const { signal } = aborter;
      const unfollow = followAbort(aborter, [lease.signal, stopped]);
      try {
        await deps.reconciler.reconcile(row.id, owner, signal);
      } catch (error) {
        // A newer wish, a lost lease or shutdown: the row is still due and the next claim takes it up.
        if (!signal.aborted) {
          deps.logger.error(
            { workspace: row.id, err: toError(error) },
            'reconciling a workspace failed; it is tried again',
          );
          await deps.clock.sleep(POLL_MS, stopped).catch(() => undefined);
        }
      } finally {
        unfollow();
        lease.done();
        hands.delete(row.id);
        // A lease that cannot be released runs out by itself.
        await release(db, lease).catch((error: unknown) => {
          deps.logger.warn({ workspace: row.id, err: toError(error) }, 'lease not released');
        });
        loop.nudge();
      }
    });
  }

  /** An effect under way for an older wish is given up, so that a delete does not wait for a slow start. */
  async function abortSuperseded(): Promise<void> {
    const hands = [...starting.values(), ...stopping.values()];
    for (const id of await listSuperseded(
      db,
      hands.map((hand) => hand.row),
    )) {
      for (const hand of [starting.get(id), stopping.get(id)])
        hand?.aborter.abort(new Error('superseded by a newer wish'));
    }
  }

  deps.logger.info(
    { starts_max: deps.startsMax, from: deps.startsMaxFrom },
    'how many workspaces start at the same time',
  );
  const loop = deps.supervisor.loop({
    name: 'workspace-reconciler',
    everyMs: POLL_MS,
    run: async () => {
      await abortSuperseded();
      await take(true, starting, deps.startsMax);
      await take(false, stopping, STOPS_MAX);
    },
  });
  deps.feed.subscribe((events) => {
    if (events.some((event) => event.type.startsWith('WORKSPACE_'))) loop.nudge();
  });
  return loop;
}
