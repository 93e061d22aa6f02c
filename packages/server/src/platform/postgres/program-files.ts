import { chmod, cp, lstat, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { errorCode } from './errors.js';

/**
 * Creates the links that npm could not carry, from the package's list; false when the folder cannot be written. Safe to
 * run twice and in parallel.
 */
export async function restoreLinks(native: string): Promise<boolean> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return '[]'; // A release without links.
    throw error;
  });
  // The file is part of the pinned package: a list of {source, target}, relative to the package's root.
  const links = JSON.parse(list) as { source: string; target: string }[];
  for (const link of links) {
    const path = join(native, '..', link.target);
    try {
      await lstat(path);
      continue;
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
    }
    try {
      await symlink(relative(dirname(link.target), link.source), path);
    } catch (error) {
      const code = errorCode(error);
      if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return false;
      if (code !== 'EEXIST') throw error;
    }
  }
  return true;
}

/**
 * Makes `copy` a copy of the programs that every user may run. Copies to a private name and renames: a killed copy is
 * never mistaken for a whole one.
 */
export async function ensureCopy(native: string, copy: string): Promise<void> {
  if (await exists(copy)) return;
  const draft = join(await mkdtemp(`${copy}.new-`), 'native');
  await cp(native, draft, { recursive: true, verbatimSymlinks: true });
  await restoreLinks(draft);
  // An install made under umask 077 would otherwise stay closed to the database's user.
  for (const entry of await readdir(draft, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) await chmod(path, 0o755);
    else if (entry.isFile()) await chmod(path, path.startsWith(join(draft, 'bin')) ? 0o755 : 0o644);
  }
  await chmod(draft, 0o755);
  await rename(draft, copy).catch((error: unknown) => {
    // Another server laid the same copy first.
    if (errorCode(error) !== 'ENOTEMPTY' && errorCode(error) !== 'EEXIST') throw error;
  });
  await rm(dirname(draft), { recursive: true, force: true });
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
