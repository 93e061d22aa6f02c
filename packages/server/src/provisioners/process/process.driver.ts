import type { Clock } from '../../platform/clock.js';
import type { Random } from '../../platform/random.js';
import { createExitListeners } from '../exit-listeners.js';
import {
  DriverError,
  type Inspection,
  type InstanceListing,
  type InstanceRecord,
  type InstanceSpec,
} from '../provisioner.js';
import { createRedactor } from '../redaction.js';
import type { Driver } from '../shared-semantics.js';
import type { ProcessExit } from './agent-boot.js';
import { type LaunchedAgent, launchAgent } from './agent-launch.js';
import { type LogPosition, readPage, readTail, TAIL_LINES } from './agent-log.js';
import { type BaseEnvironment, toEnvironment } from './environment.js';
import { isRealFolder } from './folder-files.js';
import type { RuntimeInstaller, RuntimeProgram } from './installs/runtime-installer.js';
import { type FoundInstance, findInstance, fromRecord, toIdentity, toRecord } from './instance-search.js';
import { createInstanceWatch, type WatchedInstance, type WatchLog } from './instance-watch.js';
import { createLimiter } from './limits.js';
import type { MembershipTarget, ProcessTable } from './process-table.js';
import { terminate } from './termination.js';
import { createWorkspaceFiles } from './workspace-files.js';
import {
  askToReset,
  checkConfig,
  clearRunFolder,
  deleteWorkspaceFolder,
  ensureWorkspaceFolder,
  findNote,
  getWorkingFolder,
  type InstanceNote,
  listWorkspaceIds,
  markProvisioned,
  seedConfigs,
  toWorkspaceFolder,
  type WorkspaceFolder,
  writeNote,
  writeToken,
} from './workspace-folder.js';

export interface ProcessDriverOptions {
  /** `<data directory>/workspaces`. */
  readonly workspacesDir: string;
  /** Identifies this machine and data directory on records. */
  readonly hostId: string;
  /** The argument vector of an agent: node and the runtime's bundle. May throw DriverError, e.g. when it is not installed. */
  readonly commandFor: (spec: InstanceSpec) => readonly string[];
  readonly baseEnvironment: BaseEnvironment;
  /** Brings the programs that runtimes need; null when each of them is the argument vector alone. */
  readonly installer?: RuntimeInstaller | null;
  readonly table: ProcessTable;
  readonly clock: Clock;
  readonly random: Pick<Random, 'uuid'>;
  readonly log: WatchLog;
  /** Default 60,000. */
  readonly bootTimeoutMs?: number;
  /** Default 10,000. */
  readonly stopGraceMs?: number;
  /** Size at which an agent's log is rotated; twice that is kept. Default 8 MiB. */
  readonly logBytesMax?: number;
}

/**
 * Agents as local processes (design §6). It is no sandbox: an agent runs as the server's user and can read what that
 * user can read. What it does promise is that exactly the processes it started are adopted, stopped and cleaned up.
 */
