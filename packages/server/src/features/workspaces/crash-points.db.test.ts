import { randomUUID } from 'node:crypto';
import { waitFor } from '@molecule/testkit';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../../test/database.js';
import { createMortalServer, type MortalServer } from '../../../test/mortal-server.js';
import { createWorkspacesWorld, type WorkspacesWorld } from '../../../test/workspaces-world.js';
import { createSystemClock } from '../../platform/clock.js';
import type { Db } from '../../platform/db.js';
import { createFakeBackend, type FakeBackend } from '../../provisioners/fake/fake.driver.js';

const stays = new AbortController().signal;
const AT_ONCE = 6;
/** Dozens of servers live and die in each test. */
const PATIENCE_MS = 180_000;
/** A run without a death takes fewer steps than this; more means that it never comes to rest. */
const STEPS_MAX = 200;

interface Scene {
  readonly databaseUrl: string;
  readonly host: { readonly id: string; readonly machine: FakeBackend };
}

/** `prepare` is done by a server that lives; `act` by one that dies at some step of it. */
interface Story<T> {
  prepare(world: WorkspacesWorld): Promise<T>;
  /** Resolves when a caller would have got its answer and everything had come to rest. */
  act(world: WorkspacesWorld, prepared: T): Promise<void>;
  /** What must be true after the next server has taken over, whatever the step. `answered`: the act had its answer. */
  expectAfter(scene: Scene & { readonly world: WorkspacesWorld }, prepared: T, answered: boolean): Promise<void>;
}

/**
 * Tells the story once for every step at which the server can die, until it no longer dies. Steps are counted by what is
 * sent, not by what somebody thought of: a statement that is added to a start is a further place to die in.
 */
