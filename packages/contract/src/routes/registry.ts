import Type, { type Static } from 'typebox';
import { text, workspaceId } from '../query.js';
import { route } from '../route.js';
import { JsonObject, Nullable, Required, Uuid } from '../schema.js';
import { WorkspaceStatus } from './workspaces.js';

/** Contract registry-a2a §5.1. `workspace_id` is accepted as an alias of `id`, as some documents show it. */
export const Register = Type.Object({
  id: Type.Optional(Type.String()),
  workspace_id: Type.Optional(Type.String()),
  agent_card: JsonObject,
  url: Type.Optional(Nullable(Type.String())),
  delivery_mode: Type.Optional(Nullable(Type.Union([Type.Literal('push'), Type.Literal('poll')]))),
});
export type Register = Static<typeof Register>;

/** Contract registry-a2a §5.2. Absent fields keep what an earlier beat wrote (B-29). */
export const Heartbeat = Type.Object({
  workspace_id: Required(),
  error_rate: Type.Optional(Type.Number()),
  sample_error: Type.Optional(Type.String()),
  active_tasks: Type.Optional(Type.Integer({ minimum: 0, maximum: 2147483647 })),
  uptime_seconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 2147483647 })),
  current_task: Type.Optional(Type.String()),
  monthly_spend: Type.Optional(Type.Integer()),
  runtime_state: Type.Optional(Type.String()),
  runtime_metadata: Type.Optional(
    Type.Object({
      capabilities: Type.Optional(Type.Record(Type.String(), Type.Boolean())),
      idle_timeout_seconds: Type.Optional(Type.Integer()),
      demo: Type.Optional(Type.Boolean()),
      model: Type.Optional(Nullable(Type.String())),
    }),
  ),
});
export type Heartbeat = Static<typeof Heartbeat>;

export const Peer = Type.Object({
  id: Uuid,
  name: Type.String(),
  role: Nullable(Type.String()),
  tier: Type.Integer(),
  status: WorkspaceStatus,
  agent_card: Nullable(JsonObject),
  url: Type.String(),
  parent_id: Nullable(Uuid),
  active_tasks: Type.Integer(),
  /** Additive (design §10): how the peer stands to the asking workspace. */
  relation: Type.Union([Type.Literal('child'), Type.Literal('sibling'), Type.Literal('parent')]),
});
export type Peer = Static<typeof Peer>;

export const registryRoutes = {
  register: route({
    method: 'POST',
    path: '/registry/register',
    tenantOpen: true,
    summary: 'Announce a running agent: address, card, delivery mode',
    access: 'self',
    rate: 'default',
    body: Register,
    invalidBody: 'invalid_request_body',
    responses: {
      200: Type.Object({
        status: Type.Literal('registered'),
        auth_token: Type.Optional(Type.String()),
        delivery_mode: Type.Optional(Type.String()),
        platform_inbound_secret: Type.Optional(Type.String()),
      }),
    },
    errors: ['invalid_request_body', 'agent_card_too_large', 'invalid_url'],
    failedText: 'registration failed',
    source: 'registry-a2a §5.1',
  }),
  heartbeat: route({
    method: 'POST',
    path: '/registry/heartbeat',
    tenantOpen: true,
    summary: 'Report that an agent is alive and what it does',
    access: 'self',
    rate: 'default',
    body: Heartbeat,
    invalidBody: 'invalid_request_body',
    responses: {
      200: Type.Object({ status: Type.Literal('ok'), platform_inbound_secret: Type.Optional(Type.String()) }),
    },
    errors: ['invalid_request_body'],
    failedText: 'failed to update',
    source: 'registry-a2a §5.2',
  }),
  updateCard: route({
    method: 'POST',
    path: '/registry/update-card',
    summary: 'Replace the agent card',
    access: 'self',
    rate: 'default',
    body: Type.Object({ workspace_id: Required(), agent_card: JsonObject }),
    invalidBody: 'invalid_request_body',
    responses: { 200: Type.Object({ status: Type.Literal('updated') }) },
    errors: ['invalid_request_body', 'agent_card_too_large', 'workspace_not_found'],
    failedText: 'failed to update card',
    source: 'registry-a2a §5.3',
  }),
  discover: route({
    method: 'GET',
    path: '/registry/discover/:id',
    summary: 'Where to send a message for a workspace: always through this server',
    access: 'discovery',
    rate: 'default',
    params: { id: workspaceId },
    responses: { 200: Type.Object({ id: Uuid, url: Type.String(), name: Type.String() }) },
    errors: ['caller_header_required', 'discover_denied', 'workspace_not_found', 'workspace_not_available'],
    source: 'registry-a2a §5.4, design §7',
  }),
  listPeers: route({
    method: 'GET',
    path: '/registry/:id/peers',
    summary: 'Siblings, children and parent of a workspace',
    access: 'discovery',
    rate: 'default',
    params: { id: workspaceId },
    query: { q: text('case-insensitive part of name or role') },
    responses: { 200: Type.Array(Peer) },
    errors: ['workspace_not_found'],
    failedText: 'lookup failed',
    source: 'registry-a2a §5.5',
  }),
  checkAccess: route({
    method: 'POST',
    path: '/registry/check-access',
    summary: 'May one workspace talk to another?',
    access: 'credential',
    rate: 'default',
    body: Type.Object({ caller_id: Required(), target_id: Required() }),
    invalidBody: 'invalid_request_body',
    responses: { 200: Type.Object({ allowed: Type.Boolean() }) },
    errors: ['invalid_request_body'],
    source: 'registry-a2a §5.6',
  }),
} as const;
