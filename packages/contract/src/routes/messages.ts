import Type from 'typebox';
import { workspaceId } from '../query.js';
import { route } from '../route.js';
import { Json, Uuid } from '../schema.js';

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
} as const;
