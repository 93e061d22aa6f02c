import type { Tx } from '../../platform/db.js';
import { refuse } from '../../platform/http/app-error.js';
import { toStorableText } from '../../platform/storable-json.js';
import type { Ports } from '../../ports.js';
import { lockLive, workspaceReads } from '../workspaces/index.js';
import {
  type Agent,
  type AssignedAgent,
  findActiveAgent,
  insertAgent,
  reassignAgent,
  retireAgent,
} from './agents.store.js';

export type AgentsDeps = Pick<Ports, 'lanes' | 'transact' | 'commit' | 'random'>;

/** Who works in a workspace (contract lifecycle §10). Each verb is one transaction that holds the workspaces it names. */
export interface AgentVerbs {
  /** Null when nobody is on record. */
  find(workspaceId: string): Promise<AssignedAgent | null>;
  assign(workspaceId: string, model: string): Promise<Agent>;
  replace(workspaceId: string, model: string): Promise<{ readonly agent: Agent; readonly oldModel: string }>;
  remove(workspaceId: string): Promise<Agent>;
  move(fromId: string, toId: string): Promise<Agent>;
}

export function createAgentVerbs({ lanes, transact, commit, random }: AgentsDeps): AgentVerbs {
  async function holdOne(tx: Tx, workspaceId: string): Promise<void> {
    if (!(await lockLive(tx, [workspaceId])).has(workspaceId)) refuse('workspace_not_found');
  }

  return {
    async find(workspaceId) {
      const workspace = await workspaceReads.find(lanes.control, workspaceId);
      if (!workspace || workspace.status === 'removed') refuse('workspace_not_found');
      return findActiveAgent(lanes.control, workspaceId);
    },

    assign: (workspaceId, model) =>
      transact('control', async (tx) => {
        await holdOne(tx, workspaceId);
        if (await findActiveAgent(tx, workspaceId)) refuse('agent_already_assigned');
        const agent = { id: random.uuid(), model: toStorableText(model) };
        await insertAgent(tx, workspaceId, agent);
        const payload = { agent_id: agent.id, model: agent.model };
        await commit(tx, { events: [{ type: 'AGENT_ASSIGNED', workspaceId, payload }] });
        return agent;
      }),

    replace: (workspaceId, model) =>
      transact('control', async (tx) => {
        await holdOne(tx, workspaceId);
        const before = await findActiveAgent(tx, workspaceId);
        if (!before) return refuse('no_agent_to_replace');
        await retireAgent(tx, before.id, { status: 'replaced', reason: 'model_replaced' });
        const agent = { id: random.uuid(), model: toStorableText(model) };
        await insertAgent(tx, workspaceId, agent);
        const payload = { agent_id: agent.id, model: agent.model, old_model: before.model };
        await commit(tx, { events: [{ type: 'AGENT_REPLACED', workspaceId, payload }] });
        return { agent, oldModel: before.model };
      }),

    remove: (workspaceId) =>
      transact('control', async (tx) => {
        await holdOne(tx, workspaceId);
        const agent = await findActiveAgent(tx, workspaceId);
        if (!agent) return refuse('no_agent_to_remove');
        await retireAgent(tx, agent.id, { status: 'removed', reason: 'manual_removal' });
        const payload = { agent_id: agent.id, model: agent.model };
        await commit(tx, { events: [{ type: 'AGENT_REMOVED', workspaceId, payload }] });
        return agent;
      }),

    move: (fromId, toId) =>
      transact('control', async (tx) => {
        const held = await lockLive(tx, [fromId, toId]);
        if (!held.has(fromId)) refuse('workspace_not_found');
        if (!held.has(toId)) refuse('target_workspace_not_found');
        const agent = await findActiveAgent(tx, fromId);
        if (!agent) return refuse('no_agent_to_move');
        if (await findActiveAgent(tx, toId)) refuse('target_has_agent');
        await reassignAgent(tx, agent.id, toId);
        const moved = { agent_id: agent.id, model: agent.model };
        await commit(tx, {
          events: [
            { type: 'AGENT_MOVED', workspaceId: fromId, payload: { ...moved, target_workspace_id: toId } },
            { type: 'AGENT_MOVED', workspaceId: toId, payload: { ...moved, source_workspace_id: fromId } },
          ],
        });
        return agent;
      }),
  };
}
