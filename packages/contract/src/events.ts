import type { Attachment } from './routes/notify.js';
import type { Status } from './status.js';

/**
 * Payloads of the events in the log (contract lifecycle §18, registry-a2a §12.5). Keys are what clients of the
 * predecessor read; additions are marked.
 */
export interface EventPayloads {
  WORKSPACE_PROVISIONING: {
    name: string;
    tier: number;
    runtime: string;
    parent_id?: string | null;
    x?: number;
    y?: number;
    source_bundle_id?: string;
  };
  WORKSPACE_ONLINE: {
    url?: string;
    agent_card?: unknown;
    name?: string;
    external?: boolean;
    recovered_from?: Status;
  };
  WORKSPACE_AWAITING_AGENT: { name: string; external: true };
  /** `reason` is additive: why the agent is gone. */
  WORKSPACE_OFFLINE: { reason?: string };
  WORKSPACE_DEGRADED: { error_rate?: number; runtime_state?: string; sample_error: string };
  WORKSPACE_PAUSED: { name: string };
  WORKSPACE_HIBERNATED: { name: string; tier: number };
  WORKSPACE_REMOVED: { cascade_deleted?: number };
  WORKSPACE_COLLAPSED: { removed_children: string[] };
  WORKSPACE_PROVISION_FAILED: {
    error: string;
    missing?: string[];
    log_tail?: string;
    source?: string;
    timeout_secs?: number;
    runtime?: string;
    /** Additive: stable name of the reason, e.g. `crash_loop`. */
    reason?: string;
  };
  AGENT_CARD_UPDATED: { agent_card: unknown };
  AGENT_ASSIGNED: { agent_id: string; model: string };
  AGENT_REPLACED: { agent_id: string; model: string; old_model: string };
  AGENT_REMOVED: { agent_id: string; model: string };
  /** Twice: of the workspace it left, with `target_workspace_id`, and of the one it came to. */
  AGENT_MOVED: { agent_id: string; model: string; target_workspace_id?: string; source_workspace_id?: string };
  /** Additive: fields of the list element that changed, with their new values. */
  WORKSPACE_UPDATED: { changes: Record<string, unknown> };
  /** Additive: the card moved, relative to its parent. */
  CANVAS_LAYOUT_UPDATED: {
    x: number;
    y: number;
    w: number | null;
    h: number | null;
    z: number;
    collapsed: boolean;
  };
  ACTIVITY_LOGGED: {
    activity_id: string;
    activity_type: string;
    method: string | null;
    summary: string | null;
    status: string;
    source_id: string | null;
    target_id: string | null;
    duration_ms: number | null;
    message_id: string | null;
  };
  /** The text is included when short; otherwise `truncated` is true and the activity row has it. */
  AGENT_MESSAGE: {
    message: string;
    workspace_id: string;
    name: string;
    activity_id: string;
    truncated?: true;
    /** Only when they fit; the activity row has them all. */
    attachments?: Attachment[];
  };
  A2A_RESPONSE: {
    method: string;
    duration_ms: number;
    message_id: string;
    activity_id: string;
    /** Only when small enough for an event. */
    response_body?: unknown;
  };
  DELEGATION_SENT: { delegation_id: string; target_id: string; task_preview: string };
  DELEGATION_STATUS: { delegation_id: string; target_id: string; status: string };
  DELEGATION_COMPLETE: {
    delegation_id: string;
    target_id: string;
    response_preview: string;
    via?: string;
    late?: true;
  };
  DELEGATION_FAILED: { delegation_id: string; target_id: string; error: string; reason?: string; late?: true };
  SECRET_CHANGED: { key: string; scope: 'global' | 'workspace'; deleted: boolean };
  /** The token itself is in no event. */
  EXTERNAL_CREDENTIALS_ROTATED: { workspace_id: string };
}

/** Not logged: losing one changes nothing that a page shows after a reload (design §4.4). */
export interface TransientPayloads {
  /** `sample_error` is additive: what the agent says went wrong last, empty when nothing did. */
  WORKSPACE_HEARTBEAT: { active_tasks: number; uptime_seconds: number; sample_error?: string };
  TASK_UPDATED: { current_task: string; active_tasks: number };
}

export type EventType = keyof EventPayloads;
export type TransientType = keyof TransientPayloads;

/** Each event type with its own payload type, so that a switch on `type` narrows the payload. */
export type NewEvent = {
  [T in EventType]: { readonly type: T; readonly workspaceId: string | null; readonly payload: EventPayloads[T] };
}[EventType];

export type NewTransient = {
  [T in TransientType]: { readonly type: T; readonly workspaceId: string; readonly payload: TransientPayloads[T] };
}[TransientType];

/** Every event type that is recorded, in the order of the documents. */
export const EVENT_TYPES = [
  'WORKSPACE_PROVISIONING',
  'WORKSPACE_ONLINE',
  'WORKSPACE_AWAITING_AGENT',
  'WORKSPACE_OFFLINE',
  'WORKSPACE_DEGRADED',
  'WORKSPACE_PAUSED',
  'WORKSPACE_HIBERNATED',
  'WORKSPACE_REMOVED',
  'WORKSPACE_COLLAPSED',
  'WORKSPACE_PROVISION_FAILED',
  'AGENT_CARD_UPDATED',
  'AGENT_ASSIGNED',
  'AGENT_REPLACED',
  'AGENT_REMOVED',
  'AGENT_MOVED',
  'WORKSPACE_UPDATED',
  'CANVAS_LAYOUT_UPDATED',
  'ACTIVITY_LOGGED',
  'AGENT_MESSAGE',
  'A2A_RESPONSE',
  'DELEGATION_SENT',
  'DELEGATION_STATUS',
  'DELEGATION_COMPLETE',
  'DELEGATION_FAILED',
  'SECRET_CHANGED',
  'EXTERNAL_CREDENTIALS_ROTATED',
] as const satisfies readonly EventType[];

/** A frame on the live socket. Transient events carry no `seq`. */
export type EventFrame = {
  [T in EventType | TransientType]: {
    readonly event: T;
    readonly workspace_id: string | null;
    readonly timestamp: string;
    readonly payload: T extends EventType ? EventPayloads[T] : T extends TransientType ? TransientPayloads[T] : never;
    readonly seq?: number;
  };
}[EventType | TransientType];

/** First frame after connecting: the newest seq at that moment, and the server's version. */
export interface HelloFrame {
  readonly hello: true;
  readonly seq: number;
  readonly version: string;
}

/** The requested seq lies below what is kept: read the snapshot again, then connect without `since`. */
export interface ResyncFrame {
  readonly resync: true;
  readonly seq: number;
}

export type LiveFrame = HelloFrame | ResyncFrame | EventFrame;
