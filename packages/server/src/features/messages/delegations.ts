import { createHash } from 'node:crypto';
import type { Delegate } from '@molecule/contract';
import { parseUuid } from '@molecule/contract';
import { type Batcher, createBatcher } from '../../platform/batcher.js';
import { refuse } from '../../platform/http/app-error.js';
import { toStorableJson } from '../../platform/storable-json.js';
import type { Ports } from '../../ports.js';
import { firstCharacters } from '../activity/index.js';
import type { Addressees } from './addressees.js';
import { ensureBudget } from './budget.js';
import { toDelegationState } from './delegation-state.js';
import { lockCallers, readSubmitFacts, releaseIdempotencyKey, type SubmitFacts } from './delegations.store.js';
import type { Ledger } from './ledger.js';
import type { NewMessage } from './ledger.types.js';
import type { MessageLimits } from './limits.js';
import { insertMessages } from './messages.store.js';
import { projectAccepted } from './projection.js';
import { reach } from './reachability.js';

export type Submitted =
  | { readonly kind: 'accepted'; readonly id: string; readonly targetId: string }
  /** The same idempotency key was seen before. */
  | {
      readonly kind: 'hit';
      readonly id: string;
      readonly targetId: string;
      readonly status: ReturnType<typeof toDelegationState>;
    }
  | { readonly kind: 'refused'; readonly limit: string };

export interface Delegations {
  /** Durable when it resolves; throws the refusals of contract registry-a2a §10.1. */
  submit(callerId: string, request: Delegate): Promise<Submitted>;
  drain(): Promise<void>;
}

export interface DelegationsDeps extends Pick<Ports, 'transact' | 'random'> {
  readonly ledger: Ledger;
  readonly addressees: Addressees;
  readonly limits: MessageLimits;
  readonly onAccepted: () => void;
}

interface Submit {
  readonly message: NewMessage & {
    readonly callerId: string;
    readonly delegation: NonNullable<NewMessage['delegation']>;
  };
  readonly targetName: string;
  readonly parentMessageId: string | null;
}

export const TASK_PREVIEW_CHARACTERS = 1_000;

/** Server-run delegation: one ledger row, from which lists, events and the caller's inbox follow (design §7). */
export function createDelegations(deps: DelegationsDeps): Delegations {
  const { addressees, limits } = deps;

  const submits: Batcher<Submit, Submitted> = createBatcher({
    name: 'delegations',
    partitionKey: ({ message }) => message.callerId,
    run: (items) =>
      deps.transact('control', async (tx) => {
        await lockCallers(
          tx,
          items.map(({ message }) => message.callerId),
        );
        const facts = await readSubmitFacts(
          tx,
          items.map(({ message, parentMessageId }) => ({
            callerId: message.callerId,
            targetId: message.targetId,
            idempotencyKey: message.delegation.idempotencyKey,
            taskHash: message.delegation.taskHash,
            parentMessageId,
            sameWithinSeconds: limits.sameWithinSeconds,
          })),
        );
        const judged = judge(items, facts, limits);
        for (const id of judged.released) await releaseIdempotencyKey(tx, id);
        // The depth was judged above, with its own refusal.
        await insertMessages(
          tx,
          judged.accepted.map(({ message }) => message),
          limits.depthMax,
        );
        await deps.ledger.project(
          tx,
          judged.accepted.map(({ message, targetName }) => projectAccepted(message, targetName)),
        );
        return judged.answers;
      }),
  });

  return {
    async submit(callerId, request) {
      const targetId = parseUuid(request.target_id) ?? refuse('invalid_target_id');
      if (targetId === callerId) refuse('self_delegation');
      const [target, caller] = await Promise.all([addressees.find(targetId), addressees.find(callerId)]);
      if (!target || target.status === 'removed') refuse('workspace_not_found');
      if (!(await addressees.mayWrite(callerId, targetId))) refuse('access_denied');
      ensureBudget(target);
      const id = deps.random.uuidv7();
      const body = toStorableJson(toEnvelope(id, request.task, caller?.name ?? null));
      const message: Submit['message'] = {
        id,
        kind: 'delegation',
        callerId,
        targetId,
        messageId: id,
        method: 'message/send',
        body,
        taskPreview: firstCharacters(request.task, TASK_PREVIEW_CHARACTERS),
        // In the inbox of a polling target it is delivered; every other target is the executor's.
        state: reach(target).kind === 'poll' ? 'working' : 'queued',
        lease: null,
        deadlineMs: limits.delegationDeadlineMs,
        delegation: {
          idempotencyKey: request.idempotency_key || null,
          taskHash: createHash('sha256').update(request.task).digest('hex'),
          causeId: null,
          depth: 1,
        },
      };
      const parentMessageId = request.parent_message_id || null;
      const answer = await submits.submit({ message, targetName: target.name, parentMessageId }, body.length * 2 + 512);
      if (answer.kind === 'accepted') deps.onAccepted();
      return answer;
    },
    drain: () => submits.drain(),
  };
}

