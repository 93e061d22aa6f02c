import Type, { type Static } from 'typebox';
import { lenientInteger, pathText, strictInteger, workspaceId } from '../query.js';
import { route } from '../route.js';
import { Json, Nullable, Required, Timestamp, Uuid } from '../schema.js';
import { DELEGATION_STATES } from '../status.js';

const DelegationStatus = Type.Enum([...DELEGATION_STATES]);

/** Row of the legacy list (contract registry-a2a §10.5). */
export const DelegationRow = Type.Object({
  id: Uuid,
  type: Type.String(),
  source_id: Uuid,
  target_id: Nullable(Uuid),
  summary: Type.String(),
  status: DelegationStatus,
  created_at: Timestamp,
  delegation_id: Type.Optional(Uuid),
  error: Type.Optional(Type.String()),
  response_preview: Type.Optional(Type.String()),
});
export type DelegationRow = Static<typeof DelegationRow>;

/** One delegation as the ledger knows it (design §7). */
export const Delegation = Type.Object({
  delegation_id: Uuid,
  caller_id: Uuid,
  target_id: Uuid,
  status: DelegationStatus,
  task_preview: Type.String(),
  result: Type.Optional(Type.Object({ text: Type.String() })),
  result_preview: Type.Optional(Type.String()),
  error_detail: Type.Optional(Type.String()),
  /** Stable name from the closed list of failure reasons. */
  reason: Type.Optional(Type.String()),
  late: Type.Optional(Type.Literal(true)),
  attempts: Type.Integer(),
  deadline: Timestamp,
  last_heartbeat: Nullable(Timestamp),
  created_at: Timestamp,
  updated_at: Timestamp,
});
export type Delegation = Static<typeof Delegation>;

export const Delegate = Type.Object({
  target_id: Required(),
  task: Required(),
  idempotency_key: Type.Optional(Nullable(Type.String({ maxLength: 256 }))),
  /** Additive: the messageId the agent is working on, so that the depth of a chain is counted exactly. */
  parent_message_id: Type.Optional(Nullable(Type.String({ maxLength: 256 }))),
});
export type Delegate = Static<typeof Delegate>;

const id = { id: workspaceId };

export const messageRoutes = {
  sendMessage: route({
    method: 'POST',
    path: '/workspaces/:id/a2a',
    summary: 'Send an A2A message to a workspace; answers with the agent’s own JSON-RPC reply, streamed when asked',
    access: 'caller',
    rate: 'default',
    params: id,
    bodyLimitBytes: 1_048_576,
    invalidBody: 'invalid_json',
    body: Json,
    responses: {
      200: Json,
      202: Type.Object({
        queued: Type.Literal(true),
        message_id: Type.String(),
        queue_id: Type.Optional(Uuid),
        queue_depth: Type.Optional(Type.Integer()),
        message: Type.Optional(Type.String()),
        /** The target hibernates and is being started for this message (design §13). */
        waking: Type.Optional(Type.Literal(true)),
        status: Type.Optional(Type.Literal('queued')),
        delivery_mode: Type.Optional(Type.Literal('poll')),
        activity_id: Type.Optional(Uuid),
        method: Type.Optional(Type.String()),
      }),
    },
    errors: [
      'invalid_json',
      'body_too_large',
      'invalid_caller_id',
      'missing_caller_token',
      'invalid_caller_token',
      'access_denied',
      'budget_exceeded',
      'workspace_not_found',
      'workspace_has_no_url',
      'workspace_paused',
      'workspace_failed',
      'loop_refused',
      'shutting_down',
      'url_not_routable',
      'agent_unreachable',
      'agent_restarting',
      'agent_busy',
      'agent_response_unreadable',
      'agent_timeout',
      'duplicate_message',
    ],
    failedText: 'lookup failed',
    stream: 'sse',
    source: 'registry-a2a §8',
  }),
  delegate: route({
    method: 'POST',
    path: '/workspaces/:id/delegate',
    summary: 'Delegate a task to a peer; the outcome is read from the ledger',
    access: 'workspace',
    rate: 'default',
    params: id,
    body: Delegate,
    invalidBody: 'invalid_delegation_request',
    responses: {
      200: Type.Object({
        delegation_id: Uuid,
        status: DelegationStatus,
        target_id: Uuid,
        idempotent_hit: Type.Literal(true),
      }),
      202: Type.Object({ delegation_id: Uuid, status: Type.Literal('delegated'), target_id: Uuid }),
    },
    errors: [
      'invalid_delegation_request',
      'invalid_target_id',
      'self_delegation',
      'access_denied',
      'workspace_not_found',
      'budget_exceeded',
      'loop_refused',
    ],
    source: 'registry-a2a §10.1',
  }),
  listDelegations: route({
    method: 'GET',
    path: '/workspaces/:id/delegations',
    summary: 'The newest delegations a workspace has made',
    access: 'workspace',
    rate: 'default',
    params: id,
    query: { limit: lenientInteger('rows', 50, 500) },
    responses: { 200: Type.Array(DelegationRow) },
    errors: ['invalid_workspace_id'],
    failedText: 'query failed',
    source: 'registry-a2a §10.5',
  }),
  getDelegation: route({
    method: 'GET',
    path: '/workspaces/:id/delegations/:delegationId',
    summary: 'One delegation; with wait, answers as soon as it has ended or the seconds have passed',
    access: 'workspace',
    rate: 'default',
    params: { id: workspaceId, delegationId: pathText('delegation id', /^[0-9a-fA-F-]{36}$/, 'delegation_not_found') },
    query: { wait: strictInteger('seconds to wait for the end, 0 to 25', 0, 25) },
    responses: { 200: Delegation },
    errors: ['delegation_not_found', 'invalid_query'],
    source: 'design §7',
  }),
} as const;
