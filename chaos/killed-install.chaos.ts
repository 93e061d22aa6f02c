import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createNpmRegistry, fakeCliPackages, type NpmRegistry, waitFor } from '@molecule/testkit';
import { afterEach, beforeEach, describe, expect, it, onTestFailed } from 'vitest';
import { waitUntilOnline } from './team.js';
import { canLookAtProcesses, createWorld, type World } from './world.js';

describe.skipIf(!canLookAtProcesses)('a server killed with -9 while it installs a runtime', () => {
  let registry: NpmRegistry;
  let world: World;

  beforeEach(async () => {
    registry = await createNpmRegistry(fakeCliPackages({ claude: '2.1.329', codex: '0.169.0' }));
    world = await createWorld({ MOLECULE_RUNTIME_INSTALLS: 'on', npm_config_registry: registry.url });
  });
  afterEach(async () => {
    await world.dispose();
    await registry.close();
  });

  async function inFolder(): Promise<string[]> {
    const names: string[] = await readdir(join(world.dataDir, 'runtimes', 'codex'));
    return names.sort();
  }

  it('is followed by one that sweeps what it left, installs anew, and starts the agent that waited', async () => {
    onTestFailed(() => console.log(world.output()));
    await world.start();
    const held = registry.holdDownloads();
    const { body: agent } = await world.api.call('createWorkspace', { body: { name: 'Coder', runtime: 'codex' } });
    await waitFor(() => registry.downloads() === 1, { timeoutMs: 20_000, what: 'the download to begin' });
    const [, left] = await inFolder();
    expect(left).toMatch(/^\.stage-/);

    await world.kill();
    await world.start();
    // The download of the killed one never ends; that of its successor does.
    await waitFor(() => registry.downloads() === 2, { timeoutMs: 20_000, what: 'another download to begin' });
    held.release();
    await waitUntilOnline(world.api, [agent.id]);
    expect(await inFolder()).toEqual(['0.169.0']);
  });
});
