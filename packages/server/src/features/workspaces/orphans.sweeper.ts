import { parseUuid } from '@molecule/contract';
import { followAbort } from '@molecule/contract/abort';
import { toError } from '../../platform/errors.js';
import type { Ports } from '../../ports.js';
import { DriverError, type InstanceListing, type Provisioner } from '../../provisioners/provisioner.js';
import type { ProvisionerRegistry } from '../../provisioners/registry.js';
import { untilAborted } from '../../provisioners/until-aborted.js';
import {
  type Account,
  findAccounts,
  forgetResolved,
  type Origin,
  type Suspect,
  writeOutcome,
  writeSuspects,
} from './orphans.store.js';

export interface OrphansDeps extends Pick<Ports, 'lanes' | 'transact' | 'logger'> {
  readonly provisioners: ProvisionerRegistry;
  readonly hostId: string;
}

/** A cycle never takes longer than this for one backend (contract lifecycle §16.5). */
const CYCLE_MS = 30_000;
const ACTIONS_MAX = 100;
/** One look may fall between two steps of a verb; what is suspect in a second one, a cycle later, is not. */
const ORPHAN_GRACE_SECONDS = 45;
const KEEP_DAYS = 30;

/**
 * Looks for what drivers hold and no workspace accounts for (contract lifecycle §16.5): of removed workspaces, of none at
 * all, or of a generation that the worker has left behind. Such instances are stopped; the files of a removed workspace go
 * with it as its deletion would have had it, those of an unknown one stay for somebody to look at. Selection is by positive
 * ownership: a driver lists only what it created, and a backend that runs nothing itself is not asked, so no external agent
 * can be touched (R19). Whatever cannot be known leads to nothing (R43).
 */
export async function sweepOrphans(deps: OrphansDeps, stopping: AbortSignal): Promise<void> {
  for (const provisioner of deps.provisioners.all) {
    if (!provisioner.capabilities.runsInstances || stopping.aborted) continue;
    const ender = new AbortController();
    const unfollow = followAbort(ender, [stopping, AbortSignal.timeout(CYCLE_MS)]);
    await sweepBackend(deps, provisioner, ender.signal).finally(unfollow);
  }
  await forgetResolved(deps.lanes.work, KEEP_DAYS);
}

async function sweepBackend(deps: OrphansDeps, provisioner: Provisioner, signal: AbortSignal): Promise<void> {
  const { kind, capabilities } = provisioner;
  const origin: Origin = { backend: kind, hostId: capabilities.hostBound ? deps.hostId : '' };
  let listings: readonly InstanceListing[];
  try {
    // Before the rows: whatever runs by now had its row before.
    const listed = await untilAborted(provisioner.list(), signal);
    listings = listed.filter(({ workspaceId }) => parseUuid(workspaceId) === workspaceId);
  } catch (error) {
    if (!(error instanceof DriverError || signal.aborted)) throw error;
    deps.logger.warn(
      { backend: kind, err: toError(error) },
      'instances could not be listed; no orphans are looked for',
    );
    return;
  }
  const accounts = await findAccounts(
    deps.lanes.work,
    listings.map(({ workspaceId }) => workspaceId),
  );
  const judged = listings.flatMap((listing) => judge(listing, accounts.get(listing.workspaceId)));
  // A backend may hold two of one workspace; one row stands for it, and what runs matters more.
  const suspects = [...new Map(judged.toSorted(byRunning).map((one) => [one.workspaceId, one])).values()];
  const ripe = await deps.transact('work', (tx) => writeSuspects(tx, origin, suspects, ORPHAN_GRACE_SECONDS));
  for (const suspect of suspects.filter(({ workspaceId }) => ripe.has(workspaceId)).slice(0, ACTIONS_MAX)) {
    if (signal.aborted) return;
    await act(deps, provisioner, origin, suspect, signal);
  }
}

function judge(listing: InstanceListing, account: Account | undefined): Suspect[] {
  if (account === undefined) return [{ ...listing, reason: 'workspace_unknown' }];
  // The worker is on it: whatever is there may be on its way.
  if (!account.isSettled) return [];
  if (account.isRemoved) return [{ ...listing, reason: 'workspace_removed' }];
  const isLate = listing.running && listing.generation < account.generation;
  return isLate ? [{ ...listing, reason: 'older_generation' }] : [];
}

const byRunning = (a: Suspect, b: Suspect): number => Number(a.running) - Number(b.running);

async function act(
  deps: OrphansDeps,
  provisioner: Provisioner,
  origin: Origin,
  suspect: Suspect,
  signal: AbortSignal,
): Promise<void> {
  const { workspaceId, generation, reason } = suspect;
  const destroys = reason === 'workspace_removed';
  if (!destroys && !suspect.running) return;
  const account = (await findAccounts(deps.lanes.work, [workspaceId])).get(workspaceId);
  if (judge(suspect, account)[0]?.reason !== reason) return;
  // Speaking for the generation that was seen: a driver leaves a newer one alone.
  const ref = { workspaceId, generation: destroys ? (account?.generation ?? generation) : generation, record: null };
  try {
    const inspection = await untilAborted(provisioner.inspect(ref), signal);
    if (inspection.state === 'unknown') {
      const { reason: why, error } = inspection;
      deps.logger.warn({ workspace: workspaceId, reason: why, err: error }, 'whether an orphan runs is not known');
      await writeOutcome(deps.lanes.work, origin, workspaceId, { action: null, error: inspection.reason });
      return;
    }
    await (destroys ? provisioner.destroy(ref, signal) : provisioner.stop(ref, signal));
  } catch (error) {
    if (!(error instanceof DriverError || signal.aborted)) throw error;
    const { message } = toError(error);
    deps.logger.warn(
      { workspace: workspaceId, err: toError(error) },
      'an orphan could not be stopped; tried again later',
    );
    await writeOutcome(deps.lanes.work, origin, workspaceId, { action: null, error: message });
    return;
  }
  deps.logger.warn({ workspace: workspaceId, backend: origin.backend, generation, reason }, 'stopped an orphan');
  await writeOutcome(deps.lanes.work, origin, workspaceId, {
    action: destroys ? 'destroyed' : 'stopped',
    error: null,
  });
}
