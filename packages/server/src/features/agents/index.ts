import { parseUuid, type Routes } from '@molecule/contract';
import { refuse } from '../../platform/http/app-error.js';
import type { HandlersFor } from '../../platform/http/handlers.js';
import type { Actor } from '../access/index.js';
import { type AgentsDeps, createAgentVerbs } from './agents.service.js';

type AgentHandlers = Pick<
  HandlersFor<Routes, Actor>,
  'getAgent' | 'assignAgent' | 'replaceAgent' | 'removeAgent' | 'moveAgent'
>;

/**
 * The agents of workspaces, as a record of who works and has worked where (contract lifecycle §10). A record only: the
 * contract gives it no effect on a start, so an instance gets its model from the owner's choice, its secrets or its
 * template and never from here (docs/adr/0007).
 */
export function createAgentHandlers(deps: AgentsDeps): AgentHandlers {
  const verbs = createAgentVerbs(deps);
  return {
    getAgent: async ({ params }) => {
      const agent = await verbs.find(params.id);
      const body = agent && { agent_id: agent.id, model: agent.model, assigned_at: agent.assignedAt.toISOString() };
      return { status: 200, body: { agent: body } };
    },
    assignAgent: async ({ params, body }) => {
      const { id, model } = await verbs.assign(params.id, body.model);
      return { status: 201, body: { agent_id: id, model } };
    },
    replaceAgent: async ({ params, body }) => {
      const { agent, oldModel } = await verbs.replace(params.id, body.model);
      return { status: 200, body: { agent_id: agent.id, model: agent.model, old_model: oldModel } };
    },
    removeAgent: async ({ params }) => {
      const { id } = await verbs.remove(params.id);
      return { status: 200, body: { status: 'removed', agent_id: id } };
    },
    moveAgent: async ({ params, body }) => {
      const target = parseUuid(body.target_workspace_id) ?? refuse('target_workspace_not_found');
      const { id, model } = await verbs.move(params.id, target);
      return { status: 200, body: { agent_id: id, model, from_workspace: params.id, to_workspace: target } };
    },
  };
}
