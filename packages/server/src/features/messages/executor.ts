import { followAbort } from '@molecule/contract/abort';
import type { LoopHandle } from '../../platform/supervisor.js';
import type { Ports } from '../../ports.js';
import type { WorkspaceCard, WorkspaceReads } from '../workspaces/index.js';
import { isOverBudget } from './budget.js';
import {
  claimLapsed,
  claimQueued,
  type DueTarget,
  leaveInInbox,
  listDueTargets,
  listOpenOf,
  postponeTargets,
  type TargetCapacity,
  tryLockDispatch,
  wakeTargets,
} from './claims.store.js';
import type { Deliveries } from './deliveries.js';
import type { Ledger } from './ledger.js';
import type { OpenMessage } from './ledger.types.js';
import { projectDispatched } from './projection.js';
import { reach } from './reachability.js';
import type { Reason } from './reasons.js';

/** The one executor: hands queued messages of every kind to their targets, and looks after rows nobody holds. */
export interface Executor {
  /** Something may be due: a new row, a free place. */
  nudge(): void;
  /** The workspaces came online: what waits for them is due now. */
  wake(targetIds: readonly string[]): void;
  readonly queueLoop: LoopHandle;
  readonly recoveryLoop: LoopHandle;
}

export interface ExecutorDeps extends Pick<Ports, 'lanes' | 'transact' | 'clock' | 'random' | 'supervisor'> {
  readonly deliveries: Deliveries;
  readonly ledger: Ledger;
  readonly workspaces: WorkspaceReads;
  /** Starts those of the workspaces that hibernate. */
  readonly wakeUp: (workspaceIds: readonly string[]) => Promise<void>;
  readonly leaseMs: number;
  readonly deliveriesMax: number;
  /** Aborts when this server takes up no more work. */
  readonly stopping: AbortSignal;
  /** Aborts when work under way is handed over. */
  readonly cutting: AbortSignal;
}

const EVERY_MS = 1_000;
const TARGETS_AT_ONCE = 64;
const LAPSED_AT_ONCE = 32;
/** A target that cannot take messages now; coming online makes them due at once. */
const POSTPONE_MS = 15_000;
const END_AT_ONCE = 256;