export function createProcessDriver(options: ProcessDriverOptions): Driver {
  const { workspacesDir, hostId, table, clock, log } = options;
  const stopGraceMs = options.stopGraceMs ?? 10_000;
  const bootTimeoutMs = options.bootTimeoutMs ?? 60_000;
  const logBytesMax = options.logBytesMax ?? 8 * 1024 * 1024;
  const listeners = createExitListeners();
  /**
   * The last instance of a workspace that others may not begin to watch: a child of ours, which `watchChild` watches from
   * when it is ready, or an adopted one whose end was reported. A look that began before that must not revive it.
   */
  const spokenFor = new Map<string, string>();
  const files = createWorkspaceFiles({ workspacesDir });
  const limiter = createLimiter({ path: options.baseEnvironment.path, log });
  const watch = createInstanceWatch({
    clock,
    table,
    log,
    logBytesMax,
    onGone: (instance) => void instance.settle(),
  });

  async function start(spec: InstanceSpec, signal: AbortSignal): Promise<InstanceRecord> {
    const folder = requireFolder(spec.workspaceId);
    const cwd = await getWorkingFolder(folder, spec);
    const argv = options.commandFor(spec);
    const program = await requireProgram(spec.runtime);
    // An earlier instance may have left processes behind while no server watched.
    await terminate({ identity: null, runDir: folder.run, ownsGroup: false }, { table, clock, graceMs: 0, signal });
    await watch.find(spec.workspaceId)?.settle();
    const note: InstanceNote = {
      hostId,
      instanceId: options.random.uuid(),
      generation: spec.generation,
      startedAt: clock.now().toISOString(),
      secretNames: spec.secretNames,
      process: null,
    };
    await files.exclusively(spec.workspaceId, async () => {
      await ensureWorkspaceFolder(workspacesDir, folder);
      await writeNote(folder, note);
      await seedConfigs(folder, spec);
      await checkConfig(folder, spec);
    });
    await writeToken(folder, await spec.issueToken());
    await clearRunFolder(folder);
    if (spec.resetSession) await askToReset(folder);
    signal.throwIfAborted();
    const redact = createRedactor(spec.env, spec.secretNames);
    const env = toEnvironment(spec, folder, note.instanceId, options.baseEnvironment, program?.path ?? null);
    spokenFor.set(spec.workspaceId, note.instanceId);
    const launched = await launchAgent(
      {
        workspaceId: spec.workspaceId,
        folder,
        note,
        argv,
        cwd,
        env,
        redact,
        bootTimeoutMs,
        logBytesMax,
        limit: (pid) => limiter.apply(pid, { memoryMb: atLeast(program?.memoryFloorMb ?? 0, spec.memoryMb) }),
        table,
        clock,
      },
      signal,
    );
    watchChild(spec, folder, redact, launched);
    await markProvisioned(folder, clock.now().toISOString()).catch((error: unknown) => {
      // It runs, and that counts: the row remembers its first success as well.
      log.warn({ err: error, workspaceId: spec.workspaceId }, 'cannot mark the configuration folder as provisioned');
    });
    return toRecord(hostId, { ...note, platformUrl: spec.platformUrl }, launched.identity, launched.port);
  }

  function watchChild(
    spec: InstanceSpec,
    folder: WorkspaceFolder,
    redact: (line: string) => string,
    { agent, identity, logStart }: LaunchedAgent,
  ): void {
    const reported = agent.ended.then((exit) => report(instance, exit, logStart));
    const instance: WatchedInstance = {
      workspaceId: spec.workspaceId,
      generation: spec.generation,
      identity,
      logsDir: folder.logs,
      isChild: true,
      redact,
      settle: () => reported,
      isStopping: false,
      hasComplained: false,
    };
    watch.add(instance);
  }

  function adopt(workspaceId: string, folder: WorkspaceFolder, found: FoundInstance): void {
    const { instanceId } = found.identity;
    if (spokenFor.get(workspaceId) === instanceId || watch.find(workspaceId)?.identity.instanceId === instanceId)
      return;
    const instance: WatchedInstance = {
      workspaceId,
      generation: found.record.generation,
      identity: found.identity,
      logsDir: folder.logs,
      isChild: false,
      redact: found.redact,
      settle: () => report(instance, { code: null, signal: null }, null),
      isStopping: false,
      hasComplained: false,
    };
    watch.add(instance);
  }

  /** Never rejects: the exit is reported even when its circumstances cannot be found out. */
  async function report(instance: WatchedInstance, exit: ProcessExit, logStart: LogPosition | null): Promise<void> {
    if (!watch.remove(instance)) return;
    const { workspaceId, generation, identity } = instance;
    spokenFor.set(workspaceId, identity.instanceId);
    const at = clock.now().toISOString();
    let logTail: readonly string[] = [];
    try {
      logTail = (await readTail(instance.logsDir, TAIL_LINES, logStart)).map(instance.redact);
      // `stop` cleans up itself. No run folder here: the next instance of the workspace may be starting by now.
      const target: MembershipTarget = { identity, runDir: null, ownsGroup: instance.isChild };
      if (!instance.isStopping) await terminate(target, { table, clock, graceMs: 0 });
    } catch (error) {
      log.warn({ err: error, workspaceId }, 'cannot clean up after an agent process; the next start or stop will');
    }
    listeners.emit({
      workspaceId,
      generation,
      instanceId: identity.instanceId,
      ...exit,
      at,
      logTail,
      requested: instance.isStopping,
    });
  }

  async function inspect(workspaceId: string, record: InstanceRecord | null): Promise<Inspection> {
    const folder = toWorkspaceFolder(workspacesDir, workspaceId);
    if (folder === null) return { state: 'absent' };
    const note = await findNote(folder);
    const foreign = [record, note].find((source) => source !== null && source.hostId !== hostId);
    if (foreign) return { state: 'unknown', reason: `it was started on host "${foreign.hostId}", this is "${hostId}"` };
    const found = await findInstance({ folder, note, record, hostId, table, clock });
    if (found === null) return { state: (await isRealFolder(folder.root)) ? 'stopped' : 'absent' };
    adopt(workspaceId, folder, found);
    return { state: 'running', record: found.record };
  }

  async function stop(workspaceId: string, record: InstanceRecord | null, signal: AbortSignal): Promise<void> {
    const folder = toWorkspaceFolder(workspacesDir, workspaceId);
    if (folder === null) return;
    const watched = watch.find(workspaceId);
    if (watched !== null) watched.isStopping = true;
    const identity = watched?.identity ?? toIdentity(await findNote(folder)) ?? fromRecord(record);
    const target = { identity, runDir: folder.run, ownsGroup: false };
    await terminate(target, { table, clock, graceMs: stopGraceMs, signal });
    await watched?.settle();
  }

  async function list(): Promise<readonly InstanceListing[]> {
    const listings: InstanceListing[] = [];
    for (const workspaceId of await listWorkspaceIds(workspacesDir)) {
      const folder = toWorkspaceFolder(workspacesDir, workspaceId);
      if (folder === null || !(await isRealFolder(folder.root))) continue;
      const note = await findNote(folder);
      if (note !== null && note.hostId !== hostId) continue;
      const found = await findInstance({ folder, note, record: null, hostId, table, clock });
      listings.push({
        workspaceId,
        instanceId: found?.identity.instanceId ?? note?.instanceId ?? null,
        generation: found?.record.generation ?? note?.generation ?? 0,
        running: found !== null,
      });
    }
    return listings;
  }

  async function requireProgram(runtime: string): Promise<RuntimeProgram | null> {
    const program = options.installer ? await options.installer.findProgram(runtime) : null;
    if (program !== undefined) return program;
    throw new DriverError('unavailable', `Cannot start the workspace: runtime ${runtime} is not installed any more.`, {
      retryable: true,
    });
  }

  function requireFolder(workspaceId: string): WorkspaceFolder {
    const folder = toWorkspaceFolder(workspacesDir, workspaceId);
    if (folder !== null) return folder;
    throw new DriverError('rejected', 'Cannot start the workspace: its id cannot name a folder.', { retryable: false });
  }

  return {
    kind: 'process',
    capabilities: { runsInstances: true, hostBound: true, stopsWithServer: true },
    console: {
      async read(workspaceId, { linesMax, cursor }) {
        const folder = toWorkspaceFolder(workspacesDir, workspaceId);
        return folder === null ? { lines: [], cursor: '0.0' } : readPage(folder.logs, linesMax, cursor);
      },
    },
    files,
    installs: options.installer ?? null,
    start,
    stop,
    async destroy(workspaceId) {
      const folder = toWorkspaceFolder(workspacesDir, workspaceId);
      if (folder !== null) await files.exclusively(workspaceId, () => deleteWorkspaceFolder(folder));
    },
    inspect,
    list,
    onExit: (listener) => listeners.add(listener),
    async close() {
      watch.close();
      await options.installer?.close();
    },
  };
}

/** A program that cannot even begin within the limit of its tier gets what it needs to begin. */
function atLeast(floorMb: number, memoryMb: number | null): number | null {
  return memoryMb === null ? null : Math.max(memoryMb, floorMb);
}
