import type { Activity } from '@molecule/contract';
import type { FakeRequest } from './fake-server.js';
import { json } from './fake-server.js';

/** A row with unremarkable values, `second` seconds into a minute of a certain day. */
export function buildRow(second: number, change: Partial<Activity> = {}): Activity {
  return {
    id: `r${second}`,
    workspace_id: 'lead',
    activity_type: 'agent_log',
    source_id: 'lead',
    target_id: null,
    method: null,
    summary: `report ${second}`,
    duration_ms: null,
    status: 'ok',
    error_detail: null,
    created_at: new Date(Date.UTC(2026, 2, 1, 10, 0, second)).toISOString(),
    seq: second,
    message_id: null,
    ...change,
  };
}

export interface PlayedLog {
  /** Answers `GET /workspaces/:id/activity` from `rows` as the server would. */
  readonly answer: (request: FakeRequest) => Response;
  readonly rows: Activity[];
  /** Rows after which the server cuts a page because it is large enough, whatever its limit. */
  cutAfter: number;
}

export function playLog(...rows: Activity[]): PlayedLog {
  const log: PlayedLog = {
    rows,
    cutAfter: Number.POSITIVE_INFINITY,
    answer: ({ url: { searchParams: query } }) => {
      const [type, source, peer] = [query.get('type'), query.get('source'), query.get('peer_id')];
      const before = query.get('before_ts') ?? '9';
      const found = log.rows
        .filter((row) => type === null || row.activity_type === type)
        .filter((row) => source === null || (row.source_id === null) === (source === 'canvas'))
        .filter((row) => peer === null || row.source_id === peer || row.target_id === peer)
        .filter((row) => query.get('outcome') === null || /error|failed|stuck/.test(row.status))
        .filter((row) => row.created_at < before)
        .toSorted((a, b) => b.seq - a.seq);
      return json(found.slice(0, Math.min(Number(query.get('limit')), log.cutAfter)));
    },
  };
  return log;
}