interface Judged {
  readonly answers: readonly Submitted[];
  readonly accepted: readonly Submit[];
  /** Failed delegations whose idempotency key goes to a new one. */
  readonly released: readonly string[];
}

/** Decides a batch item by item, counting what it has itself accepted: a burst cannot slip past a limit together. */
function judge(items: readonly Submit[], facts: readonly SubmitFacts[], limits: MessageLimits): Judged {
  const accepted: Submit[] = [];
  const released: string[] = [];
  const answers = items.map((item, index): Submitted => {
    const fact = facts[index];
    if (!fact) throw new Error('a delegation was submitted without its facts');
    const { id, callerId, targetId, delegation } = item.message;
    const ofCaller = accepted.filter(({ message }) => message.callerId === callerId);
    const twin = ofCaller.find(
      ({ message }) =>
        delegation.idempotencyKey !== null && message.delegation.idempotencyKey === delegation.idempotencyKey,
    );
    if (twin) return { kind: 'hit', id: twin.message.id, targetId: twin.message.targetId, status: 'queued' };
    const known = knownOf(fact);
    if (known && known.status !== 'failed')
      return { kind: 'hit', id: known.id, targetId: known.targetId, status: known.status };
    const same = ofCaller.filter(
      ({ message }) => message.targetId === targetId && message.delegation.taskHash === delegation.taskHash,
    );
    const limit = exceeded(fact, ofCaller.length, same.length, limits);
    if (limit) return { kind: 'refused', limit };
    if (known) released.push(known.id);
    const { causeId, depth } = fact;
    accepted.push({ ...item, message: { ...item.message, delegation: { ...delegation, causeId, depth } } });
    return { kind: 'accepted', id, targetId };
  });
  return { answers, accepted, released };
}

function knownOf(fact: SubmitFacts) {
  if (fact.existingId === null || fact.existingState === null || fact.existingTargetId === null) return null;
  const status = toDelegationState({
    state: fact.existingState,
    dispatchedAt: fact.existingDispatchedAt,
    lastHeartbeat: fact.existingLastHeartbeat,
  });
  return { id: fact.existingId, targetId: fact.existingTargetId, status };
}

/** The loop limit that a further delegation would exceed, in words; null when none (design §7). */
function exceeded(fact: SubmitFacts, moreOpen: number, moreSame: number, limits: MessageLimits): string | null {
  if (fact.depth > limits.depthMax) return `depth: at most ${limits.depthMax} delegations below one message`;
  if (fact.open + moreOpen >= limits.openMax) return `open: at most ${limits.openMax} open delegations per caller`;
  if (fact.same + moreSame >= limits.sameMax) {
    const minutes = Math.round(limits.sameWithinSeconds / 60);
    return `identical: at most ${limits.sameMax} times the same task to the same workspace within ${minutes} minutes`;
  }
  return null;
}

/**
 * Contract registry-a2a §10.2: the message id is the delegation id, which the callee's reply can name. The caller's name
 * is ours, so that a model knows who asks; its id travels as a header.
 */
export function toEnvelope(id: string, task: string, callerName: string | null) {
  const metadata = { delegation_id: id, ...(callerName === null ? {} : { caller_name: callerName }) };
  const message = { kind: 'message', role: 'user', messageId: id, parts: [{ kind: 'text', text: task }], metadata };
  return { jsonrpc: '2.0', id, method: 'message/send', params: { message, metadata } };
}
