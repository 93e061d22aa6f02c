import type { Ports } from '../../ports.js';
import type { ProvisionerRegistry } from '../../provisioners/registry.js';
import { listSilent, type SilentRow } from './sweeps.store.js';

export interface SilenceDeps extends Pick<Ports, 'lanes' | 'transact' | 'commit' | 'logger'> {
  readonly provisioners: ProvisionerRegistry;
  readonly managedSilenceSeconds: number;
  readonly externalSilenceSeconds: number;
}

/**
 * The net below the drivers' own exit reports: online or degraded workspaces without a heartbeat for too long (design
 * §13 "three liveness detectors"). Selected by positive ownership and re-checked by the transition; a backend that
 * cannot say anything definite leads to nothing (R43). Silence that nobody was there to hear does not count:
 * `listeningSeconds` says since when beats could be heard.
 */
export async function sweepSilence(deps: SilenceDeps, listeningSeconds: number): Promise<void> {
  const rows = await listSilent(deps.lanes.work, { ...deps, listeningSeconds });
  for (const row of rows) {
    if (row.backend === 'external') await externalSilent(deps, row);
    else await managedSilent(deps, row);
  }
}

async function externalSilent(deps: SilenceDeps, row: SilentRow): Promise<void> {
  await deps.transact('work', (tx) =>
    deps.commit(tx, {
      transitions: [{ workspaceId: row.id, generation: row.generation, trigger: 'external_went_silent' }],
    }),
  );
}

async function managedSilent(deps: SilenceDeps, row: SilentRow): Promise<void> {
  const lookup = deps.provisioners.find(row.backend);
  if (!lookup.ok) return;
  const ref = { workspaceId: row.id, generation: row.generation, record: row.instance };
  const inspection = await lookup.provisioner.inspect(ref);
  if (inspection.state === 'unknown') {
    deps.logger.warn({ workspace: row.id, reason: inspection.reason }, 'silent, and its backend cannot tell why');
    return;
  }
  const why =
    inspection.state === 'running'
      ? `No heartbeat for ${deps.managedSilenceSeconds} s although the agent process runs; it is being replaced.`
      : 'The agent process is gone; it is being started again.';
  // A new generation, because the driver would otherwise adopt the very instance that hangs. In the same transaction:
  // this sweep does not look at who is offline, so nobody would come back to one that only the first half had reached.
  await deps.transact('work', (tx) =>
    deps.commit(tx, {
      transitions: [
        { workspaceId: row.id, generation: row.generation, trigger: 'went_silent', why },
        { workspaceId: row.id, generation: row.generation, trigger: 'start_requested' },
      ],
    }),
  );
}
