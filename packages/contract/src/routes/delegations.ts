import Type, { type Static } from 'typebox';
import { lenientInteger, pathText, pathUuid, strictInteger, workspaceId } from '../query.js';
import { route } from '../route.js';
import { Nullable, Required, Timestamp, Uuid } from '../schema.js';
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
  /** What can be done about it. */
  next_step: Type.Optional(Type.String()),
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

/** An agent tells of a delegation that it made itself, past the platform (contract registry-a2a §10.3). */
export const RecordDelegation = Type.Object({ target_id: Required(), task: Required(), delegation_id: Required() });
export type RecordDelegation = Static<typeof RecordDelegation>;

export const UpdateDelegation = Type.Object({
  status: Required(),
  error: Type.Optional(Nullable(Type.String())),
  response_preview: Type.Optional(Nullable(Type.String())),
  /** Additive: the whole answer, where the preview is only its beginning. */
  response: Type.Optional(Nullable(Type.String())),
});
export type UpdateDelegation = Static<typeof UpdateDelegation>;

const id = { id: workspaceId };
const one = {
  id: workspaceId,
  delegationId: pathUuid('delegation id', 'delegation_not_found'),
};

export const delegationRoutes = {
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
    params: one,
    query: { wait: strictInteger('seconds to wait for the end, 0 to 25', 0, 25) },
    responses: { 200: Delegation },
    errors: ['delegation_not_found', 'invalid_query'],
    source: 'design §7',
  }),
  recordDelegation: route({
    method: 'POST',
    path: '/workspaces/:id/delegations/record',
    summary: 'Record a delegation that the agent has made itself; repeating it changes nothing',
    access: 'workspace',
    rate: 'default',
    params: id,
    body: RecordDelegation,
    invalidBody: 'invalid_request_body',
    responses: { 202: Type.Object({ delegation_id: Uuid, status: Type.Literal('recorded') }) },
    errors: ['invalid_workspace_id', 'invalid_request_body', 'invalid_target_id'],
    failedText: 'failed to record delegation',
    source: 'registry-a2a §10.3',
  }),
  updateDelegation: route({
    method: 'POST',
    path: '/workspaces/:id/delegations/:delegationId/update',
    summary: 'Report on a delegation: the agent that recorded it, or the one that was asked',
    access: 'workspace',
    rate: 'default',
    // Any text: a report about something unknown changes nothing and is no error.
    params: { id: workspaceId, delegationId: pathText('delegation id', /^[^/]{1,128}$/, 'delegation_not_found') },
    body: UpdateDelegation,
    invalidBody: 'invalid_request_body',
    responses: { 200: Type.Object({ status: DelegationStatus, delegation_id: Type.String() }) },
    errors: ['invalid_workspace_id', 'invalid_request_body', 'invalid_delegation_status'],
    source: 'registry-a2a §10.3, design §7',
  }),
  cancelDelegation: route({
    method: 'POST',
    path: '/workspaces/:id/delegations/:delegationId/cancel',
    summary: 'Give a delegation up: it ends as failed, reason canceled_by_caller, and its agent is told to stop',
    access: 'workspace',
    rate: 'default',
    params: one,
    bodyOptional: true,
    body: Type.Object({ reason: Type.Optional(Nullable(Type.String({ maxLength: 500 }))) }),
    invalidBody: 'invalid_request_body',
    responses: { 200: Delegation },
    errors: ['invalid_workspace_id', 'delegation_not_found', 'invalid_request_body'],
    source: 'registry-a2a §19.5',
  }),
  retryDelegation: route({
    method: 'POST',
    path: '/workspaces/:id/delegations/:delegationId/retry',
    summary: 'Give the task of a delegation that ended without a result once more, as a delegation of its own',
    access: 'workspace',
    rate: 'default',
    params: one,
    responses: { 202: Type.Object({ delegation_id: Uuid, status: Type.Literal('delegated'), target_id: Uuid }) },
    errors: [
      'invalid_workspace_id',
      'delegation_not_found',
      'delegation_not_failed',
      'access_denied',
      'workspace_not_found',
      'budget_exceeded',
      'loop_refused',
    ],
    source: 'design §4.5',
  }),
} as const;
