import { RESTART_CONTEXT_CALLER } from '@molecule/contract/restart-context';
import type { LeaseKeeper } from '../../platform/claim-keeper.js';
import type { Ports } from '../../ports.js';
import { askAgent } from '../../proxy/ask-agent.js';
import type { Forward, ForwardOutcome, StreamSink } from '../../proxy/forward.js';
import type { WorkspaceCard, WorkspaceReads } from '../workspaces/index.js';
import { park, requeue } from './claims.store.js';
import { type Decision, decideDelivery, decideKnowledge, type Situation } from './decide.js';
import { type Ledger, persist } from './ledger.js';
import type { NewEnding, OpenMessage } from './ledger.types.js';
import type { LiveAnswers } from './live-answers.js';
import { canBeAsked, reach } from './reachability.js';

/** A client that waits for the answer. */
export interface Attendance {
  readonly openSink: (status: number) => StreamSink;
  /** Called with what is known as soon as it is, when writing it down has to wait for the database. */
  readonly onUnwritten: (delivered: Delivered) => void;
}

export interface Delivered {
  readonly outcome: ForwardOutcome;
  readonly decision: Decision;
}

export interface DeliverRequest {
  readonly message: OpenMessage;
  readonly target: WorkspaceCard;
  readonly address: { readonly url: string; readonly trusted: boolean };
  readonly attendance: Attendance | null;
  /** Monotonic time before the lease was asked for. */
  readonly claimedAtMs: number;
  readonly signal: AbortSignal;
}

export interface Deliveries {
  /** One delivery of a row this process holds, to the point where the ledger knows what became of it. */
  deliver(request: DeliverRequest): Promise<Delivered>;
  /** Finds out what became of a row whose holder is gone (design §4.5), without sending it again. */
  recover(message: OpenMessage, claimedAtMs: number, signal: AbortSignal): Promise<void>;
  /** Ends a held row without a delivery. */
  end(ending: NewEnding, signal: AbortSignal): Promise<void>;
  /** Rows held at the moment. */
  activeCount(): number;
}

export interface DeliveriesDeps extends Pick<Ports, 'lanes' | 'clock' | 'logger'> {
  readonly forward: Forward;
  readonly ledger: Ledger;
  readonly leases: LeaseKeeper;
  readonly workspaces: WorkspaceReads;
  readonly idleMs: number;
  readonly live: Pick<LiveAnswers, 'hear' | 'end'>;
  /** A delegation's callee shows that it is at work. */
  readonly onProgress: (targetId: string) => void;
  /** A place has become free, or a row is due again. */
  readonly onSettled: () => void;
}

/** How long a row is left alone whose target cannot be asked at the moment. */
const UNREACHABLE_PARK_MS = 15_000;

export function createDeliveries(deps: DeliveriesDeps): Deliveries {
  const { lanes, forward, ledger, leases, workspaces } = deps;
  let active = 0;

  const lastBeatAt = async (id: string): Promise<Date | null> =>
    (await workspaces.find(lanes.control, id))?.lastHeartbeatAt ?? null;

  const settle = async (
    message: OpenMessage,
    decision: Decision,
    signal: AbortSignal,
    onWait: () => void,
  ): Promise<void> => {
    await persist(
      deps,
      async () => {
        switch (decision.kind) {
          case 'end': {
            const ending: NewEnding = { id: message.id, owner: message.owner, ending: decision.ending };
            if (!(await ledger.end(ending))) await ledger.recordLate(ending);
            return;
          }
          case 'retry':
            await requeue(lanes.work, message, decision);
            return;
          case 'ask':
            await park(lanes.work, message, decision.delayMs);
            return;
          case 'hand_over':
            await park(lanes.work, message, 0);
            return;
          default:
            decision satisfies never;
        }
      },
      signal,
      onWait,
    );
  };

  const holding = async <T>(message: OpenMessage, claimedAtMs: number, work: () => Promise<T>): Promise<T> => {
    const lease = leases.hold({ table: 'messages', id: message.id, owner: message.owner }, claimedAtMs);
    active += 1;
    try {
      return await work();
    } finally {
      active -= 1;
      deps.live.end(message.id);
      lease.done();
      deps.onSettled();
    }
  };

  return {
    deliver: ({ message, target, address, attendance, claimedAtMs, signal }) =>
      holding(message, claimedAtMs, async () => {
        const touchesDelegation = message.kind === 'delegation';
        // The lease's own signal is not used: an answer that comes although the row was given up is still told, as late.
        const outcome = await forward({
          ...address,
          body: message.body,
          callerId: callerOf(message),
          idleMs: target.idleTimeoutSeconds === null ? deps.idleMs : target.idleTimeoutSeconds * 1_000,
          deadlineMs: attendance ? message.deadlineMs : null,
          lastBeatAt: () => lastBeatAt(target.id),
          openSink: attendance?.openSink ?? null,
          onProgress: () => {
            if (touchesDelegation) deps.onProgress(target.id);
          },
          onEvent: (data, stream) => deps.live.hear(message.id, data, stream),
          signal,
        });
        const decision = decideDelivery(outcome, situationOf(message, target, attendance !== null));
        const delivered = { outcome, decision };
        await settle(message, decision, signal, () => attendance?.onUnwritten(delivered));
        return delivered;
      }),

    recover: (message, claimedAtMs, signal) =>
      holding(message, claimedAtMs, async () => {
        const decision = await findOut(message, signal);
        await settle(message, decision, signal, () => {});
      }),

    async end(ending, signal) {
      await persist(
        deps,
        () => ledger.end(ending),
        signal,
        () => {},
      );
      deps.onSettled();
    },

    activeCount: () => active,
  };

  async function findOut(message: OpenMessage, signal: AbortSignal): Promise<Decision> {
    const target = await workspaces.find(lanes.work, message.targetId);
    if (!target || target.status === 'removed') return gone();
    if (!canBeAsked(target)) {
      const detail = 'the connection broke and this agent keeps no record by message id';
      return { kind: 'end', ending: { state: 'failed', reason: 'interrupted', detail, result: null } };
    }
    const now = reach(target);
    if (now.kind !== 'push') {
      return { kind: 'ask', delayMs: UNREACHABLE_PARK_MS, why: 'its workspace is not online' };
    }
    const knowledge = await askAgent(forward, { ...now, callerId: callerOf(message), signal }, message.messageId);
    if (knowledge.kind === 'working' && message.kind === 'delegation') deps.onProgress(message.targetId);
    // A stop of this server cuts the question too, and says nothing about the agent.
    if (signal.aborted) return { kind: 'hand_over' };
    return decideKnowledge(knowledge, situationOf(message, target, false));
  }
}

/** As whom a message is delivered. */
function callerOf({ kind, callerId }: OpenMessage): string | null {
  return kind === 'system' ? RESTART_CONTEXT_CALLER : callerId;
}

function situationOf(message: OpenMessage, target: WorkspaceCard, attended: boolean): Situation {
  return {
    failures: message.failures,
    askable: canBeAsked(target),
    managed: target.backend !== 'external',
    attended,
    // A delegation is one question and one answer; whoever has to say more delegates again.
    answerable: message.kind !== 'delegation',
  };
}

function gone(): Decision {
  return {
    kind: 'end',
    ending: { state: 'failed', reason: 'target_removed', detail: 'its workspace was removed', result: null },
  };
}
