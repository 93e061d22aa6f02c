import type { Activity, NewEvent } from '@molecule/contract';
import { textOfParts } from '../../proxy/envelope.js';
import { isJsonObject } from '../../proxy/json.js';
import type { ActivityRow } from './activity.store.js';
import type { ActivityHead } from './activity.types.js';
import type { PeerName } from './activity.views.js';

/** A row on the wire (contract registry-a2a §11.1): bodies only when stored, and on inbox rows what the SDK reads. */
export function toActivity(row: ActivityRow, peers: ReadonlyMap<string, PeerName>, origin: string): Activity {
  const createdAt = row.created_at.toISOString();
  return {
    id: row.id,
    workspace_id: row.workspace_id,
    activity_type: row.activity_type,
    source_id: row.source_id,
    target_id: row.target_id,
    method: row.method,
    summary: row.summary,
    duration_ms: row.duration_ms,
    status: row.status,
    error_detail: row.error_detail,
    created_at: createdAt,
    seq: row.seq,
    message_id: row.message_id,
    ...(row.request_body === null ? {} : { request_body: row.request_body }),
    ...(row.response_body === null ? {} : { response_body: row.response_body }),
    ...(row.tool_trace === null ? {} : { tool_trace: row.tool_trace }),
    ...(row.activity_type === 'a2a_receive'
      ? { type: row.activity_type, ts: createdAt, data: toInboxData(row, peers, origin) }
      : {}),
  };
}

function toInboxData(
  row: ActivityRow,
  peers: ReadonlyMap<string, PeerName>,
  origin: string,
): NonNullable<Activity['data']> {
  const kind = row.source_id === null ? 'canvas_user' : 'peer_agent';
  const peer = row.source_id === null ? undefined : peers.get(row.source_id);
  return {
    source: kind,
    kind,
    text: textOfRequest(row.request_body),
    peer_id: row.source_id,
    activity_id: row.id,
    ...(peer ? { peer_name: peer.name, ...(peer.role === null ? {} : { peer_role: peer.role }) } : {}),
    ...(row.source_id === null ? {} : { agent_card_url: `${origin}/registry/discover/${row.source_id}` }),
  };
}

function textOfRequest(body: unknown): string {
  const params = isJsonObject(body) ? body.params : null;
  const message = isJsonObject(params) ? params.message : null;
  return isJsonObject(message) ? textOfParts(message.parts) : '';
}

/** The event that says a row was written or has ended. Readers fetch the row; bodies do not travel in events. */
export function activityLogged(row: ActivityHead): NewEvent {
  return {
    type: 'ACTIVITY_LOGGED',
    workspaceId: row.workspaceId,
    payload: {
      activity_id: row.id,
      activity_type: row.activityType,
      method: row.method,
      summary: row.summary,
      status: row.status,
      source_id: row.sourceId,
      target_id: row.targetId,
      duration_ms: row.durationMs,
      message_id: row.messageId,
    },
  };
}
