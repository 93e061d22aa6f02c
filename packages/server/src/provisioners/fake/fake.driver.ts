import type { Clock } from '../../platform/clock.js';
import { createExitListeners } from '../exit-listeners.js';
import { DriverError, type InstanceRecord, type InstanceSpec, PROVISIONED_FILE } from '../provisioner.js';
import { createRedactor } from '../redaction.js';
import type { RuntimeInstalls } from '../runtime-installs.js';
import type { Driver } from '../shared-semantics.js';
import { untilAborted } from '../until-aborted.js';
import { createFakeFiles } from './fake-files.js';
import { createFakeVolumes, type FakeVolumes } from './fake-volumes.js';

/** Ground truth of the fake: what "the machine" holds, apart from what any provisioner believes. */
interface FakeWorkspace {
  spec: InstanceSpec;
  token: string | null;
  running: InstanceRecord | null;
  lastInstance: InstanceRecord;
}

export interface FakeControl {
  /** Instances running right now for the workspace, as the machine sees it. */
  countRunning(workspaceId: string): number;
  /** The spec of the last start; undefined when it was never started. */
  findSpec(workspaceId: string): InstanceSpec | undefined;
  findToken(workspaceId: string): string | null;
  /** What lies in the folders of a workspace, whoever put it there. */
  readonly files: FakeVolumes;
  /** Starts that asked the agent to forget its conversations. */
  countResets(workspaceId: string): number;
  /** The agent ends on its own. Throws when none runs. */
  crash(workspaceId: string, exit?: { code?: number; signal?: string | null; output?: readonly string[] }): void;
  /** While false every call fails as if the backend could not be reached. */
  setReachable(isReachable: boolean): void;
  /** The next start ends during boot with this output; worth another try unless told. */
  failNextStart(output: readonly string[], failure?: { readonly retryable: boolean }): void;
  /** The driver has a bug: from now on this verb of it throws, whatever it is called for; null mends it. */
  breakVerb(verb: FakeVerb, error: Error | null): void;
  /** Starts wait until `release` is called. */
  holdStarts(): { release(): void };
  /** Stops wait until `release` is called. */
  holdStops(): { release(): void };
  /** Each start takes this long by the clock. */
  setStartDelayMs(delayMs: number): void;
  /** Driver calls in order, as `start <workspace id>`. */
  readonly calls: readonly string[];
}

export type FakeVerb = 'start' | 'stop' | 'destroy' | 'inspect' | 'list';

/** The machine outlives the drivers made on it, as real processes outlive the server. */
export interface FakeBackend {
  readonly control: FakeControl;
  createDriver(): Driver;
}

