/** What the operating system says about one process. The environment is that of its start and cannot be changed later by others. */
export interface ProcessFacts {
  readonly pid: number;
  /** Process group. A group's number is not given to a new process while anyone is in it. */
  readonly groupId: number;
  /** Session, where the system tells (Linux); else null. */
  readonly sessionId: number | null;
  /** In the system's own terms; compared for equality only. */
  readonly startTime: string;
  /** The values of the asked names; a name is missing when the process does not have it or may not be read. */
  readonly env: Readonly<Record<string, string>>;
}

/** Read access to the host's processes. Zombies do not count: they run nothing. Both methods reject when the host cannot be asked. */
export interface ProcessTable {
  find(pid: number, envNames: readonly string[]): Promise<ProcessFacts | null>;
  all(envNames: readonly string[]): Promise<readonly ProcessFacts[]>;
}

export const INSTANCE_ID_VARIABLE = 'MOLECULE_INSTANCE_ID';
export const RUN_DIR_VARIABLE = 'MOLECULE_RUN_DIR';
/** Where the process looks for the server. */
export const PLATFORM_URL_VARIABLE = 'PLATFORM_URL';
/** Enough to tell whose process it is. */
export const IDENTITY_VARIABLES = [INSTANCE_ID_VARIABLE, RUN_DIR_VARIABLE] as const;

/** An instance is all three; a process that differs in one is somebody else's and is never signalled (design §6). */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTime: string;
  readonly instanceId: string;
}

export function isSameProcess(facts: ProcessFacts, identity: ProcessIdentity): boolean {
  return (
    facts.pid === identity.pid &&
    facts.startTime === identity.startTime &&
    facts.env[INSTANCE_ID_VARIABLE] === identity.instanceId
  );
}

/** Whose processes are meant: an instance, or with `runDir` whatever was ever started for the workspace. */
export interface MembershipTarget {
  readonly identity: ProcessIdentity | null;
  readonly runDir: string | null;
  /**
   * True only while the leader is known to live, or to have ended a moment ago. Its number then still names its own group
   * and session, which also holds children that were started with an empty environment. Later the number may be anyone's.
   */
  readonly ownsGroup: boolean;
}

export function membersOf(processes: readonly ProcessFacts[], target: MembershipTarget): readonly ProcessFacts[] {
  const { identity, runDir, ownsGroup } = target;
  return processes.filter((facts) => {
    if (runDir !== null && facts.env[RUN_DIR_VARIABLE] === runDir) return true;
    if (identity === null) return false;
    if (facts.env[INSTANCE_ID_VARIABLE] === identity.instanceId) return true;
    return ownsGroup && (facts.groupId === identity.pid || facts.sessionId === identity.pid);
  });
}
