import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Cli, createCli, molecule, type Seen } from '../../../test/cli.js';
import { refusal } from '../../../test/fake-server.js';
import { checkNode } from './machine.js';

let dataDir: string;
let cli: Cli;

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'molecule-doctor-'));
  cli = await createCli(dataDir);
  cli.server.on('health', { status: 200, body: { status: 'ok', version: '1.2.3', uptime: '5m', database: 'ok' } });
  cli.server.on('readyz', { status: 200, body: { status: 'ready' } });
  const principal = { kind: 'admin', via: 'admin_token' };
  cli.server.on('getSession', { status: 200, body: { principal, expires_at: null } });
  const loop = { last_tick_at: '2026-01-01T00:00:00Z', seconds_ago: 1, failures: 0, last_error: null };
  cli.server.on('adminLiveness', { status: 200, body: { subsystems: { sweep: loop } } });
  cli.server.on('listTemplateProblems', { status: 200, body: [] });
  cli.server.on('listRuntimes', { status: 200, body: [] });
});
afterEach(async () => {
  await cli.close();
  rmSync(dataDir, { recursive: true });
});

function failures(seen: Seen): string[] {
  return seen.out.split('\n').filter((line) => line.startsWith('FAIL'));
}

it('finds a healthy server healthy, as text and as data', async () => {
  const seen = await cli.molecule('doctor');
  expect(failures(seen)).toEqual([]);
  expect(seen).toMatchObject({ exit: 0, error: '' });
  expect(seen.out).toContain('version 1.2.3, up 5m');
  const data = JSON.parse((await cli.molecule('doctor', '--json')).out) as { healthy: boolean; findings: unknown[] };
  expect(data.healthy).toBe(true);
  expect(data.findings).toContainEqual({
    check: 'credential',
    ok: true,
    detail: 'accepted (admin_token)',
    remedy: null,
  });
});

it.each([
  ['v18.20.0', false],
  ['20.18.9', false],
  ['20.19.0', true],
  ['24.0.0', true],
])('judges Node %s', (version, ok) => {
  expect(checkNode(version).ok).toBe(ok);
});

describe('the data directory', () => {
  it('may not exist yet', async () => {
    rmSync(dataDir, { recursive: true });
    const seen = await cli.molecule('doctor');
    mkdirSync(dataDir);
    expect(seen.exit).toBe(0);
    expect(seen.out).toContain('does not exist yet');
  });

  it.each([
    [0o700, true],
    [0o711, true],
    [0o755, false],
    [0o750, false],
    [0o722, false],
  ])('with mode %o is in order: %s, because others may at most pass through to the database', async (mode, ok) => {
    chmodSync(dataDir, mode);
    const seen = await cli.molecule('doctor');
    expect(seen.exit).toBe(ok ? 0 : 1);
    if (!ok) expect(seen.out).toContain(`chmod go-rw ${dataDir}`);
  });

  it('may not hold keys that others can read', async () => {
    const key = join(dataDir, 'keys', 'admin-token');
    mkdirSync(join(dataDir, 'keys'));
    writeFileSync(key, 'test', { mode: 0o600 });
    expect((await cli.molecule('doctor')).exit).toBe(0);
    chmodSync(key, 0o644);
    expect(failures(await cli.molecule('doctor'))).toEqual([`FAIL  keys: other users can use ${key}`]);
  });

  it('tells where the database lies, also by the pointer of a start as root', async () => {
    const pg = join(dataDir, 'pg');
    mkdirSync(join(pg, 'data'), { recursive: true });
    expect((await cli.molecule('doctor')).out).toContain(`database files: lie at ${join(pg, 'data')}`);
    const elsewhere = join(dataDir, 'elsewhere');
    writeFileSync(join(pg, 'location.json'), JSON.stringify({ directory: elsewhere }));
    expect(failures(await cli.molecule('doctor'))[0]).toContain(`names ${elsewhere}, which does not exist`);
    mkdirSync(elsewhere);
    expect((await cli.molecule('doctor')).out).toContain(`database files: lie at ${elsewhere}, named by`);
    writeFileSync(join(pg, 'location.json'), '{');
    expect(failures(await cli.molecule('doctor'))[0]).toContain('cannot be read');
  });
});

