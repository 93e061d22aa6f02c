import type { Ports } from '../../ports.js';
import type { ProvisionerRegistry } from '../../provisioners/registry.js';
import { sanitizeRuntime } from './runtimes.js';
import { tellProgress } from './start-progress.js';
import { listStarting, makeDue, touchStartProgress } from './start-progress.store.js';

export interface InstallWatchDeps extends Pick<Ports, 'lanes' | 'transact' | 'commit'> {
  readonly provisioners: ProvisionerRegistry;
  readonly hostId: string;
}

/**
 * One look at the installs this server has under way: tells those who wait how far they are, gives up one that nobody
 * waits for any more, and makes the rows due whose install is over. Answers whether there were any of those.
 */
export function createInstallWatch(deps: InstallWatchDeps): () => Promise<boolean> {
  const db = deps.lanes.work;
  /** How far each was at the last look, by backend and runtime. */
  let before = new Map<string, number>();
  /** Those over by the last look: a row that asked just before the end may have been put off just after that look. */
  let endedBefore = new Set<string>();

  return async function look() {
    const now = new Map<string, number>();
    const endedNow = new Set<string>();
    for (const { kind, installs } of deps.provisioners.all) {
      if (installs === null) continue;
      const keyOf = (runtime: string): string => `${kind} ${runtime}`;
      const active = installs.active();
      for (const runtime of installs.takeEnded()) endedNow.add(keyOf(runtime));
      const isOver = (runtime: string): boolean => endedNow.has(keyOf(runtime)) || endedBefore.has(keyOf(runtime));
      if (active.length + endedNow.size + endedBefore.size === 0) continue;
      const starting = (await listStarting(db, deps.hostId, kind)).map(({ id, runtime }) => ({
        id,
        runtime: sanitizeRuntime(runtime),
      }));
      for (const { runtime, note, bytes } of active) {
        const ids = starting.filter((row) => row.runtime === runtime).map(({ id }) => id);
        // One look later than the last of them: who asked a moment ago may not be seen yet.
        if (ids.length === 0 && before.has(keyOf(runtime))) installs.abandon(runtime);
        await tellProgress(deps, ids, note);
        if (ids.length > 0 && before.get(keyOf(runtime)) !== bytes) await touchStartProgress(db, ids);
        now.set(keyOf(runtime), bytes);
      }
      const due = starting.filter((row) => isOver(row.runtime)).map(({ id }) => id);
      if (due.length > 0) await makeDue(db, due);
    }
    const hasEnded = endedNow.size + endedBefore.size > 0;
    before = now;
    endedBefore = endedNow;
    return hasEnded;
  };
}
