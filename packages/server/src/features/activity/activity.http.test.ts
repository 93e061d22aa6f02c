import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { createMessagesWorld, type MessagesWorld } from '../../../test/messages-world.js';
import { deleteOldActivities, insertActivities } from './activity.store.js';
import type { NewActivity } from './activity.types.js';
import { toStoredBody } from './stored-body.js';

describe('the activity log', () => {
  const database = useTestDatabase();
  let world: MessagesWorld;
  let workspace: string;

  beforeAll(async () => {
    world = await createMessagesWorld(database.url);
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    workspace = await world.addWorkspace();
  });

  const list = (query = '', id = workspace) => world.get(`/workspaces/${id}/activity${query}`);
  const report = (body: object, id = workspace) => world.post(`/workspaces/${id}/activity`, body);
  const idsOf = (rows: { id: string }[]) => rows.map((row) => row.id);
  const write = async (given: Partial<NewActivity> = {}): Promise<string> => {
    const id = world.ports.random.uuidv7();
    const row: NewActivity = {
      id,
      workspaceId: workspace,
      activityType: 'agent_log',
      sourceId: null,
      targetId: null,
      method: null,
      summary: null,
      requestBody: null,
      responseBody: null,
      durationMs: null,
      status: 'ok',
      errorDetail: null,
      messageId: null,
      ...given,
    };
    await insertActivities(world.ports.lanes.work, [row]);
    return id;
  };

  it('is an empty list for a workspace without rows', async () => {
    expect(await list()).toMatchObject({ status: 200, text: '[]' });
  });

  it('shows newest first, every key present, bodies only when stored', async () => {
    const first = await write({ summary: 'one', requestBody: toStoredBody({ a: 1 }) });
    const second = await write();
    const { json } = await list();
    expect(idsOf(json)).toEqual([second, first]);
    expect(Object.keys(json[0]).sort()).toEqual(
      [
        'activity_type',
        'created_at',
        'duration_ms',
        'error_detail',
        'id',
        'message_id',
        'method',
        'seq',
        'source_id',
        'status',
        'summary',
        'target_id',
        'workspace_id',
      ].sort(),
    );
    expect(json[1].request_body).toEqual({ a: 1 });
  });

  it('B-70, M-28: every filter composes with the others, and what cannot be read is refused', async () => {
    const peer = await world.addWorkspace({ name: 'Peer' });
    const fromPeer = await write({ activityType: 'a2a_receive', sourceId: peer });
    const toPeer = await write({ activityType: 'a2a_send', sourceId: workspace, targetId: peer });
    const typed = await write({ activityType: 'a2a_receive' });
    expect(idsOf((await list(`?peer_id=${peer}`)).json)).toEqual([toPeer, fromPeer]);
    expect(idsOf((await list('?source=canvas')).json)).toEqual([typed]);
    expect(idsOf((await list('?source=agent&type=a2a_receive')).json)).toEqual([fromPeer]);
    expect((await list('?type=nonsense')).json).toEqual([]);
    const failed = await write({ activityType: 'a2a_receive', sourceId: peer, status: 'error' });
    const stuck = await write({ activityType: 'delegation', sourceId: workspace, targetId: peer, status: 'stuck' });
    expect(idsOf((await list('?outcome=failed')).json)).toEqual([stuck, failed]);
    expect(idsOf((await list(`?outcome=failed&peer_id=${peer}&type=a2a_receive`)).json)).toEqual([failed]);
    expect(await list('?source=robot')).toMatchObject({
      status: 400,
      json: { error: "source must be 'canvas' or 'agent'" },
    });
    for (const bad of [
      'outcome=bad',
      'peer_id=nobody',
      "peer_id=' or 1=1 --",
      "before_ts=2026-01-01T00:00:00Z' or 'a'='a",
      'before_ts=yesterday',
      'before_ts=2026-02-30T00:00:00Z',
      'before_ts=2026-01-01',
      'before_ts=1700000000',
      'since_secs=-1',
      'since_secs=x',
    ]) {
      expect((await list(`?${bad}`)).status).toBe(400);
    }
  });

  /** Ids of all rows, newest first, as a reader pages through them who knows nothing but instants. */
  async function readBackward(query: string): Promise<string[]> {
    const seen: string[] = [];
    for (let before = ''; ; ) {
      const { json } = await list(`?${query}${before}`);
      if (json.length === 0) return seen;
      seen.push(...idsOf(json));
      before = `&before_ts=${encodeURIComponent(json.at(-1).created_at)}`;
    }
  }

  it('B-70, M-28: paging backward by before_ts shows each row once, none of the instant itself', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 6; n += 1) ids.push(await write());
    await sql`update activity_logs set created_at = date_trunc('seconds', now()) - interval '1 s' * (100 - seq) where workspace_id = ${workspace}`.execute(
      world.ports.lanes.work,
    );
    const seen: string[] = [];
    let before = '';
    for (let page = 0; page < 3; page += 1) {
      const { json } = await list(`?limit=2${before}`);
      seen.push(...idsOf(json));
      before = `&before_ts=${encodeURIComponent(json.at(-1).created_at)}`;
    }
    expect(seen).toEqual(ids.toReversed());
    const newest = (await list('?limit=1')).json[0];
    const before_ts = encodeURIComponent(newest.created_at);
    expect(idsOf((await list(`?before_ts=${before_ts}`)).json)).toEqual(ids.slice(0, -1).toReversed());
  });

  it('B-70, M-28: paging backward through the talk with a peer shows each row once, whoever spoke', async () => {
    const peer = await world.addWorkspace({ name: 'Peer' });
    const spoken = [
      { sourceId: peer, targetId: workspace },
      { sourceId: workspace, targetId: peer },
      { sourceId: peer, targetId: peer },
      { sourceId: null, targetId: peer },
      { sourceId: peer, targetId: null },
    ];
    const ids: string[] = [];
    for (const given of [...spoken, ...spoken]) {
      ids.push(await write({ activityType: 'a2a_receive', ...given }));
      await write({ activityType: 'a2a_receive', sourceId: workspace });
      await write({ activityType: 'agent_log', ...given });
    }
    // Ten minutes apart: further than what one instant has to look around.
    await sql`
      update activity_logs as a set created_at = now() - interval '10 min' * (1000 - n.n)
        from (select id, row_number() over (order by seq) as n from activity_logs where workspace_id = ${workspace}) as n
       where n.id = a.id`.execute(world.ports.lanes.work);
    const seen = await readBackward(`peer_id=${peer}&type=a2a_receive&limit=3`);
    expect(seen).toEqual(ids.toReversed());
  });

  it('B-70: paging backward loses no row of a millisecond that a page ends in, and repeats none', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 30; n += 1) ids.push(await write());
    // Thirty rows in three milliseconds, each apart from the others by microseconds that the wire does not show.
    await sql`
      update activity_logs as a set created_at = date_trunc('seconds', now()) - interval '1 min'
             + (n.n / 10) * interval '1 ms' + (n.n % 10) * interval '7 us'
        from (select id, (row_number() over (order by seq) - 1)::integer as n from activity_logs
               where workspace_id = ${workspace}) as n
       where n.id = a.id`.execute(world.ports.lanes.work);
    const seen = await readBackward(`limit=4`);
    expect(seen).toEqual(ids.toReversed());
  });

  it('B-70: paging backward finds what a long transaction wrote last', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 6; n += 1) ids.push(await write());
    // The fifth in the log was written by a transaction that began before all others.
    for (const [index, seconds] of [10, 11, 12, 13, 2, 15].entries()) {
      await sql`update activity_logs set created_at = now() - interval '1 hour' + ${seconds}::integer * interval '1 s'
                 where id = ${ids[index]}`.execute(world.ports.lanes.work);
    }
    const seen = await readBackward(`limit=2`);
    expect(seen.toSorted()).toEqual(ids.toSorted());
  });

  it('B-70: an instant finds rows of transactions that were long in writing', async () => {
    const ids = [await write(), await write(), await write(), await write()];
    // Each row by its place in the log, and when the transaction began that wrote it.
    for (const [index, seconds] of [250, -20, 310, 900].entries()) {
      await sql`update activity_logs set created_at = now() - interval '1 hour' + ${seconds}::integer * interval '1 s'
                 where id = ${ids[index]}`.execute(world.ports.lanes.work);
    }
    const at = new Date(Date.now() - 3_600_000).toISOString();
    expect(idsOf((await list(`?before_ts=${at}`)).json)).toEqual([ids[1]]);
    expect(idsOf((await list('?since_secs=3600')).json)).toEqual([ids[0], ids[2], ids[3]]);
  });

  it('B-72: rows of one instant are neither lost nor repeated across cursor pages', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 6; n += 1) ids.push(await write());
    await sql`update activity_logs set created_at = '2026-01-01' where workspace_id = ${workspace}`.execute(
      world.ports.lanes.work,
    );
    const seen = ids.slice(0, 1);
    for (;;) {
      const { json } = await list(`?limit=2&since_id=${seen.at(-1)}`);
      if (json.length === 0) break;
      seen.push(...idsOf(json));
    }
    expect(seen).toEqual(ids);
  });

  it('B-71: an unknown cursor is 410: the zero uuid, ids of others, pruned and malformed ones', async () => {
    const own = await write();
    const other = await world.addWorkspace();
    expect((await list(`?since_id=${own}`)).json).toEqual([]);
    expect((await list(`?since_id=${own}`, other)).status).toBe(410);
    for (const id of ['00000000-0000-0000-0000-000000000000', 'garbage', world.ports.random.uuid()]) {
      expect(await list(`?since_id=${id}`)).toMatchObject({ status: 410, json: { code: 'cursor_unknown' } });
    }
  });

  it('since_secs is ascending, and zero seconds are no rows', async () => {
    const ids = [await write(), await write()];
    expect(idsOf((await list('?since_secs=60')).json)).toEqual(ids);
    expect((await list('?since_secs=0')).json).toEqual([]);
  });

  it('limit: default 100, at most 500, garbage is the default', async () => {
    const rows = Array.from({ length: 520 }, (_, n) => ({ n }));
    await world.ports.lanes.work
      .insertInto('activity_logs')
      .values(
        rows.map(
          () => ({ id: world.ports.random.uuidv7(), workspace_id: workspace, activity_type: 'agent_log' }) as never,
        ),
      )
      .execute();
    await sql`update activity_logs set created_at = now() - interval '10 ms' * (1000 - seq) where workspace_id = ${workspace}`.execute(
      world.ports.lanes.work,
    );
    for (const [query, count] of [
      ['', 100],
      ['?limit=x', 100],
      ['?limit=-3', 100],
      ['?limit=9999', 500],
      ['?limit=7', 7],
    ] as const) {
      expect((await list(query)).json).toHaveLength(count);
    }
  });

  it('ends a page before 900 KiB, but never before its first row', async () => {
    const big = toStoredBody({ text: 'x'.repeat(250 * 1024) });
    const ids: string[] = [];
    for (let n = 0; n < 8; n += 1) ids.push(await write({ requestBody: big, responseBody: big }));
    const page = await list(`?since_id=${ids[0]}`);
    expect(idsOf(page.json)).toEqual([ids[1]]);
    expect(page.text.length).toBeLessThan(900 * 1024);
    const next = await list(`?since_id=${page.json.at(-1).id}`);
    expect(idsOf(next.json)).toEqual([ids[2]]);
  });

  it('inbox rows carry what the Python SDK reads, others do not', async () => {
    const peer = await world.addWorkspace({ name: 'Ada', role: 'Writer' });
    const body = {
      params: {
        message: {
          parts: [
            { kind: 'text', text: 'one' },
            { type: 'text', text: 'two' },
          ],
        },
      },
    };
    const fromHuman = await write({ activityType: 'a2a_receive', requestBody: toStoredBody(body) });
    const fromPeer = await write({ activityType: 'a2a_receive', sourceId: peer, requestBody: toStoredBody(body) });
    await write();
    const { json } = await list();
    expect(json[0]).not.toHaveProperty('data');
    expect(json[1]).toMatchObject({
      type: 'a2a_receive',
      ts: json[1].created_at,
      data: {
        source: 'peer_agent',
        kind: 'peer_agent',
        text: 'one\ntwo',
        peer_id: peer,
        activity_id: fromPeer,
        peer_name: 'Ada',
        peer_role: 'Writer',
        agent_card_url: `http://platform.test/registry/discover/${peer}`,
      },
    });
    expect(json[2].data).toEqual({
      source: 'canvas_user',
      kind: 'canvas_user',
      text: 'one\ntwo',
      peer_id: null,
      activity_id: fromHuman,
    });
  });

  describe('self reports', () => {
    it('are stored before they are answered, and shown live', async () => {
      const reply = await report({
        activity_type: 'task_update',
        summary: 'half way',
        duration_ms: 12,
        metadata: { x: 1 },
      });
      expect(reply).toMatchObject({ status: 200, text: '{"status":"logged"}' });
      const [row] = (await list()).json;
      expect(row).toMatchObject({
        activity_type: 'task_update',
        summary: 'half way',
        source_id: workspace,
        status: 'ok',
        duration_ms: 12,
        request_body: { x: 1 },
      });
      const events = (await world.events()).filter((event) => event.workspace_id === workspace);
      expect(events).toMatchObject([{ type: 'ACTIVITY_LOGGED', payload: { activity_id: row.id, status: 'ok' } }]);
    });

    it.each([
      [{}, 400, 'invalid request body'],
      [{ activity_type: '' }, 400, 'invalid request body'],
      [
        { activity_type: 'dance' },
        400,
        'invalid activity_type, must be one of: a2a_send, a2a_receive, task_update, agent_log, skill_promotion, memory_write, error',
      ],
      [
        { activity_type: 'error', source_id: '7b1e5a44-1111-4222-8333-944455556666' },
        403,
        'source_id must match authenticated workspace',
      ],
      [{ activity_type: 'error', target_id: 'nobody' }, 400, 'target_id must be a valid UUID'],
    ])('are refused: %j', async (body, status, error) => {
      expect(await report(body)).toMatchObject({ status, json: { error } });
    });

    it('B-77: NUL bytes, lone surrogates and an emoji at the cut do not fail', async () => {
      const reply = await report({
        activity_type: 'agent_log',
        summary: `${'x'.repeat(499)}😀 tail`,
        error_detail: 'nul \u0000 half \ud83d',
        request_body: { text: 'nul \u0000 half \udc00' },
      });
      expect(reply.status).toBe(200);
      const [row] = (await list()).json;
      expect(row.summary).toBe(`${'x'.repeat(499)}😀`);
      expect(row.error_detail).toBe('nul \ufffd half \ufffd');
    });

    it('bodies above 256 KiB are stored as a marker with their beginning', async () => {
      await report({ activity_type: 'agent_log', request_body: { text: 'y'.repeat(300 * 1024) } });
      const [row] = (await list()).json;
      expect(row.request_body).toMatchObject({ truncated: true });
      expect(row.request_body.preview).toHaveLength(4_096);
    });

    it('200 reports at once are all stored', async () => {
      const replies = await Promise.all(
        Array.from({ length: 200 }, (_, n) => report({ activity_type: 'agent_log', summary: `n${n}` })),
      );
      expect(new Set(replies.map((reply) => reply.status))).toEqual(new Set([200]));
      expect((await list('?limit=500')).json).toHaveLength(200);
    });
  });

  it('retention removes old rows in slices and keeps the rest', async () => {
    await sql`delete from activity_logs`.execute(world.ports.lanes.work);
    const old = await write();
    const fresh = await write();
    await sql`update activity_logs set created_at = now() - interval '8 days' where id = ${old}`.execute(
      world.ports.lanes.work,
    );
    expect(await deleteOldActivities(world.ports.lanes.work, 7, 10)).toBe(1);
    expect(idsOf((await list()).json)).toEqual([fresh]);
  });
});
