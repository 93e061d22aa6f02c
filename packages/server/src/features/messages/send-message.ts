import type { Routes } from '@molecule/contract';
import { refuse } from '../../platform/http/app-error.js';
import type { HandlerReply, HandlersFor } from '../../platform/http/handlers.js';
import { toStorableJson } from '../../platform/storable-json.js';
import type { Ports } from '../../ports.js';
import { type Envelope, isSending, normalizeEnvelope } from '../../proxy/envelope.js';
import type { Access, Actor } from '../access/index.js';
import { firstCharacters } from '../activity/index.js';
import type { WorkspaceCard } from '../workspaces/index.js';
import type { Addressees } from './addressees.js';
import { ensureBudget } from './budget.js';
import type { Ledger } from './ledger.js';
import type { NewMessage } from './ledger.types.js';
import type { LiveSend } from './live-send.js';
import { countQueued, findRecorded } from './messages.store.js';
import { type Reachability, reach } from './reachability.js';
import { replyRecorded, replyToPoll, replyWaiting } from './replies.js';

export type SendReply = HandlerReply<Routes['sendMessage']>;
export type SendHandlers = Pick<HandlersFor<Routes, Actor>, 'sendMessage'>;

export interface SendDeps extends Pick<Ports, 'lanes' | 'clock' | 'random'> {
  readonly access: Pick<Access, 'resolveCaller'>;
  readonly addressees: Addressees;
  readonly ledger: Ledger;
  readonly liveSend: LiveSend;
  readonly leaseMs: number;
  readonly onQueued: () => void;
}

export const MESSAGE_ID_CHARACTERS_MAX = 256;
export const PREVIEW_CHARACTERS = 300;

