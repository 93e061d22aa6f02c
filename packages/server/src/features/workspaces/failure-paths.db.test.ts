import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@molecule/testkit';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { createWorkspacesWorld, NO_TEMPLATES, type WorkspacesWorld } from '../../../test/workspaces-world.js';
import { type Clock, createSystemClock } from '../../platform/clock.js';
import { readEvents } from '../../platform/event-log.js';
import { createRandom } from '../../platform/random.js';
import { createExternalDriver } from '../../provisioners/external/external.driver.js';
import { createFakeBackend } from '../../provisioners/fake/fake.driver.js';
import { createHostProcessTable } from '../../provisioners/process/host-process-table.js';
import { createRuntimeInstaller } from '../../provisioners/process/installs/runtime-installer.js';
import { createRuntimePackages } from '../../provisioners/process/installs/runtime-packages.js';
import { type ConfigFile, DriverError } from '../../provisioners/provisioner.js';
import { createProvisionerRegistry } from '../../provisioners/registry.js';
import { createProvisioner } from '../../provisioners/shared-semantics.js';
import type { EnvChange } from './env-mutators.js';
import { createInstanceReports } from './instance-reports.js';
import { sweepOverdueStarts } from './provisioning-timeout.sweeper.js';
import { StartRefusal } from './start-refusal.js';
import type { FailureReason } from './transition.js';

const database = useTestDatabase();
const aConfig = { files: [{ path: 'config.yaml', content: Buffer.from('name: x\n') }], templateHash: null };
let folder: string;
let world: WorkspacesWorld;
let composing: () => { files: ConfigFile[]; templateHash: null };
let requiredEnv: readonly string[];
let reading: () => { values: Record<string, string>; confidential: string[] };
let mutating: () => EnvChange;

beforeEach(async () => {
  composing = () => aConfig;
  requiredEnv = [];
  reading = () => ({ values: {}, confidential: [] });
  mutating = () => ({ set: {} });
  const clock = createSystemClock();
  const random = createRandom();
  folder = await mkdtemp(join(tmpdir(), 'molecule-runtimes-'));
  const installs = createRuntimeInstaller({
    runtimesDir: folder,
    packages: createRuntimePackages(process.platform, process.arch),
    mayInstall: true,
    environment: { PATH: '/nonexistent', HOME: folder },
    table: createHostProcessTable(),
    clock,
    random,
    log: { info: () => {}, warn: () => {} },
  });
  world = createWorkspacesWorld(database.url, {
    host: { id: random.uuid(), machine: createFakeBackend({ clock: hurried, installs }) },
    clock: hurried,
    envMutators: [{ name: 'test', mutate: () => mutating() }],
    sources: () => ({
      templates: { ...NO_TEMPLATES, compose: async () => composing(), readRequiredEnv: () => requiredEnv },
      secrets: { checkNames: () => {}, writeWorkspaceSecrets: async () => {}, readFor: async () => reading() },
    }),
  });
  await world.ports.start();
});
afterEach(async () => {
  await world.close();
  await rm(folder, { recursive: true, force: true });
});

async function create(runtime = 'echo'): Promise<string> {
  return (await world.workspaces.verbs.create({ name: 'Doomed', runtime }, 'http://localhost')).id;
}

function row(id: string) {
  return world.ports.lanes.control.selectFrom('workspaces').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
}

async function createRunning(): Promise<string> {
  const id = await create();
  await waitFor(async () => (await row(id)).instance_state === 'running');
  return id;
}

/** Whoever waits between two attempts has not long to wait. */
const system = createSystemClock();
const hurried: Clock = { ...system, sleep: (ms, signal) => system.sleep(ms / 50, signal) };

/** As it could stand in the message of any error. */
const SECRET = 'a-fake-key-not-for-people';

/** A report reads none. */
const NO_CONSOLE = createProvisionerRegistry([createProvisioner(createExternalDriver({ clock: createSystemClock() }))]);

