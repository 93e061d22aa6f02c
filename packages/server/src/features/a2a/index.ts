import type { Routes } from '@molecule/contract';
import { refuse } from '../../platform/http/app-error.js';
import type { HandlersFor, RequestInfo } from '../../platform/http/handlers.js';
import type { Ports } from '../../ports.js';
import { createAgentConnections } from '../../proxy/agent-connections.js';
import type { UrlGuard } from '../../proxy/url-guard.js';
import type { Access, Actor } from '../access/index.js';
import { readHeader } from '../access/index.js';
import type { Tasks } from '../messages/index.js';
import type { WorkspaceReads } from '../workspaces/index.js';
import type { Endpoint, ProtocolHeaders } from './endpoint.js';
import { deleteOldConfigs, hasOpenConfigs } from './push-configs.store.js';
import { listDuePushes } from './push-configs.views.js';
import type { EndpointPorts, Visit } from './visit.js';

export { rotatePushKey } from './push-secrets.js';

export type A2AHandlers = Pick<
  HandlersFor<Routes, Actor>,
  'readSigningKeys' | 'readAgentCard' | 'callA2A' | 'readA2A' | 'postA2A' | 'deleteA2A'
>;

export interface A2ADeps extends EndpointPorts, Pick<Ports, 'feed'> {
  readonly access: Pick<Access, 'resolveCaller'>;
  readonly workspaces: WorkspaceReads;
  readonly tasks: Tasks;
  readonly publicUrl: string | null;
  readonly urlGuard: UrlGuard;
  readonly secretsKey: string;
  /** See `HandlerDeps`. */
  readonly idleWaitMs?: number;
}

export interface A2A {
  readonly handlers: A2AHandlers;
  /** After the supervisor has stopped. */
  close(): Promise<void>;
}

const IDLE_WAIT_MS = 25_000;
const PUSH_EVERY_MS = 2_000;
const PUSH_AT_ONCE = 16;
const RETENTION_EVERY_MS = 6 * 3_600_000;
const KEPT_DAYS = { done: 7, open: 90 } as const;

/**
 * The standard A2A endpoint of every workspace (design §7): any client of the protocol can talk to any workspace, whether
 * its agent takes messages, fetches them, or is away. It keeps nothing of its own: a task is a row of the ledger.
 */
export function createA2A(deps: A2ADeps): A2A {
  const connections = createAgentConnections((error) => deps.logger.debug({ err: error }, 'closing a pool failed'));
  // Whether anybody is to be told of anything; as long as nobody is, the end of a message costs nothing here.
  let open = true;
  const onConfigured = (): void => {
    open = true;
    pushes.nudge();
  };
  // The SDK is loaded when the first client comes: a server that nobody talks A2A to does not pay for it.
  let loading: Promise<Endpoint> | null = null;
  const load = (): Promise<Endpoint> => {
    loading ??= import('./endpoint.js').then(({ createEndpoint }) =>
      createEndpoint({ ...deps, connections, onConfigured, idleWaitMs: deps.idleWaitMs ?? IDLE_WAIT_MS }),
    );
    return loading;
  };

  const pushes = deps.supervisor.loop({
    name: 'task-push',
    everyMs: PUSH_EVERY_MS,
    async run() {
      const due = await listDuePushes(deps.lanes.work, PUSH_AT_ONCE);
      if (due.length === 0) {
        open = await hasOpenConfigs(deps.lanes.work);
        return;
      }
      await (await load()).deliver(due);
      // What has changed meanwhile, and what did not fit.
      pushes.nudge();
    },
  });
  const events = deps.feed.subscribe((batch) => {
    if (open && batch.some(({ type }) => type === 'ACTIVITY_LOGGED')) pushes.nudge();
  });
  deps.supervisor.loop({
    name: 'task-push-retention',
    everyMs: RETENTION_EVERY_MS,
    run: () => deleteOldConfigs(deps.lanes.work, KEPT_DAYS),
  });

  /** The rules of `POST /workspaces/:id/a2a`: who speaks for whom, and who may talk to whom. */
  async function enter({ params, actor, request }: Entrance): Promise<Visit> {
    const targetId = params.id;
    const { callerId } = await deps.access.resolveCaller({ actor, headers: request.headers, targetId });
    const { workspaces, lanes } = deps;
    if (callerId !== null && !(await workspaces.canCommunicate(lanes.control, callerId, targetId))) {
      refuse('access_denied');
    }
    const target = await workspaces.find(lanes.control, targetId);
    if (!target || target.status === 'removed') refuse('workspace_not_found');
    // An administrator who speaks for nobody in particular sees everything; whoever speaks for a workspace sees its own.
    const everything = callerId === null && actor.kind === 'admin';
    return {
      target,
      callerId,
      scope: { targetId, caller: everything ? 'anybody' : { id: callerId } },
      origin: deps.publicUrl ?? request.origin,
      requestId: request.id,
      clientGone: request.clientGone,
    };
  }

  return {
    async close() {
      events.close();
      await connections.close();
    },
    handlers: {
      async readSigningKeys() {
        const { keys } = await (await load()).jwks();
        return { status: 200, body: { keys: [...keys] } };
      },
      readAgentCard: async (context) => (await load()).card(await enter(context), headersOf(context)),
      callA2A: async (context) => (await load()).rpc(await enter(context), headersOf(context), context.body),
      async readA2A(context) {
        const { params, query } = context;
        const request = { method: 'GET', operation: params.operation, query, body: undefined } as const;
        return (await load()).http(await enter(context), headersOf(context), request);
      },
      async postA2A(context) {
        const { params, body } = context;
        const request = { method: 'POST', operation: params.operation, query: {}, body } as const;
        return (await load()).http(await enter(context), headersOf(context), request);
      },
      async deleteA2A(context) {
        const { operation } = context.params;
        const request = { method: 'DELETE', operation, query: {}, body: undefined } as const;
        return (await load()).http(await enter(context), headersOf(context), request);
      },
    } satisfies A2AHandlers,
  };
}

interface Entrance {
  readonly params: { readonly id: string };
  readonly actor: Actor;
  readonly request: RequestInfo;
}

function headersOf({ request: { headers } }: Entrance): ProtocolHeaders {
  return {
    version: readHeader(headers, 'a2a-version')?.trim() || null,
    contentType: readHeader(headers, 'content-type'),
    accept: readHeader(headers, 'accept'),
    ifNoneMatch: readHeader(headers, 'if-none-match'),
    ifModifiedSince: readHeader(headers, 'if-modified-since'),
  };
}
