import Type, { type Static } from 'typebox';
import { choice, optionalUuid, positiveInteger, strictInteger } from '../query.js';
import { route } from '../route.js';
import { Nullable, Timestamp, Uuid } from '../schema.js';
import { DELEGATION_STATES } from '../status.js';

export const DELEGATION_VIEWS = ['in_flight', 'stuck', 'failed', 'completed'] as const;
export type DelegationView = (typeof DELEGATION_VIEWS)[number];

/** Keys without a value are left out (contract registry-a2a §10.9). */
export const AdminDelegation = Type.Object({
  delegation_id: Uuid,
  caller_id: Uuid,
  callee_id: Uuid,
  task_preview: Type.String(),
  status: Type.Enum([...DELEGATION_STATES]),
  last_heartbeat: Type.Optional(Timestamp),
  deadline: Type.Optional(Timestamp),
  result_preview: Type.Optional(Type.String()),
  error_detail: Type.Optional(Type.String()),
  /** Additive: stable name from the closed list of failure reasons, and what can be done about it. */
  reason: Type.Optional(Type.String()),
  next_step: Type.Optional(Type.String()),
  late: Type.Optional(Type.Literal(true)),
  retry_count: Type.Integer(),
  created_at: Timestamp,
  updated_at: Timestamp,
});
export type AdminDelegation = Static<typeof AdminDelegation>;

export const QueuedMessage = Type.Object({
  id: Uuid,
  workspace_id: Uuid,
  caller_id: Nullable(Uuid),
  kind: Type.String(),
  method: Type.String(),
  attempts: Type.Integer(),
  enqueued_at: Timestamp,
  due_at: Timestamp,
  last_error: Nullable(Type.String()),
});
export type QueuedMessage = Static<typeof QueuedMessage>;

const Breakers = Type.Object({
  limits: Type.Object({
    depth: Type.Integer(),
    open: Type.Integer(),
    identical: Type.Integer(),
    identical_within_seconds: Type.Integer(),
  }),
  /** Callers with open delegations, the fullest first. */
  callers: Type.Array(Type.Object({ workspace_id: Uuid, open: Type.Integer(), depth: Type.Integer() })),
  /** The same task to the same workspace, so often that one more may be refused. */
  identical: Type.Array(
    Type.Object({ caller_id: Uuid, target_id: Uuid, task_preview: Type.String(), count: Type.Integer() }),
  ),
});
export type Breakers = Static<typeof Breakers>;

export const messageAdminRoutes = {
  listAllDelegations: route({
    method: 'GET',
    path: '/admin/delegations',
    summary: 'The newest delegations of everybody, by what became of them',
    access: 'admin',
    rate: 'default',
    query: {
      status: choice('which delegations; in_flight when absent', DELEGATION_VIEWS, 'invalid_delegation_view'),
      limit: strictInteger('rows, 1 to 1000; 100 when absent', 1, 1_000),
      /** Additive. */
      caller_id: optionalUuid('only those that this workspace made', 'invalid_workspace_id'),
    },
    responses: {
      200: Type.Object({
        delegations: Type.Array(AdminDelegation),
        count: Type.Integer(),
        limit: Type.Integer(),
        status: Type.Enum([...DELEGATION_VIEWS]),
      }),
    },
    errors: ['invalid_delegation_view', 'invalid_query', 'invalid_workspace_id'],
    source: 'registry-a2a §10.9',
  }),
  countDelegations: route({
    method: 'GET',
    path: '/admin/delegations/stats',
    summary: 'How many delegations are in each state',
    access: 'admin',
    rate: 'default',
    responses: {
      200: Type.Object({
        queued: Type.Integer(),
        dispatched: Type.Integer(),
        in_progress: Type.Integer(),
        completed: Type.Integer(),
        failed: Type.Integer(),
        stuck: Type.Integer(),
      }),
    },
    errors: [],
    source: 'registry-a2a §10.9',
  }),
  listQueue: route({
    method: 'GET',
    path: '/admin/a2a-queue',
    summary: 'The messages that wait for their workspace, those that wait longest first',
    access: 'admin',
    rate: 'default',
    query: {
      workspace_id: optionalUuid('only those for this workspace', 'invalid_workspace_id'),
      limit: strictInteger('rows, 1 to 1000; 100 when absent', 1, 1_000),
    },
    responses: {
      200: Type.Object({ queue: Type.Array(QueuedMessage), count: Type.Integer(), limit: Type.Integer() }),
    },
    errors: ['invalid_workspace_id', 'invalid_query'],
    source: 'registry-a2a §9',
  }),
  dropStale: route({
    method: 'POST',
    path: '/admin/a2a-queue/drop-stale',
    summary: 'End messages that have waited too long; what hangs on them fails with the reason dropped',
    access: 'admin',
    rate: 'default',
    query: {
      max_age_minutes: positiveInteger('minutes a message may have waited; 60 when absent', 60, 'invalid_max_age'),
      workspace_id: optionalUuid('only those for this workspace', 'invalid_workspace_id'),
    },
    responses: { 200: Type.Object({ dropped: Type.Integer() }) },
    errors: ['invalid_max_age', 'invalid_workspace_id'],
    failedText: 'failed to drop stale items',
    source: 'registry-a2a §9.4',
  }),
  readBreakers: route({
    method: 'GET',
    path: '/admin/breakers',
    summary: 'The limits that end loops of agents, and who is near them',
    access: 'admin',
    rate: 'default',
    responses: { 200: Breakers },
    errors: [],
    source: 'design §7',
  }),
} as const;
