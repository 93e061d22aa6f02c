import { setMaxListeners } from 'node:events';
import type { FileAccess } from './files.js';
import { guardFiles } from './guarded-files.js';
import {
  type ConsoleAccess,
  DriverError,
  type Inspection,
  type InstanceExit,
  type InstanceListing,
  type InstanceRecord,
  type InstanceRef,
  type InstanceSpec,
  isWanted,
  type Provisioner,
  type ProvisionerCapabilities,
} from './provisioner.js';
import type { RuntimeInstalls } from './runtime-installs.js';
import { untilAborted } from './until-aborted.js';

/**
 * What a backend has to supply. `createProvisioner` turns it into the port and promises in return that, per workspace,
 * `start`, `stop` and `destroy` never overlap. Anything thrown becomes a DriverError, so a driver lets errors fly.
 */
export interface Driver {
  readonly kind: string;
  readonly capabilities: ProvisionerCapabilities;
  readonly console: ConsoleAccess | null;
  /** Called with usable paths and sizes only; errors of the system may fly. */
  readonly files: FileAccess | null;
  readonly installs: RuntimeInstalls | null;
  /**
   * Called only after `inspect` found nothing running. Resolves when the instance accepts connections; on rejection or
   * abort it has ended whatever it started.
   */
  start(spec: InstanceSpec, signal: AbortSignal): Promise<InstanceRecord>;
  /** Ends what runs for the workspace, with everything it left behind. Nothing running is success. */
  stop(workspaceId: string, record: InstanceRecord | null, signal: AbortSignal): Promise<void>;
  /** Deletes what is kept for a workspace that has just been stopped. Nothing kept is success. */
  destroy(workspaceId: string, signal: AbortSignal): Promise<void>;
  /** As in the port, but may throw. A running instance that is not ready yet has no `url`. */
  inspect(workspaceId: string, record: InstanceRecord | null): Promise<Inspection>;
  list(): Promise<readonly InstanceListing[]>;
  onExit(listener: (exit: InstanceExit) => void): () => void;
  close(): Promise<void>;
}

type Verb = 'ensure' | 'stop' | 'destroy';

interface Turn {
  readonly verb: Verb;
  readonly generation: number;
  readonly cancel: AbortController;
}

/** Everything that must be equal for all drivers: order, generations, adoption, and one class of errors. */
export function createProvisioner(driver: Driver): Provisioner {
  const lanes = createLanes();

  async function look(ref: InstanceRef): Promise<Inspection> {
    try {
      return await driver.inspect(ref.workspaceId, ref.record);
    } catch (thrown) {
      const error = toDriverError(thrown, `ask about workspace ${ref.workspaceId}`);
      return { state: 'unknown', reason: error.message, error };
    }
  }

  /** Null when nothing runs. `unknown` stops the verb: acting on a guess starts a second instance or kills a good one. */
  async function getRunning(verb: Verb, ref: InstanceRef): Promise<InstanceRecord | null> {
    const seen = await look(ref);
    switch (seen.state) {
      case 'running':
        return seen.record;
      case 'stopped':
      case 'absent':
        return null;
      case 'unknown':
        if (seen.error?.kind === 'defect') throw seen.error;
        throw new DriverError(
          'unavailable',
          `Cannot ${verb} workspace ${ref.workspaceId}: whether it runs is not known (${seen.reason}). Try again.`,
          { retryable: true },
        );
    }
  }

  async function ensure(spec: InstanceSpec, record: InstanceRecord | null, signal: AbortSignal) {
    const { workspaceId, generation } = spec;
    const running = await getRunning('ensure', { workspaceId, generation, record });
    if (running !== null) {
      if (running.generation > generation) throw outdated('ensure', workspaceId, generation, running.generation);
      const isReady = running.url !== null || !driver.capabilities.runsInstances;
      if (isReady && isWanted(running, spec)) return running;
      // Otherwise it is older, has lost the server, or is still booting for one that is gone: nobody would notice it
      // becoming ready. It starts afresh.
      await driver.stop(workspaceId, running, signal);
    }
    signal.throwIfAborted();
    return driver.start(withOwnErrors(spec), signal);
  }

  async function stop(ref: InstanceRef, signal: AbortSignal): Promise<void> {
    const running = await getRunning('stop', ref);
    if (running !== null && running.generation > ref.generation) return;
    await driver.stop(ref.workspaceId, running ?? ref.record, signal);
  }

  async function destroy(ref: InstanceRef, signal: AbortSignal): Promise<void> {
    const running = await getRunning('destroy', ref);
    if (running !== null && running.generation > ref.generation) {
      throw outdated('destroy', ref.workspaceId, ref.generation, running.generation);
    }
    await driver.stop(ref.workspaceId, running ?? ref.record, signal);
    await driver.destroy(ref.workspaceId, signal);
  }

  return {
    kind: driver.kind,
    capabilities: driver.capabilities,
    console: driver.console,
    files: driver.files === null ? null : guardFiles(driver.files),
    installs: driver.installs,
    ensure: (spec, record, signal) =>
      lanes.take(spec.workspaceId, 'ensure', spec.generation, signal, (turn) => ensure(spec, record, turn)),
    stop: (ref, signal) => lanes.take(ref.workspaceId, 'stop', ref.generation, signal, (turn) => stop(ref, turn)),
    destroy: (ref, signal) =>
      lanes.take(ref.workspaceId, 'destroy', ref.generation, signal, (turn) => destroy(ref, turn)),
    inspect: look,
    list: async () => {
      try {
        return await driver.list();
      } catch (error) {
        throw toDriverError(error, 'list instances');
      }
    },
    onExit: (listener) => driver.onExit(listener),
    close: () => driver.close(),
  };
}

