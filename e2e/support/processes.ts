import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const runFile = promisify(execFile);

export interface RunningProcess {
  readonly pid: number;
  /** Command line and, where the system shows it, environment. */
  readonly text: string;
}

/**
 * The processes, whoever started them, that name one of `paths` in their command line or environment: the server, the
 * database and the agents of one data directory. How a test sees that nothing was left behind.
 */
export async function processesNaming(paths: readonly string[]): Promise<RunningProcess[]> {
  const all = process.platform === 'linux' ? await listLinux() : await listWithPs();
  return all.filter(({ pid, text }) => pid !== process.pid && paths.some((path) => text.includes(path)));
}

async function listLinux(): Promise<RunningProcess[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      // A process may end between the listing and the reading, and other users' environments are closed to us.
      const read = (name: string) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '');
      const [command, environment] = await Promise.all([read('cmdline'), read('environ')]);
      return { pid: Number(pid), text: `${command} ${environment}`.replaceAll('\0', ' ').trim() };
    }),
  );
  return found.filter(({ text }) => text !== '');
}

async function listWithPs(): Promise<RunningProcess[]> {
  const { stdout } = await runFile('ps', ['-axEww', '-o', 'pid=,command='], { maxBuffer: 32 * 1024 * 1024 });
  return stdout.split('\n').flatMap((line) => {
    const [, pid, text] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
    return pid === undefined || text === undefined ? [] : [{ pid: Number(pid), text }];
  });
}

/** kill -9 for each of them; one that has just ended is no failure. */
export function killAll(processes: readonly RunningProcess[]): void {
  for (const { pid } of processes) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
}
