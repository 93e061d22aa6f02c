import { waitFor } from '@molecule/testkit';
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import { burst, prepareBurst } from '../bench/burst.js';
import { readUnrest } from '../bench/unrest.js';
import { createWorld, type World } from './world.js';

describe('a burst of 200 parallel writes of every kind', () => {
  let world: World;

  beforeAll(async () => {
    world = await createWorld();
    await world.start();
  });
  afterAll(() => world.dispose());

  it('is served without a refusal, and leaves every lane of the pool idle', async () => {
    onTestFailed(() => console.log(world.output()));
    const targets = await prepareBurst(world.api, world.url());
    const outcomes = await burst(world.api, targets, 200);
    expect(outcomes.filter(({ status }) => status < 200 || status > 299)).toEqual([]);
    expect(outcomes).toHaveLength(200);
    await waitFor(async () => expect(await readUnrest(world.api)).toEqual([]));
  });
});