/** One verb at a time per workspace, in the order of the calls; a verb that outdates a waiting or running `ensure` ends it. */
function createLanes() {
  const lanes = new Map<string, Set<Turn>>();
  const tails = new Map<string, Promise<void>>();

  async function take<T>(
    workspaceId: string,
    verb: Verb,
    generation: number,
    signal: AbortSignal,
    body: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const turn: Turn = { verb, generation, cancel: new AbortController() };
    const lane = lanes.get(workspaceId) ?? new Set<Turn>();
    for (const other of lane) if (outdates(turn, other)) other.cancel.abort(superseded(other, workspaceId));
    lane.add(turn);
    lanes.set(workspaceId, lane);

    const forwardAbort = () => turn.cancel.abort(signal.reason);
    // One listener per call under way, removed with it; a caller may share one signal between hundreds of workspaces.
    setMaxListeners(0, signal);
    if (signal.aborted) forwardAbort();
    else signal.addEventListener('abort', forwardAbort, { once: true });

    const before = tails.get(workspaceId) ?? Promise.resolve();
    let leave = () => {};
    const done = new Promise<void>((resolve) => {
      leave = resolve;
    });
    // A turn that gives up while waiting leaves at once, but those behind it still wait for those before it.
    tails.set(
      workspaceId,
      before.then(() => done),
    );
    try {
      await untilAborted(before, turn.cancel.signal);
      turn.cancel.signal.throwIfAborted();
      return await body(turn.cancel.signal);
    } catch (error) {
      throw toDriverError(error, `${verb} workspace ${workspaceId}`, turn.cancel.signal);
    } finally {
      signal.removeEventListener('abort', forwardAbort);
      lane.delete(turn);
      leave();
      if (lane.size === 0) {
        lanes.delete(workspaceId);
        tails.delete(workspaceId);
      }
    }
  }

  return { take };
}

function outdates(next: Turn, earlier: Turn): boolean {
  if (earlier.verb !== 'ensure') return false;
  return next.verb === 'ensure' ? next.generation > earlier.generation : next.generation >= earlier.generation;
}

function superseded(turn: Turn, workspaceId: string): DriverError {
  return new DriverError(
    'rejected',
    `The start of workspace ${workspaceId} (generation ${turn.generation}) was called off: a newer request replaced it.`,
    { retryable: true },
  );
}

function outdated(verb: Verb, workspaceId: string, generation: number, running: number): DriverError {
  return new DriverError(
    'rejected',
    `Cannot ${verb} workspace ${workspaceId} for generation ${generation}: generation ${running} is running already.`,
    { retryable: false },
  );
}

/** What the caller's own functions throw is no fault of the driver, which lets it fly. */
function withOwnErrors(spec: InstanceSpec): InstanceSpec {
  const own = async <T>(what: string, act: () => Promise<T>): Promise<T> => {
    try {
      return await act();
    } catch (cause) {
      if (cause instanceof DriverError) throw cause;
      const message = `Cannot ensure workspace ${spec.workspaceId}: its ${what} could not be had. The server log has the cause.`;
      throw new DriverError('unavailable', message, { retryable: true, cause });
    }
  };
  return {
    ...spec,
    issueToken: () => own('token', spec.issueToken),
    composeConfig: (folder) => own('configuration', () => spec.composeConfig(folder)),
  };
}

/**
 * Turns anything thrown into a DriverError. The message of a foreign error is not repeated (it may quote secrets, paths
 * or input); its code is, because "ENOSPC" is what the operator needs. The original stays in `cause` for the log.
 */
function toDriverError(error: unknown, attempted: string, signal?: AbortSignal): DriverError {
  if (error instanceof DriverError) return error;
  if (signal?.aborted === true) {
    const { reason } = signal;
    if (reason instanceof DriverError) return reason;
    return new DriverError('timeout', `Gave up trying to ${attempted}: the caller's time ran out.`, {
      retryable: true,
      cause: error,
    });
  }
  if (error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')) {
    const message = `Cannot ${attempted}: the backend did not answer in time.`;
    return new DriverError('timeout', message, { retryable: true, cause: error });
  }
  const code = findSystemCode(error);
  if (code === null) {
    const message = `Cannot ${attempted}: its backend failed in a way it must not. The server log has the cause, under the id of the workspace.`;
    return new DriverError('defect', message, { retryable: false, cause: error });
  }
  const message = `Cannot ${attempted}: the backend failed (${code}). The server log has the cause.`;
  return new DriverError('unavailable', message, { retryable: true, cause: error });
}

const CAUSES_MAX = 5;

/**
 * What the system or the network said, which may be told otherwise the next time; clients wrap it ("fetch failed"). Null
 * for everything else that can be thrown: a mistake in the code (Node's own `ERR_…` codes among them) stays one.
 */
function findSystemCode(error: unknown): string | null {
  let current = error;
  for (let depth = 0; depth < CAUSES_MAX && current instanceof Error; depth++, current = current.cause) {
    const code: unknown = 'code' in current ? current.code : null;
    if (typeof code === 'string' && !code.startsWith('ERR_')) return code;
    // Of a command that failed.
    if (typeof code === 'number') return `exit code ${code}`;
  }
  return null;
}