describe('the limits of agents', () => {
  it('are named where this machine can set them, and are no failure where it cannot', async () => {
    const tools = join(dataDir, 'tools');
    mkdirSync(tools);
    const none = await molecule({ ...cli.environment, path: tools }, ['doctor']);
    expect(none).toMatchObject({ exit: 0, out: expect.stringContaining('ok    limits of agents: none: ') });
    writeFileSync(join(tools, 'prlimit'), '', { mode: 0o755 });
    const some = await molecule({ ...cli.environment, path: `:${tools}` }, ['doctor']);
    expect(some.out).toContain('limits of agents: memory, open files and size of a file');
  });
});

describe('the server', () => {
  it('unknown is 3', async () => {
    const seen = await molecule({ ...cli.environment, url: null, from: 'none' }, ['doctor']);
    expect(seen.exit).toBe(3);
    expect(seen.out).toContain('FAIL  server: none is known');
  });

  it('gone is 3, and a note left by a killed server is called that', async () => {
    await cli.close();
    const { pid } = spawnSync(process.execPath, ['--version']);
    const seen = await molecule({ ...cli.environment, from: 'server.json', serverPid: pid }, ['doctor']);
    expect(seen.exit).toBe(3);
    expect(seen.out).toContain(`left from process ${pid}, which is gone`);
    const alive = await molecule({ ...cli.environment, from: 'server.json', serverPid: process.pid }, ['doctor']);
    expect(alive.out).toContain('alive but does not answer');
    cli = await createCli(dataDir);
  });

  it('that is another program is named as such', async () => {
    cli.server.on('health', { status: 404, body: '<html>' });
    expect((await cli.molecule('doctor')).out).toContain('Another program may be listening there');
  });

  it('without its database is not ready', async () => {
    cli.server.on('readyz', refusal('platform_unavailable'));
    const seen = await cli.molecule('doctor');
    expect(seen.exit).toBe(1);
    expect(failures(seen)[0]).toContain('readiness: platform datastore unavailable');
  });

  it('that refuses the credential is asked nothing further', async () => {
    cli.server.on('getSession', refusal('admin_auth_required'));
    expect(failures(await cli.molecule('doctor'))).toEqual(['FAIL  credential: admin auth required']);
    expect(cli.server.calls.map(({ route }) => route)).not.toContain('adminLiveness');
  });

  it('that takes us for a workspace is not opened by that token', async () => {
    const principal = { kind: 'workspace', via: 'workspace_token' };
    cli.server.on('getSession', { status: 200, body: { principal, expires_at: null } });
    expect(failures(await cli.molecule('doctor'))[0]).toContain('belongs to one workspace');
  });

  it('with a failing loop or a broken template says which and why', async () => {
    const loop = { last_tick_at: '2026-01-01T00:00:00Z', seconds_ago: 1, failures: 3, last_error: 'boom' };
    cli.server.on('adminLiveness', { status: 200, body: { subsystems: { sweep: loop } } });
    const problem = { id: 'x', file: 'x/config.yaml', line: 4, reason: 'bad indentation' };
    cli.server.on('listTemplateProblems', { status: 200, body: [problem] });
    expect(failures(await cli.molecule('doctor'))).toEqual([
      'FAIL  background loops: failing: sweep: boom',
      'FAIL  templates: x/config.yaml:4: bad indentation',
    ]);
  });
});

describe('the programs of runtimes', () => {
  const codex = {
    runtime: 'codex',
    package: '@openai/codex',
    version: '0.169.0',
    state: 'installed',
    note: null,
    download_mb: 160,
    versions: [
      { version: '0.160.0', bytes: 104_857_600, installed_at: null },
      { version: '0.169.0', bytes: 209_715_200, installed_at: null },
    ],
    last_failure: null,
  };

  it('are listed with every version that takes room', async () => {
    cli.server.on('listRuntimes', { status: 200, body: [codex] });
    const { out, exit } = await cli.molecule('doctor');
    expect(exit).toBe(0);
    expect(out).toContain('ok    runtimes: codex 0.160.0 (100 MB), 0.169.0 (200 MB)');
  });

  it('that could not be installed are told with the reason', async () => {
    const body = [{ ...codex, state: 'missing', versions: [], last_failure: 'Cannot install codex: no npm.' }];
    cli.server.on('listRuntimes', { status: 200, body });
    expect(failures(await cli.molecule('doctor'))).toEqual(['FAIL  runtimes: Cannot install codex: no npm.']);
  });
});
