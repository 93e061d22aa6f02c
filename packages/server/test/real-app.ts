import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Method } from '@molecule/contract';
import { createDataDir, removeDataDir } from '@molecule/testkit';
import { type App, type AppOverrides, createApp } from '../src/app.js';
import { type Environment, parseConfig } from '../src/config.js';
import { createSystemClock } from '../src/platform/clock.js';
import { openDataDir } from '../src/platform/data-dir.js';
import { createLogger } from '../src/platform/logger.js';
import { createRandom } from '../src/platform/random.js';
import { createExternalDriver } from '../src/provisioners/external/external.driver.js';
import { createFakeBackend, type FakeControl } from '../src/provisioners/fake/fake.driver.js';
import { createProvisioner } from '../src/provisioners/shared-semantics.js';

export const ADMIN_TOKEN = 'the-admin-token-of-this-test';

export interface RealApp {
  readonly app: App;
  readonly url: string;
  /** The machine on which managed agents run. */
  readonly machine: FakeControl;
  /** Every loop as it was before the server started. */
  readonly loopsBefore: ReturnType<App['ports']['supervisor']['liveness']>;
  /** Over the network, as an administrator unless a token is given. */
  call(method: Method, path: string, body?: unknown, token?: string, headers?: Headings): Promise<RealReply>;
  close(): Promise<void>;
}

type Headings = Readonly<Record<string, string>>;

export interface RealReply {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed when it is JSON; an expectation about it that does not hold fails the test. */
  readonly body: ReturnType<typeof JSON.parse>;
}

/** The whole server as main.ts composes it, started; only the machine that runs agents is in memory. */
export async function startRealApp(
  databaseUrl: string,
  overrides: AppOverrides = {},
  lastPort: number | null = null,
  environment: Environment = {},
): Promise<RealApp> {
  const dataDir = await createDataDir();
  const clock = createSystemClock();
  const backend = createFakeBackend({ clock });
  // What is served matters to the tests of the built product; here it is enough that it is.
  const mcpPackage = join(dataDir, 'molecule-mcp.tgz');
  await writeFile(mcpPackage, 'a package');
  const app = await createApp(
    {
      // Development with ADMIN_TOKEN: agents on loopback may be called, every door stays closed (design §9).
      config: parseConfig({
        PORT: '0',
        ADMIN_TOKEN,
        MOLECULE_ENV: 'development',
        MOLECULE_DATA_DIR: dataDir,
        DATABASE_URL: databaseUrl,
        RATE_LIMIT: '1000000',
        ...environment,
      }),
      databaseUrl,
      dataDir: { ...(await openDataDir(dataDir, createRandom())), lastPort },
      logger: createLogger({ level: 'silent' }),
      version: '1.2.3',
      gitSha: 'abc',
      baseEnvironment: { path: '/usr/bin:/bin', lang: 'C.UTF-8' },
      installEnvironment: { PATH: '/usr/bin:/bin' },
    },
    {
      provisioners: [createProvisioner(backend.createDriver()), createProvisioner(createExternalDriver({ clock }))],
      defaultBackend: 'fake',
      mcpPackage,
      ...overrides,
    },
  );
  const loopsBefore = app.ports.supervisor.liveness();
  const { url } = await app.start();
  return {
    app,
    url,
    loopsBefore,
    machine: backend.control,
    async call(method, path, body, token = ADMIN_TOKEN, headers = {}) {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
        redirect: 'manual',
        signal: AbortSignal.timeout(20_000),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const type = response.headers.get('content-type') ?? '';
      const answer = { status: response.status, headers: response.headers };
      if (type.includes('json')) return { ...answer, body: await response.json() };
      if (!type.startsWith('text/event-stream')) return { ...answer, body: await response.text() };
      // A stream of events has no end to wait for.
      await response.body?.cancel();
      return { ...answer, body: '' };
    },
    async close() {
      await app.close();
      await removeDataDir(dataDir);
    },
  };
}
