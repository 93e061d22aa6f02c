import { sql } from 'kysely';
import { type Db, prepared } from '../../platform/db.js';

export interface FoundActivity {
  readonly id: string;
  readonly label: string;
  readonly content: string;
  readonly method: string;
  readonly status: string;
  readonly createdAt: Date;
  readonly requestBody: unknown;
  readonly responseBody: unknown;
}

export interface SessionSearch {
  readonly workspaceId: string;
  /** Looked for as it is written, in any case. Empty finds every row. */
  readonly text: string;
  readonly limit: number;
  /** Rows looked at, from the newest back: a search for what is not there must end. */
  readonly lookAt: number;
  /** Of all bodies together. Hits beyond it come without theirs. */
  readonly bodyBytesMax: number;
}

/** Newest first. Percent signs and underscores in the text stand for themselves. */
export async function searchActivities(db: Db, search: SessionSearch): Promise<readonly FoundActivity[]> {
  const pattern = `%${search.text.replace(/[\\%_]/g, '\\$&')}%`;
  const { rows } = await sql<FoundActivity>`${prepared('activity-search')}
    with recent as materialized (
      select * from activity_logs where workspace_id = ${search.workspaceId}::uuid
       order by seq desc limit ${search.lookAt}::integer),
    hits as (
      select *, sum(body_bytes) over (order by seq desc) as bytes from (
        select * from recent
         where ${search.text === ''}::boolean
            or activity_type ilike ${pattern} or summary ilike ${pattern} or method ilike ${pattern}
            or status ilike ${pattern} or error_detail ilike ${pattern}
            or request_body::text ilike ${pattern} or response_body::text ilike ${pattern}
         order by seq desc limit ${search.limit}::integer) as found)
    select id, activity_type as label, coalesce(summary, '') as content, coalesce(method, '') as method, status,
           created_at as "createdAt",
           case when bytes <= ${search.bodyBytesMax}::bigint then request_body end as "requestBody",
           case when bytes <= ${search.bodyBytesMax}::bigint then response_body end as "responseBody"
      from hits order by seq desc`.execute(db);
  return rows;
}
