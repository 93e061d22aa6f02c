import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findRealPathInside, resolveInsideRoot } from './inside-root.js';

let dir: string;
beforeEach(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'molecule-root-')));
  await mkdir(join(dir, 'foo', 'inner'), { recursive: true });
  await mkdir(join(dir, 'foobar'));
  await writeFile(join(dir, 'foobar', 'secret'), '');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

it.each([
  ['inner', 'inner'],
  ['inner/../inner', 'inner'],
  ['.', ''],
  ['not/there', 'not/there'],
])('takes %j below the root', (path, expected) => {
  expect(resolveInsideRoot(join(dir, 'foo'), path)).toBe(join(dir, 'foo', expected));
});

it.each(['', '..', '../foobar', 'inner/../../foobar/secret', '/etc/passwd', 'a\0b'])('refuses %j', (path) => {
  expect(resolveInsideRoot(join(dir, 'foo'), path)).toBeNull();
});

it('a step from a folder inside may go up as far as the root and no further', () => {
  const root = join(dir, 'foo');
  expect(resolveInsideRoot(root, '../other', join(root, 'inner'))).toBe(join(root, 'other'));
  expect(resolveInsideRoot(root, '../../foobar', join(root, 'inner'))).toBeNull();
});

it('a link that leads out is no way in, and one that stays inside is', async () => {
  const root = join(dir, 'foo');
  await symlink(join(dir, 'foobar'), join(root, 'out'));
  await symlink(join(root, 'inner'), join(root, 'in'));
  expect(findRealPathInside(root, join(root, 'out', 'secret'))).toBeNull();
  expect(findRealPathInside(root, join(root, 'in'))).toBe(join(root, 'inner'));
  expect(findRealPathInside(root, join(root, 'missing'))).toBeNull();
});
