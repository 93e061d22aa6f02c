import { type RouteName, routes } from '@molecule/contract';
import type { FastifyInstance } from 'fastify';
import { createA2A } from '../src/features/a2a/index.js';
import { type Actor, type RequestHeaders, readHeader } from '../src/features/access/index.js';
import { type ActivityFeature, createActivity } from '../src/features/activity/index.js';
import { createMessages, type MessageLimits, type Messages } from '../src/features/messages/index.js';
import { workspaceReads } from '../src/features/workspaces/index.js';
import { createSystemClock } from '../src/platform/clock.js';
import { createHttpServer } from '../src/platform/http/http-server.js';
import { createUrlGuard } from '../src/proxy/url-guard.js';
import { insertWorkspace, type WorkspaceRow } from './builders.js';
import { HTTP_DEFAULTS } from './http-defaults.js';
import { createTestPorts, TEST_LEASE_MS, type TestPorts } from './ports.js';

const SERVED = [
  'sendMessage',
  'delegate',
  'listDelegations',
  'getDelegation',
  'recordDelegation',
  'updateDelegation',
  'cancelDelegation',
  'retryDelegation',
  'listAllDelegations',
  'countDelegations',
  'listQueue',
  'dropStale',
  'readBreakers',
  'readSigningKeys',
  'readAgentCard',
  'callA2A',
  'readA2A',
  'postA2A',
  'deleteA2A',
  'listActivity',
  'notify',
  'reportActivity',
  'searchSession',
] as const satisfies readonly RouteName[];

export interface MessagesWorld {
  readonly ports: TestPorts;
  readonly messages: Messages;
  readonly activity: ActivityFeature;
  readonly http: FastifyInstance;
  /** Workspaces that the executor asked to be woken, in order. */
  readonly woken: readonly string[];
  addWorkspace(seed?: WorkspaceRow): Promise<string>;
  /** `POST /workspaces/:id/a2a`, as `caller` or as a person. */
  send(target: string, body: unknown, options?: SendOptions): Promise<Reply>;
  get(path: string): Promise<Reply>;
  post(path: string, body: unknown): Promise<Reply>;
  row(messageId: string): Promise<LedgerRow | undefined>;
  activities(workspaceId: string): Promise<ActivityRecord[]>;
  events(): Promise<{ type: string; workspace_id: string | null; payload: Record<string, unknown> }[]>;
  /** Ends as if the process had been killed: nothing is handed over, the leases stay. */
  close(): Promise<void>;
}

export interface SendOptions {
  readonly caller?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Reply {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Whatever the answer holds; an expectation about it that does not hold fails the test. */
  readonly json: ReturnType<typeof JSON.parse>;
}

export type LedgerRow = Awaited<ReturnType<typeof readRow>>;
type ActivityRecord = Awaited<ReturnType<typeof readActivities>>[number];

/** Messages and activity on a real database behind the real HTTP edge; who calls is what the request says. */
export async function createMessagesWorld(
  url: string,
  given: Parameters<typeof createTestPorts>[1] & {
    readonly limits?: Partial<MessageLimits>;
    /** How long a caller waits for a workspace that is away. */
    readonly idleWaitMs?: number;
    readonly loopbackAllowed?: boolean;
  } = {},
): Promise<MessagesWorld> {
  const ports = createTestPorts(url, given);
  const activity = createActivity({ ...ports, retentionDays: 7 });
  const woken: string[] = [];
  const access = {
    resolveCaller: async ({ headers }: { headers: RequestHeaders }) => ({
      callerId: readHeader(headers, 'x-workspace-id'),
    }),
  };
  const urlGuard = createUrlGuard({ loopbackAllowed: given.loopbackAllowed ?? false });
  const messages = createMessages({
    ...ports,
    leaseMs: TEST_LEASE_MS,
    access,
    activity,
    workspaces: workspaceReads,
    wakeUp: async (ids) => void woken.push(...ids),
    urlGuard,
    ...(given.limits ? { limits: given.limits } : {}),
  });
  const a2a = createA2A({
    ...ports,
    access,
    workspaces: workspaceReads,
    tasks: messages.tasks,
    publicUrl: null,
    urlGuard,
    secretsKey: 'a key of thirty-two bytes exactly'.slice(0, 32),
    ...(given.idleWaitMs === undefined ? {} : { idleWaitMs: given.idleWaitMs }),
  });
  const http = await createHttpServer<Actor>({
    routes: Object.fromEntries(SERVED.map((name) => [name, routes[name]])),
    handlers: { ...messages.handlers, ...a2a.handlers, ...activity.handlers },
    gate: async () => ({ kind: 'admin', via: 'admin_token' }),
    rateLimit: null,
    ...HTTP_DEFAULTS,
    requestId: () => ports.random.uuidv7(),
    logger: ports.logger,
    clock: createSystemClock(),
    observe: () => {},
    isDraining: () => false,
  });
  await ports.feed.start();

  const call = async (method: 'GET' | 'POST', path: string, body?: unknown, headers = {}): Promise<Reply> => {
    const answer = await http.inject({
      method,
      url: path,
      headers: { host: 'platform.test', 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status: answer.statusCode, text: answer.payload, headers: answer.headers, json: parse(answer.payload) };
  };

  return {
    ports,
    woken,
    messages,
    activity,
    http,
    addWorkspace: (seed) => insertWorkspace(ports.lanes.work, seed),
    send: (target, body, { caller, headers } = {}) =>
      call('POST', `/workspaces/${target}/a2a`, body, {
        ...headers,
        ...(caller === undefined ? {} : { 'x-workspace-id': caller }),
      }),
    get: (path) => call('GET', path),
    post: (path, body) => call('POST', path, body),
    row: (messageId) => readRow(ports, messageId),
    activities: (workspaceId) => readActivities(ports, workspaceId),
    events: async () => {
      const rows = await ports.lanes.work
        .selectFrom('events')
        .select(['type', 'workspace_id', 'payload'])
        .orderBy('seq')
        .execute();
      return rows.map((row) => ({ ...row, payload: row.payload as Record<string, unknown> }));
    },
    async close() {
      await http.close();
      await ports.supervisor.stop(0);
      await a2a.close();
      await messages.close();
      await activity.drain();
      await ports.close();
    },
  };
}

function readRow(ports: TestPorts, messageId: string) {
  return ports.lanes.work.selectFrom('messages').selectAll().where('message_id', '=', messageId).executeTakeFirst();
}

function readActivities(ports: TestPorts, workspaceId: string) {
  return ports.lanes.work
    .selectFrom('activity_logs')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .orderBy('seq')
    .execute();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A `message/send` (or another method) with one text part. */
export function toEnvelope(text: string, messageId: string, method = 'message/send') {
  return {
    jsonrpc: '2.0',
    id: `rpc-${messageId}`,
    method,
    params: { message: { kind: 'message', role: 'user', messageId, parts: [{ kind: 'text', text }] } },
  };
}
