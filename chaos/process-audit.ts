import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A process as /proc shows it. Zombies do not count: they run nothing. */
export interface Seen {
  readonly pid: number;
  readonly parentPid: number;
  readonly env: ReadonlyMap<string, string>;
}

export interface AgentSeen {
  readonly pid: number;
  readonly workspaceId: string;
  readonly instanceId: string;
}

/** Every process that runs for a workspace of this data directory, found by what its environment says. */
export async function listAgents(dataDir: string): Promise<readonly AgentSeen[]> {
  const folder = `${join(dataDir, 'workspaces')}/`;
  return (await listProcesses()).flatMap(({ pid, env }) => {
    const runDir = env.get('MOLECULE_RUN_DIR');
    if (!runDir?.startsWith(folder)) return [];
    const workspaceId = runDir.slice(folder.length).split('/')[0] ?? '';
    return [{ pid, workspaceId, instanceId: env.get('MOLECULE_INSTANCE_ID') ?? '' }];
  });
}

/** The postmaster of the embedded database and everything it started; empty when it does not run. */
export async function listDatabaseProcesses(dataDir: string): Promise<readonly number[]> {
  const postmaster = await findPostmaster(dataDir);
  if (postmaster === null) return [];
  const processes = await listProcesses();
  if (!processes.some(({ pid }) => pid === postmaster)) return [];
  const children = processes.filter(({ parentPid }) => parentPid === postmaster).map(({ pid }) => pid);
  return [postmaster, ...children];
}

async function findPostmaster(dataDir: string): Promise<number | null> {
  const home = join(dataDir, 'pg');
  const pointer = await readFile(join(home, 'location.json'), 'utf8').catch(() => null);
  const data = pointer === null ? join(home, 'data') : (JSON.parse(pointer) as { directory: string }).directory;
  const note = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => null);
  return note === null ? null : Number.parseInt(note, 10);
}

/** Sends a signal to each that still lives. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
}

export async function isAlive(pid: number): Promise<boolean> {
  return (await findProcess(pid)) !== null;
}

export async function listProcesses(): Promise<readonly Seen[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  return (await Promise.all(pids.map(findProcess))).filter((seen) => seen !== null);
}

async function findProcess(pid: number): Promise<Seen | null> {
  // It may end at any moment between two reads, which is the same as not being there.
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => null);
  if (stat === null) return null;
  // proc(5): the command stands in parentheses and may hold anything; state and parent follow it.
  const [state, parentPid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === 'Z' || state === 'X') return null;
  const environ = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
  const entries = environ.split('\0').map((entry): [string, string] => {
    const equals = entry.indexOf('=');
    return [entry.slice(0, equals), entry.slice(equals + 1)];
  });
  return { pid, parentPid: Number(parentPid), env: new Map(entries) };
}
