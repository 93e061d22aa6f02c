import { ApiError } from '@molecule/contract/client';
import { waitFor } from '@molecule/testkit';
import { afterEach, beforeEach, describe, expect, it, onTestFailed } from 'vitest';
import { gapsIn, readEvents, strayAgents, waitUntilSettled } from './audit.js';
import { listDatabaseProcesses, signalAll } from './process-audit.js';
import { createMessage, importTeam, send, type Team, waitUntilOnline } from './team.js';
import { canLookAtProcesses, createWorld, type World } from './world.js';

/** A statement under way is given 12 s before its connection counts as lost. */
const FROZEN_ANSWER_MS = 20_000;
/** A request may wait for a free connection (2 s), and this machine may be busy. */
const ANSWERED_WITHIN_MS = 5_000;

describe.skipIf(!canLookAtProcesses)('the database going away while the server lives', () => {
  let world: World;
  let team: Team;

  beforeEach(async () => {
    world = await createWorld();
    await world.start();
    team = await importTeam(world.api, 'Steady', 1);
    await waitUntilOnline(world.api, [team.lead, ...team.members.map(({ id }) => id)]);
  });
  afterEach(() => world.dispose());

  it('killed: work goes on by itself once it is back, on the same agents', async () => {
    onTestFailed(() => console.log(world.output()));
    const database = await listDatabaseProcesses(world.dataDir);
    signalAll(database, 'SIGKILL');
    await expectHealthy(world);
    await expectRecovered(world, team, database);
  }, 60_000);

  it('frozen: requests are refused with 503 instead of hanging, and served again after it thaws', async () => {
    onTestFailed(() => console.log(world.output()));
    const database = await listDatabaseProcesses(world.dataDir);
    signalAll(database, 'SIGSTOP');
    try {
      const requests = Array.from({ length: 40 }, () => refusalOf(world));
      await expectHealthy(world);
      for (const refusal of await Promise.all(requests)) {
        expect(refusal).toMatchObject({ status: 503, code: 'platform_unavailable', retry: true });
      }
      await expectHealthy(world);
    } finally {
      signalAll(database, 'SIGCONT');
    }
    await expectRecovered(world, team, []);
  }, 120_000);
});

async function refusalOf(world: World): Promise<ApiError> {
  try {
    await world.api.call('listWorkspaces', {}, { timeoutMs: FROZEN_ANSWER_MS });
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('the server answered although its database is frozen');
}

/** Being alive and being able to work are two questions (contract registry-a2a §13). */
async function expectHealthy(world: World): Promise<void> {
  const health = await world.api.call('health', {}, { timeoutMs: ANSWERED_WITHIN_MS });
  expect(health.body.status).toBe('ok');
}

async function expectRecovered(world: World, team: Team, gone: readonly number[]): Promise<void> {
  const { api, dataDir } = world;
  await waitFor(async () => (await api.call('readyz', {})).status === 200, { timeoutMs: 30_000 });
  const workspaces = await waitUntilSettled(api);
  expect(await strayAgents(dataDir, workspaces)).toEqual([]);
  const answer = await send(api, createMessage(team.lead, 'are you back'));
  expect(answer).toMatchObject({ kind: 'answered', text: expect.stringContaining('Steady member 1 received') });
  expect(gapsIn(await readEvents(api))).toEqual([]);
  const [postmaster] = await listDatabaseProcesses(dataDir);
  expect(gone).not.toContain(postmaster);
}
