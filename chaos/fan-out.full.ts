import { afterEach, beforeEach, describe, expect, it, onTestFailed } from 'vitest';
import { fanOut } from './fan-out.js';
import { createSeed } from './seed.js';
import { canLookAtProcesses, createWorld, type World } from './world.js';

describe.skipIf(!canLookAtProcesses)('a fan-out of 500 delegations to fifty children, in four rounds', () => {
  let world: World;

  beforeEach(async () => {
    world = await createWorld({ MOLECULE_PROVISION_CONCURRENCY: '4' });
    await world.start();
  });
  afterEach(() => world.dispose());

  it('under forty times kill -9 loses none, doubles none and leaves none open', async () => {
    const seed = createSeed();
    onTestFailed(() => console.log(`MOLECULE_CHAOS_SEED=${seed.value}\n${world.output()}`));
    const { wrong, figures } = await fanOut(world, seed, {
      children: 50,
      delegations: 500,
      rounds: 4,
      blowsPerRound: 10,
      agentsPerBlow: 8,
      pauseMaxMs: 2_000,
      settleMs: 300_000,
    });
    const counts = Object.fromEntries(Object.entries(wrong).map(([what, cases]) => [what, cases.length]));
    // Not through the console, which is silent about tests that pass: the figures are what this run is for.
    process.stdout.write(`\n${JSON.stringify({ seed: seed.value, ...figures, ...counts })}\n`);
    expect(wrong).toEqual(Object.fromEntries(Object.keys(wrong).map((what) => [what, []])));
    expect(figures.accepted).toBe(500);
    expect(figures.loopRefused, 'refusals by the limit of open delegations').toBeGreaterThan(0);
  }, 700_000);
});
