import { sql } from 'kysely';
import type { Db } from '../../platform/db.js';

export interface DuePush {
  readonly taskId: string;
  readonly id: string;
  /** The turn and state that the receiver is to be told. */
  readonly now: string;
}

/** Configurations whose task is in another state than the one told last, those that wait longest first. */
export async function listDuePushes(db: Db, limit: number): Promise<readonly DuePush[]> {
  const { rows } = await sql<DuePush>`
    select * from (
      select c.task_id as "taskId", c.id, c.due_at, c.told,
             coalesce(latest.id, m.id) || ' ' || coalesce(latest.state, m.state) as now
        from task_push_configs as c
        join messages as m on m.id = c.task_id
        left join lateral (
               select t.id, t.state from messages as t
                where t.task_id = m.id order by t.seq desc limit 1) as latest on true
       where not c.done and c.due_at <= now()) as open
     where now <> told order by due_at limit ${limit}`.execute(db);
  return rows;
}
