import { waitFor } from '@molecule/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { createWorkspacesWorld, type WorkspacesWorld } from '../../../test/workspaces-world.js';
import { PlatformUnavailableError } from '../../platform/errors.js';
import { readEvents } from '../../platform/event-log.js';
import { AppError } from '../../platform/http/app-error.js';

const stays = new AbortController().signal;
const database = useTestDatabase();
let world: WorkspacesWorld;

beforeEach(async () => {
  world = createWorkspacesWorld(database.url, { startsMax: 8 });
  await world.ports.start();
});
afterEach(() => world.close());

const rowsOf = (ids: readonly string[]) =>
  world.ports.lanes.control
    .selectFrom('workspaces')
    .select(['id', 'status', 'desired', 'generation', 'observed_generation as observed', 'instance_state as state'])
    .where('id', 'in', [...ids])
    .execute();

/** As a client does: a busy database is a 503, which says to ask again. */
async function persist<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof PlatformUnavailableError)) throw error;
    }
  }
}

const create = async (name: string): Promise<string> =>
  (await persist(() => world.workspaces.verbs.create({ name, runtime: 'echo' }, 'http://localhost'))).id;

async function settled(ids: readonly string[]): Promise<Awaited<ReturnType<typeof rowsOf>>> {
  await waitFor(async () => (await rowsOf(ids)).every((row) => row.generation === row.observed), { timeoutMs: 20_000 });
  return rowsOf(ids);
}

const startsOf = (id: string): number => world.backend.calls.filter((call) => call === `start ${id}`).length;

describe('many starts at once', () => {
  it('R13: of a hundred workspaces restarted at once, twice, each ends with one instance of its newest generation', async () => {
    const ids = await Promise.all(Array.from({ length: 100 }, (_, n) => create(`Agent ${n}`)));
    for (const row of await settled(ids)) expect(row.state).toBe('running');
    const restarts = [...ids, ...ids].map((id) => persist(() => world.workspaces.lifecycle.restart(id, {})));
    expect((await Promise.all(restarts)).every(({ kind }) => kind === 'started')).toBe(true);
    for (const row of await settled(ids)) {
      expect(row).toMatchObject({ state: 'running', generation: 3 });
      expect(world.backend.countRunning(row.id)).toBe(1);
      expect(world.backend.findSpec(row.id)?.generation).toBe(3);
      // Two requests are one or two starts, never more.
      expect(startsOf(row.id)).toBeLessThanOrEqual(3);
    }
  });

  it('R13: of seven that are refused at once each was tried, and says so on its row and in its event', async () => {
    for (let n = 0; n < 7; n += 1) world.backend.failNextStart(['no such model'], { retryable: false });
    const ids = await Promise.all(Array.from({ length: 7 }, (_, n) => create(`Lost ${n}`)));
    for (const row of await settled(ids)) {
      expect(row.status).toBe('failed');
      expect(startsOf(row.id)).toBe(1);
      const events = await readEvents(world.ports.lanes.control, { afterSeq: 0, limit: 10, workspaceId: row.id });
      expect(events.map(({ type }) => type)).toEqual(['WORKSPACE_PROVISIONING', 'WORKSPACE_PROVISION_FAILED']);
    }
  });
});

describe('two servers on one database', () => {
  it('who fight for one workspace by every verb leave one effect, the one its row asks for; a removal wins', async () => {
    const id = await create('Contested');
    await settled([id]);
    // The next release beside the one it replaces: the same machine, the same rows.
    const rival = createWorkspacesWorld(database.url, { host: world.host, startsMax: 8 });
    await rival.ports.start();
    try {
      const verbs = [
        (one: WorkspacesWorld) => one.workspaces.lifecycle.restart(id, {}),
        (one: WorkspacesWorld) => one.workspaces.lifecycle.pause(id, stays),
        (one: WorkspacesWorld) => one.workspaces.lifecycle.resume(id),
        (one: WorkspacesWorld) => one.workspaces.lifecycle.hibernate(id, true, stays),
        (one: WorkspacesWorld) => one.workspaces.lifecycle.wake([id]),
      ];
      await Promise.all(
        Array.from({ length: 60 }, async (_, n) => {
          try {
            await verbs[n % verbs.length]?.(n % 2 === 0 ? world : rival);
          } catch (error) {
            // A verb that comes when it makes no sense is refused; nothing else may go wrong.
            if (!(error instanceof AppError || error instanceof PlatformUnavailableError)) throw error;
          }
        }),
      );
      const [row] = await settled([id]);
      expect(world.backend.countRunning(id)).toBe(row?.desired === 'running' ? 1 : 0);
      if (row?.desired === 'running') expect(world.backend.findSpec(id)?.generation).toBe(row.generation);

      await Promise.all([
        world.workspaces.lifecycle.restart(id, {}).catch(() => undefined),
        rival.workspaces.verbs.remove(id, { confirm: true, purge: false }, stays),
      ]);
      const [gone] = await settled([id]);
      expect(gone).toMatchObject({ status: 'removed', desired: 'removed' });
      expect(world.backend.countRunning(id)).toBe(0);
    } finally {
      await rival.close();
    }
  });
});
