import { access, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canMountSmallDisks, createNpmRegistry, mountSmallDisk, type NpmRegistry, waitFor } from '@molecule/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSystemClock } from '../../../platform/clock.js';
import { createRandom } from '../../../platform/random.js';
import { createHostProcessTable } from '../host-process-table.js';
import { RUN_DIR_VARIABLE } from '../process-table.js';
import { INSTALL_LIMITS } from './package-install.js';
import { createRuntimeInstaller, type RuntimeInstaller, type RuntimeInstallerOptions } from './runtime-installer.js';
import type { RuntimePackage } from './runtime-packages.js';

const PACKAGE: RuntimePackage = {
  runtime: 'claude-code',
  package: '@fake/claude',
  version: '1.2.3',
  program: 'claude',
  places: ['@fake/claude/claude.js'],
  downloadMb: 1,
  diskMb: 1,
  minNode: 20,
  memoryFloorMb: 512,
};
const clock = createSystemClock();
const table = createHostProcessTable();
let dir: string;
let registry: NpmRegistry;
let installers: RuntimeInstaller[];

beforeEach(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'molecule-installs-')));
  installers = [];
  registry = await createNpmRegistry([
    { name: '@fake/claude', version: '1.2.3', files: { 'claude.js': "console.log('1.2.3 (Fake)')" } },
    { name: '@fake/empty', version: '1.2.3', files: {} },
    { name: '@fake/broken', version: '1.2.3', files: { 'claude.js': 'process.exit(4)' } },
  ]);
});
afterEach(async () => {
  await Promise.all(installers.map((installer) => installer.close()));
  await registry.close();
  await rm(dir, { recursive: true, force: true });
});

function create(changes: Partial<RuntimeInstallerOptions> = {}): RuntimeInstaller {
  const installer = createRuntimeInstaller({
    runtimesDir: join(dir, 'runtimes'),
    packages: [PACKAGE],
    mayInstall: true,
    environment: environment(registry.url),
    table,
    clock,
    random: createRandom(),
    log: { info: () => {}, warn: () => {} },
    limits: { ...INSTALL_LIMITS, lookEveryMs: 20 },
    ...changes,
  });
  installers.push(installer);
  return installer;
}

function environment(url: string): Record<string, string> {
  return { PATH: process.env.PATH ?? '', HOME: dir, npm_config_registry: url, npm_config_fetch_retries: '0' };
}

const settled = (installer: RuntimeInstaller, asker = 'a#1') =>
  waitFor(
    async () => {
      const answer = await installer.request('claude-code', asker);
      return answer.state === 'installing' ? null : answer;
    },
    { timeoutMs: 20_000, what: 'the install to end' },
  );

const inFolder = async () => (await readdir(join(dir, 'runtimes', 'claude-code'))).sort();

describe('a program that a runtime needs', () => {
  it('is installed once for everybody who asks, and is there for later servers', async () => {
    const installer = create();
    const first = await Promise.all(['a#1', 'b#1', 'c#4'].map((asker) => installer.request('claude-code', asker)));
    expect(first.map(({ state }) => state)).toEqual(['installing', 'installing', 'installing']);
    expect(first[0]).toMatchObject({ note: 'Installing claude-code 1.2.3…' });
    expect(await settled(installer)).toEqual({ state: 'ready' });
    expect(registry.downloads()).toBe(1);
    const next = create();
    expect(await next.request('claude-code', 'a#2')).toEqual({ state: 'ready' });
    const program = await next.findProgram('claude-code');
    expect(await readFile(program?.path ?? '', 'utf8')).toContain('1.2.3 (Fake)');
    // Nothing but the version itself: no download kept, no stage, no lock.
    expect(await inFolder()).toEqual(['1.2.3']);
    expect(await readdir(join(dir, 'runtimes', 'claude-code', '1.2.3'))).not.toContain('.npm-cache');
  });

  it('is installed once by two servers on one data directory', async () => {
    const held = registry.holdDownloads();
    const [one, two] = [create(), create()];
    await one.request('claude-code', 'a#1');
    await waitFor(() => registry.downloads() === 1);
    await two.request('claude-code', 'b#1');
    await waitFor(() => two.active()[0]?.note.startsWith('Another server'));
    held.release();
    expect(await Promise.all([settled(one), settled(two, 'b#1')])).toEqual([{ state: 'ready' }, { state: 'ready' }]);
    expect(registry.downloads()).toBe(1);
  });

  it('needs no install for a runtime that is all our own', async () => {
    expect(await create().request('echo', 'a#1')).toEqual({ state: 'ready' });
    expect(await create().findProgram('echo')).toBeNull();
  });

  it('is gone after it was removed, and comes back when asked for', async () => {
    const installer = create();
    await installer.begin('claude-code');
    await settled(installer);
    expect(await installer.list()).toMatchObject([{ state: 'installed', versions: [{ version: '1.2.3' }] }]);
    expect(await installer.remove('claude-code')).toMatchObject({ state: 'missing', versions: [] });
    expect(await installer.findProgram('claude-code')).toBeUndefined();
    expect((await installer.request('claude-code', 'a#2')).state).toBe('installing');
  });
});

