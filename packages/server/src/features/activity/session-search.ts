import type { Routes, SessionSearchHit } from '@molecule/contract';
import type { HandlersFor } from '../../platform/http/handlers.js';
import type { Ports } from '../../ports.js';
import type { Actor } from '../access/index.js';
import { type FoundActivity, searchActivities } from './session-search.store.js';

export type SessionSearchHandlers = Pick<HandlersFor<Routes, Actor>, 'searchSession'>;

/** A week of a busy agent. Older rows are found by their page in the log. */
const LOOK_AT_ROWS = 20_000;
/** Clients read at most 1 MiB of an answer (contract registry-a2a §19.6). */
const BODY_BYTES_MAX = 900 * 1024;

/** Looking back over what an agent was part of. Its memories join in with the memory feature. */
export function createSessionSearchHandlers({ lanes }: Pick<Ports, 'lanes'>): SessionSearchHandlers {
  return {
    async searchSession({ params, query }) {
      const rows = await searchActivities(lanes.control, {
        workspaceId: params.id,
        text: (query.q ?? '').trim(),
        limit: query.limit,
        lookAt: LOOK_AT_ROWS,
        bodyBytesMax: BODY_BYTES_MAX,
      });
      return { status: 200, body: rows.map((row) => toHit(row, params.id)) };
    },
  } satisfies SessionSearchHandlers;
}

function toHit(row: FoundActivity, workspaceId: string): SessionSearchHit {
  const { id, label, content, method, status, createdAt, requestBody, responseBody } = row;
  return {
    kind: 'activity',
    id,
    workspace_id: workspaceId,
    label,
    content,
    method,
    status,
    created_at: createdAt.toISOString(),
    ...(requestBody === null ? {} : { request_body: requestBody }),
    ...(responseBody === null ? {} : { response_body: responseBody }),
  };
}
