import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RefusedError } from '../../command.js';

/** One process per workspace and machine: two would both work on the same message. Returns how to let go. */
export async function lockFolder(folder: string, name: string): Promise<() => Promise<void>> {
  const path = join(folder, 'pid');
  if (!(await claim(path))) {
    const holder = Number(await readFile(path, 'utf8').catch(() => ''));
    if (isAlive(holder)) {
      throw new RefusedError(`${name} is driven by another process on this machine already (${holder})`, {
        help: `End that one first, or give this one a workspace of its own with --name.`,
      });
    }
    // Left behind by one that was killed.
    await rm(path, { force: true });
    if (!(await claim(path))) throw new RefusedError(`${name} was taken by another process just now`);
  }
  return () => rm(path, { force: true });
}

async function claim(path: string): Promise<boolean> {
  try {
    await writeFile(path, String(process.pid), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process lives too.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
