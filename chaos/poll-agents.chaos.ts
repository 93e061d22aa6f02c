import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import { runPollAgents } from '../bench/poll-agents.js';
import { createWorld, type World } from './world.js';

describe('fifty agents that poll', () => {
  let world: World;

  beforeAll(async () => {
    world = await createWorld({ RATE_LIMIT: '600' });
    await world.start();
  });
  afterAll(() => world.dispose());

  // The long form is "npm run bench poll-agents 30".
  it('stay online under the limit of requests that everybody has, and answer every question once', async () => {
    onTestFailed(() => console.log(world.output()));
    const server = { api: world.api, url: world.url(), pid: world.pid() };
    const outcome = await runPollAgents(server, { agents: 50, seconds: 5 });
    expect(outcome).toMatchObject({ missed: 0, answered: outcome.asked });
    expect(outcome.asked).toBeGreaterThan(10);
  });
});