/** How a workspace comes to each of the reasons; a new reason does not compile until there is a way. */
const PATHS = {
  runtime_not_installed: () => create('openclaw'),
  // The server of this test has no npm in its PATH.
  runtime_install_failed: () => create('codex'),
  missing_env: () => {
    requiredEnv = ['A_KEY'];
    return create();
  },
  template_unreadable: () => {
    composing = () => {
      throw new StartRefusal({ reason: 'template_unreadable', text: 'template "x" cannot be read' });
    };
    return create();
  },
  config_missing: async () => {
    const id = await createRunning();
    world.backend.files.remove(id, 'config.yaml');
    await world.workspaces.lifecycle.restart(id, {});
    return id;
  },
  secret_unreadable: () => {
    reading = () => {
      throw new StartRefusal({ reason: 'secret_unreadable', text: 'A_KEY cannot be decrypted' });
    };
    return create();
  },
  env_plugin_failed: () => {
    mutating = () => {
      throw new Error('the token service said: no');
    };
    return create();
  },
  no_backend: async () => {
    const id = await createRunning();
    const { ports } = world;
    await sql`update workspaces set backend = 'elsewhere' where id = ${id}`.execute(ports.lanes.control);
    await ports.transact('control', (tx) =>
      ports.commit(tx, { transitions: [{ workspaceId: id, trigger: 'start_requested' }] }),
    );
    return id;
  },
  start_failed: () => {
    world.backend.failNextStart(['no such model'], { retryable: false });
    return create();
  },
  not_stopped: async () => {
    const id = await createRunning();
    world.backend.breakVerb('stop', new DriverError('unavailable', 'It hangs.', { retryable: true }));
    await world.workspaces.lifecycle.restart(id, {});
    return id;
  },
  start_timeout: async () => {
    const held = world.backend.holdStarts();
    const id = await create();
    await waitFor(() => world.backend.calls.includes(`start ${id}`));
    await sweepOverdueStarts({ ...world.ports, limitSecondsOf: () => -1 }, 3_600);
    held.release();
    return id;
  },
  bootstrap_failed: async () => {
    const held = world.backend.holdStarts();
    const id = await create();
    await waitFor(() => world.backend.calls.includes(`start ${id}`));
    const reports = createInstanceReports({ ...world.ports, provisioners: NO_CONSOLE, hostId: world.host.id });
    expect(await reports.bootstrapFailed(id, { error: 'no disk', log_tail: 'line' })).toBe(true);
    held.release();
    return id;
  },
  crash_loop: async () => {
    const id = await createRunning();
    await sql`update workspaces set crash_count = 4, crash_window_started_at = now() where id = ${id}`.execute(
      world.ports.lanes.control,
    );
    world.backend.crash(id);
    return id;
  },
} satisfies Record<FailureReason, () => Promise<string>>;

describe('every way to failed', () => {
  it.each(Object.entries(PATHS))(
    'R14, B-23: leaves the reason on the row and in the event: %s',
    async (reason, fail) => {
      await expectFailure(await fail(), reason);
    },
  );

  it('R10: where the agent before could not be ended no second one runs beside it, until a restart finds it gone', async () => {
    const id = await PATHS.not_stopped();
    await expectFailure(id, 'not_stopped');
    expect(world.backend.calls.filter((call) => call === `start ${id}`)).toHaveLength(1);
    world.backend.breakVerb('stop', null);
    await world.workspaces.lifecycle.restart(id, {});
    await waitFor(async () => (await row(id)).instance_state === 'running');
    expect(world.backend.calls.filter((call) => call === `start ${id}`)).toHaveLength(2);
  });

  it('R14: a defect of ours leaves a reason as well, without its details', async () => {
    reading = () => {
      throw new Error('password of row 7');
    };
    const id = await create();
    expect(await expectFailure(id, 'start_failed')).toBe('workspace start failed');
  });

  it.each<[string, string, () => void]>([
    [
      'plug-in',
      'plugin env mutator chain failed',
      () => {
        mutating = () => {
          throw new Error(`the token service answered: ${SECRET} is wrong`);
        };
      },
    ],
    [
      'start',
      'workspace start failed',
      () => {
        composing = () => {
          throw new Error(`at /srv/keys/${SECRET}`);
        };
      },
    ],
  ])('R44: a failing %s leaves its general text, and nothing else, on row, event and answer', async (_, text, fail) => {
    fail();
    const id = await create();
    await waitFor(async () => (await row(id)).status === 'failed');
    expect((await row(id)).last_sample_error).toBe(text);
    const told = await readEvents(world.ports.lanes.control, { afterSeq: 0, limit: 100, workspaceId: id });
    const answer = await world.workspaces.handlers.listWorkspaces({
      actor: { kind: 'admin', via: 'admin_token' },
      params: {},
      query: {},
      body: undefined,
      request: { id: 'r', headers: {}, address: '', origin: '', clientGone: new AbortController().signal },
    });
    const shown = JSON.stringify([await row(id), told, answer]);
    expect(shown).toContain(text);
    expect(shown).not.toContain(SECRET);
    expect(world.backend.countRunning(id)).toBe(0);
  });
});

async function expectFailure(id: string, reason: string): Promise<string> {
  await waitFor(async () => (await row(id)).status === 'failed');
  const stored = await row(id);
  expect(stored.failure_reason).toBe(reason);
  const told = await readEvents(world.ports.lanes.control, { afterSeq: 0, limit: 100, workspaceId: id });
  const failures = told.flatMap((event) => (event.type === 'WORKSPACE_PROVISION_FAILED' ? [event.payload] : []));
  expect(failures).toEqual([expect.objectContaining({ reason, error: expect.stringMatching(/\S/) })]);
  const [text] = stored.last_sample_error?.split('\n\n', 1) ?? [];
  expect(text).toBe(failures[0]?.error);
  return text ?? '';
}