async function dieAtEveryStep<T>(story: Story<T>): Promise<number> {
  let next = 1;
  let finished: number | null = null;
  const worker = async (): Promise<void> => {
    while (finished === null) {
      const step = next++;
      if (step > STEPS_MAX) throw new Error(`still not at rest after ${STEPS_MAX} steps`);
      if (!(await dieAt(step, story))) finished = Math.min(finished ?? step, step);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return finished ?? 0;
}

/** False when the story was over before that step. */
async function dieAt<T>(step: number, story: Story<T>): Promise<boolean> {
  const database = await createTestDatabase();
  const machine = createFakeBackend({ clock: createSystemClock() });
  const host = { id: randomUUID(), machine };
  let failed = true;
  let mortal: MortalServer | null = null;
  let heir: WorkspacesWorld | null = null;
  try {
    const first = createWorkspacesWorld(database.url, { host });
    const prepared = await living(first, () => story.prepare(first));
    mortal = await createMortalServer(database.url, host);
    const { world } = mortal;
    await world.ports.start();
    await world.workspaces.resume();
    mortal.arm(step);
    const answered = await Promise.race([
      story.act(world, prepared).then(
        () => true,
        () => false,
      ),
      waitFor(mortal.isDead, { timeoutMs: 20_000 }).then(() => false),
    ]);
    const died = mortal.isDead();
    await mortal.bury();
    heir = createWorkspacesWorld(database.url, { host });
    await heir.ports.start();
    await expireLeases(heir.ports.lanes.control);
    await heir.workspaces.resume();
    await story.expectAfter({ databaseUrl: database.url, host, world: heir }, prepared, answered);
    failed = false;
    return died;
  } catch (error) {
    throw new Error(`when it dies at step ${step}: ${String(error)}`, { cause: error });
  } finally {
    await mortal?.bury();
    await heir?.close();
    if (failed) database.keep(`died at step ${step}`);
    else await database.drop();
  }
}

async function living<T>(world: WorkspacesWorld, work: () => Promise<T>): Promise<T> {
  await world.ports.start();
  try {
    return await work();
  } finally {
    await world.close();
  }
}

/** As if the time had passed that a dead server's leases last. */
async function expireLeases(db: Db): Promise<void> {
  await sql`update workspaces set lease_until = now() - interval '1 second' where lease_until is not null`.execute(db);
}

const rowsOf = (world: WorkspacesWorld) =>
  world.ports.lanes.control
    .selectFrom('workspaces')
    .select(['id', 'status', 'generation', 'observed_generation as observed', 'instance_state as state', 'instance'])
    .execute();

const create = async (world: WorkspacesWorld, name: string, parent?: string): Promise<string> => {
  const body = { name, runtime: 'echo', ...(parent === undefined ? {} : { parent_id: parent }) };
  return (await world.workspaces.verbs.create(body, 'http://localhost')).id;
};

async function runs(world: WorkspacesWorld, id: string): Promise<void> {
  await waitFor(async () => {
    const row = (await rowsOf(world)).find((one) => one.id === id);
    return row?.state === 'running' && row.generation === row.observed;
  });
}

async function online(world: WorkspacesWorld, id: string): Promise<void> {
  await world.ports.transact('control', (tx) =>
    world.ports.commit(tx, { transitions: [{ workspaceId: id, trigger: 'registered', online: {} }] }),
  );
}

describe('a server that dies at any step', () => {
  it(
    'of a start leaves a workspace that the next one brings up, once',
    async () => {
      const steps = await dieAtEveryStep({
        prepare: async () => null,
        act: async (world) => runs(world, await create(world, 'worker')),
        async expectAfter({ world, host }, _, answered) {
          const rows = await rowsOf(world);
          if (answered) expect(rows).toHaveLength(1);
          for (const { id } of rows) {
            await runs(world, id);
            expect(host.machine.control.countRunning(id)).toBe(1);
            await online(world, id);
            const row = (await rowsOf(world))[0];
            expect(row).toMatchObject({ status: 'online', generation: row?.observed });
            // The one that runs is the one on the row, with the token of its generation.
            expect(host.machine.control.findToken(id)).toBe(`token-${row?.generation}`);
          }
        },
      });
      expect(steps).toBeGreaterThan(10);
    },
    PATIENCE_MS,
  );

  it(
    'of a restart leaves one instance, of the newest generation',
    async () => {
      const steps = await dieAtEveryStep({
        async prepare(world) {
          const id = await create(world, 'worker');
          await runs(world, id);
          await online(world, id);
          return id;
        },
        async act(world, id) {
          await world.workspaces.lifecycle.restart(id, {});
          await runs(world, id);
        },
        async expectAfter({ world, host }, id) {
          await runs(world, id);
          expect(host.machine.control.countRunning(id)).toBe(1);
          const [row] = await rowsOf(world);
          expect(host.machine.control.findSpec(id)?.generation).toBe(row?.generation);
        },
      });
      expect(steps).toBeGreaterThan(10);
    },
    PATIENCE_MS,
  );

  it(
    'of a delete with purge removes all of a tree or nothing, and keeps what runs until it is gone',
    async () => {
      const steps = await dieAtEveryStep({
        async prepare(world) {
          const lead = await create(world, 'lead');
          const child = await create(world, 'child', lead);
          for (const id of [lead, child]) {
            await runs(world, id);
            await online(world, id);
          }
          return { lead, child };
        },
        async act(world, { lead }) {
          await world.workspaces.verbs.remove(lead, { confirm: true, purge: true }, stays);
        },
        async expectAfter({ world, host }, { lead, child }, answered) {
          const running = (id: string): number => host.machine.control.countRunning(id);
          const live = (await rowsOf(world)).filter(({ status }) => status !== 'removed');
          expect([0, 2]).toContain(live.length);
          if (answered) expect(live).toEqual([]);
          if (live.length === 2) {
            // It never happened: both go on.
            for (const id of [lead, child]) {
              await runs(world, id);
              expect(running(id)).toBe(1);
            }
          }
          // Whoever got no answer asks again.
          if (!answered || live.length > 0) {
            await world.workspaces.verbs.remove(lead, { confirm: true, purge: true }, stays).catch((error: unknown) => {
              if (!String(error).includes('workspace not found')) throw error;
            });
          }
          await waitFor(() => running(lead) + running(child) === 0);
          await waitFor(async () => (await rowsOf(world)).every((row) => row.generation === row.observed));
          expect(await rowsOf(world)).toEqual([]);
        },
      });
      expect(steps).toBeGreaterThan(10);
    },
    PATIENCE_MS,
  );
});
