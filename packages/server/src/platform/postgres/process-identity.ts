import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * A string that belongs to one run of one process: a pid alone is reused, its start time is not.
 * Null when no such process runs (a zombie counts as gone).
 */
export function findProcessIdentity(pid: number): string | null {
  if (process.platform !== 'linux') return psColumn(pid, 'lstart');
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command name is in parentheses and may itself contain spaces and parentheses: count from the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return null;
    // Start time counts clock ticks since boot, so it means nothing without the boot it belongs to.
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}:${fields[19]}`;
  } catch {
    return null; // No entry under /proc: the process is gone, which is the answer.
  }
}

/**
 * Whether `pid` is the postmaster of `dataDir`. The data directory must be on its command line: another Postgres of
 * this machine may have got the pid, and that one must never be signalled.
 */
export function isPostmasterOf(pid: number, dataDir: string): boolean {
  if (findProcessIdentity(pid) === null) return false;
  const command = commandLine(pid);
  return command !== null && /(^|\/)postgres(\0|\s)/.test(command) && command.includes(dataDir);
}

function commandLine(pid: number): string | null {
  if (process.platform !== 'linux') return psColumn(pid, 'command');
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return null; // Gone between two looks.
  }
}

function psColumn(pid: number, column: string): string | null {
  try {
    const flags = ['-ww', '-o', `state=,${column}=`, '-p', String(pid)];
    const ran = execFileSync('/bin/ps', flags, { encoding: 'utf8', stdio: 'pipe', env: { LC_ALL: 'C' } });
    const out = ran.trim();
    if (out === '' || out.startsWith('Z')) return null;
    return out.replace(/^\S+\s+/, '');
  } catch {
    return null; // ps exits 1 when no process has that pid.
  }
}
