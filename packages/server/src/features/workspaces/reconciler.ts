import { isCollision, isConnectionError, toError } from '../../platform/errors.js';
import { fitBeginning } from '../../platform/fit-text.js';
import type { Ports } from '../../ports.js';
import { describeExit } from '../../provisioners/describe-exit.js';
import {
  DriverError,
  type InstanceExit,
  type InstanceRef,
  isWanted,
  type Provisioner,
} from '../../provisioners/provisioner.js';
import type { ProvisionerRegistry } from '../../provisioners/registry.js';
import { judgeCrash } from './crash-policy.js';
import { endOlder } from './end-older.js';
import { prepareStart, type StartSources } from './instance-start.js';
import { clearPendingReset, lockVerbSubject, type StartNote, writeStartNote } from './lifecycle-verbs.store.js';
import { needsRestart } from './pending-changes.js';
import { sanitizeRuntime } from './runtimes.js';
import { tellProgress } from './start-progress.js';
import { StartRefusal } from './start-refusal.js';
import type { Failure } from './transition.js';
import {
  assignHost,
  type CrashRow,
  findReconcileRow,
  lockForCrash,
  type Observation,
  type ReconcileRow,
  writeCrash,
  writeObservation,
} from './workspaces.store.js';
import type { InstanceState } from './workspaces.types.js';

export interface ReconcilerDeps
  extends Pick<Ports, 'lanes' | 'transact' | 'commit' | 'clock' | 'random' | 'logger'>,
    StartSources {
  readonly provisioners: ProvisionerRegistry;
  readonly hostId: string;
}

export interface Reconciler {
  /**
   * Brings one claimed workspace from what is observed to what is desired. Everything it does is repeatable and fenced,
   * so a crash at any step is picked up by the next claim. `owner` is the claim's: every write is guarded by it.
   * Rejects when `signal` aborts (a newer wish, a lost lease, shutdown) or the database is away; the row then stays due.
   */
  reconcile(id: string, owner: string, signal: AbortSignal): Promise<void>;
  /**
   * Takes note that an instance ended by itself; starts it again within the bounds of the crash policy. Repeatable: the
   * same end counts once.
   */
  instanceEnded(exit: InstanceExit): Promise<void>;
}

/** A row as read after it was claimed. */
type ClaimedRow = ReconcileRow & { readonly owner: string };

const STOP_RETRY_MS = 5_000;
const UNAVAILABLE_RETRY_MS = 5_000;
// The end of an install makes its rows due at once; this is the net below.
const INSTALL_LOOK_MS = 5_000;
// Only a server that is configured otherwise can do better.
const NO_BACKEND_RETRY_MS = 60_000;
const KNOWN_NOT_TO_RUN: ReadonlySet<InstanceState> = new Set(['none', 'stopped', 'gone']);
const LAST_LINE_BYTES_MAX = 500;

