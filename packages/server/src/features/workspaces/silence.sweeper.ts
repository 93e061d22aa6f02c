import type { Ports } from '../../ports.js';
import type { ProvisionerRegistry } from '../../provisioners/registry.js';
import { listSilent, lockSilent, type SilenceLimits, type SilentRow } from './sweeps.store.js';
import type { Transition } from './transition.js';

export interface SilenceDeps extends Pick<Ports, 'lanes' | 'transact' | 'commit' | 'logger'> {
  readonly provisioners: ProvisionerRegistry;
  readonly managedSilenceSeconds: number;
  readonly externalSilenceSeconds: number;
}

/**
 * The net below the drivers' own exit reports: online or degraded workspaces without a heartbeat for too long (design
 * §13 "three liveness detectors"). Asking backends takes time, so each row is looked at again under its lock before
 * anything is decided about it; a backend that cannot say anything definite leads to nothing (R43). Silence that nobody
 * was there to hear does not count: `listeningSeconds` says since when beats could be heard.
 */
export async function sweepSilence(deps: SilenceDeps, listeningSeconds: number): Promise<void> {
  const limits: SilenceLimits = { ...deps, listeningSeconds };
  for (const row of await listSilent(deps.lanes.work, limits)) {
    const transitions = row.backend === 'external' ? externalSilent(row) : await managedSilent(deps, row);
    if (transitions.length === 0) continue;
    await deps.transact('work', async (tx) => {
      if (await lockSilent(tx, row, limits)) await deps.commit(tx, { transitions });
    });
  }
}

function externalSilent({ id: workspaceId, generation }: SilentRow): readonly Transition[] {
  return [{ workspaceId, generation, trigger: 'external_went_silent' }];
}

/** Empty when the backend cannot tell. */
async function managedSilent(deps: SilenceDeps, row: SilentRow): Promise<readonly Transition[]> {
  const { id: workspaceId, generation } = row;
  const lookup = deps.provisioners.find(row.backend);
  if (!lookup.ok) return [];
  const inspection = await lookup.provisioner.inspect({ workspaceId, generation, record: row.instance });
  if (inspection.state === 'unknown') {
    const { reason, error } = inspection;
    deps.logger.warn({ workspace: workspaceId, reason, err: error }, 'silent, and its backend cannot tell why');
    return [];
  }
  const why =
    inspection.state === 'running'
      ? `No heartbeat for ${deps.managedSilenceSeconds} s although the agent process runs; it is being replaced.`
      : 'The agent process is gone; it is being started again.';
  // A new generation, because the driver would otherwise adopt the very instance that hangs. Both in one transaction:
  // this sweep does not look at who is offline, so nobody would come back to one that only the first had reached.
  return [
    { workspaceId, generation, trigger: 'went_silent', why },
    { workspaceId, generation, trigger: 'start_requested' },
  ];
}
