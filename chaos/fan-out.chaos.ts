import { afterEach, beforeEach, describe, expect, it, onTestFailed } from 'vitest';
import { fanOut } from './fan-out.js';
import { createSeed } from './seed.js';
import { canLookAtProcesses, createWorld, type World } from './world.js';

describe.skipIf(!canLookAtProcesses)('a fan-out of 60 delegations to ten children', () => {
  let world: World;

  beforeEach(async () => {
    world = await createWorld({ MOLECULE_PROVISION_CONCURRENCY: '4' });
    await world.start();
  });
  afterEach(() => world.dispose());

  it('under kill -9 at server, database and agents loses none, doubles none and leaves none open', async () => {
    const seed = createSeed();
    onTestFailed(() => console.log(`MOLECULE_CHAOS_SEED=${seed.value}\n${world.output()}`));
    const { wrong, figures } = await fanOut(world, seed, {
      children: 10,
      delegations: 60,
      rounds: 1,
      blowsPerRound: 5,
      agentsPerBlow: 3,
      pauseMaxMs: 600,
      settleMs: 120_000,
    });
    expect(wrong).toEqual(Object.fromEntries(Object.keys(wrong).map((what) => [what, []])));
    expect(figures.accepted).toBe(60);
    expect(figures.loopRefused, 'refusals by the limit of open delegations').toBeGreaterThan(0);
  }, 300_000);
});
