import { isCollision, isConnectionError, toError } from '../../platform/errors.js';
import type { LoopHandle } from '../../platform/supervisor.js';
import type { Ports } from '../../ports.js';
import type { InstanceExit } from '../../provisioners/provisioner.js';
import type { Reconciler } from './reconciler.js';

export interface ExitReportsDeps extends Pick<Ports, 'supervisor' | 'logger'> {
  readonly reconciler: Pick<Reconciler, 'instanceEnded'>;
  /** Wakes the worker. */
  readonly nudge: () => void;
}

/** More often than this nobody needs to ask for a database that is away. */
const RETRY_MAX_MS = 2_000;
const AT_ONCE = 16;

/**
 * Takes the ends of instances from drivers, which tell of each once, and keeps them until they are on record: one that
 * comes while the database is away would otherwise be noticed by the sweep for silent agents only, minutes later. Of a
 * workspace the newest is kept, so there are never more than instances; a server that ends looks for itself at its next
 * start.
 */
export function createExitReports(deps: ExitReportsDeps): { take(exit: InstanceExit): void } {
  const held = new Map<string, InstanceExit>();

  async function apply(exit: InstanceExit): Promise<void> {
    try {
      await deps.reconciler.instanceEnded(exit);
      deps.nudge();
    } catch (error) {
      if (isConnectionError(error) || isCollision(error)) throw error;
      const fields = { workspace: exit.workspaceId, instance: exit.instanceId, err: toError(error) };
      deps.logger.error(fields, 'the end of an agent could not be noted; the sweep for silent agents will find it');
    }
    if (held.get(exit.workspaceId) === exit) held.delete(exit.workspaceId);
  }

  const loop: LoopHandle = deps.supervisor.loop({
    name: 'exit-reports',
    everyMs: 60_000,
    retryMaxMs: RETRY_MAX_MS,
    async run() {
      const exits = [...held.values()];
      for (let start = 0; start < exits.length; start += AT_ONCE) {
        const results = await Promise.allSettled(exits.slice(start, start + AT_ONCE).map(apply));
        const failed = results.find((result) => result.status === 'rejected');
        // Kept for the next cycle, which follows soon.
        if (failed) throw failed.reason;
      }
    },
  });

  return {
    take(exit) {
      if (exit.requested) return;
      held.set(exit.workspaceId, exit);
      loop.nudge();
    },
  };
}
