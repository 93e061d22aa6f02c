import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNpmRegistry, type NpmRegistry, waitFor } from '@molecule/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { type RealApp, startRealApp } from '../../../test/real-app.js';
import { createSystemClock } from '../../platform/clock.js';
import { createRandom } from '../../platform/random.js';
import { createFakeBackend, type FakeControl } from '../../provisioners/fake/fake.driver.js';
import { createHostProcessTable } from '../../provisioners/process/host-process-table.js';
import {
  createRuntimeInstaller,
  type RuntimeInstaller,
} from '../../provisioners/process/installs/runtime-installer.js';
import { createRuntimePackages } from '../../provisioners/process/installs/runtime-packages.js';
import { createProvisioner } from '../../provisioners/shared-semantics.js';

interface World {
  readonly app: RealApp;
  readonly registry: NpmRegistry;
  readonly machine: FakeControl;
}

/** A server that installs from a registry of its own; set up before the first test of the group. */
function useWorld(mayInstall: boolean): () => World {
  const database = useTestDatabase();
  let dir: string;
  let installer: RuntimeInstaller;
  let world: World;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'molecule-installs-'));
    const registry = await createNpmRegistry([
      { name: '@fake/claude', version: '1.2.3', files: { 'claude.js': "console.log('1.2.3')" } },
    ]);
    const clock = createSystemClock();
    const path = mayInstall ? (process.env.PATH ?? '') : '/nonexistent';
    installer = createRuntimeInstaller({
      runtimesDir: join(dir, 'runtimes'),
      packages: createRuntimePackages(process.platform, process.arch)
        .filter(({ runtime }) => runtime === 'claude-code')
        .map((pkg) => ({ ...pkg, package: '@fake/claude', version: '1.2.3', places: ['@fake/claude/claude.js'] })),
      mayInstall,
      environment: { PATH: path, HOME: dir, npm_config_registry: registry.url },
      table: createHostProcessTable(),
      clock,
      random: createRandom(),
      log: { info: () => {}, warn: () => {} },
    });
    const backend = createFakeBackend({ clock, installs: installer });
    const app = await startRealApp(database.url, { provisioners: [createProvisioner(backend.createDriver())] });
    world = { app, registry, machine: backend.control };
  });
  afterAll(async () => {
    await world.app.close();
    await installer.close();
    await world.registry.close();
    await rm(dir, { recursive: true, force: true });
  });
  return () => world;
}

describe('a server that installs what its agents need', () => {
  const world = useWorld(true);
  const stateOf = async () => (await world().app.call('GET', '/runtimes')).body[0].state;

  it('a runtime is installed before an agent needs it, and deleted when none does', async () => {
    const { app } = world();
    expect((await app.call('GET', '/runtimes')).body).toEqual([
      {
        runtime: 'claude-code',
        package: '@fake/claude',
        version: '1.2.3',
        state: 'missing',
        note: null,
        download_mb: 166,
        versions: [],
        last_failure: null,
      },
    ]);
    const begun = await app.call('POST', '/runtimes/claude-code/install');
    expect(begun).toMatchObject({ status: 202, body: { state: 'installing', note: 'Installing claude-code 1.2.3…' } });
    await waitFor(async () => (await stateOf()) === 'installed', { timeoutMs: 15_000 });
    const [found] = (await app.call('GET', '/runtimes')).body;
    expect(found.versions).toEqual([
      { version: '1.2.3', bytes: expect.any(Number), installed_at: expect.stringMatching(/^\d{4}-/) },
    ]);
    expect(found.versions[0].bytes).toBeGreaterThan(0);

    const { body: agent } = await app.call('POST', '/workspaces', { name: 'Coder', runtime: 'claude-code' });
    await waitFor(() => world().machine.countRunning(agent.id) === 1);
    expect((await app.call('DELETE', '/runtimes/claude-code/install')).body).toMatchObject({
      code: 'runtime_in_use',
      error: 'runtime claude-code is used by Coder',
    });
    expect(await stateOf()).toBe('installed');
    await app.call('POST', `/workspaces/${agent.id}/pause`);
    expect(await app.call('DELETE', '/runtimes/claude-code/install')).toMatchObject({
      status: 200,
      body: { state: 'missing', versions: [] },
    });
  });

  it.each(['POST', 'DELETE'] as const)('%s of a runtime that needs no program is refused', async (method) => {
    const { app } = world();
    for (const name of ['echo', 'unknown', '..%2f..']) {
      expect(await app.call(method, `/runtimes/${name}/install`)).toMatchObject({
        status: 404,
        body: { code: 'runtime_not_installable' },
      });
    }
  });
});

describe('a server that may not install anything', () => {
  const world = useWorld(false);

  it('where nothing may be installed, that is said with what to do', async () => {
    const { app, registry } = world();
    const { status, body } = await app.call('POST', '/runtimes/claude-code/install');
    expect([status, body.code]).toEqual([409, 'runtime_installs_off']);
    expect(body.error).toContain('Put the program claude of @fake/claude@1.2.3 into the PATH');
    expect(registry.downloads()).toBe(0);
  });
});
