import type { Status } from '@molecule/contract';
import type { ColumnType, Generated } from 'kysely';
import type { JsonColumn, NullableJsonColumn, NullableTimestamp, Timestamp } from '../../platform/platform.tables.js';
import type { InstanceRecord } from '../../provisioners/provisioner.js';
import type { Desired, InstanceState, WorkspaceSpec } from './workspaces.types.js';

type ReadOnly<T> = ColumnType<T, never, never>;

export interface WorkspacesTables {
  workspaces: {
    id: string;
    seq: Generated<number>;
    name: string;
    role: string | null;
    parent_id: string | null;
    awareness_namespace: string;
    spec: JsonColumn<WorkspaceSpec>;
    runtime: ReadOnly<string>;
    tier: ReadOnly<number>;
    template: ReadOnly<string | null>;
    status: Generated<Status>;
    status_changed_at: Timestamp;
    last_sample_error: string | null;
    failure_reason: string | null;
    desired: Generated<Desired>;
    generation: Generated<number>;
    observed_generation: Generated<number>;
    backend: string;
    host_id: string | null;
    instance: NullableJsonColumn<InstanceRecord>;
    instance_state: Generated<InstanceState>;
    stop_error: string | null;
    due_at: NullableTimestamp;
    lease_owner: string | null;
    lease_until: NullableTimestamp;
    crash_count: Generated<number>;
    crash_window_started_at: NullableTimestamp;
    online_since: NullableTimestamp;
    agent_card: NullableJsonColumn<Record<string, unknown>>;
    url: string | null;
    url_from: Generated<'none' | 'driver' | 'agent'>;
    delivery_mode: 'push' | 'poll' | null;
    may_bootstrap: Generated<boolean>;
    platform_inbound_secret: string | null;
    budget_limit: number | null;
    monthly_spend: Generated<number>;
    last_outbound_at: NullableTimestamp;
    created_at: Timestamp;
    updated_at: Timestamp;
    removed_at: NullableTimestamp;
  };
  workspace_liveness: {
    workspace_id: string;
    last_heartbeat_at: NullableTimestamp;
    active_tasks: Generated<number>;
    uptime_seconds: Generated<number>;
    current_task: Generated<string>;
    error_rate: Generated<number>;
    sample_error: Generated<string>;
    runtime_state: Generated<string>;
    capabilities: NullableJsonColumn<Record<string, boolean>>;
    idle_timeout_seconds: number | null;
    demo: Generated<boolean>;
    model: string | null;
  };
  workspace_seed_files: { workspace_id: string; path: string; content: Buffer };
  canvas_layouts: {
    workspace_id: string;
    x: Generated<number>;
    y: Generated<number>;
    w: number | null;
    h: number | null;
    z: Generated<number>;
    collapsed: Generated<boolean>;
  };
}
