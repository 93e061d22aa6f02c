import { expect, it } from 'vitest';
import type { PlatformTools } from '../adapters/adapter.js';
import { createRecentFailures } from './recent-failures.js';

it('remembers failed delegations by name for a while, the newest few', async () => {
  let nowMs = 0;
  const memory = createRecentFailures({ monotonicMs: () => nowMs });
  const platform: PlatformTools = {
    peers: async () => [{ id: 'w', name: 'Writer', role: null, status: 'online', relation: 'child' }],
    delegate: async (_id, task) =>
      task === 'good'
        ? { state: 'completed', text: 'ok', delegationId: 'd' }
        : { state: 'failed', reason: `no ${task}`, delegationId: null },
  };
  const observed = memory.observe(platform);
  await observed.peers();
  await observed.delegate('w', 'good');
  await observed.delegate('w', 'bad');
  await observed.delegate('x', 'worse');
  expect(memory.list()).toMatchObject([
    { target: 'Writer', task: 'bad', reason: 'no bad' },
    { target: 'x', task: 'worse' },
  ]);
  for (const task of ['1', '2', '3', '4']) await observed.delegate('w', task);
  expect(memory.list().map(({ task }) => task)).toEqual(['worse', '1', '2', '3', '4']);
  nowMs = 16 * 60_000;
  expect(memory.list()).toEqual([]);
});
