import { afterEach, beforeEach, describe, expect, it, onTestFailed } from 'vitest';
import { gapsIn, readEvents, readReceived, strayAgents, waitUntilSettled } from './audit.js';
import { listAgents, listDatabaseProcesses } from './process-audit.js';
import { createSeed } from './seed.js';
import { importTeam, waitUntilOnline } from './team.js';
import { createWorkload } from './workload.js';
import { canLookAtProcesses, createWorld, pause, type World } from './world.js';

/** Messages under way get 5 s to end, agents 10 s; a client that keeps its connection open gets nothing. */
const STOPPED_WITHIN_MS = 30_000;

describe.skipIf(!canLookAtProcesses)('stopping the server as an operator does', () => {
  let world: World;

  beforeEach(async () => {
    world = await createWorld();
    await world.start();
  });
  afterEach(() => world.dispose());

  it('in the middle of work leaves no process behind, and the next start takes up all of it', async () => {
    const seed = createSeed();
    onTestFailed(() => console.log(`MOLECULE_CHAOS_SEED=${seed.value}\n${world.output()}`));
    const team = await importTeam(world.api, `team 0 of run ${seed.value}`, 2);
    const ids = [team.lead, ...team.members.map(({ id }) => id)];
    await waitUntilOnline(world.api, ids);
    const workload = createWorkload(world.api, team, seed);
    let isOver = false;
    const work = workload.run(() => isOver);
    await pause(1_000);

    const startedMs = performance.now();
    const stopped = world.stop();
    isOver = true;
    await stopped;
    expect(performance.now() - startedMs, 'milliseconds to stop').toBeLessThan(STOPPED_WITHIN_MS);
    await work;
    expect(await listAgents(world.dataDir)).toEqual([]);
    expect(await listDatabaseProcesses(world.dataDir)).toEqual([]);

    await world.start();
    const workspaces = await waitUntilSettled(world.api);
    expect(workspaces.filter(({ id }) => ids.includes(id)).map(({ status }) => status)).toEqual(
      ids.map(() => 'online'),
    );
    expect(await strayAgents(world.dataDir, workspaces)).toEqual([]);
    for (const [message, answer] of workload.accepted) {
      const rows = (await readReceived(world.api, message.target)).filter((row) => row.message_id === message.id);
      expect(rows, `accepted message "${message.text}"`).toHaveLength(1);
      if (answer.kind === 'answered') expect(rows[0]?.duration_ms).toBeGreaterThan(0);
    }
    expect(gapsIn(await readEvents(world.api))).toEqual([]);
  }, 120_000);
});
