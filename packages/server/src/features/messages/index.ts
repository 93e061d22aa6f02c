import type { Routes } from '@molecule/contract';
import { createAttention } from '../../platform/attention.js';
import type { LeaseKeeper } from '../../platform/claim-keeper.js';
import type { HandlersFor } from '../../platform/http/handlers.js';
import type { LoopHandle } from '../../platform/supervisor.js';
import type { Ports } from '../../ports.js';
import { createAgentConnections } from '../../proxy/agent-connections.js';
import { createForward } from '../../proxy/forward.js';
import type { UrlGuard } from '../../proxy/url-guard.js';
import type { Access, Actor } from '../access/index.js';
import type { ActivityFeature } from '../activity/index.js';
import type { WorkspaceReads } from '../workspaces/index.js';
import { createAddressees } from './addressees.js';
import { touchDelegations } from './claims.store.js';
import { createDelegationReports } from './delegation-reports.js';
import { createDelegations } from './delegations.js';
import { createDelegationHandlers, type DelegationHandlers } from './delegations.routes.js';
import { createDeliveries } from './deliveries.js';
import { createExecutor } from './executor.js';
import { createLedger } from './ledger.js';
import { DEFAULT_MESSAGE_LIMITS, type MessageLimits } from './limits.js';
import { createLiveAnswers } from './live-answers.js';
import { createLiveSend } from './live-send.js';
import { createMessageAdminHandlers, type MessageAdminHandlers } from './message-admin.routes.js';
import { createMessageWaits } from './message-waits.js';
import { createMessageMetrics } from './messages.metrics.js';
import { deleteOldMessages } from './messages.store.js';
import { sweepLostTargets, sweepOverdue } from './messages.sweeper.js';
import { createNotifications } from './notify.js';
import { createSendHandlers, type SendHandlers } from './send-message.js';
import { createTasks, type Tasks } from './tasks.js';

export type { MessageLimits } from './limits.js';
export type { MessageState } from './messages.tables.js';
export { nextStep } from './reasons.js';
export { createRestartContexts } from './restart-context.js';
export type { NewTurn, Tasks } from './tasks.js';
export type { TaskFilter, TaskRecord, TaskScope, TaskTurn } from './tasks.store.js';

export interface MessagesDeps
  extends Pick<
    Ports,
    'lanes' | 'transact' | 'commit' | 'clock' | 'random' | 'logger' | 'supervisor' | 'feed' | 'metrics'
  > {
  readonly leases: LeaseKeeper;
  /** The duration of the leases that `leases` renews. */
  readonly leaseMs: number;
  readonly access: Pick<Access, 'resolveCaller'>;
  readonly activity: Pick<ActivityFeature, 'writes'>;
  readonly workspaces: WorkspaceReads;
  /** Starts those of the workspaces that hibernate, because a message waits for them. */
  readonly wakeUp: (workspaceIds: readonly string[]) => Promise<void>;
  readonly urlGuard: UrlGuard;
  readonly limits?: Partial<MessageLimits>;
}

export interface Messages {
  readonly handlers: SendHandlers &
    DelegationHandlers &
    MessageAdminHandlers &
    Pick<HandlersFor<Routes, Actor>, 'notify'>;
  /** The same messages as tasks, for the standard A2A endpoints. */
  readonly tasks: Tasks;
  /**
   * For an orderly stop, before the HTTP server closes: ends long-polls at once, takes up nothing new, lets deliveries
   * finish for up to `graceMs` and then hands the rest over, so that no open request holds the server up.
   */
  standDown(graceMs: number): Promise<void>;
  /** After the supervisor has stopped and before the pool closes. */
  close(): Promise<void>;
  /** The loops, for tests. */
  readonly loops: Readonly<Record<'queue' | 'recovery' | 'overdue' | 'lostTargets' | 'heartbeats', LoopHandle>>;
}

const HEARTBEATS_EVERY_MS = 5_000;
const LOST_TARGETS_EVERY_MS = 30_000;
const RETENTION_EVERY_MS = 6 * 3_600_000;
const DELETE_AT_ONCE = 5_000;
const STAND_DOWN_LOOK_MS = 50;

