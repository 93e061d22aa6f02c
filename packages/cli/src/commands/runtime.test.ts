import { afterEach, beforeEach, expect, it } from 'vitest';
import { aWorkspace, type Cli, createCli } from '../../test/cli.js';
import { refusal } from '../../test/fake-server.js';

const claude = {
  runtime: 'claude-code',
  package: '@anthropic-ai/claude-code',
  version: '2.1.329',
  state: 'missing',
  note: null,
  download_mb: 166,
  versions: [],
  last_failure: null,
};
const installing = { ...claude, state: 'installing', note: 'Installing claude-code 2.1.329… 40 %' };
const installed = {
  ...claude,
  state: 'installed',
  versions: [{ version: '2.1.329', bytes: 377_487_360, installed_at: '2026-03-01T10:00:00.000Z' }],
};

let cli: Cli;
beforeEach(async () => {
  cli = await createCli('/nonexistent');
});
afterEach(() => cli.close());

it('runtime ls tells what is there, how much room it takes, and what is missing', async () => {
  const body = [
    { ...claude, last_failure: 'Cannot install it: the disk is full.' },
    { ...installed, runtime: 'codex' },
  ];
  cli.server.on('listRuntimes', { status: 200, body });
  const { out, exit } = await cli.molecule('runtime', 'ls');
  expect(exit).toBe(0);
  expect(out).toMatch(/^claude-code\s+2\.1\.329\s+not installed; about 166 MB to download\s+-$/m);
  expect(out).toMatch(/^codex\s+2\.1\.329\s+installed\s+2\.1\.329 \(360 MB\)$/m);
  expect(out).toContain('Cannot install it: the disk is full.');
  expect(JSON.parse((await cli.molecule('runtime', 'ls', '--json')).out)).toEqual(body);
});

it('runtime install waits for the end and tells how far it is', async () => {
  cli.server.on('installRuntime', { status: 202, body: installing });
  cli.server.on('listRuntimes', { status: 200, body: [installed] });
  const seen = await cli.molecule('runtime', 'install', 'claude-code');
  expect(seen).toMatchObject({ exit: 0, out: 'claude-code 2.1.329 is there: 2.1.329 (360 MB)\n' });
  expect(seen.error).toContain('Installing claude-code 2.1.329… 40 %');
});

it('runtime install says why it failed', async () => {
  cli.server.on('installRuntime', { status: 202, body: installing });
  cli.server.on('listRuntimes', { status: 200, body: [{ ...claude, last_failure: 'npm was not found.' }] });
  expect(await cli.molecule('runtime', 'install', 'claude-code')).toMatchObject({
    exit: 1,
    error: expect.stringContaining('npm was not found.'),
  });
});

it('runtime rm deletes it, unless agents use it', async () => {
  cli.server.on('removeRuntime', { status: 200, body: claude });
  expect((await cli.molecule('runtime', 'rm', 'claude-code')).out).toContain('nothing of it is left');
  cli.server.on('removeRuntime', refusal('runtime_in_use', { error: 'runtime claude-code is used by Coder' }));
  expect(await cli.molecule('runtime', 'rm', 'claude-code')).toMatchObject({
    exit: 1,
    error: expect.stringContaining('used by Coder'),
  });
});

it('ws ls tells what a start waits for', async () => {
  const waiting = aWorkspace({ name: 'Coder', status: 'provisioning', start_progress: installing.note });
  cli.server.on('listWorkspaces', { status: 200, body: [waiting] });
  expect((await cli.molecule('ws', 'ls')).out).toContain('Installing claude-code 2.1.329… 40 %');
});
