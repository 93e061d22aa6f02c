import type { InboxMessage } from '../outside/inbox-row.js';

/** What an MCP host that knows channels is told about a new message (contract memory-mcp-rest §6.5). */
export interface ChannelNotice {
  readonly method: 'notifications/claude/channel';
  readonly params: { readonly content: string; readonly meta: Readonly<Record<string, string>> };
  // A notification of the protocol may carry any parameters.
  readonly [key: string]: unknown;
}

const KINDS: readonly string[] = ['canvas_user', 'peer_agent', 'delegation_result'];
const METHODS: readonly string[] = [
  'message/send',
  'message/stream',
  'SendMessage',
  'SendStreamingMessage',
  'delegate_result',
];
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;
const NAME_CHARACTERS = 64;

/**
 * Whatever peers chose about themselves passes a gate first: a host shows this to a model, which must not take a name for
 * an instruction. The text stays what it is; its reader is told that it is untrusted.
 */
export function toChannelNotice(message: InboxMessage, platformUrl: string): ChannelNotice {
  const peerId = UUID.test(message.peer_id) ? message.peer_id.toLowerCase() : '';
  const name = peerId === '' ? '' : toDisplayName(message.peer_name);
  const role = peerId === '' ? '' : toDisplayName(message.peer_role);
  return {
    method: 'notifications/claude/channel',
    params: {
      content: `${headOf(message, peerId, name, role)}\n${message.text}`,
      meta: {
        source: 'molecule',
        kind: KINDS.includes(message.kind) ? message.kind : 'peer_agent',
        peer_id: peerId,
        method: METHODS.includes(message.method) ? message.method : '',
        activity_id: UUID.test(message.activity_id) ? message.activity_id : '',
        ts: INSTANT.test(message.created_at) ? message.created_at : '',
        ...(name === '' ? {} : { peer_name: name }),
        ...(role === '' ? {} : { peer_role: role }),
        ...(peerId === '' ? {} : { agent_card_url: `${platformUrl}/registry/discover/${peerId}` }),
        ...(message.delegation_id !== undefined && UUID.test(message.delegation_id)
          ? { delegation_id: message.delegation_id }
          : {}),
      },
    },
  };
}

function headOf(message: InboxMessage, peerId: string, name: string, role: string): string {
  if (message.kind === 'canvas_user') return '[from canvas user]';
  const from = `${name || 'a peer'}${role === '' ? '' : ` (${role})`}${peerId === '' ? '' : ` · peer_id=${peerId}`}`;
  return message.kind === 'delegation_result' ? `[result from ${from}]` : `[from ${from}]`;
}

function toDisplayName(text: string | undefined): string {
  return (text ?? '')
    .replaceAll(/[^A-Za-z0-9 _.\-/+:@()]/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, NAME_CHARACTERS)
    .trim();
}
