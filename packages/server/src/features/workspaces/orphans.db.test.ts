import { sql } from 'kysely';
import { afterEach, describe, expect, it } from 'vitest';
import { insertWorkspace } from '../../../test/builders.js';
import { useTestDatabase } from '../../../test/database.js';
import { createTestPorts, type TestPorts } from '../../../test/ports.js';
import { createWorkspacesWorld, type WorkspacesWorld } from '../../../test/workspaces-world.js';
import { specOf } from '../../provisioners/conformance/provisioner.suite.js';
import { createProcessWorld, type ProcessWorld } from '../../provisioners/process/process-world.suite.js';
import type { Provisioner } from '../../provisioners/provisioner.js';
import { createProvisionerRegistry } from '../../provisioners/registry.js';
import { createProvisioner } from '../../provisioners/shared-semantics.js';
import { listOrphans } from './orphans.store.js';
import { sweepOrphans } from './orphans.sweeper.js';

const never = new AbortController().signal;
const HOST = '11111111-0000-4000-8000-000000000000';
const database = useTestDatabase();
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Stage {
  readonly ports: TestPorts;
  readonly provisioner: Provisioner;
  countRunning(id: string): Promise<number>;
  setReachable?(isReachable: boolean): void;
}

async function fakeStage(): Promise<Stage> {
  const world: WorkspacesWorld = createWorkspacesWorld(database.url);
  closers.push(() => world.close());
  const provisioner = createProvisioner(world.host.machine.createDriver());
  return {
    ports: world.ports,
    provisioner,
    countRunning: async (id) => world.backend.countRunning(id),
    setReachable: (isReachable) => world.backend.setReachable(isReachable),
  };
}

async function processStage(): Promise<Stage> {
  const ports = createTestPorts(database.url);
  const processes: ProcessWorld = await createProcessWorld();
  closers.push(
    () => ports.close(),
    () => processes.cleanup(),
  );
  const provisioner = processes.createProvisioner();
  return {
    ports,
    provisioner,
    countRunning: async (workspaceId) =>
      (await provisioner.list()).some((l) => l.workspaceId === workspaceId && l.running) ? 1 : 0,
  };
}

describe.each([
  ['fake', fakeStage],
  ['process', processStage],
])('the orphan sweep on the %s backend', (_kind, open) => {
  const sweep = ({ ports, provisioner }: Stage) =>
    sweepOrphans({ ...ports, provisioners: createProvisionerRegistry([provisioner]), hostId: HOST }, never);
  const orphansOf = async ({ ports }: Stage, id: string) =>
    (await listOrphans(ports.lanes.control, 500, undefined)).filter((orphan) => orphan.workspace_id === id);
  /** As if the cycles between had passed. */
  const ripen = ({ ports }: Stage) =>
    sql`update orphan_instances set first_seen_at = now() - interval '5 minutes'`.execute(ports.lanes.control);
  const settle = ({ ports }: Stage, id: string, generation: number) =>
    sql`update workspaces set generation = ${generation}, observed_generation = ${generation} where id = ${id}`.execute(
      ports.lanes.control,
    );
  const start = (stage: Stage, workspaceId: string, generation: number) =>
    stage.provisioner.ensure(specOf(generation, { workspaceId }), null, never);

  it('stops what runs for no workspace at all, in the second look and not in the first, and keeps its files', async () => {
    const stage = await open();
    const id = stage.ports.random.uuid();
    await start(stage, id, 3);
    await sweep(stage);
    expect(await stage.countRunning(id)).toBe(1);
    expect(await orphansOf(stage, id)).toMatchObject([
      { reason: 'workspace_unknown', running: true, generation: 3, action: null, resolved_at: null, host_id: HOST },
    ]);
    await ripen(stage);
    await sweep(stage);
    expect(await stage.countRunning(id)).toBe(0);
    expect(await orphansOf(stage, id)).toMatchObject([{ action: 'stopped', error: null }]);
    await sweep(stage);
    expect(await orphansOf(stage, id)).toMatchObject([{ running: false, action: 'stopped', resolved_at: null }]);
    expect(
      await stage.provisioner.files?.read({ workspaceId: id, place: 'configs', workspaceDir: null }, 'config.yaml'),
    ).toMatchObject({ kind: 'found' });
  });

  it('ends what runs for a removed workspace, with its files, once the worker is done with it', async () => {
    const stage = await open();
    const id = await insertWorkspace(stage.ports.lanes.control, { status: 'removed' });
    await start(stage, id, 1);
    await sweep(stage);
    await ripen(stage);
    await sweep(stage);
    expect(await stage.countRunning(id)).toBe(1);
    expect(await orphansOf(stage, id)).toEqual([]);
    await settle(stage, id, 2);
    await sweep(stage);
    await ripen(stage);
    await sweep(stage);
    expect((await stage.provisioner.list()).map(({ workspaceId }) => workspaceId)).not.toContain(id);
    await sweep(stage);
    expect(await orphansOf(stage, id)).toMatchObject([
      { reason: 'workspace_removed', action: 'destroyed', resolved_at: expect.any(String) },
    ]);
  });

  it('stops an instance of a generation that is over, and never one of the generation that is wanted', async () => {
    const stage = await open();
    const late = await insertWorkspace(stage.ports.lanes.control, { status: 'paused' });
    const good = await insertWorkspace(stage.ports.lanes.control);
    await start(stage, late, 1);
    await start(stage, good, 4);
    await settle(stage, late, 2);
    await settle(stage, good, 4);
    for (let round = 0; round < 3; round += 1) {
      await sweep(stage);
      await ripen(stage);
    }
    expect(await stage.countRunning(late)).toBe(0);
    expect(await stage.countRunning(good)).toBe(1);
    expect(await orphansOf(stage, late)).toMatchObject([{ reason: 'older_generation', action: 'stopped' }]);
    expect(await orphansOf(stage, good)).toEqual([]);
  });

  it('leaves an older instance alone while the worker is still bringing the wanted one', async () => {
    const stage = await open();
    const id = await insertWorkspace(stage.ports.lanes.control);
    await start(stage, id, 1);
    await sql`update workspaces set generation = 2, observed_generation = 1 where id = ${id}`.execute(
      stage.ports.lanes.control,
    );
    for (let round = 0; round < 3; round += 1) {
      await sweep(stage);
      await ripen(stage);
    }
    expect(await stage.countRunning(id)).toBe(1);
    expect(await orphansOf(stage, id)).toEqual([]);
  });
});

