import { routes } from '@molecule/contract';
import type { LoadRequest } from './load.js';

/** `[<id>]` becomes another id in every request that is sent. */
export const UNIQUE = '[<id>]';

/** A message of about 500 bytes to each workspace in turn, every one with an id of its own. */
export function toMessages(workspaceIds: readonly string[], token: string): LoadRequest['requests'] {
  return workspaceIds.map((id) => ({
    method: 'POST',
    path: routes.sendMessage.path.replace(':id', id),
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: UNIQUE,
      method: 'message/send',
      params: { message: { kind: 'message', role: 'user', messageId: UNIQUE, parts: [{ kind: 'text', text: TEXT }] } },
    }),
  }));
}

const TEXT =
  'Compare the figures of the last two quarters, say in three sentences what has changed and why, and name the tables ' +
  'you took them from. Leave out what you cannot be sure of, and say so. Whoever reads it has two minutes and knows ' +
  'nothing of the matter.';
