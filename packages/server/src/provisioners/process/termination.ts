import type { Clock } from '../../platform/clock.js';
import { DriverError } from '../provisioner.js';
import { hasCode } from './folder-files.js';
import {
  IDENTITY_VARIABLES,
  isSameProcess,
  type MembershipTarget,
  membersOf,
  type ProcessFacts,
  type ProcessTable,
} from './process-table.js';

export interface TerminationOptions {
  readonly table: ProcessTable;
  readonly clock: Clock;
  /** How long the leader may take after SIGTERM; 0 kills at once. */
  readonly graceMs: number;
  readonly signal?: AbortSignal;
}

const POLL_MS = 25;
/** 200 rounds of 25 ms: what survives SIGKILL for 5 s hangs in the kernel and is not ours to wait for. */
const KILL_ROUNDS_MAX = 200;

/**
 * Ends an instance and everything it left behind: SIGTERM to its group, up to `graceMs` for the leader to finish, then
 * SIGKILL to every process that still belongs to it. Resolves when none is left; repeatable. Each signal follows a fresh
 * look at the process table, so a number that has been given to another process is never signalled.
 */
export async function terminate(wanted: MembershipTarget, options: TerminationOptions): Promise<void> {
  const { table, clock, graceMs, signal } = options;
  const processes = await table.all(IDENTITY_VARIABLES);
  const { identity } = wanted;
  const leader = identity === null ? undefined : processes.find((facts) => isSameProcess(facts, identity));
  const target = { ...wanted, ownsGroup: wanted.ownsGroup || leader !== undefined };

  let members = othersIn(processes, target);
  if (graceMs > 0 && members.length > 0) {
    const isGroupLeader = leader !== undefined && leader.groupId === leader.pid;
    if (isGroupLeader) send(-leader.pid, 'SIGTERM');
    for (const { pid, groupId } of members) if (!isGroupLeader || groupId !== leader.pid) send(pid, 'SIGTERM');
    await untilEnded(leader === undefined ? members : [leader], options);
    members = othersIn(await table.all(IDENTITY_VARIABLES), target);
  }
  for (let round = 0; members.length > 0; round++) {
    if (round === KILL_ROUNDS_MAX) throw hanging();
    for (const { pid } of members) send(pid, 'SIGKILL');
    await clock.sleep(POLL_MS, signal);
    members = othersIn(await table.all(IDENTITY_VARIABLES), target);
  }
}

/** A server started by an agent of another server carries that agent's variables; it must still never end itself. */
function othersIn(processes: readonly ProcessFacts[], target: MembershipTarget): readonly ProcessFacts[] {
  return membersOf(processes, target).filter((facts) => facts.pid !== process.pid);
}

async function untilEnded(processes: readonly ProcessFacts[], options: TerminationOptions): Promise<void> {
  const { table, clock, graceMs, signal } = options;
  const deadlineMs = clock.monotonicMs() + graceMs;
  while (clock.monotonicMs() < deadlineMs) {
    const now = await Promise.all(processes.map(({ pid }) => table.find(pid, [])));
    if (now.every((facts, index) => facts === null || facts.startTime !== processes[index]?.startTime)) return;
    await clock.sleep(POLL_MS, signal);
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  // 0, 1 and -1 address our own group, init and everybody.
  if (Math.abs(pid) <= 1) return;
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It ended between the look and the signal, which is what was wanted.
    if (!hasCode(error, 'ESRCH')) throw error;
  }
}

function hanging(): DriverError {
  return new DriverError(
    'unavailable',
    'Some processes of the agent did not end although they were killed; they hang in the operating system.',
    { retryable: true },
  );
}
