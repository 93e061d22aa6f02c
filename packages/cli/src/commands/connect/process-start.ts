import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * When the process began, as its system writes it: with its number it names one process for good, because numbers are used
 * again. Null when there is none; "" where the system does not say.
 */
export async function startTimeOf(pid: number): Promise<string | null> {
  if (!isAlive(pid)) return null;
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => null);
  // proc(5): the command, in parentheses, may hold anything; the start time is the 20th field behind it.
  if (stat !== null) return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  const environment = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' };
  const listed = await run('ps', ['-o', 'lstart=', '-p', String(pid)], { env: environment }).catch(() => null);
  return listed?.stdout.trim() ?? '';
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
