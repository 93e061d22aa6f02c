import Type from 'typebox';
import { workspaceId } from '../query.js';
import { route } from '../route.js';
import { Nullable, Required, Timestamp, Uuid } from '../schema.js';

const AgentModel = Type.Object({ model: Required({ maxLength: 200 }) });
const id = { id: workspaceId };

/**
 * Who works in a workspace: at most one agent at a time, with its model (contract lifecycle §10). A record that clients
 * keep: it starts and stops nothing, and decides no model (docs/adr/0007).
 */
export const agentRoutes = {
  getAgent: route({
    method: 'GET',
    path: '/workspaces/:id/agent',
    summary: 'The agent that is on record for a workspace; null when none is',
    access: 'workspace',
    rate: 'default',
    params: id,
    responses: {
      200: Type.Object({
        agent: Nullable(Type.Object({ agent_id: Uuid, model: Type.String(), assigned_at: Timestamp })),
      }),
    },
    errors: ['invalid_workspace_id', 'workspace_not_found'],
    failedText: 'lookup failed',
    source: 'new',
  }),
  assignAgent: route({
    method: 'POST',
    path: '/workspaces/:id/agent',
    summary: 'Assign an agent to a workspace that has none',
    access: 'workspace',
    rate: 'default',
    params: id,
    body: AgentModel,
    invalidBody: 'invalid_request_body',
    responses: { 201: Type.Object({ agent_id: Uuid, model: Type.String() }) },
    errors: ['invalid_workspace_id', 'workspace_not_found', 'agent_already_assigned'],
    failedText: 'failed to assign agent',
    source: 'lifecycle §10',
  }),
  replaceAgent: route({
    method: 'PATCH',
    path: '/workspaces/:id/agent',
    summary: 'Replace the agent of a workspace by one with another model',
    access: 'workspace',
    rate: 'default',
    params: id,
    body: AgentModel,
    invalidBody: 'invalid_request_body',
    responses: { 200: Type.Object({ agent_id: Uuid, model: Type.String(), old_model: Type.String() }) },
    errors: ['invalid_workspace_id', 'workspace_not_found', 'no_agent_to_replace'],
    failedText: 'failed to replace agent',
    source: 'lifecycle §10',
  }),
  removeAgent: route({
    method: 'DELETE',
    path: '/workspaces/:id/agent',
    summary: 'Remove the agent of a workspace; the workspace stays',
    access: 'workspace',
    rate: 'default',
    params: id,
    responses: { 200: Type.Object({ status: Type.Literal('removed'), agent_id: Uuid }) },
    errors: ['invalid_workspace_id', 'workspace_not_found', 'no_agent_to_remove'],
    failedText: 'failed to remove agent',
    source: 'lifecycle §10',
  }),
  moveAgent: route({
    method: 'POST',
    path: '/workspaces/:id/agent/move',
    summary: 'Move the agent of a workspace to one that has none',
    // Not `workspace`: it writes to another workspace, over which the token of this one says nothing.
    access: 'admin',
    rate: 'default',
    params: id,
    body: Type.Object({ target_workspace_id: Required() }),
    invalidBody: 'invalid_request_body',
    responses: {
      200: Type.Object({ agent_id: Uuid, model: Type.String(), from_workspace: Uuid, to_workspace: Uuid }),
    },
    errors: [
      'invalid_workspace_id',
      'workspace_not_found',
      'target_workspace_not_found',
      'no_agent_to_move',
      'target_has_agent',
    ],
    failedText: 'failed to move agent',
    source: 'lifecycle §10',
  }),
} as const;
