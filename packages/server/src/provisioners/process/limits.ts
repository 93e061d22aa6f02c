import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { WatchLog } from './instance-watch.js';

/** What one process of an agent may use at most. Children of it count for themselves. */
export interface ResourceLimits {
  /** Memory it may fill, in MiB; null means as much as there is. */
  readonly memoryMb: number | null;
}

const OPEN_FILES_MAX = 8_192;
const FILE_BYTES_MAX = 4 * 1024 * 1024 * 1024;
const PATIENCE_MS = 5_000;
const PROGRAM = 'prlimit';

/** Name for people and flag of each limit that is worth asking for. */
function flagsOf({ memoryMb }: ResourceLimits): readonly (readonly [name: string, flag: string])[] {
  return [
    // Of the data segment and not of the address space: V8 reserves far more of that than it ever uses.
    ...(memoryMb === null ? [] : [['memory', `--data=${memoryMb * 1024 * 1024}`] as const]),
    ['open files', `--nofile=${OPEN_FILES_MAX}`],
    ['size of a file', `--fsize=${FILE_BYTES_MAX}`],
    ['core dumps', '--core=0'],
  ];
}

export interface Limiter {
  /** Bounds a child of ours that has just been started. Never rejects: an agent without limits is better than none. */
  apply(pid: number, limits: ResourceLimits): Promise<void>;
}

/**
 * Limits by `prlimit` (util-linux) on the running child: no privilege, no shell, and no program in between whose place the
 * agent would have to take. Children of an agent inherit them, each for itself. Control groups would bound an agent with
 * all its children, but need a part of the tree handed over by whoever owns the machine. What this machine cannot set is
 * left out and said once.
 */
export function createLimiter(options: { readonly path: string; readonly log: WatchLog }): Limiter {
  const { path, log } = options;
  let found: Promise<string | null> | null = null;
  let hasComplained = false;

  function complain(names: readonly string[], why: string): void {
    if (hasComplained) return;
    hasComplained = true;
    log.warn({ limits: names }, `agents run without limits of ${names.join(', ')}: ${why}`);
  }

  return {
    async apply(pid, limits) {
      const flags = flagsOf(limits);
      found ??= findProgram(path);
      const program = await found;
      if (program === null) {
        const names = flags.map(([name]) => name);
        return complain(names, `${PROGRAM} is not installed on this machine`);
      }
      const all = flags.map(([, flag]) => flag);
      if (await set(program, pid, all)) return;
      // It gives up at the first that is refused, so each is tried for itself.
      const refused: string[] = [];
      for (const [name, flag] of flags) if (!(await set(program, pid, [flag]))) refused.push(name);
      if (refused.length > 0 && isAlive(pid)) complain(refused, 'the system refuses them');
    },
  };
}

async function findProgram(path: string): Promise<string | null> {
  for (const folder of path.split(delimiter)) {
    const candidate = join(folder, PROGRAM);
    if (folder !== '' && (await isExecutable(candidate))) return candidate;
  }
  return null;
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function set(program: string, pid: number, flags: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(program, ['--pid', String(pid), ...flags], { timeout: PATIENCE_MS, env: {} }, (error) => {
      resolve(error === null);
    });
  });
}

/** One that ended meanwhile refuses everything. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    // No such process.
    return false;
  }
}