/** Work between parties: humans and agents writing to agents, and agents delegating to each other (design §4.5, §7). */
export function createMessages(deps: MessagesDeps): Messages {
  const { lanes, clock, logger, supervisor, feed, workspaces } = deps;
  const limits: MessageLimits = { ...DEFAULT_MESSAGE_LIMITS, ...deps.limits };
  const stopping = new AbortController();
  const cutting = new AbortController();
  const atWork = new Set<string>();
  const metrics = createMessageMetrics(deps.metrics);

  const connections = createAgentConnections((error) => logger.debug({ err: error }, 'closing an agent pool failed'));
  const forward = createForward({
    clock,
    guard: deps.urlGuard,
    connections,
    onBeatUnreadable: (error) => logger.warn({ err: error }, 'a heartbeat could not be read; the agent is not cut'),
  });
  const ledger = createLedger({
    ...deps,
    activity: deps.activity.writes,
    depthMax: limits.depthMax,
    onEnded(ended) {
      metrics.countEnded(ended);
      // In no log that people read, so that here is where its loss shows.
      for (const { kind, state, targetId } of ended) {
        if (kind === 'system' && state !== 'completed' && state !== 'canceled') {
          logger.warn({ workspace: targetId, state }, 'an agent was not told that its workspace was restarted');
        }
      }
    },
  });
  const addressees = createAddressees(deps, workspaces);
  const live = createLiveAnswers();
  const deliveries = createDeliveries({
    ...deps,
    live,
    forward,
    ledger,
    idleMs: limits.idleMs,
    onProgress: (targetId) => void atWork.add(targetId),
    onSettled: () => executor.nudge(),
  });
  const executor = createExecutor({
    ...deps,
    deliveries,
    ledger,
    deliveriesMax: limits.deliveriesMax,
    stopping: stopping.signal,
    cutting: cutting.signal,
  });
  const liveSend = createLiveSend({ ...deps, deliveries, forward, idleMs: limits.idleMs, stopping: cutting.signal });
  const delegations = createDelegations({ ...deps, addressees, ledger, limits, onAccepted: () => executor.nudge() });
  const reports = createDelegationReports({ ...deps, ledger, limits });
  const waits = createMessageWaits(feed, clock);
  const tasks = createTasks({ ...deps, ledger, forward, limits, waits, live, onQueued: () => executor.nudge() });
  const notifications = createNotifications({ ...deps, activity: deps.activity.writes, ledger });

  const sweep = { lanes, clock, ledger, workspaces, limits };
  // Above the pause between two cycles, jitter included, and below the silence that is judged: an absence too short to
  // be noticed must not pass for it.
  const attention = createAttention(clock, 1.5 * limits.sweepEveryMs);
  const overdue = supervisor.loop({
    name: 'delegation-sweeper',
    everyMs: limits.sweepEveryMs,
    run: (signal) => attention.during((seconds) => sweepOverdue(sweep, signal, seconds)),
  });
  const lostTargets = supervisor.loop({
    name: 'message-targets',
    everyMs: LOST_TARGETS_EVERY_MS,
    run: (signal) => sweepLostTargets(sweep, signal),
  });
  const heartbeats = supervisor.loop({
    name: 'delegation-heartbeats',
    everyMs: HEARTBEATS_EVERY_MS,
    async run() {
      const ids = [...atWork];
      await touchDelegations(lanes.work, ids);
      for (const id of ids) atWork.delete(id);
    },
  });
  supervisor.loop({
    name: 'message-retention',
    everyMs: RETENTION_EVERY_MS,
    async run(signal) {
      let deleted = limits.retentionDays === 0 ? 0 : DELETE_AT_ONCE;
      while (deleted === DELETE_AT_ONCE && !signal.aborted) {
        deleted = await deleteOldMessages(lanes.work, limits.retentionDays, DELETE_AT_ONCE);
      }
    },
  });

  const events = feed.subscribe((batch) => {
    const online = batch.flatMap(({ type, workspaceId }) =>
      type === 'WORKSPACE_ONLINE' && workspaceId !== null ? [workspaceId] : [],
    );
    executor.wake(online);
    if (batch.some(({ type }) => type === 'WORKSPACE_REMOVED')) lostTargets.nudge();
  });
  const beats = feed.subscribeTransient((event) => {
    if (event.type === 'WORKSPACE_HEARTBEAT' && event.payload.active_tasks > 0) atWork.add(event.workspaceId);
  });

  return {
    handlers: {
      ...createSendHandlers({ ...deps, addressees, ledger, liveSend, onQueued: () => executor.nudge() }),
      ...createDelegationHandlers({ ...deps, ledger, forward }, delegations, reports, waits),
      ...createMessageAdminHandlers({ lanes, ledger, limits }),
      async notify({ params, body }) {
        await notifications.send(params.id, body);
        return { status: 200, body: { status: 'sent' } };
      },
    },
    tasks,
    async standDown(graceMs) {
      stopping.abort(new Error('the server is stopping'));
      waits.close();
      for (const until = clock.monotonicMs() + graceMs; deliveries.activeCount() > 0; ) {
        if (clock.monotonicMs() >= until) break;
        await clock.sleep(STAND_DOWN_LOOK_MS);
      }
      cutting.abort(new Error('the server is stopping'));
    },
    async close() {
      events.close();
      beats.close();
      waits.close();
      stopping.abort(new Error('the server has stopped'));
      cutting.abort(new Error('the server has stopped'));
      await delegations.drain();
      await notifications.drain();
      await ledger.drain();
      await connections.close();
    },
    loops: { queue: executor.queueLoop, recovery: executor.recoveryLoop, overdue, lostTargets, heartbeats },
  };
}
