import Type, { type Static } from 'typebox';
import { lenientInteger, strictInteger, workspaceId } from '../query.js';
import { route } from '../route.js';
import { Json, JsonObject, Nullable, Timestamp, Uuid } from '../schema.js';

/** Row of the event log as the predecessor shows it, with `seq` added (contract registry-a2a §12.1). */
export const LoggedEvent = Type.Object({
  id: Type.String(),
  event_type: Type.String(),
  workspace_id: Nullable(Uuid),
  payload: Json,
  created_at: Timestamp,
  seq: Type.Integer(),
});
export type LoggedEvent = Static<typeof LoggedEvent>;

const eventQuery = {
  limit: lenientInteger('rows', 100, 1000),
  after: strictInteger('only events with a greater seq, oldest first', 0, Number.MAX_SAFE_INTEGER),
};

export const opsRoutes = {
  health: route({
    method: 'GET',
    path: '/health',
    summary: 'Is the process serving? Never depends on the database',
    access: 'open',
    rate: 'exempt',
    responses: {
      200: Type.Object({
        status: Type.Literal('ok'),
        version: Type.String(),
        uptime: Type.String(),
        database: Type.String(),
      }),
    },
    errors: [],
    source: 'registry-a2a §13',
  }),
  readyz: route({
    method: 'GET',
    path: '/readyz',
    summary: 'Can the process do work now? 503 while the database is away or during shutdown',
    access: 'open',
    rate: 'exempt',
    responses: { 200: Type.Object({ status: Type.Literal('ready') }) },
    errors: ['platform_unavailable', 'shutting_down'],
    source: 'design §9',
  }),
  buildinfo: route({
    method: 'GET',
    path: '/buildinfo',
    summary: 'Which build is running',
    access: 'open',
    rate: 'exempt',
    responses: { 200: Type.Object({ git_sha: Type.String(), version: Type.String() }) },
    errors: [],
    source: 'registry-a2a §13',
  }),
  metrics: route({
    method: 'GET',
    path: '/metrics',
    summary: 'Prometheus metrics; protected when METRICS_TOKEN is set',
    access: 'open',
    rate: 'exempt',
    responses: { 200: Type.String() },
    errors: ['metrics_token_required'],
    stream: 'text',
    source: 'registry-a2a §13',
  }),
  openapi: route({
    method: 'GET',
    path: '/openapi.json',
    summary: 'This API as OpenAPI 3.1',
    access: 'open',
    rate: 'default',
    responses: { 200: JsonObject },
    errors: [],
    source: 'design §4.1',
  }),
  docs: route({
    method: 'GET',
    path: '/docs',
    summary: 'This API as a page to read',
    access: 'open',
    rate: 'default',
    responses: { 200: Type.String() },
    errors: [],
    stream: 'text',
    source: 'design §9',
  }),
  adminLiveness: route({
    method: 'GET',
    path: '/admin/liveness',
    summary: 'When each background loop ran last',
    access: 'admin',
    rate: 'default',
    responses: {
      200: Type.Object({
        subsystems: Type.Record(
          Type.String(),
          Type.Object({
            last_tick_at: Type.String(),
            seconds_ago: Type.Integer(),
            failures: Type.Integer(),
            last_error: Nullable(Type.String()),
          }),
        ),
      }),
    },
    errors: [],
    source: 'registry-a2a §13',
  }),
  listEvents: route({
    method: 'GET',
    path: '/events',
    summary: 'The event log, newest first; with after, oldest first from there',
    access: 'admin',
    rate: 'default',
    query: eventQuery,
    responses: { 200: Type.Array(LoggedEvent) },
    errors: ['invalid_query'],
    failedText: 'query failed',
    source: 'registry-a2a §12.1',
  }),
  listWorkspaceEvents: route({
    method: 'GET',
    path: '/events/:id',
    summary: 'The event log of one workspace',
    access: 'admin',
    rate: 'default',
    params: { id: workspaceId },
    query: eventQuery,
    responses: { 200: Type.Array(LoggedEvent) },
    errors: ['invalid_query', 'invalid_workspace_id'],
    failedText: 'query failed',
    source: 'registry-a2a §12.1',
  }),
  streamWorkspaceEvents: route({
    method: 'GET',
    path: '/workspaces/:id/events/stream',
    summary: 'Events of one workspace as server-sent events',
    access: 'workspace',
    rate: 'default',
    params: { id: workspaceId },
    responses: { 200: Type.String() },
    errors: ['workspace_not_found'],
    stream: 'sse',
    source: 'registry-a2a §12.3',
  }),
  live: route({
    method: 'GET',
    path: '/ws',
    summary: 'Live events over a WebSocket; ?since= resumes after a seq',
    access: 'caller',
    rate: 'default',
    query: { since: strictInteger('last seq seen', 0, Number.MAX_SAFE_INTEGER) },
    responses: { 200: Type.String() },
    errors: ['missing_workspace_token', 'invalid_workspace_token', 'admin_auth_required', 'origin_not_allowed'],
    stream: 'websocket',
    source: 'registry-a2a §12.2, design §4.4',
  }),
} as const;
