import type { Generated } from 'kysely';
import type { NullableTimestamp, Timestamp } from '../../platform/platform.tables.js';

export interface SchedulesTables {
  workspace_schedules: {
    id: string;
    workspace_id: string;
    name: string;
    cron_expr: string;
    timezone: string;
    prompt: string;
    enabled: boolean;
    source: 'template' | 'runtime';
    last_run_at: NullableTimestamp;
    next_run_at: NullableTimestamp;
    run_count: Generated<number>;
    last_status: string | null;
    last_error: string | null;
    consecutive_empty_runs: Generated<number>;
    created_at: Timestamp;
    updated_at: Timestamp;
  };
}
