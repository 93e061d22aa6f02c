import type { Generated } from 'kysely';
import type { NullableJsonColumn, Timestamp } from '../../platform/platform.tables.js';

export interface ActivityTables {
  activity_logs: {
    id: string;
    seq: Generated<number>;
    workspace_id: string;
    activity_type: string;
    source_id: string | null;
    target_id: string | null;
    method: string | null;
    summary: string | null;
    request_body: NullableJsonColumn;
    response_body: NullableJsonColumn;
    tool_trace: NullableJsonColumn;
    duration_ms: number | null;
    status: Generated<string>;
    error_detail: string | null;
    message_id: string | null;
    body_bytes: Generated<number>;
    created_at: Timestamp;
  };
}
