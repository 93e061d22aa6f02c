import type { Ports } from '../../ports.js';
import { listOnLostHosts } from './hosts.views.js';

/** A host that runs process instances and has not been seen for five minutes (design §6). */
const HOST_SILENCE_SECONDS = 300;

/** Says so on the workspaces of hosts that are gone. Their instances may still run there; only that host claims them. */
export async function sweepLostHosts(
  deps: Pick<Ports, 'lanes' | 'transact' | 'commit'> & { readonly hostId: string },
): Promise<void> {
  const lost = await listOnLostHosts(deps.lanes.work, deps.hostId, HOST_SILENCE_SECONDS);
  if (lost.length === 0) return;
  await deps.transact('work', (tx) =>
    deps.commit(tx, {
      transitions: lost.map((row) => ({
        workspaceId: row.id,
        generation: row.generation,
        trigger: 'host_lost' as const,
        why: `host_gone: the server on host ${row.hostName} that runs this agent has not been seen for five minutes.`,
      })),
    }),
  );
}
