import { parseUuid, type Routes } from '@molecule/contract';
import type { Batcher } from '../../platform/batcher.js';
import type { FeedWaits } from '../../platform/feed-waits.js';
import { refuse } from '../../platform/http/app-error.js';
import type { HandlersFor } from '../../platform/http/handlers.js';
import type { Ports } from '../../ports.js';
import type { Actor } from '../access/index.js';
import { toActivity } from './activity.projection.js';
import { toReportedActivity } from './activity.reports.js';
import { findActivitySeq, listActivities } from './activity.store.js';
import type { NewActivity } from './activity.types.js';
import { findPeerNames } from './activity.views.js';

/** Clients of the predecessor read at most 1 MiB of an answer and repeat a page that is larger for ever (§19.6). */
const PAGE_BYTES_MAX = 900 * 1024;

export type ActivityHandlers = Pick<HandlersFor<Routes, Actor>, 'listActivity' | 'reportActivity'>;

export function createActivityHandlers(
  { lanes, random }: Pick<Ports, 'lanes' | 'random'>,
  reports: Batcher<NewActivity, null>,
  waits: FeedWaits,
): ActivityHandlers {
  return {
    async listActivity({ params, query, request }) {
      if (query.since_secs === 0 && query.since_id === undefined) return { status: 200, body: [] };
      const afterSeq =
        query.since_id === undefined ? undefined : await getCursor(lanes.control, params.id, query.since_id);
      // Readers of a cursor or a window take the last element for the newest (design §13).
      const ascending = afterSeq !== undefined || query.since_secs !== undefined;
      const read = () =>
        listActivities(lanes.control, {
          workspaceId: params.id,
          type: query.type,
          source: query.source,
          failed: query.outcome === 'failed',
          peerId: query.peer_id,
          beforeTs: query.before_ts,
          afterSeq,
          sinceSecs: query.since_secs,
          ascending,
          limit: query.limit,
          bytesMax: PAGE_BYTES_MAX,
        });
      const waitMs = ascending ? (query.wait ?? 0) * 1_000 : 0;
      const rows = waitMs === 0 ? await read() : await readPatiently(params.id, waitMs, request.clientGone, read);
      const sources = rows.flatMap((row) => (row.activity_type === 'a2a_receive' ? (row.source_id ?? []) : []));
      const peers = await findPeerNames(lanes.control, [...new Set(sources)]);
      return { status: 200, body: rows.map((row) => toActivity(row, peers, request.origin)) };
    },

    async reportActivity({ params, body }) {
      const row = toReportedActivity(params.id, body, random.uuidv7());
      await reports.submit(row, (row.requestBody?.bytes ?? 0) + (row.responseBody?.bytes ?? 0) + 512);
      return { status: 200, body: { status: 'logged' } };
    },
  } satisfies ActivityHandlers;

  /** Until there is a row, or the time is up. */
  async function readPatiently<T>(
    workspaceId: string,
    ms: number,
    clientGone: AbortSignal,
    read: () => Promise<readonly T[]>,
  ): Promise<readonly T[]> {
    const wait = waits.wait(workspaceId, ms, clientGone);
    try {
      for (;;) {
        const rows = await read();
        if (rows.length > 0 || wait.isOver()) return rows;
        await wait.next();
      }
    } finally {
      wait.done();
    }
  }
}

/** Any id that is not a row of this workspace is 410, the zero uuid of the plugin's probe included (B-71). */
async function getCursor(db: Ports['lanes']['control'], workspaceId: string, raw: string): Promise<number> {
  const id = parseUuid(raw);
  const seq = id === null ? null : await findActivitySeq(db, workspaceId, id);
  return seq ?? refuse('cursor_unknown');
}
