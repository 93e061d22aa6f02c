import { type Method, type RouteName, type Routes, routes } from '@molecule/contract';
import type { FastifyInstance } from 'fastify';
import { type Access, type Actor, createAccess, createWorkspaceTokenHandlers } from '../src/features/access/index.js';
import { createLive, type Live } from '../src/features/live/index.js';
import { createOps } from '../src/features/ops/index.js';
import { createRegistry, type Registry } from '../src/features/registry/index.js';
import { workspaceReads } from '../src/features/workspaces/index.js';
import { createSystemClock } from '../src/platform/clock.js';
import type { HandlersFor } from '../src/platform/http/handlers.js';
import { createHttpServer } from '../src/platform/http/http-server.js';
import { HTTP_DEFAULTS } from './http-defaults.js';
import { createTestPorts, type TestPorts } from './ports.js';

export const ADMIN_TOKEN = 'the-admin-token-of-this-test';
export const HOST = 'localhost:8080';
export const OWN_ORIGIN = `http://${HOST}`;

export interface CallOptions {
  readonly token?: string;
  readonly cookie?: string;
  readonly origin?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  // Bodies are compared with literals in tests, which a narrower type would only get in the way of.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly body: any;
}

export interface Edge {
  readonly ports: TestPorts;
  readonly access: Access;
  readonly registry: Registry;
  readonly live: Live;
  readonly http: FastifyInstance;
  call(method: Method, path: string, options?: CallOptions): Promise<Reply>;
  /** A live token of the workspace. */
  mint(workspaceId: string): Promise<string>;
  /** A cookie header of a fresh session. */
  login(): Promise<string>;
  close(): Promise<void>;
}

export interface EdgeOptions {
  readonly developmentMode?: boolean;
  readonly testTokens?: boolean;
  readonly isTenant?: boolean;
  readonly corsOrigins?: readonly string[];
  /** Origins that may call without being trusted with a session. */
  readonly untrustedOrigins?: readonly string[];
  readonly metricsToken?: string;
  /** Per minute; without it nobody is limited. */
  readonly rateLimit?: number;
  readonly checkClaimedUrl?: (url: string) => Promise<{ ok: boolean; reason?: string }>;
  /** Ports the features use instead of the real ones. */
  readonly portsOverride?: Partial<TestPorts>;
  /** Routes that answer with the actor although their feature is here. */
  readonly probed?: readonly RouteName[];
}

/**
 * The real HTTP edge with access, registry, live and ops on a real database. Every other route answers with the actor
 * that its gate let in.
 */
export async function createEdge(url: string, given: EdgeOptions = {}): Promise<Edge> {
  const ports = createTestPorts(url);
  const used = { ...ports, ...given.portsOverride };
  const developmentMode = given.developmentMode ?? false;
  const access = createAccess({
    ...used,
    adminToken: ADMIN_TOKEN,
    developmentMode,
    testTokens: given.testTokens ?? true,
    isTenant: given.isTenant ?? false,
    cookieName: () => 'molecule_session_8080',
    trustedOrigins: given.corsOrigins ?? [],
    publicUrl: null,
  });
  const registry = createRegistry({
    ...used,
    workspaces: workspaceReads,
    tokens: access.tokens,
    checkClaimedUrl: given.checkClaimedUrl ?? (async () => ({ ok: true })),
    developmentMode,
    publicUrl: null,
  });
  const live = createLive({ ...used, workspaces: workspaceReads, access, version: '1.2.3' });
  const ops = createOps({
    ...used,
    version: '1.2.3',
    gitSha: 'abc',
    metricsToken: given.metricsToken ?? null,
    isDraining: () => false,
  });
  const probe = async ({ actor }: { actor: Actor }) => ({ status: 200, body: { passed: actor } });
  const real: Partial<HandlersFor<Routes, Actor>> = {
    ...access.handlers,
    ...createWorkspaceTokenHandlers({ ...used, tokens: access.tokens, backends: ['process'], nudge: () => {} }),
    ...registry.handlers,
    ...live.handlers,
    ...ops.handlers,
  };
  const probes = Object.fromEntries(Object.keys(routes).map((name) => [name, probe]));
  const probed = Object.fromEntries((given.probed ?? []).map((name) => [name, probe]));
  const http = await createHttpServer<Actor>({
    routes,
    handlers: { ...probes, ...real, ...probed },
    gate: access.gate,
    rateLimit: given.rateLimit === undefined ? null : { perMinute: given.rateLimit, keyOf: access.rateKeyOf },
    ...HTTP_DEFAULTS,
    crossOrigin: { listed: [...(given.corsOrigins ?? []), ...(given.untrustedOrigins ?? [])], publicUrl: null },
    requestId: () => ports.random.uuidv7(),
    logger: ports.logger,
    clock: createSystemClock(),
    observe: () => {},
    isDraining: () => false,
  });

  async function call(method: Method, path: string, options: CallOptions = {}): Promise<Reply> {
    const { token, cookie, origin, headers, body } = options;
    const response = await http.inject({
      method,
      url: path,
      headers: {
        host: HOST,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(cookie === undefined ? {} : { cookie }),
        ...(origin === undefined ? {} : { origin }),
        ...headers,
      },
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
    });
    const json = String(response.headers['content-type'] ?? '').startsWith('application/json');
    return {
      status: response.statusCode,
      headers: response.headers,
      text: response.body,
      body: json ? JSON.parse(response.body) : null,
    };
  }

  return {
    ports,
    access,
    registry,
    live,
    http,
    call,
    mint: (workspaceId) => ports.transact('control', (tx) => access.tokens.mint(tx, workspaceId)),
    async login() {
      const reply = await call('POST', '/session', { body: { token: ADMIN_TOKEN } });
      return String(reply.headers['set-cookie']).split(';')[0] ?? '';
    },
    async close() {
      live.closeAll();
      await http.close();
      await registry.close();
      await ports.close();
    },
  };
}
