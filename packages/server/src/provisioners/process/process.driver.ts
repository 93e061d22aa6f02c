import type { Clock } from '../../platform/clock.js';
import type { Random } from '../../platform/random.js';
import { createExitListeners } from '../exit-listeners.js';
import { DriverError, type Inspection, type InstanceRecord, type InstanceSpec } from '../provisioner.js';
import { createRedactor } from '../redaction.js';
import type { Driver } from '../shared-semantics.js';
import { type AgentProcess, type ProcessExit, spawnAgent, waitUntilReady } from './agent-boot.js';
import { type LogPosition, openAgentLog, readPage, readTail } from './agent-log.js';
import { type BaseEnvironment, toEnvironment } from './environment.js';
import { isRealFolder } from './folder-files.js';
import { createInstanceWatch, type WatchedInstance, type WatchLog } from './instance-watch.js';
import {
  IDENTITY_VARIABLES,
  INSTANCE_ID_VARIABLE,
  isSameProcess,
  type MembershipTarget,
  type ProcessIdentity,
  type ProcessTable,
  RUN_DIR_VARIABLE,
} from './process-table.js';
import { terminate } from './termination.js';
import {
  clearRunFolder,
  deleteWorkspaceFolder,
  ensureWorkspaceFolder,
  findNote,
  findReadyPort,
  getWorkingFolder,
  type InstanceNote,
  listWorkspaceIds,
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

/** As many as design §4.3 keeps with a crash. */
const TAIL_LINES = 40;

/** A living instance found on this host. */
interface Found {
  readonly record: InstanceRecord;
  readonly identity: ProcessIdentity;
  readonly folder: WorkspaceFolder;
  readonly redact: (line: string) => string;
}

/**
 * Agents as local processes (design §6). It is no sandbox: an agent runs as the server's user and can read what that
 * user can read. What it does promise is that exactly the processes it started are adopted, stopped and cleaned up.
 */
export function createProcessDriver(options: ProcessDriverOptions): Driver {
  const { workspacesDir, hostId, table, clock, log } = options;
  const stopGraceMs = options.stopGraceMs ?? 10_000;
  const bootTimeoutMs = options.bootTimeoutMs ?? 60_000;
  const listeners = createExitListeners();
  /** Workspaces whose start is under way: their end is the rejection of `start`, not an exit. */
  const booting = new Set<string>();
  const watch = createInstanceWatch({
    clock,
    table,
    log,
    logBytesMax: options.logBytesMax ?? 8 * 1024 * 1024,
    onGone: (instance) => void instance.settle(),
  });

  async function start(spec: InstanceSpec, signal: AbortSignal): Promise<InstanceRecord> {
    const folder = requireFolder(spec.workspaceId);
    booting.add(spec.workspaceId);
    try {
      await watch.find(spec.workspaceId)?.settle();
      const cwd = await getWorkingFolder(folder, spec);
      const argv = options.commandFor(spec);
      await ensureWorkspaceFolder(workspacesDir, folder);
      // An earlier instance may have left processes behind while no server watched.
      await terminate({ identity: null, runDir: folder.run, ownsGroup: false }, { table, clock, graceMs: 0, signal });
      const note: InstanceNote = {
        hostId,
        instanceId: options.random.uuid(),
        generation: spec.generation,
        startedAt: clock.now().toISOString(),
        secretNames: spec.secretNames,
        process: null,
      };
      await writeNote(folder, note);
      await seedConfigs(folder, spec);
      await writeToken(folder, await spec.issueToken());
      await clearRunFolder(folder);
      signal.throwIfAborted();
      return await launch({ spec, folder, note, argv, cwd, signal });
    } finally {
      booting.delete(spec.workspaceId);
    }
  }

  /** From the moment a process exists: it either becomes the watched instance or is ended before this rejects. */
  async function launch(boot: {
    readonly spec: InstanceSpec;
    readonly folder: WorkspaceFolder;
    readonly note: InstanceNote;
    readonly argv: readonly string[];
    readonly cwd: string;
    readonly signal: AbortSignal;
  }): Promise<InstanceRecord> {
    const { spec, folder, note, signal } = boot;
    const redact = createRedactor(spec.env, spec.secretNames);
    const env = toEnvironment(spec, folder, note.instanceId, options.baseEnvironment);
    const { agent, logStart } = await spawnWithLog(folder, { argv: boot.argv, cwd: boot.cwd, env });
    const exited = new AbortController();
    void agent.ended.then((exit) => exited.abort(exit));
    let identity: ProcessIdentity | null = null;
    try {
      identity = await identify(agent, note);
      if (identity !== null) await writeNote(folder, { ...note, process: identity });
      const port = await waitUntilReady({
        findPort: () => findReadyPort(folder, note.instanceId),
        clock,
        timeoutMs: bootTimeoutMs,
        signal: AbortSignal.any([signal, exited.signal]),
      });
      if (identity === null) throw exited.signal.reason;
      watchChild({ spec, folder, identity, redact, logStart, agent });
      return toRecord(note, identity, port);
    } catch (error) {
      await terminate(
        { identity, runDir: folder.run, ownsGroup: identity !== null && exited.signal.aborted },
        { table, clock, graceMs: 0 },
      );
      if (signal.aborted) throw signal.reason;
      const logTail = (await readTail(folder.logs, TAIL_LINES, logStart)).map(redact);
      throw toBootError(spec.workspaceId, exited.signal.aborted ? await agent.ended : error, logTail);
    }
  }

  async function spawnWithLog(
    folder: WorkspaceFolder,
    command: { argv: readonly string[]; cwd: string; env: Readonly<Record<string, string>> },
  ): Promise<{ agent: AgentProcess; logStart: LogPosition }> {
    const { file, start: logStart } = await openAgentLog(folder.logs);
    try {
      return { agent: await spawnAgent({ ...command, logFd: file.fd }), logStart };
    } finally {
      await file.close();
    }
  }

  /** Null when it has ended already. */
  async function identify(agent: AgentProcess, note: InstanceNote): Promise<ProcessIdentity | null> {
    const facts = await table.find(agent.pid, IDENTITY_VARIABLES);
    if (facts === null) return null;
    const identity = { pid: agent.pid, startTime: facts.startTime, instanceId: note.instanceId };
    if (isSameProcess(facts, identity)) return identity;
    // Without its variables the process could be neither adopted nor ended safely later. It is our child, so the
    // number is certainly its own.
    process.kill(-agent.pid, 'SIGKILL');
    await agent.ended;
    throw new DriverError(
      'unavailable',
      'The environment of the started agent cannot be read on this host, so it could not be told from other processes.',
      { retryable: false },
    );
  }

  function watchChild(child: {
    readonly spec: InstanceSpec;
    readonly folder: WorkspaceFolder;
    readonly identity: ProcessIdentity;
    readonly redact: (line: string) => string;
    readonly logStart: LogPosition;
    readonly agent: AgentProcess;
  }): void {
    const reported = child.agent.ended.then((exit) => report(instance, exit, child.logStart));
    const instance: WatchedInstance = {
      workspaceId: child.spec.workspaceId,
      generation: child.spec.generation,
      identity: child.identity,
      logsDir: child.folder.logs,
      isChild: true,
      redact: child.redact,
      settle: () => reported,
      isStopping: false,
      hasComplained: false,
    };
    watch.add(instance);
  }

  function adopt(workspaceId: string, found: Found): void {
    if (booting.has(workspaceId) || watch.find(workspaceId)?.identity.instanceId === found.identity.instanceId) return;
    const instance: WatchedInstance = {
      workspaceId,
      generation: found.record.generation,
      identity: found.identity,
      logsDir: found.folder.logs,
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

  /** Looks where an instance can be: by the note in its folder, by the caller's record, by its variables. */
  async function locate(folder: WorkspaceFolder, note: InstanceNote | null, record: InstanceRecord | null) {
    for (const identity of [toIdentity(note), fromRecord(record)]) {
      if (identity === null) continue;
      const names = [...IDENTITY_VARIABLES, ...(note?.secretNames ?? [])];
      const facts = await table.find(identity.pid, names);
      if (facts !== null && isSameProcess(facts, identity)) return { identity, facts };
    }
    if (note !== null && note.process !== null) return null;
    const leader = (await table.all(IDENTITY_VARIABLES)).find(
      (facts) => facts.env[RUN_DIR_VARIABLE] === folder.run && facts.groupId === facts.pid,
    );
    const instanceId = leader?.env[INSTANCE_ID_VARIABLE];
    if (leader === undefined || instanceId === undefined) return null;
    return { identity: { pid: leader.pid, startTime: leader.startTime, instanceId }, facts: leader };
  }

  async function find(folder: WorkspaceFolder, note: InstanceNote | null, record: InstanceRecord | null) {
    const located = await locate(folder, note, record);
    if (located === null) return null;
    const { identity, facts } = located;
    const known = [note, record].find((source) => source?.instanceId === identity.instanceId);
    const about = {
      instanceId: identity.instanceId,
      // An instance of which nothing is known but that it is ours counts as older than any.
      generation: known?.generation ?? 0,
      startedAt: known?.startedAt ?? clock.now().toISOString(),
    };
    const found: Found = {
      record: toRecord(about, identity, await findReadyPort(folder, identity.instanceId)),
      identity,
      folder,
      redact: createRedactor(facts.env, note?.secretNames ?? []),
    };
    return found;
  }

  async function inspect(workspaceId: string, record: InstanceRecord | null): Promise<Inspection> {
    const folder = toWorkspaceFolder(workspacesDir, workspaceId);
    if (folder === null) return { state: 'absent' };
    const note = await findNote(folder);
    const foreign = [record, note].find((source) => source !== null && source.hostId !== hostId);
    if (foreign) return { state: 'unknown', reason: `it was started on host "${foreign.hostId}", this is "${hostId}"` };
    const found = await find(folder, note, record);
    if (found === null) return { state: (await isRealFolder(folder.root)) ? 'stopped' : 'absent' };
    adopt(workspaceId, found);
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

  async function list() {
    const listings = [];
    for (const workspaceId of await listWorkspaceIds(workspacesDir)) {
      const folder = toWorkspaceFolder(workspacesDir, workspaceId);
      if (folder === null || !(await isRealFolder(folder.root))) continue;
      const note = await findNote(folder);
      if (note !== null && note.hostId !== hostId) continue;
      const found = await find(folder, note, null);
      listings.push({
        workspaceId,
        instanceId: found?.identity.instanceId ?? note?.instanceId ?? null,
        generation: found?.record.generation ?? note?.generation ?? 0,
        running: found !== null,
      });
    }
    return listings;
  }

  function requireFolder(workspaceId: string): WorkspaceFolder {
    const folder = toWorkspaceFolder(workspacesDir, workspaceId);
    if (folder !== null) return folder;
    throw new DriverError('rejected', 'Cannot start the workspace: its id cannot name a folder.', { retryable: false });
  }

  function toRecord(
    about: Pick<InstanceRecord, 'instanceId' | 'generation' | 'startedAt'>,
    identity: ProcessIdentity,
    port: number | null,
  ): InstanceRecord {
    return {
      kind: 'process',
      hostId,
      instanceId: about.instanceId,
      generation: about.generation,
      url: port === null ? null : `http://127.0.0.1:${port}`,
      startedAt: about.startedAt,
      handle: { pid: identity.pid, startTime: identity.startTime },
    };
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
    start,
    stop,
    async destroy(workspaceId) {
      const folder = toWorkspaceFolder(workspacesDir, workspaceId);
      if (folder !== null) await deleteWorkspaceFolder(folder);
    },
    inspect,
    list,
    onExit: (listener) => listeners.add(listener),
    async close() {
      watch.close();
    },
  };
}

function toIdentity(note: InstanceNote | null): ProcessIdentity | null {
  return note === null || note.process === null ? null : { ...note.process, instanceId: note.instanceId };
}

/** Records come back from a row, so their handle is read like any other input. */
function fromRecord(record: InstanceRecord | null): ProcessIdentity | null {
  if (record === null || record.kind !== 'process') return null;
  const { pid, startTime } = record.handle;
  if (typeof pid !== 'number' || typeof startTime !== 'string') return null;
  return { pid, startTime, instanceId: record.instanceId };
}

function toBootError(workspaceId: string, why: unknown, logTail: readonly string[]): unknown {
  const attempted = `Cannot start workspace ${workspaceId}`;
  if (why instanceof DriverError) {
    return new DriverError(why.kind, `${attempted}: ${why.message}`, { retryable: why.retryable, cause: why, logTail });
  }
  if (why instanceof Error) return why;
  const { code, signal } = why as ProcessExit;
  const how = signal === null ? `with code ${code}` : `by ${signal}`;
  return new DriverError('rejected', `${attempted}: its agent ended ${how} before it was ready.`, {
    retryable: true,
    logTail,
  });
}
