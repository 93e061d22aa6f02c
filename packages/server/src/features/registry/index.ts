import { parseUuid, type Routes } from '@molecule/contract';
import { refuse } from '../../platform/http/app-error.js';
import type { HandlersFor } from '../../platform/http/handlers.js';
import type { Actor } from '../access/index.js';
import type { WorkspaceReads } from '../workspaces/index.js';
import { createDiscovery } from './discovery.js';
import { createHeartbeat, type HeartbeatDeps } from './heartbeat.js';
import { createRegistration, type RegistrationDeps } from './registration.js';

export interface RegistryDeps extends Omit<HeartbeatDeps, 'tokens'>, RegistrationDeps {
  readonly workspaces: WorkspaceReads;
  /** Configured URL of this server; null means: as the caller reached us. */
  readonly publicUrl: string | null;
}

export interface Registry {
  readonly handlers: Pick<
    HandlersFor<Routes, Actor>,
    'register' | 'heartbeat' | 'updateCard' | 'discover' | 'listPeers' | 'checkAccess'
  >;
  /** Resolves when every accepted beat is written. Call after the last request, before the database closes. */
  close(): Promise<void>;
}

/** Agents announcing themselves, staying known, and finding each other (contract registry-a2a §5). */
export function createRegistry(deps: RegistryDeps): Registry {
  const registration = createRegistration(deps);
  const heartbeat = createHeartbeat(deps);
  const discovery = createDiscovery(deps.lanes.control, deps.workspaces);
  return {
    handlers: {
      register: async ({ actor, body }) => {
        const { token, deliveryMode, inboundSecret } = await registration.register(actor, body);
        return {
          status: 200,
          body: {
            status: 'registered',
            ...(token === null ? {} : { auth_token: token }),
            delivery_mode: deliveryMode,
            platform_inbound_secret: inboundSecret,
          },
        };
      },

      heartbeat: async ({ actor, body }) => {
        // An admin's token proves nothing about an agent being alive (contract §2.8).
        if (actor.kind !== 'claimant') return refuse('invalid_workspace_token');
        if (actor.id === null) return { status: 200, body: { status: 'ok' }, unproven: true };
        const { known, inboundSecret } = await heartbeat.beat(actor.id, actor.tokenHash, body);
        if (!known) return { status: 200, body: { status: 'ok' }, unproven: true };
        if (inboundSecret === null) return { status: 200, body: { status: 'ok' } };
        return { status: 200, body: { status: 'ok', platform_inbound_secret: inboundSecret } };
      },

      updateCard: async ({ actor, body }) => {
        await registration.updateCard(actor, body.workspace_id, body.agent_card);
        return { status: 200, body: { status: 'updated' } };
      },

      discover: async ({ params, actor, request }) => ({
        status: 200,
        body: await discovery.find({
          actor,
          headers: request.headers,
          targetId: params.id,
          origin: deps.publicUrl ?? request.origin,
        }),
      }),

      listPeers: async ({ params, query, actor }) => ({
        status: 200,
        body: await discovery.peers(actor, params.id, query.q ?? ''),
      }),

      checkAccess: async ({ body }) => {
        const callerId = parseUuid(body.caller_id);
        const targetId = parseUuid(body.target_id);
        const allowed = callerId !== null && targetId !== null && (await discovery.mayCommunicate(callerId, targetId));
        return { status: 200, body: { allowed } };
      },
    },
    close: () => heartbeat.drain(),
  };
}