export function createReconciler(deps: ReconcilerDeps): Reconciler {
  const { transact, commit, clock } = deps;
  const db = deps.lanes.work;

  async function reconcile(id: string, owner: string, signal: AbortSignal): Promise<void> {
    const found = await findReconcileRow(db, id);
    if (!found) return;
    const row: ClaimedRow = { ...found, owner };
    const lookup = deps.provisioners.find(row.backend);
    if (!lookup.ok) return withoutBackend(row, lookup.reason);
    switch (row.desired) {
      case 'running':
        return start(row, lookup.provisioner, signal);
      case 'stopped':
        return stop(row, lookup.provisioner, signal, 'stop');
      case 'removed':
        return stop(row, lookup.provisioner, signal, 'destroy');
    }
  }

  /** A start fails for good (contract lifecycle §13.2). A stop fails for now, unless nothing is left to stop. */
  async function withoutBackend(row: ClaimedRow, reason: string): Promise<void> {
    if (row.desired === 'running') {
      await fail(row, { reason: 'no_backend', text: reason }, 'start_failed');
    } else if (!KNOWN_NOT_TO_RUN.has(row.instanceState)) {
      deps.logger.warn({ workspace: row.id, reason }, 'instance could not be stopped');
      const again = { settled: false, dueInMs: NO_BACKEND_RETRY_MS, stopError: reason };
      await observe(row, { instanceState: 'unknown', ...again });
      return;
    }
    await observe(row, { instanceState: row.instanceState, settled: true });
  }

  async function start(row: ClaimedRow, provisioner: Provisioner, signal: AbortSignal): Promise<void> {
    if (!provisioner.capabilities.runsInstances) {
      await observe(row, { instanceState: 'none', settled: true });
      return;
    }
    if (row.status === 'failed') {
      // `failed` never restarts by itself (design §4.3); a start request moves it to provisioning first.
      await observe(row, { instanceState: row.instanceState, settled: true });
      return;
    }
    // Whoever starts an instance on a machine is the only one who can adopt or signal it later.
    if (provisioner.capabilities.hostBound) await assignHost(db, row.id, row.owner, deps.hostId);
    try {
      const inspection = await provisioner.inspect(refOf(row));
      // Nothing is said about an agent of which nothing is known, and nothing is started beside it (R43).
      if (inspection.state === 'unknown') {
        throw inspection.error ?? new DriverError('unavailable', inspection.reason, { retryable: true });
      }
      // Without an address it is still booting for a server that is gone, or on its way out: `ensure` decides about it.
      const found = inspection.state === 'running' ? inspection.record : null;
      const wanted = { generation: row.generation, platformUrl: deps.platformUrl() };
      if (found !== null && found.url !== null && isWanted(found, wanted)) {
        deps.logger.debug({ workspace: row.id, backend: row.backend }, 'instance runs already');
        // Whatever its start had to write, it has written; a server that died before saying so is made up for.
        const laid = row.pendingTemplate === null ? null : { template: row.pendingTemplate, templateHash: null };
        await note(row, { written: laid, spec: null });
        if (row.pendingReset) await clearPendingReset(db, row.id, row.generation);
        await observe(row, { instance: found, instanceState: 'running', settled: true });
        return;
      }
      deps.logger.info({ workspace: row.id, backend: row.backend, generation: row.generation }, 'starting instance');
      await announceRetry(
        row,
        found === null ? 'The agent process had stopped' : 'The agent looked for the server where it no longer is',
      );
      if (!(await hasProgram(row, provisioner))) return;
      const prepared = await prepareStart(deps, db, row, signal);
      const leftover =
        found === null ? null : await endOlder(deps, provisioner, { ...refOf(row), record: found }, signal);
      if (leftover !== null) {
        const text = `The agent that ran before could not be ended, and a second one is not started beside it. ${leftover} Restart it again once that one is gone.`;
        await fail(row, { reason: 'not_stopped', text }, 'start_failed');
        await observe(row, { instance: found, instanceState: 'unknown', settled: true });
        return;
      }
      // Before the agent starts, which takes its time: a restart that is asked for meanwhile must know that the template
      // has been laid, or it would lay it once more, over what its owner has edited since.
      const noteWritten = async (): Promise<void> => {
        const written = prepared.written();
        if (written !== null) await note(row, { written, spec: null });
      };
      const issueToken = async (): Promise<string> => {
        await noteWritten();
        return prepared.spec.issueToken();
      };
      const spec = { ...prepared.spec, issueToken };
      const record = await provisioner.ensure(spec, row.instance, signal).catch(async (error: unknown) => {
        // They are there all the same, and the next attempt will find them in place.
        if (!signal.aborted) await noteWritten();
        throw prepared.refusal() ?? error;
      });
      await note(row, { written: prepared.written(), spec: prepared.hasStarted() ? row.spec : null });
      if (row.pendingReset) await clearPendingReset(db, row.id, row.generation);
      const kept = await observe(row, { instance: record, instanceState: 'running', settled: true });
      // The claim was lost meanwhile: whoever holds it now decides, and the driver's own fence keeps it to one instance.
      if (!kept) deps.logger.warn({ workspace: row.id }, 'lease lost while an instance was starting');
    } catch (error) {
      if (signal.aborted) throw error;
      await startFailed(row, error);
    }
  }

  /**
   * What a start has done to the folder and with what it started. A folder that was in place before the first instance ever
   * became ready was filled by an attempt whose server died before it could note that.
   */
  async function note(row: ClaimedRow, what: StartNote): Promise<void> {
    const isFirst = row.provisionedAt === null;
    if (what.written === null && what.spec === null && row.pendingTemplate === null && !isFirst) return;
    await transact('work', async (tx) => {
      const before = await lockVerbSubject(tx, row.id);
      if (!before) return;
      const laidBefore = isFirst && before.appliedTemplate === null ? before.spec.template : null;
      const written = what.written ?? (laidBefore === null ? null : { template: laidBefore, templateHash: null });
      await writeStartNote(tx, row.id, row.generation, { ...what, written });
      const after = {
        ...before,
        startedSpec: what.spec ?? before.startedSpec,
        appliedTemplate: written === null ? before.appliedTemplate : written.template,
      };
      if (needsRestart(before) === needsRestart(after)) return;
      const changes = { needs_restart: needsRestart(after) };
      await commit(tx, { events: [{ type: 'WORKSPACE_UPDATED', workspaceId: row.id, payload: { changes } }] });
    });
  }

  /**
   * False while the program its runtime drives is being installed, which may take minutes: the row is put off instead of
   * holding one of the few places in which agents start, and is due again when the install is over.
   */
  async function hasProgram(row: ClaimedRow, provisioner: Provisioner): Promise<boolean> {
    const runtime = sanitizeRuntime(row.spec.runtime);
    const answer = await provisioner.installs?.request(runtime, `${row.id}#${row.generation}`);
    switch (answer?.state) {
      case undefined:
      case 'ready':
        if (row.startProgress !== '') await tellProgress(deps, [row.id], '');
        return true;
      case 'installing':
        await tellProgress(deps, [row.id], answer.note);
        await observe(row, { instanceState: row.instanceState, settled: false, dueInMs: INSTALL_LOOK_MS });
        return false;
      case 'refused':
        throw new StartRefusal({ reason: 'runtime_not_installed', text: answer.reason });
      case 'failed':
        throw new StartRefusal({ reason: 'runtime_install_failed', text: answer.reason });
    }
  }

  /** A workspace whose instance is gone, or has to go, says so before it starts again: offline, then provisioning. */
  async function announceRetry(row: ClaimedRow, why: string): Promise<void> {
    if (row.status === 'provisioning') return;
    await transact('work', (tx) =>
      commit(tx, {
        transitions: [
          {
            workspaceId: row.id,
            generation: row.generation,
            trigger: 'instance_ended',
            why: `${why}; it is being started again.`,
          },
          { workspaceId: row.id, generation: row.generation, trigger: 'start_retried' },
        ],
      }),
    );
  }

  async function startFailed(row: ClaimedRow, error: unknown): Promise<void> {
    // A matter of the database says nothing about this workspace. The row stays due and the next claim tries again.
    if (isConnectionError(error) || isCollision(error)) throw error;
    if (error instanceof StartRefusal) {
      await fail(row, error.failure, 'start_failed');
      await observe(row, { instanceState: 'none', settled: true });
      return;
    }
    if (error instanceof DriverError) {
      const fields = { workspace: row.id, backend: row.backend, kind: error.kind, err: error };
      if (error.kind === 'defect') deps.logger.error(fields, 'a backend failed in a way it must not');
      else deps.logger.warn(fields, 'instance did not start');
      if (error.kind === 'unavailable' && error.retryable) {
        await observe(row, { instanceState: 'unknown', settled: false, dueInMs: UNAVAILABLE_RETRY_MS });
        return;
      }
      if (error.retryable) {
        await crashed(row.id, row.generation, error.message, error.logTail);
        return;
      }
      const text = withLastLine(error.message, error.logTail);
      await fail(row, { reason: 'start_failed', text, logTail: error.logTail }, 'start_failed');
      await observe(row, { instanceState: error.kind === 'defect' ? 'unknown' : 'gone', settled: true });
      return;
    }
    // A defect of ours: the row says so in general words, the log has the rest (R44).
    deps.logger.error({ workspace: row.id, err: toError(error) }, 'start failed unexpectedly');
    await fail(row, { reason: 'start_failed', text: 'workspace start failed' }, 'start_failed');
    await observe(row, { instanceState: 'unknown', settled: true });
  }

  async function fail(row: ClaimedRow, failure: Failure, trigger: 'start_failed' | 'crash_looped'): Promise<void> {
    await transact('work', (tx) =>
      commit(tx, { transitions: [{ workspaceId: row.id, generation: row.generation, trigger, failure }] }),
    );
  }

  async function stop(
    row: ClaimedRow,
    provisioner: Provisioner,
    signal: AbortSignal,
    verb: 'stop' | 'destroy',
  ): Promise<void> {
    try {
      await provisioner[verb](refOf(row), signal);
    } catch (error) {
      if (signal.aborted) throw error;
      const reason = error instanceof DriverError ? error.message : 'unexpected error';
      deps.logger.warn({ workspace: row.id, err: toError(error) }, 'instance could not be stopped');
      await observe(row, { instanceState: 'unknown', settled: false, dueInMs: STOP_RETRY_MS, stopError: reason });
      return;
    }
    // Before the row is settled: a settled row is not due, and nobody would take this step for it later.
    if (row.status === 'hibernating') {
      await transact('work', (tx) =>
        commit(tx, {
          transitions: [{ workspaceId: row.id, generation: row.generation, trigger: 'hibernated' }],
        }),
      );
    }
    await observe(row, { instance: null, instanceState: verb === 'destroy' ? 'gone' : 'stopped', settled: true });
  }

  async function instanceEnded(exit: InstanceExit): Promise<void> {
    const { workspaceId, generation, logTail } = exit;
    await crashed(workspaceId, generation, `The agent process ${describeExit(exit)}.`, logTail, exit);
  }

  async function crashed(
    id: string,
    generation: number,
    why: string,
    logTail: readonly string[],
    exit?: InstanceExit,
  ): Promise<void> {
    await transact('work', async (tx) => {
      const row = await lockForCrash(tx, id);
      if (!row || row.generation !== generation || row.status === 'failed' || row.status === 'removed') return;
      if (exit && isOnRecord(row, exit)) return;
      const verdict = judgeCrash(row, clock.now(), deps.random.fraction());
      switch (verdict.kind) {
        case 'retry':
          await writeCrash(tx, id, { ...verdict, generation });
          await commit(tx, {
            transitions: [{ workspaceId: id, generation, trigger: 'instance_ended', why: withLastLine(why, logTail) }],
          });
          return;
        case 'give_up':
          await writeCrash(tx, id, { count: verdict.count, windowStartedAt: null, delayMs: null, generation });
          await commit(tx, {
            transitions: [
              {
                workspaceId: id,
                generation,
                trigger: 'crash_looped',
                failure: {
                  reason: 'crash_loop',
                  text: `${why} It ended ${verdict.count} times within ten minutes and is not started again.`,
                  logTail,
                },
              },
            ],
          });
          return;
      }
    });
  }

  async function observe(
    row: ClaimedRow,
    seen: Partial<Observation> & Pick<Observation, 'instanceState' | 'settled'>,
  ): Promise<boolean> {
    return writeObservation(db, row.id, row.owner, {
      generation: row.generation,
      crashCount: row.crashCount,
      instance: row.instance,
      stopError: null,
      dueInMs: null,
      ...seen,
    });
  }

  return { reconcile, instanceEnded };
}

/** The report was heard before, or tells of one that has a successor by now. */
function isOnRecord({ instance, instanceState }: CrashRow, exit: InstanceExit): boolean {
  if (instance === null) return false;
  if (instance.instanceId === exit.instanceId) return instanceState === 'gone';
  return Date.parse(instance.startedAt) > Date.parse(exit.at);
}

function refOf(row: ClaimedRow): InstanceRef {
  return { workspaceId: row.id, generation: row.generation, record: row.instance };
}

/** The last thing it said is the best hint there is; the whole tail is in its log. */
function withLastLine(why: string, lines: readonly string[]): string {
  const last = lines.findLast((line) => line.trim() !== '');
  return last === undefined ? why : `${why} It last said: ${fitBeginning(last, LAST_LINE_BYTES_MAX)}`;
}
