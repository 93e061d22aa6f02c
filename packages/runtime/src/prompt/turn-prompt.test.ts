import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countAbortFollowers } from '@molecule/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { PlatformTools } from '../adapters/adapter.js';
import { readTurnPrompt } from './turn-prompt.js';

let configDir: string;
beforeEach(async () => {
  configDir = await mkdtemp(join(tmpdir(), 'turn-prompt-'));
});
afterEach(() => rm(configDir, { recursive: true, force: true }));

/** A silent platform, with a clock whose timer fires when the test says so. */
function silent() {
  let fire = () => {};
  const peers: PlatformTools['peers'] = (signal) =>
    new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
  const clock = {
    now: () => new Date(0),
    monotonicMs: () => 0,
    after: (_ms: number, fn: () => void) => {
      fire = fn;
      return () => {};
    },
    sleep: async () => {},
  };
  return { peers, clock, fire: () => fire() };
}

function read(platform: Pick<PlatformTools, 'peers'>, clock: ReturnType<typeof silent>['clock'], signal: AbortSignal) {
  return readTurnPrompt({
    configDir,
    config: { promptFiles: [], skills: [], runtime: 'llm' },
    self: { id: '1', name: 'Lead', role: null },
    lastDelegationFailures: [],
    restartNote: null,
    platform,
    clock,
    log: { warn: () => undefined },
    signal,
  });
}

it('names the peers as they are now', async () => {
  const peers = async () => [{ id: 'w', name: 'Writer', role: null, status: 'online', relation: 'child' } as const];
  expect(await read({ peers }, silent().clock, new AbortController().signal)).toContain('- Writer (id w, online)');
});

it('goes on without the peers when the platform does not answer in time', async () => {
  const { peers, clock, fire } = silent();
  const prompt = read({ peers }, clock, new AbortController().signal);
  fire();
  expect(await prompt).toContain('The list of agents could not be read just now');
});

it('leaves nothing behind on the signal of the turn', async () => {
  const { signal } = new AbortController();
  const late = silent();
  const prompt = read(late, late.clock, signal);
  late.fire();
  await prompt;
  await read({ peers: async () => [] }, silent().clock, signal);
  expect(countAbortFollowers(signal)).toBe(0);
});

it('ends when the turn is aborted', async () => {
  const { peers, clock } = silent();
  const controller = new AbortController();
  const prompt = read({ peers }, clock, controller.signal);
  controller.abort(new Error('canceled'));
  await expect(prompt).rejects.toThrow('canceled');
});
