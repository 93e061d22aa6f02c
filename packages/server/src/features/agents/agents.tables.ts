import type { Generated } from 'kysely';
import type { NullableTimestamp, Timestamp } from '../../platform/platform.tables.js';

export interface AgentsTables {
  agents: {
    id: string;
    workspace_id: string;
    model: string;
    status: Generated<'active' | 'replaced' | 'removed'>;
    removed_at: NullableTimestamp;
    removal_reason: string | null;
    created_at: Timestamp;
  };
}
