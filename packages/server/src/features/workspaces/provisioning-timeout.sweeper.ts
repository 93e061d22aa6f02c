import type { Ports } from '../../ports.js';
import { listOverdueStarts, type StartingRow } from './sweeps.store.js';

export interface ProvisioningTimeoutDeps extends Pick<Ports, 'lanes' | 'transact' | 'commit' | 'logger'> {
  /** Seconds a start may take, by runtime (contract lifecycle §16.1): variable, then template, then the defaults. */
  readonly limitSecondsOf: (runtime: string) => number;
}

/**
 * Gives up on starts that never registered. The age counts from the last start that was asked for, by the database's
 * clock, and the transition is guarded by generation, so a register or a restart that lands in between wins. Time in
 * which no server ran does not count: `attentiveSeconds` says for how long one has.
 */
export async function sweepOverdueStarts(deps: ProvisioningTimeoutDeps, attentiveSeconds: number): Promise<number> {
  const starting = await listOverdueStarts(deps.lanes.work);
  const overdue = starting.filter(
    (row) => Math.min(row.ageSeconds, attentiveSeconds) > deps.limitSecondsOf(row.runtime),
  );
  for (const row of overdue) {
    const limitSeconds = deps.limitSecondsOf(row.runtime);
    await deps.transact('work', (tx) =>
      deps.commit(tx, {
        transitions: [
          {
            workspaceId: row.id,
            generation: row.generation,
            trigger: 'start_timed_out',
            failure: {
              reason: 'start_timeout',
              text: explain(row, limitSeconds),
              event: { timeout_secs: limitSeconds, runtime: row.runtime, source: 'provision_timeout_sweep' },
            },
          },
        ],
      }),
    );
  }
  return overdue.length;
}

/** Claims only what is known (D19): a record outlives its instance, and may be of the generation before. */
function explain({ instanceState, isObserved }: StartingRow, limitSeconds: number): string {
  if (instanceState === 'unknown') {
    return `The agent never called /registry/register within ${limitSeconds} s, and its backend cannot tell whether it runs.`;
  }
  return instanceState === 'running' && isObserved
    ? `The agent was started but never called /registry/register within ${limitSeconds} s. Look at its log.`
    : `The agent could not be started within ${limitSeconds} s.`;
}
