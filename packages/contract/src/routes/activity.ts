import Type, { type Static } from 'typebox';
import { choice, lenientInteger, optionalUuid, strictInteger, text, timestamp, workspaceId } from '../query.js';
import { route } from '../route.js';
import { Json, Nullable, Required, Timestamp, Uuid } from '../schema.js';

/** Types an agent may report itself; the platform writes further ones (contract registry-a2a §11.2, §11.4). */
export const REPORTABLE_ACTIVITY_TYPES = [
  'a2a_send',
  'a2a_receive',
  'task_update',
  'agent_log',
  'skill_promotion',
  'memory_write',
  'error',
] as const;

/** The words for it differ by kind of row: messages and reports end in `error`, delegations `failed` or `stuck`. */
export const FAILED_ACTIVITY_STATUSES = ['error', 'failed', 'stuck'] as const;

/** One row of the activity log (contract registry-a2a §11.1). Bodies are present only when stored. */
export const Activity = Type.Object({
  id: Uuid,
  workspace_id: Uuid,
  activity_type: Type.String(),
  source_id: Nullable(Uuid),
  target_id: Nullable(Uuid),
  method: Nullable(Type.String()),
  summary: Nullable(Type.String()),
  duration_ms: Nullable(Type.Integer()),
  status: Type.String(),
  error_detail: Nullable(Type.String()),
  created_at: Timestamp,
  request_body: Type.Optional(Json),
  response_body: Type.Optional(Json),
  tool_trace: Type.Optional(Json),
  /** Additive: position in the log, and the ledger message the row belongs to. */
  seq: Type.Integer(),
  message_id: Nullable(Type.String()),
  /** Only on `a2a_receive` rows: what the Python SDK reads (contract registry-a2a §11.1). */
  type: Type.Optional(Type.String()),
  ts: Type.Optional(Timestamp),
  data: Type.Optional(
    Type.Object({
      source: Type.Enum(['canvas_user', 'peer_agent']),
      kind: Type.Enum(['canvas_user', 'peer_agent']),
      text: Type.String(),
      peer_id: Nullable(Uuid),
      activity_id: Uuid,
      peer_name: Type.Optional(Type.String()),
      peer_role: Type.Optional(Type.String()),
      agent_card_url: Type.Optional(Type.String()),
    }),
  ),
});
export type Activity = Static<typeof Activity>;

export const ReportActivity = Type.Object({
  activity_type: Required(),
  method: Type.Optional(Nullable(Type.String())),
  summary: Type.Optional(Nullable(Type.String())),
  target_id: Type.Optional(Nullable(Type.String())),
  source_id: Type.Optional(Nullable(Type.String())),
  status: Type.Optional(Nullable(Type.String())),
  error_detail: Type.Optional(Nullable(Type.String())),
  duration_ms: Type.Optional(Nullable(Type.Integer({ minimum: 0, maximum: 2147483647 }))),
  request_body: Type.Optional(Json),
  response_body: Type.Optional(Json),
  metadata: Type.Optional(Json),
});
export type ReportActivity = Static<typeof ReportActivity>;

const id = { id: workspaceId };

export const activityRoutes = {
  listActivity: route({
    method: 'GET',
    path: '/workspaces/:id/activity',
    summary: 'Read the activity log of a workspace',
    access: 'workspace',
    rate: 'default',
    params: id,
    query: {
      type: text('exact activity_type'),
      source: choice(
        'canvas: rows typed by a human; agent: rows of a workspace',
        ['canvas', 'agent'],
        'invalid_activity_source',
      ),
      /** Additive. */
      outcome: choice('failed: rows that ended in a failure', ['failed'], 'invalid_query'),
      peer_id: optionalUuid('rows from or to this workspace'),
      before_ts: timestamp('rows strictly older than this instant'),
      since_id: text('rows strictly after this row, oldest first; 410 when unknown'),
      since_secs: strictInteger('rows of the last N seconds, oldest first; 0 gives none', 0, 31_536_000),
      limit: lenientInteger('rows; newest first, a page holds all rows of its last millisecond as well', 100, 500),
      wait: strictInteger('with since_id or since_secs: seconds to wait for a row when there is none, 0 to 25', 0, 25),
    },
    responses: { 200: Type.Array(Activity) },
    errors: ['invalid_activity_source', 'invalid_query', 'cursor_unknown'],
    failedText: 'query failed',
    source: 'registry-a2a §11.1',
  }),
  reportActivity: route({
    method: 'POST',
    path: '/workspaces/:id/activity',
    summary: 'Report what an agent did',
    access: 'workspace',
    rate: 'default',
    params: id,
    body: ReportActivity,
    invalidBody: 'invalid_request_body',
    responses: { 200: Type.Object({ status: Type.Literal('logged') }) },
    errors: ['invalid_request_body', 'invalid_activity_type', 'source_mismatch', 'invalid_target_id'],
    failedText: 'failed to log activity',
    source: 'registry-a2a §11.2',
  }),
} as const;