/** `POST /workspaces/:id/a2a`. Refusals come in the order of contract registry-a2a §8.3: 400, 401/403, 402, 404, 503. */
export function createSendHandlers(deps: SendDeps): SendHandlers {
  const { lanes, random, addressees } = deps;

  return {
    async sendMessage({ params, body, actor, request }) {
      const envelope = normalizeEnvelope(body, () => random.uuid()) ?? refuse('invalid_json');
      if ((envelope.messageId?.length ?? 0) > MESSAGE_ID_CHARACTERS_MAX) {
        refuse('invalid_json', { text: `messageId is longer than ${MESSAGE_ID_CHARACTERS_MAX} characters` });
      }
      const targetId = params.id;
      const { callerId } = await deps.access.resolveCaller({ actor, headers: request.headers, targetId });
      if (callerId !== null && !(await addressees.mayWrite(callerId, targetId))) {
        refuse('access_denied');
      }
      const target = await addressees.find(targetId);
      if (target) ensureBudget(target);
      const now = target ? reach(target) : null;
      if (!target || !now || (now.kind === 'refused' && now.why === 'removed')) refuse('workspace_not_found');
      if (now.kind === 'refused') refuseUnreachable(now.why, target);
      const deadlineMs = readTimeout(request.headers['x-timeout']);
      const sending: Sending = { envelope, callerId, target, deadlineMs };
      if (isSending(envelope.method) && envelope.messageId !== null) {
        return send(sending, now, envelope.messageId);
      }
      // Questions about tasks and unknown methods ask for no work: they pass through and leave no row.
      if (now.kind !== 'push') refuse('workspace_has_no_url', { fields: { status: target.status } });
      return deps.liveSend.ask({ ...sending, address: now });
    },
  } satisfies SendHandlers;

  async function send(
    sending: Sending,
    now: Exclude<Reachability, { kind: 'refused' }>,
    messageId: string,
  ): Promise<SendReply> {
    const claimedAtMs = deps.clock.monotonicMs();
    const owner = random.uuid();
    const message: NewMessage = {
      id: random.uuidv7(),
      kind: sending.callerId === null ? 'chat' : 'peer',
      callerId: sending.callerId,
      targetId: sending.target.id,
      messageId,
      method: sending.envelope.method,
      body: toStorableJson(sending.envelope.body),
      taskPreview: firstCharacters(sending.envelope.text, PREVIEW_CHARACTERS),
      // For a polling target the row in its inbox is the delivery; there is nothing left to do.
      state: (
        { push: 'working', wait: 'queued', poll: 'completed' } as const satisfies Record<string, NewMessage['state']>
      )[now.kind],
      lease: now.kind === 'push' ? { owner, ms: deps.leaseMs } : null,
      deadlineMs: sending.deadlineMs,
      ...contextOf(sending.envelope),
      delegation: null,
    };
    if (!(await deps.ledger.record({ message, targetName: sending.target.name }))) {
      return repeat(sending, now, message, claimedAtMs);
    }
    switch (now.kind) {
      case 'poll':
        return replyToPoll(message);
      case 'wait':
        deps.onQueued();
        return replyQueued(message.id, sending.target.id, messageId, now.asleep);
      case 'push':
        return deps.liveSend.deliver({
          ...sending,
          address: now,
          message: { ...message, owner },
          failures: 0,
          claimedAtMs,
        });
      default:
        return now satisfies never;
    }
  }

  /** The message id is known: the recorded outcome is the answer, and nothing runs a second time. */
  async function repeat(
    sending: Sending,
    now: Exclude<Reachability, { kind: 'refused' }>,
    message: NewMessage,
    claimedAtMs: number,
  ): Promise<SendReply> {
    const recorded = await findRecorded(lanes.control, message.targetId, message.messageId);
    if (!recorded) {
      return refuse('loop_refused', { text: 'message refused by a loop limit (depth: too many agents in one chain)' });
    }
    if (recorded.callerId !== message.callerId) refuse('duplicate_message');
    const owner = message.lease?.owner ?? null;
    if (now.kind === 'push' && owner !== null) {
      const limits = { leaseMs: deps.leaseMs, deadlineMs: sending.deadlineMs };
      const again = { ...message, id: recorded.id, owner };
      if (await deps.ledger.revive({ message: again, targetName: sending.target.name, owner }, limits)) {
        return deps.liveSend.deliver({ ...sending, address: now, message: again, failures: 0, claimedAtMs });
      }
    }
    if (recorded.state === 'queued') {
      return replyQueued(recorded.id, message.targetId, message.messageId, now.kind === 'wait' && now.asleep);
    }
    return replyRecorded(recorded, message);
  }

  async function replyQueued(id: string, targetId: string, messageId: string, waking: boolean): Promise<SendReply> {
    const depth = await countQueued(lanes.control, targetId);
    const why = waking
      ? 'the workspace hibernates and is being woken; it is delivered when it is online'
      : 'the workspace is not online; it is delivered when it is';
    return replyWaiting({ id, messageId, depth, why, waking });
  }
}

export interface Sending {
  readonly envelope: Envelope;
  readonly callerId: string | null;
  readonly target: WorkspaceCard;
  /** From `X-Timeout`. */
  readonly deadlineMs: number | null;
}

/** What is too long to be an id of ours passes to the agent, and names no conversation here. */
function contextOf({ contextId }: Pick<Envelope, 'contextId'>): Pick<NewMessage, 'contextId'> {
  return contextId === null || contextId.length > MESSAGE_ID_CHARACTERS_MAX ? {} : { contextId };
}

/** Whole seconds above 0; 0 means no limit, which is the default, and junk is ignored (contract registry-a2a §8.1). */
function readTimeout(header: string | string[] | undefined): number | null {
  const text = Array.isArray(header) ? header[0] : header;
  return text !== undefined && /^[1-9]\d{0,7}$/.test(text.trim()) ? Number(text) * 1_000 : null;
}

export function refuseUnreachable(why: 'removed' | 'paused' | 'failed' | 'no_url', target: WorkspaceCard): never {
  const fields = { status: target.status };
  switch (why) {
    case 'paused':
      return refuse('workspace_paused', { fields });
    case 'failed':
      return refuse('workspace_failed', {
        fields: { ...fields, reason: target.failureReason },
        ...(target.lastError === null
          ? {}
          : { help: `${target.lastError.split('\n', 1)[0]} Start it again once that is put right.` }),
      });
    case 'no_url':
      return refuse('workspace_has_no_url', { fields });
    case 'removed':
      return refuse('workspace_not_found');
    default:
      return why satisfies never;
  }
}
