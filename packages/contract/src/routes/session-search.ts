import Type, { type Static } from 'typebox';
import { lenientInteger, text, workspaceId } from '../query.js';
import { route } from '../route.js';
import { Json, Timestamp, Uuid } from '../schema.js';

/** A thing that a search in the past of a workspace has found (contract registry-a2a §11.5). */
export const SessionSearchHit = Type.Object({
  kind: Type.Enum(['activity', 'memory']),
  id: Uuid,
  workspace_id: Uuid,
  /** Type of the activity, or scope of the memory. */
  label: Type.String(),
  content: Type.String(),
  method: Type.String(),
  status: Type.String(),
  created_at: Timestamp,
  request_body: Type.Optional(Json),
  response_body: Type.Optional(Json),
});
export type SessionSearchHit = Static<typeof SessionSearchHit>;

export const sessionSearchRoutes = {
  searchSession: route({
    method: 'GET',
    path: '/workspaces/:id/session-search',
    summary: 'Search what happened in a workspace, the newest first',
    access: 'workspace',
    rate: 'default',
    params: { id: workspaceId },
    query: {
      q: text('what to look for, in any case; empty lists all', { maxLength: 512 }),
      limit: lenientInteger('hits', 50, 200),
    },
    responses: { 200: Type.Array(SessionSearchHit) },
    errors: ['invalid_workspace_id', 'invalid_query'],
    failedText: 'session search failed',
    source: 'registry-a2a §11.5',
  }),
} as const;