describe('an install that nobody waits for', () => {
  it('is given up with everything it had started, and leaves nothing', async () => {
    registry.holdDownloads();
    const installer = create();
    await installer.request('claude-code', 'a#1');
    await waitFor(() => registry.downloads() === 1);
    installer.abandon('claude-code');
    await waitFor(() => installer.active().length === 0);
    expect(await inFolder()).toEqual([]);
    expect(await processesIn(join(dir, 'runtimes'))).toEqual([]);
    // It was nobody's failure.
    expect((await installer.request('claude-code', 'a#1')).state).toBe('installing');
  });

  it('goes on when a person began it', async () => {
    const held = registry.holdDownloads();
    const installer = create();
    await installer.begin('claude-code');
    await waitFor(() => registry.downloads() === 1);
    installer.abandon('claude-code');
    held.release();
    expect(await settled(installer)).toEqual({ state: 'ready' });
  });
});

describe('what a killed server left', () => {
  it('is swept, with the processes that still write there', async () => {
    registry.holdDownloads();
    const killed = create();
    await killed.request('claude-code', 'a#1');
    await waitFor(() => registry.downloads() === 1);
    // As after kill -9: its npm lives on, and the lock names a process that is gone.
    const folder = join(dir, 'runtimes', 'claude-code');
    await writeFile(join(folder, '.lock'), JSON.stringify({ pid: process.pid, startTime: 'another' }));
    await create().sweep();
    expect(await processesIn(folder)).toEqual([]);
    expect((await inFolder()).filter((name) => name.startsWith('.stage'))).toEqual([]);
  });

  it('does not count as installed, and gives way to what is', async () => {
    const folder = join(dir, 'runtimes', 'claude-code', '1.2.3');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'half'), '');
    const installer = create();
    expect((await installer.request('claude-code', 'a#1')).state).toBe('installing');
    expect(await settled(installer)).toEqual({ state: 'ready' });
    expect(await readdir(folder)).not.toContain('half');
  });
});