describe('what the orphan sweep does not know', () => {
  it('R43: it does not act upon: neither on an unreachable backend nor on one that cannot say', async () => {
    const stage = await fakeStage();
    const id = stage.ports.random.uuid();
    await stage.provisioner.ensure(specOf(1, { workspaceId: id }), null, never);
    const deps = (provisioner: Provisioner) => ({
      ...stage.ports,
      provisioners: createProvisionerRegistry([provisioner]),
      hostId: HOST,
    });
    await sweepOrphans(deps(stage.provisioner), never);
    await sql`update orphan_instances set first_seen_at = now() - interval '5 minutes'`.execute(
      stage.ports.lanes.control,
    );
    stage.setReachable?.(false);
    await sweepOrphans(deps(stage.provisioner), never);
    stage.setReachable?.(true);
    const unsure: Provisioner = {
      ...stage.provisioner,
      inspect: async () => ({ state: 'unknown', reason: 'it does not say' }),
    };
    await sweepOrphans(deps(unsure), never);
    expect(await stage.countRunning(id)).toBe(1);
    const orphans = await listOrphans(stage.ports.lanes.control, 10, undefined);
    expect(orphans.filter((orphan) => orphan.workspace_id === id)).toMatchObject([
      { action: null, error: 'it does not say' },
    ]);
  });

  it('it asks no backend that runs nothing itself, so that no external agent is touched', async () => {
    const stage = await fakeStage();
    const asked: string[] = [];
    const external: Provisioner = {
      ...stage.provisioner,
      kind: 'external',
      capabilities: { runsInstances: false, hostBound: false, stopsWithServer: false },
      list: async () => {
        asked.push('list');
        return [];
      },
    };
    await sweepOrphans({ ...stage.ports, provisioners: createProvisionerRegistry([external]), hostId: HOST }, never);
    expect(asked).toEqual([]);
  });

  it('runs as a loop that an administrator can see', async () => {
    const world = createWorkspacesWorld(database.url);
    closers.push(() => world.close());
    await world.ports.runLoop('orphan-sweep');
    expect(Object.keys(world.ports.supervisor.liveness())).toContain('orphan-sweep');
    expect(world.ports.supervisor.liveness()['orphan-sweep']).toMatchObject({ failures: 0, last_error: null });
  });
});
