import { createHash } from 'node:crypto';
import type { Delegation, Peer as PeerRow } from '@molecule/contract';
import type { Client } from '@molecule/contract/client';
import { AdapterError, type DelegationOutcome, type Peer, type PlatformTools } from '../adapters/adapter.js';
import type { Clock } from '../clock.js';
import type { PlatformClient, PlatformReply } from './platform-client.js';

export interface PlatformToolsOptions {
  readonly client: PlatformClient;
  readonly clock: Clock;
  readonly workspaceId: string;
  /**
   * The message being answered. Part of every idempotency key, so that a turn run again delegates nothing twice; named
   * with every delegation, because the platform cannot see which of the messages it handed over is being worked on.
   */
  readonly messageId: string;
  /** How long the platform may be out of reach before a call gives up. */
  readonly patienceMs: number;
  /** Ends every call when the turn is aborted. */
  readonly signal: AbortSignal;
}

const LONG_POLL_SECONDS = 25;
const LONG_POLL_TIMEOUT_MS = 40_000;
const RETRY_MS = 1_000;
// Only matters against a platform that answers at once instead of holding the request.
const LONG_POLL_PAUSE_MS = 50;

/**
 * The tools of one turn (design §7). Both repeat while the platform is out of reach, up to `patienceMs`; repeating is
 * safe because a delegation carries its idempotency key.
 */
export function createPlatformTools(options: PlatformToolsOptions): PlatformTools {
  const { client, clock, workspaceId } = options;
  const ordinals = new Map<string, number>();

  async function attemptPatiently<T>(signal: AbortSignal, run: (api: Client) => Promise<T>): Promise<PlatformReply<T>> {
    const givesUpAtMs = clock.monotonicMs() + options.patienceMs;
    for (;;) {
      const reply = await client.attempt(run);
      if (reply.kind !== 'unavailable' || clock.monotonicMs() >= givesUpAtMs) return reply;
      await clock.sleep(reply.retryAfterMs ?? RETRY_MS, signal);
    }
  }

  async function waitForOutcome(delegationId: string, signal: AbortSignal): Promise<DelegationOutcome> {
    const input = { params: { id: workspaceId, delegationId }, query: { wait: LONG_POLL_SECONDS } };
    for (;;) {
      const reply = await attemptPatiently(signal, (api) =>
        api.call('getDelegation', input, { signal, timeoutMs: LONG_POLL_TIMEOUT_MS }),
      );
      if (reply.kind !== 'ok') return { state: 'failed', reason: reply.reason, delegationId };
      const outcome = toOutcome(reply.value.body);
      if (outcome) return outcome;
      await clock.sleep(LONG_POLL_PAUSE_MS, signal);
    }
  }

  return {
    async peers(signal = options.signal) {
      const reply = await attemptPatiently(signal, (api) =>
        api.call('listPeers', { params: { id: workspaceId } }, { signal }),
      );
      if (reply.kind === 'ok') return reply.value.body.map(toPeer);
      throw new AdapterError('tool_failed', `Cannot list the peers of this workspace: ${reply.reason}`, {
        retryable: reply.kind === 'unavailable',
      });
    },

    async delegate(targetId, task, signal = options.signal) {
      const ordinal = ordinals.get(targetId) ?? 0;
      ordinals.set(targetId, ordinal + 1);
      const body = {
        target_id: targetId,
        task,
        idempotency_key: delegationKey(options.messageId, targetId, ordinal),
        parent_message_id: options.messageId,
      };
      const reply = await attemptPatiently(signal, (api) =>
        api.call('delegate', { params: { id: workspaceId }, body }, { signal }),
      );
      if (reply.kind !== 'ok') return { state: 'failed', reason: reply.reason, delegationId: null };
      return waitForOutcome(reply.value.body.delegation_id, signal);
    },
  };
}

/** Hashed because a message id may be any text, and the platform bounds the length of a key. */
export function delegationKey(messageId: string, targetId: string, ordinal: number): string {
  return createHash('sha256')
    .update(JSON.stringify([messageId, targetId, ordinal]))
    .digest('hex')
    .slice(0, 40);
}

function toPeer(row: PeerRow): Peer {
  return { id: row.id, name: row.name, role: row.role, status: row.status, relation: row.relation };
}

/** Null while the delegation is under way. */
function toOutcome(delegation: Delegation): DelegationOutcome | null {
  const { status, delegation_id: delegationId } = delegation;
  switch (status) {
    case 'completed':
      return { state: status, text: delegation.result?.text ?? delegation.result_preview ?? '', delegationId };
    case 'failed':
    case 'stuck':
      return { state: status, reason: delegation.error_detail ?? `The delegation is ${status}.`, delegationId };
    case 'queued':
    case 'dispatched':
    case 'in_progress':
      return null;
    default:
      return status satisfies never;
  }
}
