import Type from 'typebox';
import { type Param, text, workspaceId } from '../query.js';
import { route } from '../route.js';
import { Json, JsonObject } from '../schema.js';

const id = { id: workspaceId };

/** Judged by the binding itself, which answers an unknown operation in the protocol's own words. */
const operation: Param<string> = {
  kind: 'text',
  schema: { type: 'string' },
  describe:
    'operation of the A2A HTTP+JSON binding: message:send, message:stream, tasks, tasks/{id}, tasks/{id}:cancel …',
  parse: (raw) => ({ ok: true, value: raw ?? '' }),
};

/** The shapes are those of the protocol (A2A 1.0 and 0.3), which defines and documents them. */
const a2a = {
  rate: 'default',
  responses: { 200: Json },
  stream: 'sse',
  source: 'design §7',
} as const;

const binding = { ...a2a, path: '/a2a/:id/*operation', params: { ...id, operation } } as const;
const errors = ['invalid_workspace_id', 'workspace_not_found', 'access_denied'] as const;

/** The standard A2A endpoint of every workspace, served from the ledger. */
export const a2aRoutes = {
  readSigningKeys: route({
    method: 'GET',
    path: '/.well-known/jwks.json',
    summary: 'Public keys with which this server signs what it pushes about tasks',
    access: 'credential',
    rate: 'default',
    responses: { 200: Type.Object({ keys: Type.Array(JsonObject) }) },
    errors: [],
    source: 'new',
  }),
  readAgentCard: route({
    ...a2a,
    method: 'GET',
    path: '/a2a/:id/.well-known/agent-card.json',
    summary: 'Agent card of a workspace: where and how any A2A client can talk to it',
    access: 'credential',
    params: id,
    errors,
  }),
  callA2A: route({
    ...a2a,
    method: 'POST',
    path: '/a2a/:id',
    summary: 'A2A over JSON-RPC, 1.0 or 0.3 by the header A2A-Version; streams where the method does',
    access: 'caller',
    params: id,
    body: Type.Object({ method: Type.Optional(Type.String()) }),
    bodyLenient: true,
    errors: [...errors, 'body_too_large', 'invalid_caller_id', 'missing_caller_token', 'invalid_caller_token'],
  }),
  readA2A: route({
    ...binding,
    method: 'GET',
    summary: 'A2A over HTTP+JSON: reads of tasks, push configurations and the extended card',
    access: 'credential',
    query: {
      contextId: text('tasks of this context'),
      status: text('tasks in this state, as TASK_STATE_…'),
      statusTimestampAfter: text('tasks that changed after this time, RFC 3339'),
      historyLength: text('messages of the history at most'),
      includeArtifacts: text('true: with what the tasks have made'),
      pageSize: text('tasks on a page, 1 to 100'),
      pageToken: text('where the previous page ended'),
    },
    errors,
  }),
  postA2A: route({
    ...binding,
    method: 'POST',
    summary: 'A2A over HTTP+JSON: messages, cancellation, subscriptions, push configurations',
    access: 'caller',
    body: Type.Object({ message: Type.Optional(JsonObject) }),
    bodyLenient: true,
    errors: [...errors, 'body_too_large', 'invalid_caller_id', 'missing_caller_token', 'invalid_caller_token'],
  }),
  deleteA2A: route({
    ...binding,
    method: 'DELETE',
    summary: 'A2A over HTTP+JSON: removes a push configuration',
    access: 'caller',
    errors: [...errors, 'invalid_caller_id', 'missing_caller_token', 'invalid_caller_token'],
  }),
} as const;
