import type { Ports } from '../../ports.js';
import { askDatabase } from './database.views.js';

export type KnownState = 'ok' | 'unavailable' | 'unknown';

export interface DatabaseState {
  /** What the last look found; never asks. */
  known(): KnownState;
  /** Asks now; callers at the same time share one question. */
  isAnswering(): Promise<boolean>;
}

const EVERY_MS = 5_000;

/** Looks at the database on its own lane, so that neither a probe nor a burst of them can stand in anybody's way. */
export function createDatabaseState(deps: Pick<Ports, 'lanes' | 'supervisor' | 'logger'>): DatabaseState {
  let state: KnownState = 'unknown';
  let asking: Promise<boolean> | null = null;

  const ask = async (): Promise<boolean> => {
    try {
      await askDatabase(deps.lanes.health);
      if (state === 'unavailable') deps.logger.info('the database answers again');
      state = 'ok';
      return true;
    } catch (error) {
      // A state to report and not a failure of the loop: the probe did its work.
      if (state !== 'unavailable') deps.logger.warn({ err: error }, 'the database does not answer');
      state = 'unavailable';
      return false;
    } finally {
      asking = null;
    }
  };
  const isAnswering = (): Promise<boolean> => {
    asking ??= ask();
    return asking;
  };
  deps.supervisor.loop({
    name: 'database-probe',
    everyMs: EVERY_MS,
    async run() {
      await isAnswering();
    },
  });
  return { known: () => state, isAnswering };
}