describe('an install that fails', () => {
  it.each<[string, Partial<RuntimeInstallerOptions>, RegExp]>([
    [
      'without npm',
      { environment: { PATH: '/nonexistent', HOME: '/tmp' } },
      /npm was not found in the PATH.*Install npm/,
    ],
    [
      'without a registry',
      { environment: environment('http://127.0.0.1:9/') },
      /registry could not be reached \(ECONNREFUSED\).*npm view @fake\/claude@1\.2\.3/,
    ],
    [
      'without the package',
      { packages: [{ ...PACKAGE, package: '@fake/none' }] },
      /does not have @fake\/none@1\.2\.3 \(E404\)/,
    ],
    [
      'without the version',
      { packages: [{ ...PACKAGE, version: '7.7.7' }] },
      /does not have @fake\/claude@7\.7\.7 \(ETARGET\)/,
    ],
    [
      'without the program',
      { packages: [{ ...PACKAGE, package: '@fake/empty' }] },
      /brought no program claude for \w+ on \w+/,
    ],
    [
      'with a program that does not run',
      { packages: [{ ...PACKAGE, package: '@fake/broken', places: ['@fake/broken/claude.js'] }] },
      /does not work on this machine: it ended with code 4/,
    ],
    [
      'on too old a Node',
      { packages: [{ ...PACKAGE, minNode: 99 }] },
      /needs Node 99 or newer.*Start the server with a newer Node/,
    ],
  ])('%s says so in words a person can act on', async (_, changes, words) => {
    const given = changes.environment === undefined ? changes : { ...changes, environment: changes.environment };
    const installer = create(given);
    const answer = await settled(installer);
    expect(answer).toEqual({ state: 'failed', reason: expect.stringMatching(words) });
    expect(answer).toMatchObject({
      reason: expect.stringMatching(/^Cannot install claude-code .*, then restart the agent\.$/),
    });
    expect(await inFolder()).toEqual([]);
    // Told once; asking again is trying again.
    expect((await installer.request('claude-code', 'a#1')).state).toBe('installing');
  });

  it('without progress is given up', async () => {
    registry.holdDownloads();
    const installer = create({ limits: { ...INSTALL_LIMITS, lookEveryMs: 20, stallMs: 1_000 } });
    expect(await settled(installer)).toMatchObject({ reason: expect.stringContaining('nothing arrived for 1 s') });
  });

  it('tells everybody who waited, once each', async () => {
    const installer = create({ environment: { PATH: '/nonexistent', HOME: '/tmp' } });
    await Promise.all(['a#1', 'b#1'].map((asker) => installer.request('claude-code', asker)));
    await waitFor(() => installer.active().length === 0);
    for (const asker of ['a#1', 'b#1']) expect((await installer.request('claude-code', asker)).state).toBe('failed');
  });

  it.skipIf(!canMountSmallDisks())('on a full disk says how much is needed', async () => {
    const disk = mountSmallDisk(1024 * 1024);
    try {
      const big = await createNpmRegistry([
        { name: '@fake/claude', version: '1.2.3', files: { 'claude.js': 'x'.repeat(4 * 1024 * 1024) } },
      ]);
      const installer = create({ runtimesDir: join(disk.path, 'runtimes'), environment: environment(big.url) });
      expect(await settled(installer)).toMatchObject({ reason: expect.stringMatching(/disk .* is full; about 2 MB/) });
      await installer.close();
      await big.close();
    } finally {
      disk.remove();
    }
  });
});

describe('where nothing may be installed', () => {
  it('the program in PATH serves when it answers', async () => {
    const bin = join(dir, 'bin');
    await mkdir(bin);
    await writeFile(join(bin, 'claude'), '#!/bin/sh\necho 9.9.9\n', { mode: 0o755 });
    const installer = create({
      mayInstall: false,
      environment: { ...environment(registry.url), PATH: `${bin}:/usr/bin:/bin` },
    });
    expect(await installer.request('claude-code', 'a#1')).toEqual({ state: 'ready' });
    expect(await installer.findProgram('claude-code')).toMatchObject({ path: join(bin, 'claude') });
    expect(await installer.list()).toMatchObject([{ state: 'from_path' }]);
  });

  it('its absence is said with what to do', async () => {
    const installer = create({ mayInstall: false, environment: { PATH: '/nonexistent' } });
    expect(await installer.request('claude-code', 'a#1')).toEqual({
      state: 'refused',
      reason: expect.stringMatching(/MOLECULE_RUNTIME_INSTALLS=off.*Put the program claude of @fake\/claude@1\.2\.3/),
    });
    expect(registry.downloads()).toBe(0);
    await expect(access(join(dir, 'runtimes', 'claude-code', '1.2.3'))).rejects.toThrow();
  });
});

async function processesIn(folder: string): Promise<readonly number[]> {
  const all = await table.all([RUN_DIR_VARIABLE]);
  return all.filter(({ env }) => env[RUN_DIR_VARIABLE]?.startsWith(folder)).map(({ pid }) => pid);
}
