import type { Activity } from '@molecule/contract';
import { textOfParts } from '@molecule/contract/a2a';
import { textField } from '../platform/platform-client.js';

/** A message for this agent, in the form that hosts read (contract memory-mcp-rest §7.3). Absent keys are left out. */
export interface InboxMessage {
  readonly activity_id: string;
  readonly text: string;
  /** "" when a person wrote. */
  readonly peer_id: string;
  readonly kind: 'canvas_user' | 'peer_agent' | 'delegation_result';
  readonly method: string;
  readonly created_at: string;
  readonly peer_name?: string;
  readonly peer_role?: string;
  readonly agent_card_url?: string;
  /** Additive: a task somebody waits for. It ends by answering it, and by nothing else. */
  readonly delegation_id?: string;
  /** Additive: the message of this agent that a peer answers with this one. */
  readonly in_reply_to?: string;
  readonly arrival_workspace_id?: string;
}

/**
 * Null for rows that are no message to this agent: what it said itself, what it reported about itself, and what has its
 * answer already (contract memory-mcp-rest §7.2).
 */
export function toInboxMessage(row: Activity, workspaceId: string, platformUrl: string): InboxMessage | null {
  const isResult = row.method === 'delegate_result';
  if (row.activity_type !== 'a2a_receive' || row.method === 'notify') return null;
  if (row.source_id === workspaceId && !isResult) return null;
  if (!isResult && hasEnded(row)) return null;
  const message = field(field(row.request_body, 'params'), 'message');
  const metadata = field(message, 'metadata');
  const delegationId = isResult ? null : textField(metadata, 'delegation_id');
  const repliesTo = textField(metadata, 'in_reply_to');
  return {
    activity_id: row.id,
    text: textOf(row),
    peer_id: row.source_id ?? '',
    kind: isResult ? 'delegation_result' : row.source_id === null ? 'canvas_user' : 'peer_agent',
    method: row.method ?? '',
    created_at: row.created_at,
    ...(row.data?.peer_name === undefined ? {} : { peer_name: row.data.peer_name }),
    ...(row.data?.peer_role === undefined ? {} : { peer_role: row.data.peer_role }),
    ...(row.source_id === null ? {} : { agent_card_url: `${platformUrl}/registry/discover/${row.source_id}` }),
    ...(delegationId === null ? {} : { delegation_id: delegationId }),
    ...(repliesTo === null ? {} : { in_reply_to: repliesTo }),
  };
}

/** A message that waits in an inbox has taken no time yet (contract registry-a2a §8.8). */
function hasEnded(row: Activity): boolean {
  return row.status === 'error' || (row.response_body ?? null) !== null || (row.duration_ms ?? 0) > 0;
}

/** Where the text may be, in this order, among servers and clients of the contract. */
function textOf({ request_body: body, summary }: Activity): string {
  const params = field(body, 'params');
  for (const parts of [field(field(params, 'message'), 'parts'), field(params, 'parts'), field(body, 'parts')]) {
    const text = textOfParts(parts);
    if (text !== '') return text;
  }
  return summary || '(empty A2A message)';
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}
