import Type, { type Static } from 'typebox';
import { flag, lenientInteger, strictInteger, text, workspaceId } from '../query.js';
import { route } from '../route.js';
import { Json, JsonObject, Nullable, Required, Timestamp, Uuid } from '../schema.js';
import { STATUSES } from '../status.js';

export const WorkspaceStatus = Type.Enum([...STATUSES]);
export const WorkspaceAccess = Type.Union([
  Type.Literal('none'),
  Type.Literal('read_only'),
  Type.Literal('read_write'),
]);

/** Something a backend runs or keeps that belongs to no workspace as it is wanted now. */
export const OrphanInstance = Type.Object({
  seq: Type.Integer(),
  backend: Type.String(),
  /** The host whose server found it; null for backends that are bound to none. */
  host_id: Nullable(Uuid),
  workspace_id: Uuid,
  /** Null when only its files are left. */
  instance_id: Nullable(Type.String()),
  generation: Type.Integer(),
  running: Type.Boolean(),
  reason: Type.Union([
    Type.Literal('workspace_removed'),
    Type.Literal('workspace_unknown'),
    Type.Literal('older_generation'),
  ]),
  first_seen_at: Timestamp,
  last_seen_at: Timestamp,
  /** What the server did about it; null while it only watches. Files of unknown workspaces are never deleted. */
  action: Nullable(Type.Union([Type.Literal('stopped'), Type.Literal('destroyed')])),
  /** Why that failed the last time. */
  error: Nullable(Type.String()),
  /** Since when it is not seen any more. */
  resolved_at: Nullable(Timestamp),
});
export type OrphanInstance = Static<typeof OrphanInstance>;

const shared = {
  id: Uuid,
  name: Type.String(),
  role: Nullable(Type.String()),
  tier: Type.Integer(),
  status: WorkspaceStatus,
  /** "" when the workspace has no address. */
  url: Type.String(),
  parent_id: Nullable(Uuid),
  agent_card: Nullable(JsonObject),
  active_tasks: Type.Integer(),
  max_concurrent_tasks: Type.Integer(),
  last_error_rate: Type.Number(),
  uptime_seconds: Type.Integer(),
  runtime: Type.String(),
  /** "" when none is stored. */
  template: Type.String(),
  x: Type.Number(),
  y: Type.Number(),
  collapsed: Type.Boolean(),
  /** Additive: size and stacking of the card, null while the canvas decides. */
  w: Nullable(Type.Number()),
  h: Nullable(Type.Number()),
  z: Type.Integer(),
  last_heartbeat_at: Nullable(Timestamp),
  created_at: Timestamp,
  /** Additive: counts up with every change of the desired state. */
  generation: Type.Integer(),
  /** Additive: whether answers are a labelled demonstration (design §10). */
  demo: Type.Boolean(),
  model: Nullable(Type.String()),
  /** Additive: what a long start is doing, for people; "" when there is nothing to tell. */
  start_progress: Type.String(),
  /** Additive: null when it never hibernates by itself. */
  hibernation_idle_minutes: Nullable(Type.Integer()),
  /** Additive: what is stored takes effect with the next restart only: another template, folder, access or runtime. */
  needs_restart: Type.Boolean(),
  /** Additive: its template has other files than those laid last; a restart with `apply_template` lays them. */
  template_changed: Type.Boolean(),
  provision_timeout_ms: Type.Optional(Type.Integer()),
};

/** Element of `GET /workspaces` (contract lifecycle §1.2). */
export const Workspace = Type.Object({
  ...shared,
  /** Always a string: "" when nothing failed. */
  last_sample_error: Type.String(),
  current_task: Type.String(),
  workspace_dir: Nullable(Type.String()),
  monthly_spend: Type.Integer(),
  budget_limit: Nullable(Type.Integer()),
});
export type Workspace = Static<typeof Workspace>;

/** Body of the open single read: the list element without its private fields (contract lifecycle §1.3). */
export const PublicWorkspace = Type.Object({ ...shared, last_outbound_at: Nullable(Timestamp) });
export type PublicWorkspace = Static<typeof PublicWorkspace>;

const connectionKeys = {
  workspace_id: Uuid,
  platform_url: Type.String(),
  /** Shown once, at create and rotate; "" when it is only read. */
  auth_token: Type.String(),
  registry_endpoint: Type.String(),
  heartbeat_endpoint: Type.String(),
  universal_mcp_snippet: Type.String(),
  python_snippet: Type.String(),
  claude_code_channel_snippet: Type.String(),
  hermes_channel_snippet: Type.String(),
  codex_snippet: Type.String(),
  openclaw_snippet: Type.String(),
  curl_register_template: Type.String(),
};

/** Connection payload of an external workspace (contract registry-a2a §4.1, memory-mcp-rest §9.2). */
export const Connection = Type.Object(connectionKeys);
export type Connection = Static<typeof Connection>;

/** The same keys flat and again under `connection` (design §13). */
const ConnectionReply = Type.Object({ ...connectionKeys, connection: Connection });

