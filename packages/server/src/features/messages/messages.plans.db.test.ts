import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { createPlanReader, fillTable, type PlanReader } from '../../../test/query-plans.js';
import type { Db, Tx } from '../../platform/db.js';
import * as claims from './claims.store.js';
import { listDelegations, readSubmitFacts } from './delegations.store.js';
import { listDelegationsIn, listOpenCallers, listQueued, listStale } from './message-admin.store.js';
import { countQueued, deleteOldMessages, endMessages, findRecorded } from './messages.store.js';
import { countTasks, listTaskKeys, type TaskFilter, type TaskPage, type TaskScope } from './tasks.store.js';

const ROWS = 1_000_000;
const OPEN = 600;
/** Whoever was busy has said nothing since. */
const LOUD = 900_000;
const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const BUSY = id(1);
const LEAD = id(2);
const ANY = { contextId: null, states: null, said: null, changedAfter: null } satisfies TaskFilter;

/**
 * One message per 3 s: of ten, six by people and peers to one workspace, three tasks given by one lead, one among a
 * thousand others. All but the newest have ended.
 */
async function fill({ db }: PlanReader): Promise<void> {
  await fillTable(
    db,
    'messages',
    sql`
    insert into messages (id, kind, caller_id, target_id, message_id, method, body, task_hash, state, reason, deadline,
                          due_at, lease_owner, lease_until, dispatched_at, last_heartbeat, ended_at, created_at,
                          updated_at, context_id)
    select ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid, kind,
           case when kind = 'delegation' then ${LEAD}::uuid
                when n % 3 = 0 and n <= 100000 then null
                else ('00000000-0000-4000-8001-' || lpad((n % 97)::text, 12, '0'))::uuid end,
           case when n % 10 < 6 and n <= ${LOUD} then ${BUSY}::uuid
                when kind = 'delegation' then ('00000000-0000-4000-8002-' || lpad((n % 31)::text, 12, '0'))::uuid
                else ('00000000-0000-4000-8003-' || lpad((n % 1009)::text, 12, '0'))::uuid end,
           'm-' || n, 'message/send', '{}',
           case when kind = 'delegation' then decode(md5((n % 100000)::text), 'hex') end,
           state, case when state in ('failed', 'stuck') then 'agent_error' end,
           case when kind = 'delegation' then at + interval '6 hours' end, at,
           case when state = 'working' then ${id(8)}::uuid end,
           case when state = 'working' then now() + (n % 7 - 3) * interval '1 minute' end,
           case when state <> 'queued' then at end,
           case when kind = 'delegation' and state <> 'queued' then at + interval '20 s' end,
           case when state not in ('queued', 'working', 'input_required') then at + interval '30 s' end,
           at, at, 'c-' || n / 8
      from (select n, now() - (${ROWS} - n) * interval '3 s' as at,
                   case when n % 10 between 6 and 8 and n <= ${LOUD} then 'delegation'
                        when n % 3 = 0 and n <= 100000 then 'chat' else 'peer' end as kind,
                   case when n > ${ROWS - OPEN} or n between ${LOUD - OPEN} and ${LOUD} then (array['queued', 'queued', 'working', 'input_required'])[n % 4 + 1]
                        when n % 100 < 94 then 'completed'
                        when n % 100 < 98 then 'failed'
                        when n % 100 < 99 then 'canceled'
                        when n % 1000 = 999 and n % 10 between 6 and 8 then 'stuck'
                        else 'completed' end as state
              from generate_series(1, ${ROWS}::integer) as n) as made`,
  );
}

const BY_ANYBODY = { targetId: BUSY, caller: 'anybody' } as const;
const CHILD = '00000000-0000-4000-8002-000000000007';
/** What is open, which is little however long the ledger, and a page besides. */
const OPEN_MAX = 2 * OPEN + 300;
const PAGE = 50;

