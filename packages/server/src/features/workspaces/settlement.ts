import type { Clock } from '../../platform/clock.js';
import type { Lanes } from '../../platform/db.js';
import { readSettlements, type Settlement } from './workspaces.store.js';

const WAIT_MS = 10_000;
const POLL_MS = 100;
const POLL_MAX_MS = 500;

/**
 * Waits until the worker has settled the workspaces, or one of them reports a failed stop, for at most ten seconds
 * (design §4.3). Holds no connection and no transaction meanwhile; the worker goes on whatever the answer.
 */
export async function waitForSettlement(
  deps: { readonly lanes: Lanes; readonly clock: Clock },
  ids: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly settled: boolean; readonly failed: readonly Settlement[] }> {
  const started = deps.clock.monotonicMs();
  for (let pauseMs = POLL_MS; ; pauseMs = Math.min(pauseMs * 1.5, POLL_MAX_MS)) {
    const states = await readSettlements(deps.lanes.control, ids);
    const open = states.filter((state) => !state.settled);
    const failed = open.filter((state) => state.stopError !== null);
    if (open.length === failed.length) return { settled: open.length === 0, failed };
    if (signal.aborted || deps.clock.monotonicMs() - started >= WAIT_MS) return { settled: false, failed };
    await deps.clock.sleep(pauseMs);
  }
}
