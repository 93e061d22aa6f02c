import { execFileSync } from 'node:child_process';
import {
  chmod,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FileAccess, FilePlace } from '../files.js';
import { guardFiles } from '../guarded-files.js';
import type { Anchoring } from './held-folder.js';
import { createWorkspaceFiles } from './workspace-files.js';

const ID = '0aa00000-0000-4000-8000-000000000001';
const ANCHORINGS: readonly Anchoring[] = process.platform === 'linux' ? ['descriptor', 'path'] : ['path'];

let dir: string;
let outside: string;
beforeEach(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'molecule-files-')));
  outside = join(dir, 'outside');
  await mkdir(outside);
  await writeFile(join(outside, 'secret'), 'untouched');
  for (const place of ['configs', 'workspace', 'home']) {
    await mkdir(at(place), { recursive: true });
  }
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

const at = (...parts: readonly string[]): string => join(dir, 'data', 'workspaces', ID, ...parts);
const target = (place: FilePlace = 'configs', workspaceDir: string | null = null) => ({
  workspaceId: ID,
  place,
  workspaceDir,
});
const initial = async () => [{ path: 'config.yaml', content: Buffer.from('first') }];
const writeTo = (files: FileAccess, path: string, text: string) =>
  files.write(ID, {
    files: [{ path, content: Buffer.from(text) }],
    allows: () => true,
    initial,
    completesConfig: false,
  });
const removeFrom = (files: FileAccess, path: string) => files.remove(ID, { path, allows: () => true, initial });
const messageOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'it succeeded',
    (error: Error) => error.message,
  );

describe.each(ANCHORINGS)('links, with folders held by %s', (anchoring) => {
  let files: FileAccess;
  beforeEach(() => {
    files = guardFiles(createWorkspaceFiles({ workspacesDir: join(dir, 'data', 'workspaces'), anchoring }));
  });

  it('of an owner do not lead into the system by a link', async () => {
    const link = join(dir, 'innocent');
    await symlink('/etc', link);
    await expect(files.list(target('workspace', link), null, 1)).rejects.toThrow('leads into a folder of the system');
    await expect(files.read(target('workspace', link), 'hostname')).rejects.toThrow(
      'leads into a folder of the system',
    );
  });

  it('in the place of a file are not read, are replaced by a write, and are deleted themselves', async () => {
    await symlink(join(outside, 'secret'), at('configs', 'link'));
    expect(await files.read(target(), 'link')).toEqual({ kind: 'not_found' });
    expect(await files.list(target(), null, 5)).toMatchObject({ entries: [{ path: 'link', kind: 'link', size: 0 }] });
    await writeTo(files, 'link', 'mine');
    expect(await readFile(at('configs', 'link'), 'utf8')).toBe('mine');
    await symlink(join(outside, 'secret'), at('configs', 'other'));
    expect(await removeFrom(files, 'other')).toMatchObject({ kind: 'removed' });
    expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('untouched');
  });

  it('in the place of a folder lead nowhere', async () => {
    await symlink(outside, at('configs', 'skills'));
    await symlink(dir, at('configs', 'plugins'));
    expect(await files.read(target(), 'skills/secret')).toEqual({ kind: 'not_found' });
    expect(await files.list(target(), 'skills', 1)).toEqual({ kind: 'not_found' });
    expect(await files.list(target('plugins'), null, 1)).toEqual({ kind: 'not_found' });
    const listing = await files.list(target(), null, 5);
    expect(listing).toMatchObject({ entries: [{ path: 'plugins' }, { path: 'skills' }] });
    expect(await messageOf(writeTo(files, 'skills/new', 'x'))).toContain('is a file or a link');
    expect(await removeFrom(files, 'skills/secret')).toEqual({ kind: 'not_found' });
    expect(await readdir(outside)).toEqual(['secret']);
  });

  it('in the place of a whole root lead nowhere', async () => {
    for (const place of ['configs', 'workspace', 'home'] as const) {
      await rm(at(place), { recursive: true });
      await symlink(outside, at(place));
      expect(await files.read(target(place), 'secret')).not.toMatchObject({ kind: 'found' });
      expect(await files.list(target(place), null, 1)).not.toMatchObject({ kind: 'found' });
    }
    expect(await messageOf(writeTo(files, 'secret', 'x'))).not.toBe('it succeeded');
    expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('untouched');
  });

  it('inside a deleted folder are deleted, not what they lead to', async () => {
    await mkdir(at('configs', 'old', 'deep'), { recursive: true });
    await symlink(outside, at('configs', 'old', 'deep', 'link'));
    expect(await removeFrom(files, 'old')).toMatchObject({ kind: 'removed' });
    expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('untouched');
  });
});

