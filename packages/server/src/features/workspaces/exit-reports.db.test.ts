import { waitFor } from '@molecule/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { createDatabaseProxy, type DatabaseProxy } from '../../../test/database-proxy.js';
import { createWorkspacesWorld, type WorkspacesWorld } from '../../../test/workspaces-world.js';
import type { InstanceExit } from '../../provisioners/provisioner.js';
import { createReconciler } from './reconciler.js';

const database = useTestDatabase();
let proxy: DatabaseProxy;
let world: WorkspacesWorld;

beforeEach(async () => {
  proxy = await createDatabaseProxy(database.url);
  world = createWorkspacesWorld(proxy.url);
  await world.ports.start();
});
afterEach(async () => {
  await world.close();
  await proxy.close();
});

async function createRunning(): Promise<string> {
  const { id } = await world.workspaces.verbs.create({ name: 'Mortal', runtime: 'echo' }, 'http://x');
  await waitFor(async () => (await row(id)).instance_state === 'running');
  return id;
}

function row(id: string) {
  return world.ports.lanes.control.selectFrom('workspaces').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
}

const startsOf = (id: string) => world.backend.calls.filter((call) => call === `start ${id}`).length;

describe('an agent that ends while the database is away', () => {
  it('is started again as soon as the database is back, once, whatever has ended', async () => {
    const ids = [await createRunning(), await createRunning()];
    await proxy.cut();
    for (const id of ids) world.backend.crash(id);
    // Somebody has tried to say so, and could not.
    await waitFor(() => (world.ports.supervisor.liveness()['exit-reports']?.failures ?? 0) > 0);
    expect(ids.map(startsOf)).toEqual([1, 1]);
    await proxy.restore();
    await waitFor(() => ids.every((id) => startsOf(id) === 2), { timeoutMs: 8_000 });
    for (const id of ids) {
      await waitFor(async () => (await row(id)).instance_state === 'running');
      expect((await row(id)).crash_count).toBe(1);
    }
  });
});

describe('the report of an end', () => {
  const never: readonly string[] = [];

  async function tell(id: string, exit: Pick<InstanceExit, 'instanceId' | 'at'>): Promise<void> {
    const more = { generation: 1, code: 1, signal: null, logTail: never, requested: false };
    const deps = { ...world.ports, provisioners: { find: () => ({ ok: false, reason: '' }), all: [] }, hostId: 'h' };
    await createReconciler(deps as never).instanceEnded({ workspaceId: id, ...more, ...exit });
  }

  it('counts once, however often it is told', async () => {
    const id = await createRunning();
    const instanceId = (await row(id)).instance?.instanceId ?? '';
    const at = new Date().toISOString();
    const reports = [tell(id, { instanceId, at }), tell(id, { instanceId, at }), tell(id, { instanceId, at })];
    await Promise.all(reports);
    expect((await row(id)).crash_count).toBe(1);
  });

  it('says nothing of an instance that started after it', async () => {
    const id = await createRunning();
    await tell(id, { instanceId: 'the-one-before', at: new Date(0).toISOString() });
    expect(await row(id)).toMatchObject({ crash_count: 0, instance_state: 'running' });
  });
});
