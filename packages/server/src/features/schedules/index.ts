import type { Tx } from '../../platform/db.js';
import type { Ports } from '../../ports.js';
import { upsertTemplateSchedules } from './schedules.store.js';
import { judgeTiming, nextRun, type Timing } from './timing.js';

/** A schedule of an org template, its prompt read. */
export interface TemplateSchedule extends Timing {
  readonly name: string;
  readonly prompt: string;
  readonly enabled: boolean;
}

/** Recurring prompts of workspaces. They are recorded; what runs them is not part of this server yet. */
export interface Schedules {
  /** Null when a schedule can have this timing, otherwise why not, for people. */
  judge(timing: Timing): string | null;
  /**
   * Records the schedules of an org template in the transaction of its import. Repeatable: what a person or an agent made
   * under the same name stays, what an earlier import wrote follows the template. At most one per workspace and name.
   */
  recordFromTemplate(
    tx: Tx,
    given: readonly { readonly workspaceId: string; readonly schedules: readonly TemplateSchedule[] }[],
  ): Promise<void>;
}

export function createSchedules({ clock, random }: Pick<Ports, 'clock' | 'random'>): Schedules {
  return {
    judge: judgeTiming,
    async recordFromTemplate(tx, given) {
      const now = clock.now();
      const rows = given.flatMap(({ workspaceId, schedules }) =>
        schedules.map((schedule) => ({
          ...schedule,
          id: random.uuidv7(),
          workspaceId,
          nextRunAt: nextRun(schedule, now),
        })),
      );
      await upsertTemplateSchedules(tx, rows);
    },
  };
}
