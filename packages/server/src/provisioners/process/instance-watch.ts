import type { Clock } from '../../platform/clock.js';
import { rotateAgentLog } from './agent-log.js';
import type { ProcessIdentity, ProcessTable } from './process-table.js';

/** One living instance that this driver answers for. */
export interface WatchedInstance {
  readonly workspaceId: string;
  readonly generation: number;
  readonly identity: ProcessIdentity;
  readonly logsDir: string;
  /** Whether it is a child of this process; the exit of a child is told by the system, that of others is looked for. */
  readonly isChild: boolean;
  readonly redact: (line: string) => string;
  /** Resolves when its end has been reported. To be called only when it is known to have ended. */
  readonly settle: () => Promise<void>;
  /** Set once the caller has asked for its end. */
  isStopping: boolean;
  /** Trouble with it has been logged once; every look would repeat it. */
  hasComplained: boolean;
}

export interface InstanceWatch {
  add(instance: WatchedInstance): void;
  find(workspaceId: string): WatchedInstance | null;
  /** True for the first caller only: that one reports the exit. */
  remove(instance: WatchedInstance): boolean;
  close(): void;
}

export interface InstanceWatchOptions {
  readonly clock: Clock;
  readonly table: ProcessTable;
  readonly log: WatchLog;
  readonly logBytesMax: number;
  /** An adopted instance is gone. */
  readonly onGone: (instance: WatchedInstance) => void;
}

export interface WatchLog {
  warn(fields: object, message: string): void;
}

/** Between two looks. An adopted agent's crash is noticed within this time. */
const LOOK_MS = 500;
/** While some log had outgrown its limit at the last look: an agent that writes 1 GB/s then costs 50 MB, not 500. */
const FLOOD_LOOK_MS = 50;

/** Looks after living instances: notices the end of adopted ones and keeps all logs within their limit. */
export function createInstanceWatch(options: InstanceWatchOptions): InstanceWatch {
  const { clock, table, log } = options;
  const instances = new Map<string, WatchedInstance>();
  let cancelNext: (() => void) | null = null;
  let isClosed = false;

  function schedule(ms: number): void {
    if (isClosed || cancelNext !== null || instances.size === 0) return;
    cancelNext = clock.after(ms, () => {
      lookAtAll().then(next, (error: unknown) => {
        log.warn({ err: error }, 'looking after agent processes failed; trying again');
        next(false);
      });
    });
  }

  function next(isFlooded: boolean): void {
    cancelNext = null;
    schedule(isFlooded ? FLOOD_LOOK_MS : LOOK_MS);
  }

  /** One agent that has spoilt its log folder must not keep the others from being looked after. */
  async function lookAtAll(): Promise<boolean> {
    let isFlooded = false;
    for (const instance of [...instances.values()]) {
      try {
        if (await lookAt(instance)) isFlooded = true;
      } catch (error) {
        if (!instance.hasComplained)
          log.warn({ err: error, workspaceId: instance.workspaceId }, 'cannot look after an agent process');
        instance.hasComplained = true;
      }
    }
    return isFlooded;
  }

  async function lookAt(instance: WatchedInstance): Promise<boolean> {
    if (!instance.isChild) {
      const facts = await table.find(instance.identity.pid, []);
      if (facts === null || facts.startTime !== instance.identity.startTime) options.onGone(instance);
    }
    return (await rotateAgentLog(instance.logsDir, options.logBytesMax)) > options.logBytesMax;
  }

  return {
    add(instance) {
      instances.set(instance.workspaceId, instance);
      schedule(LOOK_MS);
    },
    find: (workspaceId) => instances.get(workspaceId) ?? null,
    remove(instance) {
      return instances.get(instance.workspaceId) === instance && instances.delete(instance.workspaceId);
    },
    close() {
      isClosed = true;
      cancelNext?.();
      instances.clear();
    },
  };
}
