import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { createPlanReader, fillTable, type PlanReader } from '../../../test/query-plans.js';
import { type ActivityFilter, deleteOldActivities, listActivities } from './activity.store.js';
import { searchActivities } from './session-search.store.js';

const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const WORKSPACE = id(1);
const CHATTY = id(2);
/** Spoke only when the log began. */
const EARLY = id(3);
const STRANGER = id(4);

const ROWS = 1_000_000;
/** Of them the busy workspace's; the others were written after it had fallen silent. */
const BUSY_ROWS = 900_000;
const LIMIT = 100;
/** A page, once per index it is merged from, the bodies of what is shown, and the rows written around one instant. */
const VISITED_MAX = 8 * LIMIT;

/**
 * One row per 30 s: nine of ten of a busy workspace, which fell silent while others wrote the rest. Most of it is
 * talk between agents, a good part with one peer; people are rarely in it, and had left before the others wrote.
 */
async function fill({ db }: PlanReader): Promise<void> {
  await fillTable(
    db,
    'activity_logs',
    sql`
    insert into activity_logs (id, workspace_id, activity_type, source_id, target_id, created_at, body_bytes, status)
    select ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid,
           case when n <= ${BUSY_ROWS} then ${WORKSPACE}::uuid else ${STRANGER}::uuid end,
           case when n % 4 = 3 then 'agent_log' else 'a2a_receive' end,
           case when n <= 300 and n % 4 = 0 then ${EARLY}::uuid
                when n % 4 = 0 then ${CHATTY}::uuid
                when n % 500 = 1 then null
                when n % 4 = 1 then ('00000000-0000-4000-8001-' || lpad((n % 97)::text, 12, '0'))::uuid
                else ${WORKSPACE}::uuid end,
           case when n <= 300 and n % 4 = 2 then ${EARLY}::uuid
                when n % 4 = 2 then ${CHATTY}::uuid
                else ${WORKSPACE}::uuid end,
           now() - (${ROWS} - n) * interval '30 seconds', 300,
           case when n % 701 = 5 then 'error' when n % 901 = 7 then 'failed' else 'ok' end
      from generate_series(1, ${ROWS}::integer) as n`,
  );
}

/** The instant at which row `n` was written. */
async function instantOf({ db }: PlanReader, n: number): Promise<Date> {
  const row = await db
    .selectFrom('activity_logs')
    .select('created_at')
    .orderBy('seq')
    .offset(n - 1)
    .limit(1)
    .executeTakeFirstOrThrow();
  return row.created_at;
}

describe('pages of a large activity log', () => {
  const database = useTestDatabase();
  let reader: PlanReader;
  beforeAll(async () => {
    reader = createPlanReader(database.url);
    await fill(reader);
  }, 300_000);
  afterAll(() => reader.close());

  const visit = (filter: Partial<ActivityFilter>) =>
    reader.countVisited('activity_logs', async (db) => {
      const rows = await listActivities(db, {
        workspaceId: WORKSPACE,
        ascending: false,
        limit: LIMIT,
        bytesMax: 900 * 1024,
        ...filter,
      });
      expect(rows.length).toBeGreaterThan(0);
    });

  it.each([
    ['a peer that is a good part of the workspace', { peerId: CHATTY }, [899_000, 600_000, 2_000]],
    ['a peer that spoke long ago', { peerId: EARLY }, [600_000, 280]],
    ['a peer among messages only', { peerId: CHATTY, type: 'a2a_receive' }, [899_000, 600_000, 2_000]],
  ])(
    'B-74, M-29: the history of %s is read from its own rows, from the end and from any instant',
    async (_who, filter, at) => {
      expect(await visit(filter)).toBeLessThan(VISITED_MAX);
      for (const n of at) {
        expect(await visit({ ...filter, beforeTs: await instantOf(reader, n) })).toBeLessThan(VISITED_MAX);
      }
    },
  );

  it('B-74, M-29: a peer that never spoke is looked up, not searched for', async () => {
    const visited = await reader.countVisited('activity_logs', (db) =>
      listActivities(db, {
        workspaceId: WORKSPACE,
        peerId: id(99),
        beforeTs: new Date(),
        ascending: false,
        limit: LIMIT,
        bytesMax: 1,
      }),
    );
    expect(visited).toBeLessThanOrEqual(1);
  });

  it.each([
    ['everything', {}],
    ['messages', { type: 'a2a_receive' }],
    ['failures', { failed: true }],
    ['failed messages', { failed: true, type: 'a2a_receive' }],
    ['failures with a peer', { failed: true, peerId: CHATTY }],
    ['what people said', { type: 'a2a_receive', source: 'canvas' as const }],
  ])('a page of %s costs what it shows, from the end and from any instant', async (_what, filter) => {
    expect(await visit(filter)).toBeLessThan(VISITED_MAX);
    for (const n of [899_000, 600_000, 2_000]) {
      expect(await visit({ ...filter, beforeTs: await instantOf(reader, n) })).toBeLessThan(VISITED_MAX);
    }
  });

  it('a cursor and a window cost what they show', async () => {
    expect(await visit({ afterSeq: 899_500, ascending: true })).toBeLessThan(VISITED_MAX);
    expect(await visit({ afterSeq: 500_000, ascending: true, type: 'a2a_receive' })).toBeLessThan(VISITED_MAX);
    const silence = (ROWS - BUSY_ROWS) * 30;
    expect(await visit({ sinceSecs: silence + 600, ascending: true })).toBeLessThan(VISITED_MAX);
    expect(await visit({ sinceSecs: silence + 1_000_000, ascending: true })).toBeLessThan(VISITED_MAX);
  });

  it('a search for what is not there looks at the newest rows alone', async () => {
    const search = { workspaceId: WORKSPACE, text: 'not there', limit: 50, lookAt: 2_000, bodyBytesMax: 1 };
    expect(await reader.countVisited('activity_logs', (db) => searchActivities(db, search))).toBeLessThanOrEqual(2_000);
  });

  it('a sweep of old rows costs what it removes', async () => {
    const days = Math.ceil(((ROWS - 1_000) * 30) / 86_400);
    for (const [age, removed] of [
      [days, 3 * LIMIT],
      [10 * days, 0],
    ] as const) {
      const visited = await reader.countVisited('activity_logs', (db) => deleteOldActivities(db, age, LIMIT));
      expect(visited).toBeLessThanOrEqual(removed);
    }
  });
});
