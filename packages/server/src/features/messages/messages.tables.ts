import type { Generated } from 'kysely';
import type { JsonColumn, NullableJsonColumn, NullableTimestamp, Timestamp } from '../../platform/platform.tables.js';

export type MessageKind = 'chat' | 'peer' | 'delegation' | 'system';
export type MessageState = 'queued' | 'working' | 'input_required' | 'completed' | 'failed' | 'canceled' | 'stuck';

export interface MessagesTables {
  messages: {
    id: string;
    seq: Generated<number>;
    kind: MessageKind;
    caller_id: string | null;
    target_id: string;
    message_id: string;
    method: string;
    body: JsonColumn<Record<string, unknown>>;
    task_preview: Generated<string>;
    task_hash: Buffer | null;
    idempotency_key: string | null;
    cause_id: string | null;
    depth: Generated<number>;
    for_generation: number | null;
    task_id: string | null;
    context_id: string | null;
    state: Generated<MessageState>;
    reason: string | null;
    error_detail: string | null;
    result: NullableJsonColumn;
    result_preview: string | null;
    late: Generated<boolean>;
    attempts: Generated<number>;
    failures: Generated<number>;
    deadline: NullableTimestamp;
    due_at: Timestamp;
    lease_owner: string | null;
    lease_until: NullableTimestamp;
    dispatched_at: NullableTimestamp;
    last_heartbeat: NullableTimestamp;
    ended_at: NullableTimestamp;
    created_at: Timestamp;
    updated_at: Timestamp;
  };
}
