import type { Ports } from '../../ports.js';
import { listIdle } from './lifecycle-verbs.store.js';

const AT_ONCE = 100;

/**
 * Sends agents to sleep that have had nothing to do for as long as their owner allows (contract lifecycle §16.6). The
 * generation keeps it from touching one that was started anew meanwhile; the next message wakes it, so a task that arrives
 * between the look and the commit is delivered late and never lost.
 */
export async function sweepIdle(deps: Pick<Ports, 'transact' | 'commit'>): Promise<void> {
  await deps.transact('work', async (tx) => {
    const idle = await listIdle(tx, AT_ONCE);
    if (idle.length === 0) return;
    await deps.commit(tx, {
      transitions: idle.map(({ id, generation }) => ({
        workspaceId: id,
        generation,
        trigger: 'hibernate_requested' as const,
      })),
    });
  });
}
