import { accessSync, constants, readdirSync, readFileSync, type Stats, statfsSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { bad, type Finding, good } from './finding.js';

const NODE_MINIMUM = [20, 19] as const;
const FREE_BYTES_MIN = 512 * 1024 * 1024;

export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const ok = major > NODE_MINIMUM[0] || (major === NODE_MINIMUM[0] && minor >= NODE_MINIMUM[1]);
  return ok ? good('Node', version) : bad('Node', version, `Install Node ${NODE_MINIMUM.join('.')} or newer.`);
}

/**
 * Whether a server on this machine can bound what its agents use. It runs them either way, so this is never a failure; on
 * macOS there is nothing to install.
 */
export function checkLimits(path: string, platform: NodeJS.Platform): Finding {
  const check = 'limits of agents';
  const found = path.split(delimiter).find((folder) => folder !== '' && isExecutable(join(folder, 'prlimit')));
  if (found !== undefined) return good(check, 'memory, open files and size of a file, set with prlimit');
  const remedy = platform === 'linux' ? '; install util-linux for them' : '; this system has no prlimit';
  return good(check, `none: agents started on this machine may use all it has${remedy}`);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not there, or not to be run by us: the same for who looks for a program.
    return false;
  }
}

/** Everything that can be said about the data directory without a server. */
export function checkDataDir(dataDir: string): Finding[] {
  const check = 'data directory';
  const stats = findStats(dataDir);
  if (stats === 'absent') return [good(check, `${dataDir} does not exist yet; the first "npm start" makes it`)];
  try {
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    return [bad(check, `${dataDir} is not accessible`, 'Run as its owner, or set MOLECULE_DATA_DIR.')];
  }
  return [checkMode(check, dataDir, stats), ...checkKeys(dataDir), checkSpace(dataDir), ...checkDatabaseFiles(dataDir)];
}

/**
 * Others must not read or list it. Passing through is allowed: started by root, the database runs as an unprivileged
 * user, and its files may lie below.
 */
function checkMode(check: string, dataDir: string, stats: Stats | 'closed'): Finding {
  if (stats === 'closed' || (stats.mode & 0o066) === 0) return good(check, dataDir);
  return bad(check, `${dataDir} can be read or written by other users`, `chmod go-rw ${dataDir}`);
}

function checkKeys(dataDir: string): Finding[] {
  const keys = join(dataDir, 'keys');
  if (typeof findStats(keys) === 'string') return [];
  const open = readdirSync(keys)
    .map((name) => join(keys, name))
    .filter((path) => {
      const stats = findStats(path);
      return typeof stats !== 'string' && (stats.mode & 0o077) !== 0;
    });
  if (open.length === 0) return [good('keys', 'private to their owner')];
  return [bad('keys', `other users can use ${open.join(', ')}`, `chmod 600 ${open.join(' ')}`)];
}

function checkSpace(dataDir: string): Finding {
  const { bavail, bsize } = statfsSync(dataDir);
  const free = `${Math.floor((bavail * bsize) / 1024 / 1024)} MiB free`;
  if (bavail * bsize >= FREE_BYTES_MIN) return good('disk space', free);
  return bad('disk space', `only ${free} where the data lie`, 'Make room, or move the data with MOLECULE_DATA_DIR.');
}

/**
 * Where the embedded Postgres keeps its files. Started by root it may have to keep them outside the data directory,
 * which then holds a pointer: `pg/location.json`.
 */
function checkDatabaseFiles(dataDir: string): Finding[] {
  const check = 'database files';
  const inPlace = join(dataDir, 'pg', 'data');
  const pointer = join(dataDir, 'pg', 'location.json');
  if (typeof findStats(pointer) === 'string') {
    return findStats(inPlace) === 'absent' ? [] : [good(check, `lie at ${inPlace}`)];
  }
  const directory = readPointer(pointer);
  if (directory === null) {
    return [bad(check, `${pointer} cannot be read`, 'Restore it from a backup; it names the folder of the database.')];
  }
  if (findStats(directory) === 'absent') {
    const remedy = `Restore that folder from a backup, or remove ${pointer} to begin with an empty database.`;
    return [bad(check, `${pointer} names ${directory}, which does not exist`, remedy)];
  }
  return [good(check, `lie at ${directory}, named by ${pointer}`)];
}

function readPointer(path: string): string | null {
  try {
    const pointer = JSON.parse(readFileSync(path, 'utf8')) as { readonly directory?: unknown } | null;
    return typeof pointer?.directory === 'string' ? pointer.directory : null;
  } catch {
    // Unreadable and not JSON are one finding: the pointer does not tell where the database is.
    return null;
  }
}

/** `closed` is a path whose parents this user may not enter: it may exist. */
function findStats(path: string): Stats | 'absent' | 'closed' {
  try {
    return statSync(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'absent' : 'closed';
  }
}
