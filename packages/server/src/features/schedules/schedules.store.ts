import { sql } from 'kysely';
import type { Tx } from '../../platform/db.js';
import { toStorableJson } from '../../platform/storable-json.js';

/** A schedule as an org template wants it. */
export interface TemplateScheduleRow {
  readonly id: string;
  readonly workspaceId: string;
  readonly name: string;
  readonly cronExpr: string;
  readonly timezone: string;
  readonly prompt: string;
  readonly enabled: boolean;
  readonly nextRunAt: Date | null;
}

/**
 * Writes what is not there, and brings what an earlier import wrote to what the template says now. A schedule that a
 * person or an agent made stays as it is, and so does the choice to switch one off (contract lifecycle §19, A9).
 */
export async function upsertTemplateSchedules(tx: Tx, rows: readonly TemplateScheduleRow[]): Promise<void> {
  if (rows.length === 0) return;
  const json = toStorableJson(
    rows.map((row) => ({
      id: row.id,
      workspace_id: row.workspaceId,
      name: row.name,
      cron_expr: row.cronExpr,
      timezone: row.timezone,
      prompt: row.prompt,
      enabled: row.enabled,
      next_run_at: row.nextRunAt,
    })),
  );
  await sql`
    insert into workspace_schedules as stored
      (id, workspace_id, name, cron_expr, timezone, prompt, enabled, source, next_run_at)
    select id, workspace_id, name, cron_expr, timezone, prompt, enabled, 'template', next_run_at
      from jsonb_to_recordset(${json}::jsonb) as v(id uuid, workspace_id uuid, name text, cron_expr text,
           timezone text, prompt text, enabled boolean, next_run_at timestamptz)
    on conflict (workspace_id, name) do update
       set cron_expr = excluded.cron_expr, timezone = excluded.timezone, prompt = excluded.prompt,
           -- What did not change its hours keeps its turn.
           next_run_at = case when (stored.cron_expr, stored.timezone) = (excluded.cron_expr, excluded.timezone)
                              then stored.next_run_at else excluded.next_run_at end,
           updated_at = now()
     where stored.source = 'template'
       and (stored.cron_expr, stored.timezone, stored.prompt)
           is distinct from (excluded.cron_expr, excluded.timezone, excluded.prompt)`.execute(tx);
}
