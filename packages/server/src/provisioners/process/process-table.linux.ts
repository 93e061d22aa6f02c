import { readdir, readFile } from 'node:fs/promises';
import type { ProcessFacts, ProcessTable } from './process-table.js';

/** Reads /proc. */
export function createLinuxProcessTable(procDir = '/proc'): ProcessTable {
  async function find(pid: number, envNames: readonly string[]): Promise<ProcessFacts | null> {
    const stat = await readOrNull(`${procDir}/${pid}/stat`);
    if (stat === null) {
      await requireProc();
      return null;
    }
    const parsed = parseStat(stat.toString('latin1'));
    if (parsed === null) return null;
    const environ = await readOrNull(`${procDir}/${pid}/environ`);
    return { ...parsed, env: environ === null ? {} : pickEnvironment(environ, envNames) };
  }

  /** A host without /proc must read as "cannot be asked", or every living agent would count as gone. */
  async function requireProc(): Promise<void> {
    await readFile(`${procDir}/self/stat`);
  }

  return {
    find,
    async all(envNames) {
      await requireProc();
      const pids = (await readdir(procDir)).filter((name) => /^\d+$/.test(name)).map(Number);
      const found = await Promise.all(pids.map((pid) => find(pid, envNames)));
      return found.filter((facts) => facts !== null);
    },
  };
}

/** Null for a zombie or an unreadable line. The command (in parentheses) may itself contain spaces and parentheses. */
export function parseStat(stat: string): Omit<ProcessFacts, 'env'> | null {
  const commandEnd = stat.lastIndexOf(')');
  const pid = Number.parseInt(stat, 10);
  const fields = stat.slice(commandEnd + 2).split(' ');
  // proc(5) counts from 1 with pid and command in front: state is 3, group 5, session 6, start time 22.
  const [state, groupId, sessionId, startTime] = [fields[0], fields[2], fields[3], fields[19]];
  if (commandEnd === -1 || state === undefined || startTime === undefined) return null;
  if (state === 'Z' || state === 'X') return null;
  return { pid, groupId: Number(groupId), sessionId: Number(sessionId), startTime };
}

export function pickEnvironment(environ: Buffer, names: readonly string[]): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const entry of environ.toString('utf8').split('\0')) {
    const equals = entry.indexOf('=');
    const name = entry.slice(0, equals);
    if (equals > 0 && names.includes(name)) picked[name] = entry.slice(equals + 1);
  }
  return picked;
}

/** Null when the process ended meanwhile or belongs to someone else: either way it is not ours. */
async function readOrNull(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && GONE_OR_FOREIGN.has(error.code)) return null;
    throw error;
  }
}

const GONE_OR_FOREIGN: ReadonlySet<unknown> = new Set(['ENOENT', 'ESRCH', 'EACCES', 'EPERM']);
