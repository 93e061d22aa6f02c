import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { deleteFolder, findFile, makeFoldersWritable, writeFileInside } from './folder-files.js';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'molecule-files-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

it('makes every folder of a read-only tree writable, and none behind a link', async () => {
  await mkdir(join(dir, 'outside'), { mode: 0o500 });
  await mkdir(join(dir, 'cache', 'module'), { recursive: true });
  await symlink(join(dir, 'outside'), join(dir, 'cache', 'module', 'link'));
  await makeFoldersWritable(join(dir, 'cache'));
  expect((await stat(join(dir, 'cache', 'module'))).mode & 0o777).toBe(0o700);
  expect((await stat(join(dir, 'outside'))).mode & 0o777).toBe(0o500);
});

it('deletes a folder but not what a link in it leads to', async () => {
  await mkdir(join(dir, 'gone'));
  await writeFile(join(dir, 'kept'), 'kept');
  await symlink(join(dir, 'kept'), join(dir, 'gone', 'link'));
  await deleteFolder(join(dir, 'gone'));
  await deleteFolder(join(dir, 'gone'));
  await expect(stat(join(dir, 'gone'))).rejects.toThrow('ENOENT');
  expect(await readFile(join(dir, 'kept'), 'utf8')).toBe('kept');
});

it('writes with exactly the asked permission and replaces what was there', async () => {
  await writeFileInside(dir, 'a/b.sh', 'one', 0o755);
  await writeFileInside(dir, 'a/b.sh', 'two', 0o600);
  expect(await readFile(join(dir, 'a', 'b.sh'), 'utf8')).toBe('two');
  expect((await stat(join(dir, 'a', 'b.sh'))).mode & 0o777).toBe(0o600);
});

it('finds plain files only, and no more of them than asked for', async () => {
  await writeFile(join(dir, 'file'), '12345');
  await symlink(join(dir, 'file'), join(dir, 'link'));
  expect((await findFile(join(dir, 'file'), 3))?.toString()).toBe('123');
  expect(await findFile(join(dir, 'link'), 3)).toBeNull();
  expect(await findFile(dir, 3)).toBeNull();
  expect(await findFile(join(dir, 'missing'), 3)).toBeNull();
});
