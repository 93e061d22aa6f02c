import { execFile } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Binaries } from './binaries.js';
import { PostgresStartError, toPermissionError } from './errors.js';
import { ROLE } from './password.js';
import { adoptNewData, createNewData, ownedBy, type Placement } from './placement.js';

/**
 * Creates the database files and returns their directory. The locale is fixed: sort order must not depend on the
 * machine, or indexes would break when a data directory moves. Postgres' own C.UTF-8 needs no locale of the system.
 */
export async function createDatabaseFiles(
  binaries: Binaries,
  placement: Placement,
  password: string,
  isDurable: boolean,
): Promise<string> {
  await removeDrafts(placement.home);
  const directory = await createNewData(placement);
  // initdb runs as the database's user, who cannot read our password file.
  const passwordFile = `${directory}.password`;
  try {
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    await ownedBy(placement.account, passwordFile);
    await runInitdb(binaries, placement, directory, passwordFile, isDurable);
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw toPermissionError(error, directory);
  } finally {
    await rm(passwordFile, { force: true });
  }
  return adoptNewData(placement, directory);
}

async function runInitdb(
  binaries: Binaries,
  placement: Placement,
  directory: string,
  passwordFile: string,
  isDurable: boolean,
): Promise<void> {
  const flags = [
    ...['-D', directory, '-U', ROLE, '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '--encoding=UTF8'],
    ...['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-instructions'],
    ...(isDurable ? [] : ['--no-sync']),
  ];
  const { account } = placement;
  const identity = account === null ? {} : { uid: account.uid, gid: account.gid };
  const environment = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
  try {
    await promisify(execFile)(binaries.initdb, flags, { ...identity, cwd: '/', env: environment });
  } catch (cause) {
    const output = cause instanceof Error && 'stderr' in cause ? String(cause.stderr) : '';
    const reason = /^.*(?:error|FATAL|could not).*$/im.exec(output)?.[0] ?? String(cause);
    throw new PostgresStartError(
      'start_failed',
      `Cannot create the database in ${directory}: ${reason.trim()}.`,
      /No space left/.test(output)
        ? 'Free some space, or set MOLECULE_DATA_DIR to a directory on another disk.'
        : 'Set DATABASE_URL to a Postgres 15 or newer if this machine cannot run the one Molecule brings.',
      { cause },
    );
  }
}

/** What starts that were killed during initdb left behind. Called by the owner of the data directory only. */
async function removeDrafts(home: string): Promise<void> {
  for (const name of await readdir(home)) {
    if (name.startsWith('data.new-')) await rm(join(home, name), { recursive: true, force: true });
  }
}

/**
 * Refuses a database that another major version of Postgres wrote: its files cannot be read, and only that version can
 * export them.
 */
export async function checkMajorVersion(binaries: Binaries, data: string, home: string): Promise<void> {
  const path = join(data, 'PG_VERSION');
  const found = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new PostgresStartError(
      'start_failed',
      `${data} is not a complete Postgres data directory: ${path} cannot be read.`,
      'Restore the data directory from a backup, or move it away to begin with an empty database.',
      { cause },
    );
  });
  const major = Number.parseInt(found, 10);
  if (major === binaries.major) return;
  const port = `$(sed -n 4p '${join(data, 'postmaster.pid')}')`;
  const command = `PGPASSWORD="$(cat '${join(home, 'password')}')" pg_dump -h 127.0.0.1 -p "${port}" -U ${ROLE} -Fc -f molecule.dump molecule`;
  throw new PostgresStartError(
    'major_version_mismatch',
    `The database in ${data} was written by Postgres ${found.trim()}; this release brings Postgres ${binaries.major}, which cannot read it.`,
    `Start the Molecule release that wrote it, export with: ${command} — then start this release on an empty data directory and load molecule.dump with pg_restore.`,
  );
}