export const CreateWorkspace = Type.Object({
  name: Required(),
  role: Type.Optional(Nullable(Type.String())),
  template: Type.Optional(Nullable(Type.String())),
  tier: Type.Optional(Type.Integer({ minimum: -2147483648, maximum: 2147483647 })),
  model: Type.Optional(Nullable(Type.String())),
  runtime: Type.Optional(Nullable(Type.String())),
  external: Type.Optional(Type.Boolean()),
  url: Type.Optional(Nullable(Type.String())),
  workspace_dir: Type.Optional(Nullable(Type.String())),
  workspace_access: Type.Optional(Type.String()),
  parent_id: Type.Optional(Nullable(Type.String())),
  budget_limit: Type.Optional(Nullable(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }))),
  secrets: Type.Optional(Nullable(Type.Record(Type.String(), Type.String()))),
  max_concurrent_tasks: Type.Optional(Type.Integer({ minimum: -2147483648, maximum: 2147483647 })),
  canvas: Type.Optional(Nullable(Type.Object({ x: Type.Number(), y: Type.Number() }))),
  initial_memories: Type.Optional(Nullable(Type.Array(Json))),
});
export type CreateWorkspace = Static<typeof CreateWorkspace>;

const Created = Type.Union([
  Type.Object({
    id: Uuid,
    status: Type.Literal('provisioning'),
    awareness_namespace: Type.String(),
    workspace_access: WorkspaceAccess,
  }),
  Type.Object({
    id: Uuid,
    external: Type.Literal(true),
    status: Type.Union([Type.Literal('online'), Type.Literal('awaiting_agent')]),
    connection: Type.Optional(Connection),
  }),
]);

/** Present keys act, absent ones keep what is stored (contract lifecycle §1.5). */
export const PatchWorkspace = Type.Object({
  name: Type.Optional(Type.String()),
  role: Type.Optional(Nullable(Type.String())),
  tier: Type.Optional(Type.Integer({ minimum: -2147483648, maximum: 2147483647 })),
  parent_id: Type.Optional(Nullable(Type.String())),
  runtime: Type.Optional(Type.String()),
  workspace_dir: Type.Optional(Nullable(Type.String())),
  /** Below 1 counts as 1, as at creation. */
  max_concurrent_tasks: Type.Optional(Type.Integer({ minimum: -2147483648, maximum: 2147483647 })),
  collapsed: Type.Optional(Type.Boolean()),
  x: Type.Optional(Type.Number()),
  y: Type.Optional(Type.Number()),
  /** Minutes without a task after which the agent hibernates; null and 0: never (contract lifecycle §16.6). */
  hibernation_idle_minutes: Type.Optional(Nullable(Type.Integer({ minimum: 0, maximum: 525_600 }))),
});
export type PatchWorkspace = Static<typeof PatchWorkspace>;

/** Relative to the parent card; null size lets the canvas decide. */
export const Layout = Type.Object({
  x: Type.Number(),
  y: Type.Number(),
  w: Type.Optional(Nullable(Type.Number({ minimum: 0 }))),
  h: Type.Optional(Nullable(Type.Number({ minimum: 0 }))),
  z: Type.Optional(Type.Integer({ minimum: -100000, maximum: 100000 })),
  collapsed: Type.Optional(Type.Boolean()),
});
export type Layout = Static<typeof Layout>;

const id = { id: workspaceId };

