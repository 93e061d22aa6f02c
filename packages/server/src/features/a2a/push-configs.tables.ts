import type { Generated } from 'kysely';
import type { Timestamp } from '../../platform/platform.tables.js';

export interface PushConfigsTables {
  task_push_configs: {
    task_id: string;
    id: string;
    target_id: string;
    url: string;
    sealed: Buffer | null;
    key_id: string | null;
    version: string;
    origin: string;
    told: Generated<string>;
    attempts: Generated<number>;
    due_at: Timestamp;
    last_error: string | null;
    done: Generated<boolean>;
    created_at: Timestamp;
  };
}