describe('a ledger of a million messages', () => {
  const database = useTestDatabase();
  let reader: PlanReader;
  beforeAll(async () => {
    reader = createPlanReader(database.url);
    await fill(reader);
  }, 300_000);
  afterAll(() => reader.close());

  const expectWithin = async (max: number, work: (db: Db) => Promise<unknown>): Promise<void> =>
    expect(await reader.countVisited('messages', work)).toBeLessThanOrEqual(max);
  const inTransaction = (work: (tx: Tx) => Promise<unknown>) => (db: Db) => db.transaction().execute(work);

  it.each([
    ['one that was busy and is silent now', LEAD],
    ['one that never gave any', id(9)],
  ])('the delegations of %s cost what they show', async (_who, caller) => {
    await expectWithin(2 * PAGE, (db) => listDelegations(db, caller, PAGE));
  });

  it.each(['in_flight', 'stuck', 'failed', 'completed'] as const)(
    'the delegations that are %s cost what they show, of everybody and of one',
    async (view) => {
      for (const caller of [undefined, LEAD, id(9)]) {
        const max = view === 'in_flight' ? 2 * OPEN_MAX : 10 * PAGE;
        await expectWithin(max, (db) => listDelegationsIn(db, view, caller, PAGE));
      }
    },
  );

  it('what operators see of the queue and of loops costs what is open', async () => {
    for (const target of [undefined, BUSY]) {
      await expectWithin(OPEN_MAX, (db) => listQueued(db, target, PAGE));
      await expectWithin(OPEN_MAX, (db) => listStale(db, 1, target, PAGE));
    }
    await expectWithin(OPEN_MAX, listOpenCallers);
  });

  it('claims of the executor cost what is open', async () => {
    const capacities = [BUSY, CHILD].map((targetId) => ({ targetId, concurrentMax: 300, generation: 1 }));
    await expectWithin(OPEN_MAX, (db) => claims.listDueTargets(db, 0, PAGE));
    await expectWithin(
      2 * OPEN_MAX,
      inTransaction((tx) => claims.claimQueued(tx, capacities, PAGE, 15_000)),
    );
    await expectWithin(OPEN_MAX, (db) => claims.claimLapsed(db, id(77), PAGE, 15_000));
    await expectWithin(OPEN_MAX, (db) => claims.postponeTargets(db, [BUSY, CHILD], 1));
    await expectWithin(OPEN_MAX, (db) => claims.wakeTargets(db, [BUSY, CHILD]));
    await expectWithin(OPEN_MAX, (db) => claims.touchDelegations(db, [CHILD]));
    await expectWithin(OPEN_MAX, (db) => countQueued(db, BUSY));
  });

  it('sweepers cost what is open, and what they end or remove', async () => {
    await expectWithin(OPEN_MAX, (db) => claims.listPastDeadline(db, PAGE));
    await expectWithin(OPEN_MAX, (db) => claims.listExpired(db, 10, PAGE));
    await expectWithin(OPEN_MAX, (db) => claims.listQuiet(db, 600, PAGE));
    await expectWithin(OPEN_MAX, claims.listOpenTargets);
    await expectWithin(OPEN_MAX, (db) => claims.listOpenOf(db, BUSY, ['queued', 'working', 'input_required'], PAGE));
    for (const days of [30, 90]) await expectWithin(OPEN_MAX + 4 * PAGE, (db) => deleteOldMessages(db, days, PAGE));
  });

  it('what is asked before a message is taken, and when it has ended, is looked up', async () => {
    const check = { callerId: LEAD, targetId: CHILD, idempotencyKey: 'k', taskHash: '00ff', parentMessageId: null };
    const ending = { state: 'failed', reason: 'expired', detail: 'x', result: null } as const;
    await expectWithin(1, (db) => findRecorded(db, BUSY, 'm-500001'));
    await expectWithin(
      OPEN_MAX,
      inTransaction((tx) => readSubmitFacts(tx, [{ ...check, sameWithinSeconds: 600 }])),
    );
    await expectWithin(
      OPEN_MAX,
      inTransaction((tx) => endMessages(tx, [{ id: id(5), owner: null, ending }])),
    );
  });

  it.each<[string, TaskScope, Partial<TaskFilter>]>([
    ['a workspace', BY_ANYBODY, {}],
    ['people, who wrote long ago', { targetId: BUSY, caller: { id: null } }, {}],
    ['a peer that never wrote', { targetId: BUSY, caller: { id: id(9) } }, {}],
    ['a conversation of long ago', BY_ANYBODY, { contextId: 'c-500' }],
    ['a conversation that never was', BY_ANYBODY, { contextId: id(9) }],
  ])('a page of the tasks of %s costs what it shows, from the end and from any place', async (_what, scope, filter) => {
    for (const beforeSeq of [null, 500_000]) {
      // Twice: each task with the last message that continued it.
      await expectWithin(20 * PAGE, (db) => listTaskKeys(db, scope, { ...ANY, ...filter }, { beforeSeq, limit: PAGE }));
    }
  });

  it('a search for tasks that match nothing ends after ten thousand, and says where to go on', async () => {
    for (const filter of [{ states: ['stuck'] }, { changedAfter: new Date() }] satisfies Partial<TaskFilter>[]) {
      const given = { ...ANY, ...filter };
      await expectWithin(20_000, (db) => listTaskKeys(db, BY_ANYBODY, given, { beforeSeq: null, limit: PAGE }));
      await expectWithin(10_000, (db) => countTasks(db, BY_ANYBODY, given));
      const first = await listTaskKeys(reader.db, BY_ANYBODY, given, { beforeSeq: null, limit: PAGE });
      expect(first).toEqual({ keys: [], lookedTo: expect.any(Number) });
      const next = await listTaskKeys(reader.db, BY_ANYBODY, given, { beforeSeq: first.lookedTo, limit: PAGE });
      expect(next.lookedTo).toBeLessThan(first.lookedTo ?? 0);
    }
    await expectWithin(10_000, (db) => countTasks(db, BY_ANYBODY, ANY));
  });

  it('page by page nothing is missed where a look ends, and nothing comes twice', async () => {
    const failed = { ...ANY, states: ['failed'] } satisfies TaskFilter;
    const all = await listTaskKeys(reader.db, BY_ANYBODY, failed, { beforeSeq: null, limit: 20 });
    const seen: number[] = [];
    for (let beforeSeq: number | null = null; seen.length < 20; ) {
      const page: TaskPage = await listTaskKeys(reader.db, BY_ANYBODY, failed, { beforeSeq, limit: 3 }, 7);
      seen.push(...page.keys.map(({ seq }) => seq));
      beforeSeq = page.lookedTo ?? page.keys.at(-1)?.seq ?? null;
    }
    expect(seen.slice(0, 20)).toEqual(all.keys.map(({ seq }) => seq));
    const whole = await listTaskKeys(reader.db, { targetId: id(9), caller: 'anybody' }, ANY, {
      beforeSeq: null,
      limit: 3,
    });
    expect(whole).toEqual({ keys: [], lookedTo: null });
  });
});
