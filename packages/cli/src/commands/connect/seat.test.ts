import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aWorkspace, type Cli, createCli, molecule } from '../../../test/cli.js';
import { lockFolder } from './lock.js';

const desk = aWorkspace({ id: 'aaaaaaaa-0000-4000-8000-000000000001', name: 'Desk', runtime: 'external' });

describe('connect --new-token', () => {
  let dataDir: string;
  let folder: string;
  let cli: Cli;
  let stop: AbortController;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'molecule-seat-'));
    folder = join(dataDir, 'connect', desk.id);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'seat.json'), JSON.stringify({ id: desk.id, token: 'old-token' }));
    stop = new AbortController();
    cli = await createCli(dataDir);
    cli.server.on('listWorkspaces', { status: 200, body: [desk] });
    cli.server.on('getWorkspace', { status: 200, body: desk });
    cli.server.on('rotateExternal', { status: 200, body: { auth_token: 'new-token' } });
    cli.server.on('register', () => {
      stop.abort();
      return { status: 200, body: { status: 'registered' } };
    });
  });
  afterEach(async () => {
    await cli.close();
    await rm(dataDir, { recursive: true, force: true });
  });
  const connect = (...words: readonly string[]) =>
    molecule(cli.environment, ['connect', ...words, '--', 'cat'], { signal: stop.signal });
  const called = (route: string) => cli.server.calls.filter((call) => call.route === route);

  it('replaces the token that is known here, though it works', async () => {
    expect(await connect('Desk', '--new-token')).toMatchObject({ exit: 0 });
    expect(called('register').map(({ authorization }) => authorization)).toEqual(['Bearer new-token']);
    expect(await readFile(join(folder, 'seat.json'), 'utf8')).toContain('new-token');
  });

  it('leaves the token alone while another process works with it', async () => {
    const leave = await lockFolder(folder, 'Desk');
    const seen = await connect('Desk', '--new-token');
    expect([seen.exit, called('rotateExternal')]).toEqual([1, []]);
    expect(seen.error).toContain('another process on this machine');
    await leave();
  });

  it('is refused where it would do nothing', async () => {
    expect((await connect('--name', 'Desk', '--new-token')).exit).toBe(2);
    expect(cli.server.calls).toEqual([]);
  });
});

it('a name that is taken is not given a second time: the one line that finds the first again says how', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'molecule-seat-'));
  const cli = await createCli(dataDir);
  cli.server.on('listWorkspaces', { status: 200, body: [desk] });
  try {
    const connected = await cli.molecule('connect', '--name', 'Desk', '--', 'cat');
    expect(connected).toMatchObject({ exit: 1 });
    expect(connected.error).toContain('connect Desk --new-token');
    const invited = await cli.molecule('ws', 'invite', 'Desk');
    expect(invited).toMatchObject({ exit: 1 });
    expect(invited.error).toContain('ws connection Desk --new-token');
    expect(cli.server.calls.some((call) => call.route === 'createWorkspace')).toBe(false);
  } finally {
    await cli.close();
    await rm(dataDir, { recursive: true, force: true });
  }
});
