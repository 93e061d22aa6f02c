import type { PlatformClient, PlatformReply } from '../platform/platform-client.js';
import type { InboxMessage } from './inbox-row.js';

export type Answer = { readonly text: string } | { readonly failure: string };

const TIMEOUT_MS = 30_000;
const NO_OUTPUT = '(no output)';

/**
 * Answers a message through the door that ends it: a task is reported on, a person's question becomes one entry with its
 * answer, a peer gets a message that names what it replies to. Repeating it changes nothing: the platform keeps the first.
 */
export function sendAnswer(
  client: PlatformClient,
  workspaceId: string,
  message: InboxMessage,
  answer: Answer,
  signal?: AbortSignal,
): Promise<PlatformReply<unknown>> {
  const options = { timeoutMs: TIMEOUT_MS, ...(signal ? { signal } : {}) };
  const params = { id: workspaceId };
  const failed = 'failure' in answer;
  const text = (failed ? answer.failure : answer.text) || NO_OUTPUT;
  if (message.delegation_id !== undefined) {
    const { delegation_id: delegationId } = message;
    const body = failed ? { status: 'failed', error: text } : { status: 'completed', response: text };
    return client.attempt((api) =>
      api.call('updateDelegation', { params: { id: workspaceId, delegationId }, body }, options),
    );
  }
  if (message.kind === 'canvas_user') {
    const body = { message: text, in_reply_to: message.activity_id, ...(failed ? { failed: true } : {}) };
    return client.attempt((api) => api.call('notify', { params, body }, options));
  }
  return replyToPeer(client, message, failed ? `This could not be done: ${text}` : text, options);
}

/** The message id is derived, so that a repetition is recognised where it arrives. */
async function replyToPeer(
  client: PlatformClient,
  message: InboxMessage,
  text: string,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<PlatformReply<unknown>> {
  const envelope = {
    jsonrpc: '2.0',
    id: message.activity_id,
    method: 'message/send',
    params: {
      message: {
        kind: 'message',
        role: 'agent',
        messageId: `reply:${message.activity_id}`,
        parts: [{ kind: 'text', text }],
        metadata: { in_reply_to: message.activity_id },
      },
    },
  };
  const reply = await client.attempt((api) =>
    api.call('sendMessage', { params: { id: message.peer_id }, body: envelope }, options),
  );
  // It is there already.
  return reply.kind === 'refused' && reply.status === 409 ? { kind: 'ok', value: null } : reply;
}
