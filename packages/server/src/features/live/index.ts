import { errorSpec, type Routes } from '@molecule/contract';
import { sweepEvents } from '../../platform/event-log.js';
import { AppError, refuse } from '../../platform/http/app-error.js';
import type { HandlersFor, RequestInfo } from '../../platform/http/handlers.js';
import type { GateInput } from '../../platform/http/http-server.js';
import type { Ports } from '../../ports.js';
import { type Access, type Actor, type RequestHeaders, unavailable } from '../access/index.js';
import type { WorkspaceReads } from '../workspaces/index.js';
import { listEvents } from './events.views.js';
import { createFrameEncoder } from './frames.js';
import { createHierarchy } from './hierarchy.js';
import { createLiveSocket, type LiveSocket, UNAUTHORISED, type View } from './live-socket.js';
import { createLiveStream, type LiveStream } from './live-stream.js';

export interface LiveDeps extends Pick<Ports, 'lanes' | 'feed' | 'supervisor' | 'metrics' | 'logger'> {
  readonly workspaces: WorkspaceReads;
  readonly access: Pick<Access, 'resolveClaim' | 'gate'>;
  /** Told to clients, which reload when it changes under them. */
  readonly version: string;
}

export interface Live {
  readonly handlers: Pick<
    HandlersFor<Routes, Actor>,
    'live' | 'streamWorkspaceEvents' | 'listEvents' | 'listWorkspaceEvents'
  >;
  /** Ends every socket and stream; clients come back to another replica or to the next start. */
  closeAll(): void;
}

const KEEP_ALIVE_MS = 25_000;
const RETENTION_MS = 3_600_000;
const SWEEP_MAX = 10_000;
const SERVICE_RESTART = 1012;

const SSE_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache',
  connection: 'keep-alive',
  'x-accel-buffering': 'no',
} as const;

/** Projections of the event log: socket, stream and list (design §4.4, contract registry-a2a §12). */
export function createLive(deps: LiveDeps): Live {
  const { feed, supervisor, workspaces } = deps;
  const db = deps.lanes.control;
  // Each with the question its request asked, to be asked again.
  const sockets = new Map<LiveSocket, GateInput>();
  const streams = new Map<LiveStream, GateInput>();
  const encoder = createFrameEncoder();
  const hierarchy = createHierarchy({ feed, db, workspaces });
  deps.metrics.gauge({
    name: 'molecule_websocket_connections_active',
    help: 'Live sockets that are open now.',
    labels: {},
    read: () => sockets.size,
  });
  supervisor.loop({
    name: 'live-keep-alive',
    everyMs: KEEP_ALIVE_MS,
    async run() {
      for (const socket of sockets.keys()) if (!socket.checkAlive()) sockets.delete(socket);
      for (const stream of streams.keys()) stream.keepAlive();
      // Whoever may ask no longer is told no longer: a credential that was revoked ends what it had opened before.
      for (const [socket, asked] of sockets) {
        const verdict = await askAgain(asked);
        if (verdict === 'refused') socket.close(UNAUTHORISED, 'the credential is no longer accepted');
        if (verdict === 'unknown') return;
      }
      for (const [stream, asked] of streams) {
        const verdict = await askAgain(asked);
        if (verdict === 'refused') stream.close();
        if (verdict === 'unknown') return;
      }
    },
  });
  supervisor.loop({
    name: 'event-retention',
    everyMs: RETENTION_MS,
    async run(signal) {
      while (!signal.aborted && (await sweepEvents(deps.lanes.work)) === SWEEP_MAX);
    },
  });

  /** `unknown`: the database cannot be asked, which refuses nobody. */
  async function askAgain(asked: GateInput): Promise<'allowed' | 'refused' | 'unknown'> {
    try {
      await deps.access.gate(asked);
      return 'allowed';
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return [401, 403].includes(errorSpec(error.code).status) ? 'refused' : 'unknown';
    }
  }

  /** A person sees everything; an agent what it may communicate with, and nothing that belongs to no workspace. */
  async function toView(actor: Actor, headers: RequestHeaders): Promise<View> {
    const viewerId = await deps.access.resolveClaim(actor, headers, {
      missing: 'missing_workspace_token',
      invalid: 'invalid_workspace_token',
    });
    if (viewerId === null) return { viewerId, sees: () => true };
    await hierarchy.load().catch((error: unknown) => {
      throw unavailable(error);
    });
    return { viewerId, sees: (workspaceId) => workspaceId !== null && hierarchy.canSee(viewerId, workspaceId) };
  }

  return {
    handlers: {
      live: async ({ actor, query, request }) => {
        const view = await toView(actor, request.headers);
        return {
          upgrade: (ws) => {
            const socket = createLiveSocket({ feed, db, encoder, version: deps.version }, ws, view);
            sockets.set(socket, toQuestion(request, 'caller'));
            ws.on('close', () => sockets.delete(socket));
            ws.on('error', (error) => deps.logger.debug({ err: error }, 'live socket failed'));
            supervisor.background('live-resume', () => socket.follow(query.since));
          },
        };
      },

      streamWorkspaceEvents: async ({ params, request }) => {
        const workspace = await workspaces.find(db, params.id);
        if (!workspace || workspace.status === 'removed') return refuse('workspace_not_found');
        const stream = createLiveStream({ feed, encoder }, params.id);
        streams.set(stream, toQuestion(request, 'workspace', { id: params.id }));
        stream.body.on('close', () => streams.delete(stream));
        return { status: 200, headers: SSE_HEADERS, stream: stream.body };
      },

      listEvents: async ({ query }) => ({
        status: 200,
        body: await listEvents(db, { workspaceId: null, after: query.after, limit: query.limit }),
      }),

      listWorkspaceEvents: async ({ params, query }) => ({
        status: 200,
        body: await listEvents(db, { workspaceId: params.id, after: query.after, limit: query.limit }),
      }),
    },

    closeAll() {
      for (const socket of sockets.keys()) socket.close(SERVICE_RESTART, 'the server is restarting');
      for (const stream of streams.keys()) stream.close();
    },
  };
}

function toQuestion(
  { headers, address }: RequestInfo,
  access: 'caller' | 'workspace',
  params: Readonly<Record<string, string>> = {},
): GateInput {
  return { access, tombstones: false, method: 'GET', headers, address, params, body: undefined };
}