describe.runIf(process.platform === 'linux')('a folder that is swapped for a link while it is used', () => {
  it('never leads a read, write, list or delete out of its root', async () => {
    const files = guardFiles(createWorkspaceFiles({ workspacesDir: join(dir, 'data', 'workspaces') }));
    await mkdir(at('configs', 'swap'));
    await writeFile(at('configs', 'swap', 'secret'), 'inside');
    await symlink(outside, at('configs', 'trap'));
    await writeFile(join(outside, 'only-outside'), 'x');
    let isOver = false;
    const clear = (count: number) => rename(at('configs', 'swap'), at('configs', `junk-${count}`)).catch(() => {});
    // An agent that does nothing but swap the folder and the link, as fast as it can.
    const swapping = (async () => {
      let count = 0;
      for (; !isOver; count += 1) {
        await rename(at('configs', 'swap'), at('configs', 'aside')).catch(() => {});
        // A write may have made the folder anew meanwhile: it goes out of the way.
        await rename(at('configs', 'trap'), at('configs', 'swap')).catch(() => clear(count));
        await rename(at('configs', 'swap'), at('configs', 'trap')).catch(() => clear(count));
        await rename(at('configs', 'aside'), at('configs', 'swap')).catch(() => clear(count));
      }
      return count;
    })();
    let reads = 0;
    for (let round = 0; round < 300; round += 1) {
      const reading = await files.read(target(), 'swap/secret');
      if (reading.kind === 'found') {
        reads += 1;
        expect(reading.content.toString()).not.toBe('untouched');
      }
      const listing = await files.list(target(), 'swap', 1);
      if (listing.kind === 'found') expect(listing.entries.map(({ path }) => path)).not.toContain('only-outside');
      await writeTo(files, 'swap/secret', 'inside').catch(() => {});
      await removeFrom(files, 'swap/gone').catch(() => {});
    }
    isOver = true;
    expect(await swapping).toBeGreaterThan(10);
    expect(reads).toBeGreaterThan(0);
    expect((await readdir(outside)).sort()).toEqual(['only-outside', 'secret']);
    expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('untouched');
  });
});

describe('what is no plain file', () => {
  it('is neither read nor waited for', async () => {
    const files = createWorkspaceFiles({ workspacesDir: join(dir, 'data', 'workspaces') });
    execFileSync('mkfifo', [at('configs', 'pipe')]);
    await mkdir(at('configs', 'folder'));
    expect(await files.read(target(), 'pipe')).toEqual({ kind: 'not_found' });
    expect(await files.read(target(), 'folder')).toEqual({ kind: 'not_found' });
    expect(await files.list(target(), null, 1)).toMatchObject({ entries: [{ path: 'folder', kind: 'folder' }] });
    expect(
      await messageOf(
        guardFiles(files).write(ID, {
          files: [{ path: 'folder', content: Buffer.from('x') }],
          allows: () => true,
          initial,
          completesConfig: false,
        }),
      ),
    ).toBe('a folder of that name is there');
  });
});

describe('the permission of a file', () => {
  it('is 0644 for a new one, and that to run stays with a replaced one', async () => {
    const files = createWorkspaceFiles({ workspacesDir: join(dir, 'data', 'workspaces') });
    await writeTo(files, 'new.md', 'x');
    expect((await stat(at('configs', 'new.md'))).mode & 0o777).toBe(0o644);
    await writeFile(at('configs', 'run.sh'), '#!/bin/sh\n');
    await chmod(at('configs', 'run.sh'), 0o750);
    await writeTo(files, 'run.sh', '#!/bin/sh\necho\n');
    expect((await stat(at('configs', 'run.sh'))).mode & 0o777).toBe(0o754);
  });

  it('of another name of the same file is not touched: a write makes a new file', async () => {
    const files = createWorkspaceFiles({ workspacesDir: join(dir, 'data', 'workspaces') });
    await link(join(outside, 'secret'), at('configs', 'twin'));
    await writeTo(files, 'twin', 'mine');
    expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('untouched');
  });
});

describe("the owner's working folder", () => {
  it('is shown in place of the one the driver keeps, links on the way to it followed', async () => {
    const files = createWorkspaceFiles({ workspacesDir: join(dir, 'data', 'workspaces') });
    await symlink(outside, join(dir, 'shortcut'));
    expect(await files.read(target('workspace', join(dir, 'shortcut')), 'secret')).toMatchObject({ kind: 'found' });
  });

  it('shows nothing of the data directory, whether it lies above or inside of it', async () => {
    const files = guardFiles(createWorkspaceFiles({ workspacesDir: join(dir, 'data', 'workspaces') }));
    await mkdir(join(dir, 'data', 'keys'));
    await writeFile(join(dir, 'data', 'keys', 'admin-token'), 'key');
    expect(await files.read(target('workspace', dir), 'data/keys/admin-token')).toEqual({ kind: 'not_found' });
    const listing = await files.list(target('workspace', dir), null, 5);
    expect(listing).toMatchObject({ entries: [{ path: 'data' }, { path: 'outside' }, { path: 'outside/secret' }] });
    const inside = join(dir, 'data', 'keys');
    expect(await messageOf(files.read(target('workspace', inside), 'admin-token'))).toContain(
      'lies in the data directory',
    );
  });
});

describe('a disk that refuses', () => {
  const full = (code: string): FileAccess =>
    guardFiles({
      list: async () => ({ kind: 'absent' }),
      read: async () => ({ kind: 'absent' }),
      write: async () => Promise.reject(Object.assign(new Error(`${code}: no`), { code })),
      remove: async () => Promise.reject(Object.assign(new Error(`${code}: no`), { code })),
    });

  it.each([
    ['ENOSPC', 'the disk of the server is full'],
    ['EROFS', 'the disk of the server is read-only'],
    ['EACCES', 'the server may not write there (permission denied)'],
  ])('with %s is explained in words', async (code, words) => {
    expect(await messageOf(writeTo(full(code), 'a', 'x'))).toBe(words);
    expect(await messageOf(removeFrom(full(code), 'a'))).toBe(words);
  });

  it('leaves the old file whole and nothing half-written', async () => {
    const files = createWorkspaceFiles({ workspacesDir: join(dir, 'data', 'workspaces') });
    await writeTo(files, 'kept.md', 'kept');
    await writeTo(files, 'x'.repeat(255), 'a name as long as a disk takes');
    expect(await messageOf(writeTo(files, 'kept.md/x', 'no'))).toContain('is a file or a link');
    expect(await readFile(at('configs', 'kept.md'), 'utf8')).toBe('kept');
    expect((await readdir(at('configs'))).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});
