import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRandom } from '../random.js';
import { errorCode, PostgresStartError, toPermissionError } from './errors.js';

/** The role and database that exist from the first start on. */
export const ROLE = 'molecule';
export const DATABASE = 'molecule';

/**
 * The password of the database's only role, from `<home>/password` (mode 0600). Created for a new database; for an
 * existing one it must be there, since nothing else opens that database.
 */
export async function ensurePassword(home: string, databaseExists: boolean): Promise<string> {
  const path = join(home, 'password');
  try {
    const found = await findPassword(path);
    if (found !== null) return found;
    if (databaseExists) {
      throw new PostgresStartError(
        'start_failed',
        `The password of the database is missing: ${path} does not exist or is empty.`,
        'Restore that file from a backup of the data directory.',
      );
    }
    const password = createRandom().token(24);
    const draft = `${path}.${process.pid}`;
    await writeFile(draft, `${password}\n`, { mode: 0o600 });
    await rename(draft, path);
    return password;
  } catch (error) {
    throw toPermissionError(error, path);
  }
}

export function toUrl(port: number, password: string, database: string): string {
  return `postgres://${ROLE}:${password}@127.0.0.1:${port}/${database}`;
}

async function findPassword(path: string): Promise<string | null> {
  try {
    const password = (await readFile(path, 'utf8')).trim();
    return password === '' ? null : password;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}
