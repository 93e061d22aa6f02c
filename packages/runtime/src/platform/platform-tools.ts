import { createHash } from 'node:crypto';
import type { DelegationOutcome, Peer, PlatformTools } from '../adapters/adapter.js';
import { AdapterError } from '../adapters/adapter.js';
import type { Clock } from '../clock.js';
import { type PlatformClient, type PlatformReply, type PlatformRequest, textField } from './platform-client.js';

export interface PlatformToolsOptions {
  readonly client: PlatformClient;
  readonly clock: Clock;
  readonly workspaceId: string;
  /** The message being answered. Part of every idempotency key, so that a turn run again delegates nothing twice. */
  readonly messageId: string;
  /** How long the platform may be out of reach before a call gives up. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

const LONG_POLL_SECONDS = 25;
const CALL_TIMEOUT_MS = 15_000;
const RETRY_MS = 1_000;

/**
 * The tools of one turn (design §7). Both calls repeat while the platform is out of reach, up to `patienceMs`;
 * repeating is safe because a delegation carries its idempotency key.
 */
export function createPlatformTools(options: PlatformToolsOptions): PlatformTools {
  const { client, clock, workspaceId } = options;
  const ordinals = new Map<string, number>();

  async function callPatiently(request: PlatformRequest): Promise<PlatformReply> {
    const givesUpAt = clock.monotonicMs() + options.patienceMs;
    for (;;) {
      const reply = await client.call(request);
      if (reply.kind !== 'unavailable' || clock.monotonicMs() >= givesUpAt) return reply;
      await clock.sleep(reply.retryAfterMs ?? RETRY_MS, request.signal);
    }
  }

  return {
    async peers(signal = options.signal) {
      const path = `/registry/${workspaceId}/peers`;
      const reply = await callPatiently({ method: 'GET', path, signal, timeoutMs: CALL_TIMEOUT_MS });
      if (reply.kind !== 'ok' || !Array.isArray(reply.body)) {
        const reason = reply.kind === 'ok' ? 'the answer is not a list' : reply.reason;
        throw new AdapterError('tool_failed', `Cannot list the peers of this workspace: ${reason}`, {
          retryable: true,
        });
      }
      return reply.body.flatMap((row: unknown) => toPeer(row, workspaceId) ?? []);
    },

    async delegate(targetId, task, signal = options.signal): Promise<DelegationOutcome> {
      const ordinal = ordinals.get(targetId) ?? 0;
      ordinals.set(targetId, ordinal + 1);
      const submitted = await callPatiently({
        method: 'POST',
        path: `/workspaces/${workspaceId}/delegate`,
        body: {
          target_id: targetId,
          task,
          idempotency_key: delegationKey(options.messageId, targetId, ordinal),
          parent_message_id: options.messageId,
        },
        signal,
        timeoutMs: CALL_TIMEOUT_MS,
      });
      if (submitted.kind !== 'ok') return { state: 'failed', reason: submitted.reason, delegationId: null };
      const delegationId = textField(submitted.body, 'delegation_id');
      if (delegationId === null) {
        return {
          state: 'failed',
          reason: 'The platform accepted the delegation without naming it.',
          delegationId: null,
        };
      }
      return waitForOutcome(delegationId, signal);
    },
  };

  async function waitForOutcome(delegationId: string, signal: AbortSignal): Promise<DelegationOutcome> {
    for (;;) {
      const reply = await callPatiently({
        method: 'GET',
        path: `/workspaces/${workspaceId}/delegations/${delegationId}?wait=${LONG_POLL_SECONDS}`,
        signal,
        timeoutMs: (LONG_POLL_SECONDS + 15) * 1000,
      });
      if (reply.kind !== 'ok') return { state: 'failed', reason: reply.reason, delegationId };
      const outcome = toOutcome(reply.body, delegationId);
      if (outcome) return outcome;
      // Only matters against a platform that answers at once instead of holding the request.
      await clock.sleep(50, signal);
    }
  }
}

/** Short and stable; hashed because a message id may be any text. */
export function delegationKey(messageId: string, targetId: string, ordinal: number): string {
  return createHash('sha256')
    .update(JSON.stringify([messageId, targetId, ordinal]))
    .digest('hex')
    .slice(0, 40);
}

function toPeer(row: unknown, workspaceId: string): Peer | null {
  const id = textField(row, 'id');
  if (id === null) return null;
  const relation = textField(row, 'relation');
  return {
    id,
    name: textField(row, 'name') ?? id,
    role: textField(row, 'role'),
    status: textField(row, 'status') ?? 'unknown',
    relation:
      relation === 'child' || relation === 'sibling' || relation === 'parent'
        ? relation
        : textField(row, 'parent_id') === workspaceId
          ? 'child'
          : 'sibling',
  };
}

/** Null while the delegation is under way. */
function toOutcome(body: unknown, delegationId: string): DelegationOutcome | null {
  const status = textField(body, 'status');
  switch (status) {
    case 'completed': {
      const result: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'result') : null;
      return {
        state: 'completed',
        text: textField(result, 'text') ?? textField(body, 'result_preview') ?? '',
        delegationId,
      };
    }
    case 'failed':
    case 'stuck':
      return { state: status, reason: textField(body, 'error_detail') ?? `The delegation is ${status}.`, delegationId };
    default:
      return null;
  }
}
