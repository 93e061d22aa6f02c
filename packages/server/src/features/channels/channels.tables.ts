import type { Generated } from 'kysely';
import type { JsonColumn, NullableTimestamp, Timestamp } from '../../platform/platform.tables.js';

export interface ChannelsTables {
  workspace_channels: {
    id: string;
    workspace_id: string;
    channel_type: string;
    channel_config: JsonColumn<Record<string, string>>;
    enabled: boolean;
    allowed_users: JsonColumn<string[]>;
    last_message_at: NullableTimestamp;
    message_count: Generated<number>;
    channel_budget: number | null;
    created_at: Timestamp;
    updated_at: Timestamp;
  };
}
