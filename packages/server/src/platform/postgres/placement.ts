import { constants } from 'node:fs';
import { access, chmod, chown, mkdir, mkdtemp, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { type Account, canEnter, getUnprivilegedAccount, isRoot } from './account.js';
import { errorCode, PostgresStartError, toPermissionError } from './errors.js';

/**
 * Where everything of one embedded Postgres lies.
 *
 *     <data directory>/pg/            `home`: ours, never entered by the database's user
 *       password  owner.json  postgres.log
 *       data/                         `data`, as a rule
 *       location.json                 names `data` where it has to lie elsewhere
 *
 * Postgres refuses to run as root. Started by root it runs as an unprivileged user, and where that user cannot enter
 * `home` (a parent such as /root is closed) the data lie under `systemDir`, in a folder that user owns.
 */
export interface Placement {
  readonly home: string;
  /** The Postgres data directory; null until the database was created. */
  readonly data: string | null;
  /** Who runs Postgres; null means whoever runs us. */
  readonly account: Account | null;
  /** Whether `home` can hold `data`. */
  readonly inPlace: boolean;
  readonly systemDir: string;
}

const POINTER = 'location.json';

/** Creates `<dataDir>/pg`, private to us. Throws `no_permission` when it cannot be written. */
export async function ensureHome(dataDir: string): Promise<string> {
  const home = join(resolve(dataDir), 'pg');
  try {
    await mkdir(home, { recursive: true, mode: 0o700 });
    await access(home, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw toPermissionError(error, home);
  }
  return home;
}

export async function findPlacement(home: string, systemDir: string): Promise<Placement> {
  const pointed = await readPointer(home);
  const data = pointed ?? (await findDirectory(join(home, 'data')));
  if (!isRoot()) return { home, data, account: null, inPlace: true, systemDir };

  const account = getUnprivilegedAccount(data === null ? null : await stat(data));
  if (pointed !== null || `${home}${sep}`.startsWith(`${resolve(systemDir)}${sep}`)) await openSystemDir(systemDir);
  // Search permission only: the database's user passes through to `data` and cannot list or read what is beside it.
  await chmod(home, 0o711);
  const inPlace = pointed === null && canEnter(account, home);
  if (data !== null && !canEnter(account, data)) {
    throw new PostgresStartError(
      'no_permission',
      `The user ${account.name}, who runs the database for root, cannot enter ${data}.`,
      'Allow every user to pass through the folders above it (chmod o+x), or start Molecule as the user that created it.',
    );
  }
  return { home, data, account, inPlace, systemDir };
}

/**
 * Makes an empty folder for a new database, owned by the user that will run it. Nothing refers to it until
 * `adoptNewData`, so a start that is killed halfway leaves no half database behind.
 */
export async function createNewData(placement: Placement): Promise<string> {
  const { account, home, systemDir } = placement;
  if (!placement.inPlace) await openSystemDir(systemDir);
  const prefix = placement.inPlace ? join(home, 'data.new-') : join(systemDir, 'pg-');
  try {
    const directory = await mkdtemp(prefix);
    await ownedBy(account, directory);
    return directory;
  } catch (error) {
    throw toPermissionError(error, prefix);
  }
}

/** Makes a finished `directory` the database of this placement, in one atomic step. */
export async function adoptNewData(placement: Placement, directory: string): Promise<string> {
  if (placement.inPlace) {
    const data = join(placement.home, 'data');
    await rename(directory, data);
    return data;
  }
  const draft = join(placement.home, `${POINTER}.new`);
  await writeFile(draft, `${JSON.stringify({ directory })}\n`, { mode: 0o600 });
  await rename(draft, join(placement.home, POINTER));
  return directory;
}

/** Where a copy of the programs goes when those of the install cannot be used. */
export async function ensureCopiesDir(placement: Placement): Promise<string> {
  if (placement.account === null) return placement.home;
  await openSystemDir(placement.systemDir);
  return placement.systemDir;
}

/** A no-op unless root runs the database as somebody else. */
export async function ownedBy(account: Account | null, path: string): Promise<void> {
  if (account === null) return;
  await chown(path, account.uid, account.gid);
}

async function openSystemDir(systemDir: string): Promise<void> {
  try {
    await mkdir(systemDir, { recursive: true, mode: 0o711 });
    // It may be the data directory itself, created 0700. What lies in it protects itself.
    await chmod(systemDir, ((await stat(systemDir)).mode & 0o7777) | 0o711);
  } catch (error) {
    throw toPermissionError(error, systemDir);
  }
}

async function readPointer(home: string): Promise<string | null> {
  const path = join(home, POINTER);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw toPermissionError(error, path);
  }
  const pointer: unknown = JSON.parse(text);
  const directory =
    typeof pointer === 'object' && pointer !== null && 'directory' in pointer ? pointer.directory : null;
  if (typeof directory === 'string' && (await findDirectory(directory)) !== null) return directory;
  throw new PostgresStartError(
    'start_failed',
    `${path} says that the database lies in ${String(directory)}, which does not exist.`,
    `Restore that folder from a backup, or remove ${path} to begin with an empty database.`,
  );
}

async function findDirectory(path: string): Promise<string | null> {
  try {
    return (await stat(path)).isDirectory() ? path : null;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw toPermissionError(error, path);
  }
}
