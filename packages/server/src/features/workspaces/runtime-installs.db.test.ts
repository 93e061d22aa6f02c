import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNpmRegistry, type NpmRegistry, waitFor } from '@molecule/testkit';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { createWorkspacesWorld, type WorkspacesWorld } from '../../../test/workspaces-world.js';
import { createSystemClock } from '../../platform/clock.js';
import { readEvents } from '../../platform/event-log.js';
import { createRandom } from '../../platform/random.js';
import { createFakeBackend } from '../../provisioners/fake/fake.driver.js';
import { createHostProcessTable } from '../../provisioners/process/host-process-table.js';
import { INSTALL_LIMITS } from '../../provisioners/process/installs/package-install.js';
import {
  createRuntimeInstaller,
  type RuntimeInstaller,
} from '../../provisioners/process/installs/runtime-installer.js';
import { createRuntimePackages } from '../../provisioners/process/installs/runtime-packages.js';
import { sweepOverdueStarts } from './provisioning-timeout.sweeper.js';
import { touchStartProgress } from './start-progress.store.js';

const database = useTestDatabase();
let dir: string;
let registry: NpmRegistry;
let installer: RuntimeInstaller;
let world: WorkspacesWorld;
let registryUrl: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'molecule-installs-'));
  registry = await createNpmRegistry([
    { name: '@fake/claude', version: '1.2.3', files: { 'claude.js': "console.log('1.2.3')" } },
  ]);
  registryUrl = registry.url;
});
afterEach(async () => {
  await world.close();
  await installer.close();
  await registry.close();
  await rm(dir, { recursive: true, force: true });
});

async function start(options: { readonly startsMax?: number } = {}): Promise<void> {
  const clock = createSystemClock();
  const random = createRandom();
  installer = createRuntimeInstaller({
    runtimesDir: join(dir, 'runtimes'),
    packages: createRuntimePackages(process.platform, process.arch)
      .filter(({ runtime }) => runtime === 'claude-code')
      .map((pkg) => ({ ...pkg, package: '@fake/claude', version: '1.2.3', places: ['@fake/claude/claude.js'] })),
    mayInstall: true,
    environment: {
      PATH: process.env.PATH ?? '',
      HOME: dir,
      npm_config_registry: registryUrl,
      npm_config_fetch_retries: '0',
    },
    table: createHostProcessTable(),
    clock,
    random,
    log: { info: () => {}, warn: () => {} },
    limits: { ...INSTALL_LIMITS, lookEveryMs: 20 },
  });
  const host = { id: random.uuid(), machine: createFakeBackend({ clock, installs: installer }) };
  world = createWorkspacesWorld(database.url, { host, ...options });
  await world.ports.start();
}

const create = async (runtime = 'claude-code') =>
  (await world.workspaces.verbs.create({ name: 'Coder', runtime }, 'http://localhost')).id;

const row = (id: string) =>
  world.ports.lanes.control.selectFrom('workspaces').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

/** Names the reason at once when it failed instead. */
async function runs(id: string): Promise<void> {
  const seen = await waitFor(
    async () => {
      if (world.backend.countRunning(id) === 1) return 'runs';
      const { status, last_sample_error: reason } = await row(id);
      return status === 'failed' ? `failed: ${reason}` : null;
    },
    { timeoutMs: 20_000, what: 'a start' },
  );
  expect(seen).toBe('runs');
}

async function toldOf(id: string): Promise<readonly unknown[]> {
  const events = await readEvents(world.ports.lanes.control, { afterSeq: 0, limit: 100, workspaceId: id });
  return events.flatMap((event) =>
    event.type === 'WORKSPACE_UPDATED' && 'start_progress' in event.payload.changes
      ? [event.payload.changes.start_progress]
      : [],
  );
}

it('an agent waits for its program, tells so, and starts by itself when it is there', async () => {
  const held = registry.holdDownloads();
  await start();
  const id = await create();
  await waitFor(async () => (await row(id)).start_progress === 'Installing claude-code 1.2.3…');
  expect((await row(id)).status).toBe('provisioning');
  expect(world.backend.calls).not.toContain(`start ${id}`);
  held.release();
  await runs(id);
  expect((await row(id)).start_progress).toBe('');
  const told = await toldOf(id);
  expect(told[0]).toBe('Installing claude-code 1.2.3…');
  expect(told.at(-1)).toBe('');
});

it('agents that wait for a program keep no other from starting', async () => {
  registry.holdDownloads();
  await start({ startsMax: 1 });
  const waiting = await create();
  await waitFor(async () => (await row(waiting)).start_progress !== '');
  await runs(await create('echo'));
  expect(world.backend.countRunning(waiting)).toBe(0);
});

it('a program that cannot be installed fails the agent with what to do, and a restart tries again', async () => {
  await start();
  const { url } = registry;
  await registry.close();
  const id = await create();
  await waitFor(async () => (await row(id)).status === 'failed', { timeoutMs: 15_000 });
  expect(await row(id)).toMatchObject({
    failure_reason: 'runtime_install_failed',
    last_sample_error: expect.stringMatching(/^Cannot install claude-code 1\.2\.3: .*npm view @fake\/claude@1\.2\.3/),
    start_progress: '',
  });
  registry = await createNpmRegistry(
    [{ name: '@fake/claude', version: '1.2.3', files: { 'claude.js': "console.log('1.2.3')" } }],
    { port: Number(new URL(url).port) },
  );
  await world.workspaces.lifecycle.restart(id, {});
  await runs(id);
});

it('an install is given up when the last agent that waited for it was removed', async () => {
  registry.holdDownloads();
  await start();
  const [one, two] = [await create(), await create()];
  await waitFor(() => registry.downloads() === 1);
  const remove = (id: string) =>
    world.workspaces.verbs.remove(id, { confirm: true, purge: false }, new AbortController().signal);
  await remove(one);
  expect(installer.active()).toHaveLength(1);
  await remove(two);
  await waitFor(() => installer.active().length === 0, { timeoutMs: 10_000, what: 'the install to be given up' });
  expect(await installer.findProgram('claude-code')).toBeUndefined();
});

it('the limit of a start does not run out while an install gets on', async () => {
  registry.holdDownloads();
  await start();
  const id = await create();
  await waitFor(async () => (await row(id)).start_progress !== '');
  const { ports } = world;
  const age = sql`update workspaces set status_changed_at = now() - interval '1 hour',
                         start_progress_at = now() - interval '1 hour' where id = ${id}`;
  const sweep = () => sweepOverdueStarts({ ...ports, limitSecondsOf: () => 600 }, 7_200);
  await age.execute(ports.lanes.control);
  await touchStartProgress(ports.lanes.control, [id]);
  expect(await sweep()).toBe(0);
  await age.execute(ports.lanes.control);
  expect(await sweep()).toBe(1);
  expect((await row(id)).failure_reason).toBe('start_timeout');
});
