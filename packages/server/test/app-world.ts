import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, type AppOverrides, createApp } from '../src/app.js';
import { parseConfig } from '../src/config.js';
import { createSystemClock } from '../src/platform/clock.js';
import { openDataDir } from '../src/platform/data-dir.js';
import { createLogger } from '../src/platform/logger.js';
import { createRandom } from '../src/platform/random.js';
import { createExternalDriver } from '../src/provisioners/external/external.driver.js';
import { createFakeBackend, type FakeControl } from '../src/provisioners/fake/fake.driver.js';
import { createProvisioner } from '../src/provisioners/shared-semantics.js';

export const ADMIN = 'the-admin-token-of-this-test';

export interface AppReply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Whatever the answer holds; an expectation about it that does not hold fails the test. */
  readonly json: ReturnType<typeof JSON.parse>;
}

export interface AppWorld {
  readonly app: App;
  readonly backend: FakeControl;
  /** Each loop that existed before the start, with the instant of its registration. */
  readonly registeredLoops: Readonly<Record<string, string>>;
  readonly url: string;
  /** One request over the network, as an admin unless another token is given; null sends none. */
  call(
    method: string,
    path: string,
    body?: unknown,
    token?: string | null,
    headers?: Readonly<Record<string, string>>,
  ): Promise<AppReply>;
  /** An online workspace whose agent reads its messages instead of being called. */
  addPoller(name: string, parentId?: string): Promise<{ readonly id: string; readonly token: string }>;
  close(): Promise<void>;
}

/** The whole server as production builds it, with an in-memory backend in place of processes. */
export async function startAppWorld(
  databaseUrl: string,
  overrides: Pick<AppOverrides, 'laneSizes'> = {},
): Promise<AppWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'molecule-wiring-'));
  const clock = createSystemClock();
  const machine = createFakeBackend({ clock });
  const fake = createProvisioner(machine.createDriver());
  const environment = {
    ADMIN_TOKEN: ADMIN,
    DATABASE_URL: databaseUrl,
    MOLECULE_DATA_DIR: folder,
    PORT: '0',
    RATE_LIMIT: '1000000',
  };
  const app = await createApp(
    {
      config: parseConfig(environment),
      databaseUrl,
      dataDir: await openDataDir(folder, createRandom()),
      logger: createLogger({ level: 'silent' }),
      version: '1.2.3',
      gitSha: 'abc',
      baseEnvironment: { path: '/usr/bin:/bin', lang: 'C.UTF-8' },
    },
    {
      ...overrides,
      provisioners: [fake, createProvisioner(createExternalDriver({ clock }))],
      defaultBackend: fake.kind,
    },
  );
  const registeredLoops = Object.fromEntries(
    Object.entries(app.ports.supervisor.liveness()).map(([name, loop]) => [name, loop.last_tick_at]),
  );
  const { url } = await app.start();

  async function call(
    method: string,
    path: string,
    body?: unknown,
    token: string | null = ADMIN,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<AppReply> {
    const response = await fetch(`${url}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const streams = response.headers.get('content-type')?.startsWith('text/event-stream') ?? false;
    if (streams) await response.body?.cancel();
    const text = streams ? '' : await response.text();
    return { status: response.status, headers: response.headers, text, json: parse(text) };
  }

  return {
    app,
    backend: machine.control,
    registeredLoops,
    url,
    call,
    async addPoller(name, parentId) {
      const created = await call('POST', '/workspaces', {
        name,
        external: true,
        runtime: 'external',
        ...(parentId === undefined ? {} : { parent_id: parentId }),
      });
      if (created.status !== 201) throw new Error(`cannot create ${name}: ${created.text}`);
      const id: string = created.json.id;
      const token: string = created.json.connection.auth_token;
      const registered = await call(
        'POST',
        '/registry/register',
        { id, agent_card: { name }, delivery_mode: 'poll' },
        token,
      );
      if (registered.status !== 200) throw new Error(`cannot register ${name}: ${registered.text}`);
      return { id, token };
    },
    async close() {
      await app.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface DatabaseProxy {
  /** The database by way of this proxy. */
  readonly url: string;
  /** Cuts every connection and refuses new ones. */
  cut(): Promise<void>;
  restore(): Promise<void>;
  close(): Promise<void>;
}

/** A database that can go away and come back while the real one stays. */
export async function createDatabaseProxy(databaseUrl: string): Promise<DatabaseProxy> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let server: Server | null = null;
  let port = 0;

  async function restore(): Promise<void> {
    const next = createServer((inner) => {
      const outer = connect(Number(target.port), target.hostname);
      for (const [from, to] of [
        [inner, outer],
        [outer, inner],
      ] as const) {
        sockets.add(from);
        from.on('error', () => to.destroy());
        from.on('close', () => {
          sockets.delete(from);
          to.destroy();
        });
        from.pipe(to);
      }
    });
    await new Promise<void>((resolve, reject) => {
      next.once('error', reject);
      next.listen(port, '127.0.0.1', resolve);
    });
    const address = next.address();
    if (typeof address === 'object' && address !== null) port = address.port;
    server = next;
  }

  async function cut(): Promise<void> {
    const closing = server;
    server = null;
    for (const socket of sockets) socket.destroy();
    if (closing) await new Promise((resolve) => closing.close(resolve));
  }

  await restore();
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  return { url: url.toString(), cut, restore, close: cut };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
