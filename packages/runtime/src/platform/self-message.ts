import type { PlatformClient, PlatformReply } from './platform-client.js';

/** Something the owner has the agent told without anybody writing. */
export interface SelfMessage {
  readonly id: string;
  readonly prompt: 'initial' | 'idle';
  readonly text: string;
}

/**
 * Writes to the agent itself, through the platform: there it is on record, counted and shown like every other message.
 * X-Workspace-ID, which the client sends with every call, keeps it from appearing as typed by a person.
 */
export function sendToSelf(
  client: PlatformClient,
  workspaceId: string,
  { id, prompt, text }: SelfMessage,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<PlatformReply<unknown>> {
  const message = {
    kind: 'message',
    role: 'user',
    messageId: id,
    parts: [{ kind: 'text', text }],
    metadata: { source: `${prompt}_prompt` },
  };
  const body = { jsonrpc: '2.0', id, method: 'message/send', params: { message } };
  return client.attempt((api) => api.call('sendMessage', { params: { id: workspaceId }, body }, options));
}
