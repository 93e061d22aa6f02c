import { chmod, mkdir, mkdtemp, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureCopy, restoreLinks } from './program-files.js';

let root: string;
let native: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'molecule-programs-'));
  native = join(root, 'package', 'native');
  await mkdir(join(native, 'bin'), { recursive: true });
  await mkdir(join(native, 'lib'));
  await writeFile(join(native, 'bin', 'postgres'), '#!/bin/sh\n', { mode: 0o700 });
  await writeFile(join(native, 'lib', 'libpq.so.5.18'), 'library', { mode: 0o600 });
  const links = [
    { source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so' },
    { source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' },
  ];
  await writeFile(join(native, 'pg-symlinks.json'), JSON.stringify(links));
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

describe('the programs of the package', () => {
  it('get the links that an install without scripts lacks, relative, and twice is once', async () => {
    expect(await restoreLinks(native)).toBe(true);
    expect(await restoreLinks(native)).toBe(true);
    expect(await readlink(join(native, 'lib', 'libpq.so.5'))).toBe('libpq.so.5.18');
    expect(await readFile(join(native, 'lib', 'libpq.so'), 'utf8')).toBe('library');
  });

  it('are copied with their links, open to every user although the install was closed', async () => {
    await chmod(join(native, 'lib'), 0o700);
    const copy = join(root, 'copy');
    await ensureCopy(native, copy);
    expect(await readFile(join(copy, 'lib', 'libpq.so.5'), 'utf8')).toBe('library');
    expect((await stat(join(copy, 'bin', 'postgres'))).mode & 0o777).toBe(0o755);
    expect((await stat(join(copy, 'lib', 'libpq.so.5.18'))).mode & 0o777).toBe(0o644);
    expect((await stat(join(copy, 'lib'))).mode & 0o777).toBe(0o755);
  });

  it('are laid whole by two servers that copy at the same time', async () => {
    const copy = join(root, 'copy');
    await Promise.all([ensureCopy(native, copy), ensureCopy(native, copy)]);
    expect(await readFile(join(copy, 'lib', 'libpq.so'), 'utf8')).toBe('library');
  });
});