export function createExecutor(deps: ExecutorDeps): Executor {
  const { lanes, clock, supervisor, workspaces, deliveries } = deps;
  const woken = new Set<string>();
  let running = 0;

  const queueLoop = supervisor.loop({
    name: 'message-executor',
    everyMs: EVERY_MS,
    async run() {
      if (deps.stopping.aborted) return;
      await takeWoken();
      let claimed = 0;
      // Page by page to the end: targets that are busy keep their due messages, and must not hide a free one behind them.
      for (let after: number | null = 0; after !== null && running < deps.deliveriesMax && !deps.stopping.aborted; ) {
        const due: readonly DueTarget[] = await listDueTargets(lanes.work, after, TARGETS_AT_ONCE);
        claimed += await dispatch(due);
        after = due.length < TARGETS_AT_ONCE ? null : (due.at(-1)?.seq ?? null);
      }
      if (claimed > 0) queueLoop.nudge();
    },
  });

  /** Starts what the targets can take now; answers how many deliveries that were. */
  const dispatch = async (due: readonly DueTarget[]): Promise<number> => {
    if (due.length === 0) return 0;
    const targets = await sort(due);
    const claimedAtMs = clock.monotonicMs();
    const claimed = await claimFor([...targets.values()], deps.deliveriesMax - running);
    for (const message of claimed) {
      const target = targets.get(message.targetId);
      if (target) start('message-delivery', (signal) => send(message, target, claimedAtMs, signal));
    }
    return claimed.length;
  };

  const recoveryLoop = supervisor.loop({
    name: 'message-recovery',
    everyMs: EVERY_MS,
    async run() {
      if (deps.stopping.aborted) return;
      const claimedAtMs = clock.monotonicMs();
      const lapsed = await claimLapsed(lanes.work, deps.random.uuid(), LAPSED_AT_ONCE, deps.leaseMs);
      for (const message of lapsed) {
        start('message-recovery', (signal) => deliveries.recover(message, claimedAtMs, signal));
      }
      if (lapsed.length === LAPSED_AT_ONCE) recoveryLoop.nudge();
    },
  });

  /** Keeps those that can take a message now; the others are put off, failed, or left their inbox. */
  const sort = async (due: readonly DueTarget[]): Promise<Map<string, WorkspaceCard>> => {
    const ready = new Map<string, WorkspaceCard>();
    const later: string[] = [];
    const asleep: string[] = [];
    for (const { id, wakes } of due) {
      const target = await workspaces.find(lanes.work, id);
      const now = target ? reach(target) : null;
      if (!target || (now?.kind === 'refused' && now.why === 'removed')) {
        await failQueued(id, 'target_removed', 'its workspace was removed');
      } else if (now?.kind === 'poll') {
        await leaveInInbox(lanes.work, id);
      } else if (now?.kind !== 'push') {
        later.push(id);
        if (now?.kind === 'wait' && now.asleep && wakes) asleep.push(id);
      } else {
        if (isOverBudget(target)) await failQueued(id, 'budget_exceeded', 'workspace budget limit exceeded', 'work');
        ready.set(id, target);
      }
    }
    // Put off before they are woken: coming online makes them due again, and must find them put off.
    await postponeTargets(lanes.work, later, POSTPONE_MS);
    await deps.wakeUp(asleep);
    return ready;
  };

  const claimFor = (targets: readonly WorkspaceCard[], places: number): Promise<readonly OpenMessage[]> =>
    deps.transact('work', async (tx) => {
      if (!(await tryLockDispatch(tx))) return [];
      const capacities: TargetCapacity[] = targets.map((target) => ({
        targetId: target.id,
        // What the server itself says costs nothing.
        concurrentMax: isOverBudget(target) ? 0 : Math.max(1, target.maxConcurrentTasks),
        generation: target.generation,
      }));
      const claimed = await claimQueued(tx, capacities, places, deps.leaseMs);
      const leaving = claimed.flatMap(({ id, kind, callerId, targetId }) =>
        kind === 'delegation' && callerId !== null ? [projectDispatched({ id, callerId, targetId })] : [],
      );
      if (leaving.length > 0) await deps.ledger.project(tx, leaving);
      return claimed;
    });

  const send = async (
    message: OpenMessage,
    target: WorkspaceCard,
    claimedAtMs: number,
    signal: AbortSignal,
  ): Promise<void> => {
    const address = reach(target);
    if (address.kind !== 'push') throw new Error(`claimed message ${message.id} for a target that takes none`);
    if (message.callerId !== null && !(await workspaces.canCommunicate(lanes.work, message.callerId, target.id))) {
      // The tree has changed since it was accepted.
      const detail = 'access denied: workspaces cannot communicate per hierarchy rules';
      const ending = { state: 'failed', reason: 'access_denied', detail, result: null } as const;
      await deliveries.end({ id: message.id, owner: message.owner, ending }, signal);
      return;
    }
    await deliveries.deliver({ message, target, address, attendance: null, claimedAtMs, signal });
  };

  const failQueued = async (
    targetId: string,
    reason: Reason,
    detail: string,
    whose: 'any' | 'work' = 'any',
  ): Promise<void> => {
    const ids = await listOpenOf(lanes.work, targetId, ['queued'], END_AT_ONCE, whose);
    const ending = { state: 'failed', reason, detail, result: null } as const;
    // Another server may have begun to deliver one meanwhile; then "nothing was started" would be untrue.
    await deps.ledger.endAll(ids.map((id) => ({ id, owner: null, onlyQueued: true, ending })));
  };

  const start = (name: string, work: (signal: AbortSignal) => Promise<void>): void => {
    running += 1;
    supervisor.background(name, async (signal) => {
      const ender = new AbortController();
      const unfollow = followAbort(ender, [signal, deps.cutting]);
      try {
        await work(ender.signal);
      } finally {
        unfollow();
        running -= 1;
        queueLoop.nudge();
      }
    });
  };

  const takeWoken = async (): Promise<void> => {
    if (woken.size === 0) return;
    const ids = [...woken];
    await wakeTargets(lanes.work, ids);
    for (const id of ids) woken.delete(id);
    recoveryLoop.nudge();
  };

  return {
    nudge: () => queueLoop.nudge(),
    wake(targetIds) {
      if (targetIds.length === 0) return;
      for (const id of targetIds) woken.add(id);
      queueLoop.nudge();
    },
    queueLoop,
    recoveryLoop,
  };
}