export const workspaceRoutes = {
  createWorkspace: route({
    method: 'POST',
    path: '/workspaces',
    summary: 'Create a workspace and start its agent',
    access: 'admin',
    rate: 'default',
    body: CreateWorkspace,
    invalidBody: 'invalid_workspace_payload',
    responses: { 201: Created },
    errors: [
      'invalid_workspace_payload',
      'invalid_workspace_fields',
      'invalid_template',
      'unknown_template',
      'invalid_workspace_directory',
      'invalid_workspace_access',
      'parent_not_found',
      'tree_too_deep',
      'invalid_url',
      'secret_name_refused',
    ],
    failedText: 'failed to create workspace',
    source: 'lifecycle §1.1',
  }),
  listWorkspaces: route({
    method: 'GET',
    path: '/workspaces',
    summary: 'List all workspaces that are not removed, oldest first',
    access: 'admin',
    rate: 'default',
    responses: { 200: Type.Array(Workspace) },
    errors: [],
    failedText: 'query failed',
    source: 'lifecycle §1.2',
  }),
  getWorkspace: route({
    method: 'GET',
    path: '/workspaces/:id',
    summary: 'Read one workspace',
    tombstones: true,
    access: 'credential',
    rate: 'default',
    params: id,
    query: { include_removed: flag('answer a removed workspace with its last record instead of 410') },
    responses: { 200: PublicWorkspace },
    errors: ['invalid_workspace_id', 'workspace_not_found', 'workspace_removed'],
    failedText: 'query failed',
    source: 'lifecycle §1.3, design §9',
  }),
  getWorkspaceState: route({
    method: 'GET',
    path: '/workspaces/:id/state',
    summary: 'Status for a remote agent: 404 means stop',
    tombstones: true,
    access: 'workspace',
    rate: 'default',
    params: id,
    responses: {
      200: Type.Object({
        workspace_id: Uuid,
        status: WorkspaceStatus,
        paused: Type.Boolean(),
        deleted: Type.Literal(false),
      }),
      404: Type.Object({
        workspace_id: Uuid,
        status: Type.Optional(Type.Literal('removed')),
        deleted: Type.Literal(true),
      }),
    },
    errors: ['invalid_workspace_id'],
    failedText: 'query failed',
    source: 'lifecycle §1.4',
  }),
  patchWorkspace: route({
    method: 'PATCH',
    path: '/workspaces/:id',
    summary: 'Change name, role, tier, parent, runtime, directory or canvas position',
    access: 'workspace',
    rate: 'default',
    params: id,
    body: PatchWorkspace,
    invalidBody: 'invalid_request_body',
    responses: {
      200: Type.Object({ status: Type.Literal('updated'), needs_restart: Type.Optional(Type.Literal(true)) }),
    },
    errors: [
      'invalid_workspace_id',
      'workspace_not_found',
      'invalid_field',
      'parent_cycle',
      'parent_not_found',
      'tree_too_deep',
      'invalid_workspace_directory',
      'workspace_dir_refused',
    ],
    source: 'lifecycle §1.5',
  }),
  putWorkspaceLayout: route({
    method: 'PUT',
    path: '/workspaces/:id/layout',
    summary: 'Place the card of a workspace on the canvas, relative to its parent',
    access: 'admin',
    rate: 'default',
    params: id,
    body: Layout,
    invalidBody: 'invalid_request_body',
    responses: { 200: Type.Object({ status: Type.Literal('updated') }) },
    errors: ['invalid_workspace_id', 'workspace_not_found'],
    source: 'new',
  }),
  deleteWorkspace: route({
    method: 'DELETE',
    path: '/workspaces/:id',
    summary: 'Remove a workspace and all its descendants; repeatable',
    access: 'admin',
    rate: 'default',
    params: id,
    query: {
      confirm: flag('remove the children as well'),
      purge: flag('delete what the workspace owns once its instance is gone'),
    },
    responses: {
      200: Type.Object({
        status: Type.Union([Type.Literal('removed'), Type.Literal('purged')]),
        cascade_deleted: Type.Integer(),
      }),
      409: Type.Object({
        status: Type.Literal('confirmation_required'),
        message: Type.String(),
        children: Type.Array(Type.Object({ id: Uuid, name: Type.String() })),
        children_count: Type.Integer(),
      }),
    },
    errors: ['invalid_workspace_id', 'stop_failed'],
    source: 'lifecycle §1.7',
  }),
  getWorkspaceLogs: route({
    method: 'GET',
    path: '/workspaces/:id/logs',
    summary: 'The last lines an agent wrote, oldest first',
    access: 'workspace',
    rate: 'default',
    params: id,
    query: {
      limit: lenientInteger('lines', 200, 2000),
      after: text('cursor of the page before; only what was written since', { maxLength: 256 }),
    },
    responses: {
      200: Type.Object({
        lines: Type.Array(Type.String()),
        /** Hand it back as `after` to read on. */
        cursor: Type.String(),
        /** False when the backend of this workspace keeps no output. */
        available: Type.Boolean(),
      }),
    },
    errors: ['invalid_workspace_id', 'workspace_not_found', 'workspace_on_another_host', 'invalid_query'],
    source: 'new',
  }),
  rotateExternal: route({
    method: 'POST',
    path: '/workspaces/:id/external/rotate',
    summary: 'Replace the token of an external workspace; the old one fails at once, the new one is shown once',
    access: 'admin',
    rate: 'default',
    params: id,
    responses: { 200: ConnectionReply },
    errors: ['invalid_workspace_id', 'workspace_not_found', 'not_external'],
    failedText: 'lookup failed',
    source: 'registry-a2a §4.2, memory-mcp-rest §9.1, design §13',
  }),
  getExternalConnection: route({
    method: 'GET',
    path: '/workspaces/:id/external/connection',
    summary: 'How to connect an external agent, without its token',
    access: 'workspace',
    rate: 'default',
    params: id,
    responses: { 200: ConnectionReply },
    errors: ['invalid_workspace_id', 'workspace_not_found', 'not_external'],
    failedText: 'lookup failed',
    source: 'registry-a2a §4.3, memory-mcp-rest §9.1, design §13',
  }),
  listOrphans: route({
    method: 'GET',
    path: '/admin/orphans',
    summary: 'What backends hold and no workspace accounts for, newest first; with after, oldest first from there',
    access: 'admin',
    rate: 'default',
    query: {
      limit: strictInteger('rows', 1, 500),
      after: strictInteger('only rows with a greater seq', 0, Number.MAX_SAFE_INTEGER),
    },
    responses: { 200: Type.Array(OrphanInstance) },
    errors: ['invalid_query'],
    source: 'lifecycle §16.5, design §6',
  }),
} as const;
