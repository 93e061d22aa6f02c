import { type Peer, parseUuid } from '@molecule/contract';
import type { Db } from '../../platform/db.js';
import { AppError, refuse } from '../../platform/http/app-error.js';
import { type Actor, type RequestHeaders, readHeader } from '../access/index.js';
import type { WorkspaceCard, WorkspaceReads } from '../workspaces/index.js';

/** Who may see whom (contract registry-a2a §5.4–5.6, §6). */
export interface Discovery {
  find(input: {
    readonly actor: Actor;
    readonly headers: RequestHeaders;
    readonly targetId: string;
    readonly origin: string;
  }): Promise<{ id: string; url: string; name: string }>;
  peers(actor: Actor, id: string, filter: string): Promise<Peer[]>;
  mayCommunicate(callerId: string, targetId: string): Promise<boolean>;
}

export function createDiscovery(db: Db, workspaces: WorkspaceReads): Discovery {
  return {
    async find({ actor, headers, targetId, origin }) {
      const callerId = toSubject(actor, headers);
      if (callerId !== null && !(await workspaces.canCommunicate(db, callerId, targetId))) refuse('discover_denied');
      const target = await workspaces.find(db, targetId);
      if (!target || target.status === 'removed') return refuse('workspace_not_found');
      // Always through this server, so that nothing between agents bypasses ledger, budget and hierarchy (design §7).
      // Messages for an agent that is down are queued, so its status does not matter here.
      return { id: target.id, name: target.name, url: `${origin}/workspaces/${target.id}/a2a` };
    },

    async peers(actor, id, filter) {
      if (actor.kind === 'workspace' && actor.id !== id) throw new AppError('invalid_workspace_token');
      const self = await workspaces.find(db, id);
      if (!self || self.status === 'removed') return refuse('workspace_not_found');
      const wanted = filter.trim().toLowerCase();
      return (await workspaces.peers(db, id))
        .filter((peer) => wanted === '' || `${peer.name}\n${peer.role ?? ''}`.toLowerCase().includes(wanted))
        .map((peer) => toPeer(peer, self));
    },

    mayCommunicate: (callerId, targetId) => workspaces.canCommunicate(db, callerId, targetId),
  };
}

/** For whom the question is asked. Null: a person with admin rights, who sees everything. */
function toSubject(actor: Actor, headers: RequestHeaders): string | null {
  const claim = readHeader(headers, 'x-workspace-id')?.trim() || null;
  const claimedId = claim === null ? null : parseUuid(claim);
  if (actor.kind === 'admin') {
    if (claim === null && actor.via === 'development') return refuse('caller_header_required');
    if (claim !== null && claimedId === null) return refuse('discover_denied');
    return claimedId;
  }
  if (claim === null) return refuse('caller_header_required');
  if (actor.kind !== 'workspace' || actor.id !== claimedId) return refuse('invalid_workspace_token');
  return actor.id;
}

function toPeer(peer: WorkspaceCard, self: WorkspaceCard): Peer {
  return {
    id: peer.id,
    name: peer.name,
    role: peer.role,
    tier: peer.tier,
    status: peer.status,
    agent_card: peer.agentCard,
    // Peers talk through this server; where an agent itself listens is nobody's business (contract §5.5).
    url: '',
    parent_id: peer.parentId,
    active_tasks: peer.activeTasks,
    relation: relationOf(peer, self),
  };
}

function relationOf(peer: WorkspaceCard, self: WorkspaceCard): Peer['relation'] {
  if (peer.parentId === self.id) return 'child';
  return peer.id === self.parentId ? 'parent' : 'sibling';
}
