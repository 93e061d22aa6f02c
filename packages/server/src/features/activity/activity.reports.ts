import { parseUuid, REPORTABLE_ACTIVITY_TYPES, type ReportActivity } from '@molecule/contract';
import { type Batcher, createBatcher } from '../../platform/batcher.js';
import { refuse } from '../../platform/http/app-error.js';
import type { Ports } from '../../ports.js';
import { activityLogged } from './activity.projection.js';
import { insertActivities } from './activity.store.js';
import type { NewActivity } from './activity.types.js';
import { firstCharacters, toStoredBody } from './stored-body.js';

type Deps = Pick<Ports, 'transact' | 'commit' | 'random'>;

/** Texts of a report travel in an event of at most 8 KiB, so the log keeps their beginning. */
const TEXT_CHARACTERS_MAX = 500;
const DETAIL_CHARACTERS_MAX = 4_000;

/** Rows that agents report about themselves, written in batches and durable before they are answered (B-49). */
export function createReportWriter({ transact, commit }: Deps): Batcher<NewActivity, null> {
  return createBatcher<NewActivity, null>({
    name: 'activity-reports',
    partitionKey: (row) => row.workspaceId,
    run: (rows) =>
      transact('control', async (tx) => {
        await insertActivities(tx, rows);
        await commit(tx, { events: rows.map(activityLogged) });
        return rows.map(() => null);
      }),
  });
}

/** Reads a self report (contract registry-a2a §11.2); throws the refusal the contract names. */
export function toReportedActivity(workspaceId: string, body: ReportActivity, id: string): NewActivity {
  const activityType = REPORTABLE_ACTIVITY_TYPES.find((type) => type === body.activity_type);
  if (activityType === undefined) {
    refuse('invalid_activity_type', {
      text: `invalid activity_type, must be one of: ${REPORTABLE_ACTIVITY_TYPES.join(', ')}`,
    });
  }
  const given = body.source_id || workspaceId;
  if (parseUuid(given) !== workspaceId) refuse('source_mismatch');
  const targetId = body.target_id ? parseUuid(body.target_id) : null;
  if (body.target_id && targetId === null) refuse('invalid_target_id');
  const request = body.request_body ?? body.metadata ?? null;
  return {
    id,
    workspaceId,
    activityType,
    sourceId: workspaceId,
    targetId,
    method: shorten(body.method, TEXT_CHARACTERS_MAX),
    summary: shorten(body.summary, TEXT_CHARACTERS_MAX),
    requestBody: request === null ? null : toStoredBody(request),
    responseBody: body.response_body == null ? null : toStoredBody(body.response_body),
    durationMs: body.duration_ms ?? null,
    status: shorten(body.status, 64) || 'ok',
    errorDetail: shorten(body.error_detail, DETAIL_CHARACTERS_MAX),
    messageId: null,
  };
}

function shorten(text: string | null | undefined, count: number): string | null {
  return text == null ? null : firstCharacters(text, count);
}
