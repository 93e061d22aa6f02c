import { followAbort } from '@molecule/contract/abort';
import { RUNTIME_EXIT } from '@molecule/contract/runtime-exit';
import type { Clock } from '../../platform/clock.js';
import { describeExit } from '../describe-exit.js';
import { DriverError } from '../provisioner.js';
import { AgentEnded, type AgentProcess, spawnAgent, waitUntilReady } from './agent-boot.js';
import { type LogPosition, openAgentLog, readTail, rotateAgentLog, TAIL_LINES } from './agent-log.js';
import { IDENTITY_VARIABLES, isSameProcess, type ProcessIdentity, type ProcessTable } from './process-table.js';
import { terminate } from './termination.js';
import { findReadyPort, type InstanceNote, type WorkspaceFolder, writeNote } from './workspace-folder.js';

export interface Launch {
  readonly workspaceId: string;
  readonly folder: WorkspaceFolder;
  /** Written again with the process once it exists. */
  readonly note: InstanceNote;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly redact: (line: string) => string;
  readonly bootTimeoutMs: number;
  readonly logBytesMax: number;
  /** Bounds what the started process may use. */
  readonly limit: (pid: number) => Promise<void>;
  readonly table: ProcessTable;
  readonly clock: Clock;
}

export interface LaunchedAgent {
  readonly agent: AgentProcess;
  readonly identity: ProcessIdentity;
  readonly port: number;
  /** Where the output of this instance begins. */
  readonly logStart: LogPosition;
}

/** Starts the process and waits until it is ready. When this rejects, whatever it had started has been ended. */
export async function launchAgent(launch: Launch, signal: AbortSignal): Promise<LaunchedAgent> {
  const { folder, note, table, clock } = launch;
  let endedSignal: AbortSignal | null = null;
  let identity: ProcessIdentity | null = null;
  const { file, start: logStart } = await openAgentLog(folder.logs);
  try {
    const agent = await spawnAgent({ argv: launch.argv, cwd: launch.cwd, env: launch.env, logFd: file.fd });
    endedSignal = agent.endedSignal;
    identity = await identify(agent, note, table);
    if (identity === null) throw new AgentEnded(await agent.ended);
    await writeNote(folder, { ...note, process: { pid: identity.pid, startTime: identity.startTime } });
    await launch.limit(identity.pid);
    const ender = new AbortController();
    const unfollow = followAbort(ender, [signal, agent.endedSignal]);
    const port = await waitUntilReady({
      findPort: async () => {
        // Nobody else watches the log of an agent that is not ready yet, and it may flood it all the same.
        await rotateAgentLog(folder.logs, launch.logBytesMax);
        return findReadyPort(folder, note.instanceId);
      },
      clock,
      timeoutMs: launch.bootTimeoutMs,
      signal: ender.signal,
    }).finally(unfollow);
    return { agent, identity, port, logStart };
  } catch (error) {
    const target = { identity, runDir: folder.run, ownsGroup: endedSignal?.aborted ?? false };
    await terminate(target, { table, clock, graceMs: 0 });
    if (signal.aborted) throw signal.reason;
    throw toBootError(
      launch.workspaceId,
      error,
      (await readTail(folder.logs, TAIL_LINES, logStart)).map(launch.redact),
    );
  } finally {
    await file.close();
  }
}

/** Null when it has ended already. */
async function identify(agent: AgentProcess, note: InstanceNote, table: ProcessTable): Promise<ProcessIdentity | null> {
  const facts = await table.find(agent.pid, IDENTITY_VARIABLES);
  if (facts === null) return null;
  const identity = { pid: agent.pid, startTime: facts.startTime, instanceId: note.instanceId };
  if (isSameProcess(facts, identity)) return identity;
  // Without its variables it could be neither adopted nor ended safely later. It is our child and has not been waited
  // for, so here the number is certainly its own.
  process.kill(-agent.pid, 'SIGKILL');
  await agent.ended;
  throw new DriverError(
    'unavailable',
    'The environment of the started agent cannot be read on this host, so it could not be told from other processes.',
    { retryable: false },
  );
}

function toBootError(workspaceId: string, error: unknown, logTail: readonly string[]): unknown {
  const attempted = `Cannot start workspace ${workspaceId}`;
  if (error instanceof AgentEnded) {
    const how = describeExit(error.exit, ' before it was ready');
    return new DriverError('rejected', `${attempted}: its agent ${how}.`, {
      retryable: error.exit.code !== RUNTIME_EXIT.misconfigured,
      logTail,
    });
  }
  if (error instanceof DriverError) {
    const { kind, message, retryable } = error;
    return new DriverError(kind, `${attempted}: ${message}`, { retryable, cause: error, logTail });
  }
  return error;
}
