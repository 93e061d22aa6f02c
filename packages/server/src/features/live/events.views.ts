import type { LoggedEvent } from '@molecule/contract';
import type { Db } from '../../platform/db.js';

export interface EventPage {
  readonly workspaceId: string | null;
  /** Undefined: the newest, newest first. Otherwise those after it, oldest first. */
  readonly after: number | undefined;
  readonly limit: number;
}

/** The log as the predecessor showed it (contract registry-a2a §12.1). Both orders read one index backwards or forwards. */
export async function listEvents(db: Db, page: EventPage): Promise<LoggedEvent[]> {
  let query = db.selectFrom('events').select(['seq', 'type', 'workspace_id', 'payload', 'at']).limit(page.limit);
  if (page.workspaceId !== null) query = query.where('workspace_id', '=', page.workspaceId);
  const rows =
    page.after === undefined
      ? await query.orderBy('seq', 'desc').execute()
      : await query.where('seq', '>', page.after).orderBy('seq').execute();
  return rows.map((row) => ({
    id: String(row.seq),
    event_type: row.type,
    workspace_id: row.workspace_id,
    payload: row.payload,
    created_at: row.at.toISOString(),
    seq: row.seq,
  }));
}
