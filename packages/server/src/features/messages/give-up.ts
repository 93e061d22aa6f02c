import type { Ports } from '../../ports.js';
import type { Forward } from '../../proxy/forward.js';
import type { WorkspaceReads } from '../workspaces/index.js';
import type { Ledger } from './ledger.js';
import type { MessageState } from './messages.tables.js';
import { reach } from './reachability.js';

export interface GiveUpDeps extends Pick<Ports, 'lanes' | 'supervisor' | 'logger'> {
  readonly ledger: Ledger;
  readonly workspaces: WorkspaceReads;
  readonly forward: Forward;
}

/** An open message whose caller no longer wants it. */
export interface Unwanted {
  readonly id: string;
  readonly callerId: string | null;
  readonly targetId: string;
  readonly state: MessageState;
  /** By which its agent knows it; null when it was never handed to one by this server. */
  readonly messageId: string | null;
}

const TELL_TIMEOUT_MS = 15_000;

/**
 * Ends a message as canceled for its caller; false when it has ended before. Whoever ends a row first wins, so one that
 * completes meanwhile stays completed. The agent is told to stop in the background: that it does is not promised, only
 * that its answer no longer counts.
 */
export async function giveUp(deps: GiveUpDeps, message: Unwanted, why: string): Promise<boolean> {
  const ending = { state: 'canceled', reason: 'canceled_by_caller', detail: why, result: null } as const;
  const canceled = await deps.ledger.end({ id: message.id, owner: null, ending });
  const { messageId } = message;
  // One that waits in the queue was handed to nobody.
  if (canceled && message.state !== 'queued' && messageId !== null) {
    deps.supervisor.background('message-cancel', (signal) => tellAgent(deps, { ...message, messageId }, signal));
  }
  return canceled;
}

async function tellAgent(
  { lanes, workspaces, forward, logger }: GiveUpDeps,
  message: Unwanted & { readonly messageId: string },
  signal: AbortSignal,
): Promise<void> {
  const target = await workspaces.find(lanes.work, message.targetId);
  const address = target ? reach(target) : null;
  if (address?.kind !== 'push') return;
  const outcome = await forward({
    ...address,
    callerId: message.callerId,
    body: JSON.stringify({ jsonrpc: '2.0', id: message.id, method: 'tasks/cancel', params: { id: message.messageId } }),
    idleMs: TELL_TIMEOUT_MS * 2,
    deadlineMs: TELL_TIMEOUT_MS,
    lastBeatAt: async () => null,
    openSink: null,
    onProgress: () => {},
    signal,
  });
  if (outcome.kind !== 'answered') {
    logger.info(
      { message: message.id, target: message.targetId, outcome: outcome.kind },
      'an agent was not told to cancel',
    );
  }
}