/** In-memory backend for feature tests. It passes the conformance suite, so it cannot promise what real drivers do not. */
export function createFakeBackend(options: {
  readonly clock: Clock;
  readonly kind?: string;
  readonly installs?: RuntimeInstalls;
}): FakeBackend {
  const { clock, kind = 'fake' } = options;
  const workspaces = new Map<string, FakeWorkspace>();
  const watchers = new Set<(workspaceId: string, record: InstanceRecord, requested: boolean, exit: FakeExit) => void>();
  const failures: FakeBootFailure[] = [];
  const broken = new Map<FakeVerb, Error | null>();
  const calls: string[] = [];
  let startCount = 0;
  let startDelayMs = 0;
  let isReachable = true;
  const volumes = createFakeVolumes();
  const resets = new Map<string, number>();
  const starts = createGate();
  const stops = createGate();

  function enter(verb: FakeVerb): void {
    const bug = broken.get(verb) ?? null;
    if (bug !== null) throw bug;
    requireReachable();
  }

  function requireReachable(): void {
    if (isReachable) return;
    throw new DriverError('unavailable', 'The fake backend was told to be unreachable.', { retryable: true });
  }

  function end(workspaceId: string, requested: boolean, exit: FakeExit): void {
    const workspace = workspaces.get(workspaceId);
    if (workspace === undefined || workspace.running === null) return;
    const record = workspace.running;
    workspace.running = null;
    const output = exit.output.map(createRedactor(workspace.spec.env, workspace.spec.secretNames));
    for (const watcher of [...watchers]) watcher(workspaceId, record, requested, { ...exit, output });
  }

  function hold(spec: InstanceSpec): FakeWorkspace {
    const record: InstanceRecord = {
      kind,
      hostId: 'fake-host',
      instanceId: `fake-${++startCount}`,
      generation: spec.generation,
      url: `http://127.0.0.1:${20_000 + startCount}`,
      platformUrl: spec.platformUrl,
      startedAt: clock.now().toISOString(),
      handle: {},
    };
    const workspace: FakeWorkspace = {
      spec,
      token: null,
      running: null,
      lastInstance: record,
    };
    workspaces.set(spec.workspaceId, workspace);
    return workspace;
  }

  function createDriver(): Driver {
    const listeners = createExitListeners();
    /** Instances this driver has answered as running: only their exits are its to report. */
    const watched = new Set<string>();
    const watcher = (workspaceId: string, record: InstanceRecord, requested: boolean, exit: FakeExit) => {
      if (!watched.delete(record.instanceId)) return;
      listeners.emit({
        workspaceId,
        generation: record.generation,
        instanceId: record.instanceId,
        code: exit.code,
        signal: exit.signal,
        at: clock.now().toISOString(),
        logTail: exit.output.slice(-40),
        requested,
      });
    };
    watchers.add(watcher);

    return {
      kind,
      capabilities: { runsInstances: true, hostBound: true, stopsWithServer: true },
      console: null,
      files: createFakeFiles(volumes, requireReachable),
      installs: options.installs ?? null,
      async start(spec, signal) {
        calls.push(`start ${spec.workspaceId}`);
        enter('start');
        const workspace = hold(spec);
        await seed(volumes, spec);
        const reason = spec.checkConfig(volumes.read(spec.workspaceId, 'config.yaml')?.toString('utf8') ?? null);
        if (reason !== null) throw new DriverError('rejected', reason, { retryable: false });
        if (spec.resetSession) resets.set(spec.workspaceId, (resets.get(spec.workspaceId) ?? 0) + 1);
        workspace.token = await spec.issueToken();
        volumes.write(spec.workspaceId, '.auth_token', Buffer.from(workspace.token));
        if (startDelayMs > 0) await clock.sleep(startDelayMs, signal);
        await starts.pass(signal);
        signal.throwIfAborted();
        const failure = failures.shift();
        if (failure !== undefined) throw bootFailure(spec, failure);
        if (volumes.read(spec.workspaceId, PROVISIONED_FILE) === null) {
          volumes.write(spec.workspaceId, PROVISIONED_FILE, Buffer.from(`${clock.now().toISOString()}\n`));
        }
        workspace.running = workspace.lastInstance;
        watched.add(workspace.lastInstance.instanceId);
        return workspace.lastInstance;
      },
      async stop(workspaceId, _record, signal) {
        calls.push(`stop ${workspaceId}`);
        enter('stop');
        await stops.pass(signal);
        end(workspaceId, true, { code: 0, signal: null, output: [] });
      },
      async destroy(workspaceId) {
        calls.push(`destroy ${workspaceId}`);
        enter('destroy');
        workspaces.delete(workspaceId);
        volumes.destroy(workspaceId);
      },
      async inspect(workspaceId, record) {
        enter('inspect');
        if (record !== null && record.hostId !== 'fake-host') {
          return { state: 'unknown', reason: `It was started on host "${record.hostId}".` };
        }
        const workspace = workspaces.get(workspaceId);
        if (workspace === undefined) return { state: volumes.exists(workspaceId) ? 'stopped' : 'absent' };
        if (workspace.running === null) return { state: 'stopped' };
        watched.add(workspace.running.instanceId);
        return { state: 'running', record: workspace.running };
      },
      async list() {
        enter('list');
        return [...new Set([...workspaces.keys(), ...volumes.ids()])].map((workspaceId) => {
          const workspace = workspaces.get(workspaceId);
          return {
            workspaceId,
            instanceId: workspace?.lastInstance.instanceId ?? null,
            generation: workspace?.lastInstance.generation ?? 0,
            running: (workspace?.running ?? null) !== null,
          };
        });
      },
      onExit: (listener) => listeners.add(listener),
      async close() {
        watchers.delete(watcher);
      },
    };
  }

  const control: FakeControl = {
    countRunning: (workspaceId) => ((workspaces.get(workspaceId)?.running ?? null) === null ? 0 : 1),
    findSpec: (workspaceId) => workspaces.get(workspaceId)?.spec,
    findToken: (workspaceId) => workspaces.get(workspaceId)?.token ?? null,
    files: volumes,
    countResets: (workspaceId) => resets.get(workspaceId) ?? 0,
    crash(workspaceId, exit = {}) {
      if (control.countRunning(workspaceId) === 0) throw new Error(`Nothing runs for ${workspaceId}.`);
      end(workspaceId, false, { code: exit.code ?? 1, signal: exit.signal ?? null, output: exit.output ?? [] });
    },
    setReachable(next) {
      isReachable = next;
    },
    failNextStart(output, failure = { retryable: true }) {
      failures.push({ output, ...failure });
    },
    breakVerb: (verb, error) => broken.set(verb, error),
    holdStarts: () => starts.hold(),
    holdStops: () => stops.hold(),
    setStartDelayMs(delayMs) {
      startDelayMs = delayMs;
    },
    calls,
  };
  return { control, createDriver };
}

interface FakeBootFailure {
  readonly output: readonly string[];
  readonly retryable: boolean;
}

interface Gate {
  hold(): { release(): void };
  /** Waits while it is held. */
  pass(signal: AbortSignal): Promise<void>;
}

function createGate(): Gate {
  let opened: Promise<void> | null = null;
  return {
    hold() {
      let open = () => {};
      opened = new Promise<void>((resolve) => {
        open = resolve;
      });
      return {
        release() {
          opened = null;
          open();
        },
      };
    },
    async pass(signal) {
      if (opened !== null) await untilAborted(opened, signal);
    },
  };
}

interface FakeExit {
  readonly code: number | null;
  readonly signal: string | null;
  readonly output: readonly string[];
}

async function seed(volumes: FakeVolumes, spec: InstanceSpec): Promise<void> {
  const { workspaceId } = spec;
  if (spec.seedConfig === 'none') return;
  const inPlace = volumes.read(workspaceId, 'config.yaml');
  if (spec.seedConfig === 'if-missing' && inPlace !== null) {
    const amended = spec.amendConfig(inPlace.toString('utf8'));
    if (amended !== null) volumes.write(workspaceId, 'config.yaml', Buffer.from(amended));
    return;
  }
  const provisionedAt = volumes.read(workspaceId, PROVISIONED_FILE)?.toString('utf8').trim() ?? null;
  for (const file of await spec.composeConfig({ provisionedAt })) volumes.write(workspaceId, file.path, file.content);
  spec.configWritten();
}

function bootFailure(spec: InstanceSpec, { output, retryable }: FakeBootFailure): DriverError {
  return new DriverError('rejected', `Cannot start workspace ${spec.workspaceId}: its agent exited with code 1.`, {
    retryable,
    logTail: output.slice(-40).map(createRedactor(spec.env, spec.secretNames)),
  });
}
