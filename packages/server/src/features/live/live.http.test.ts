import { waitFor } from '@molecule/testkit';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { insertWorkspace } from '../../../test/builders.js';
import { useTestDatabase } from '../../../test/database.js';
import { ADMIN_TOKEN, createEdge, type Edge } from '../../../test/edge.js';

interface Frame {
  readonly hello?: true;
  readonly resync?: true;
  readonly seq?: number;
  readonly event?: string;
  readonly workspace_id?: string | null;
  readonly payload?: { readonly n?: number };
}

interface Client {
  readonly frames: Frame[];
  readonly socket: WebSocket;
  closed: { code: number } | null;
  refused: { status: number; body: { code: string } } | null;
}

describe('the live feed', () => {
  const database = useTestDatabase();
  let edge: Edge;
  let base: string;
  const clients: Client[] = [];

  beforeAll(async () => {
    edge = await createEdge(database.url);
    await edge.ports.start();
    base = await edge.http.listen({ port: 0, host: '127.0.0.1' });
  });
  afterAll(() => edge.close());
  afterEach(async () => {
    for (const client of clients.splice(0)) client.socket.terminate();
    await waitFor(async () => (await scrape()).includes('molecule_websocket_connections_active 0'), {
      what: 'sockets to end',
    });
  });

  const scrape = async () => (await edge.ports.metrics.scrape()).body;
  const insert = (row: Parameters<typeof insertWorkspace>[1] = {}) => insertWorkspace(edge.ports.lanes.work, row);
  const log = (workspaceId: string | null, n: number) =>
    edge.ports.transact('control', (tx) =>
      edge.ports.commit(tx, { events: [{ type: 'WORKSPACE_UPDATED', workspaceId, payload: { changes: { n } } }] }),
    );
  const latest = async () =>
    Number(
      (await sql<{ last_seq: number }>`select last_seq from event_counter`.execute(edge.ports.lanes.work)).rows[0]
        ?.last_seq,
    );

  function connect(options: { since?: number; headers?: Record<string, string>; token?: string } = {}): Client {
    const headers = {
      ...options.headers,
      ...(options.token === '' ? {} : { authorization: `Bearer ${options.token ?? ADMIN_TOKEN}` }),
    };
    const query = options.since === undefined ? '' : `?since=${options.since}`;
    const socket = new WebSocket(`${base.replace('http', 'ws')}/ws${query}`, { headers });
    const client: Client = { frames: [], socket, closed: null, refused: null };
    socket.on('message', (data, binary) => {
      expect(binary).toBe(false);
      client.frames.push(JSON.parse(Buffer.isBuffer(data) ? data.toString() : ''));
    });
    socket.on('close', (code) => {
      client.closed = { code };
    });
    socket.on('error', () => {});
    socket.on('unexpected-response', (_request, response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += String(chunk);
      });
      response.on('end', () => {
        client.refused = { status: response.statusCode ?? 0, body: JSON.parse(text) };
      });
    });
    clients.push(client);
    return client;
  }
  const greeted = async (client: Client): Promise<Client> => {
    await waitFor(() => client.frames[0]?.hello === true, { what: 'the greeting' });
    return client;
  };
  const seqsOf = (client: Client) => client.frames.slice(1).flatMap((frame) => frame.seq ?? []);
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

  it('greets with the newest seq and the version, then sends events in order as they are committed', async () => {
    const id = await insert();
    const earlier = await greeted(connect());
    await log(id, 0);
    await waitFor(() => earlier.frames.length === 2);
    const from = await latest();
    const client = await greeted(connect());
    expect(client.frames[0]).toEqual({ hello: true, seq: from, version: '1.2.3' });
    for (let n = 1; n <= 3; n += 1) await log(id, n);
    await waitFor(() => client.frames.length === 4);
    expect(client.frames[1]).toEqual({
      event: 'WORKSPACE_UPDATED',
      workspace_id: id,
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
      payload: { changes: { n: 1 } },
      seq: from + 1,
    });
    expect(seqsOf(client)).toEqual(range(from + 1, from + 3));
  });

  it('B-78: what cannot be recorded does not happen, so nothing happens in silence; what is only shown is shown', async () => {
    const id = await insert({ status: 'online' });
    const token = await edge.mint(id);
    const client = await greeted(connect());
    const from = await latest();
    const rename = (name: string) =>
      edge.call('POST', '/registry/update-card', { token, body: { workspace_id: id, agent_card: { name } } });
    const cardOf = async () =>
      (
        await edge.ports.lanes.work
          .selectFrom('workspaces')
          .select('agent_card')
          .where('id', '=', id)
          .executeTakeFirst()
      )?.agent_card;
    const shown = () => client.frames.slice(1).map(({ event }) => event);
    const before = await cardOf();
    const db = edge.ports.lanes.work;
    await sql`create function refuse_it() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$`.execute(
      db,
    );
    await sql`create trigger refuse_it before insert on events for each row execute function refuse_it()`.execute(db);
    try {
      expect((await rename('unheard')).status).toBe(500);
      expect(await cardOf()).toEqual(before);
      const beat = { workspace_id: id, active_tasks: 1 };
      expect((await edge.call('POST', '/registry/heartbeat', { token, body: beat })).status).toBe(200);
      await waitFor(() => shown().includes('WORKSPACE_HEARTBEAT'), { what: 'the heartbeat to be shown' });
    } finally {
      await sql`drop trigger refuse_it on events`.execute(db);
      await sql`drop function refuse_it()`.execute(db);
    }
    expect((await rename('heard')).status).toBe(200);
    expect(await cardOf()).toEqual({ name: 'heard' });
    await waitFor(() => shown().includes('AGENT_CARD_UPDATED'), { what: 'the new card to be shown' });
    expect(shown().filter((event) => event === 'AGENT_CARD_UPDATED')).toHaveLength(1);
    // No number of the log was spent on what failed.
    expect(client.frames.flatMap(({ seq, hello }) => (hello ? [] : (seq ?? [])))).toEqual([from + 1]);
  });

  it('resumes after a seq without a gap and without a duplicate while events keep coming', async () => {
    const id = await insert();
    const since = await latest();
    for (let n = 0; n < 30; n += 1) await log(id, n);
    const writing = (async () => {
      for (let n = 0; n < 60; n += 1) await log(id, n);
    })();
    const some = Array.from({ length: 8 }, () => connect({ since }));
    await writing;
    for (const client of some) {
      await waitFor(() => seqsOf(client).at(-1) === since + 90, { what: 'the last event' });
      expect(seqsOf(client)).toEqual(range(since + 1, since + 90));
    }
  });

  it('tells a client below the horizon to read the snapshot again, then goes on live', async () => {
    const id = await insert();
    for (let n = 0; n < 3; n += 1) await log(id, n);
    const newest = await latest();
    await sql`delete from events where seq < ${newest}`.execute(edge.ports.lanes.work);
    const client = await greeted(connect({ since: newest - 2 }));
    await waitFor(() => client.frames.length === 2);
    expect(client.frames[1]).toEqual({ resync: true, seq: newest });
    await log(id, 9);
    await waitFor(() => client.frames.length === 3);
    expect(seqsOf(client)).toEqual([newest, newest + 1]);
  });

  it('a seq from another database does not silence the feed', async () => {
    const id = await insert();
    const newest = await latest();
    const client = await greeted(connect({ since: newest + 1_000 }));
    expect(client.frames[0]?.seq).toBe(newest);
    await log(id, 1);
    await waitFor(() => seqsOf(client).length === 1);
  });

  it('an agent sees itself and its line of the tree, also after a move, and nothing that belongs to nobody', async () => {
    const root = await insert();
    const lead = await insert({ parentId: root });
    const worker = await insert({ parentId: lead });
    const elsewhere = await insert({ parentId: await insert() });
    const agent = await greeted(connect({ token: await edge.mint(worker), headers: { 'x-workspace-id': worker } }));
    const person = await greeted(connect());
    for (const id of [worker, lead, root, elsewhere, null]) await log(id, 1);
    edge.ports.feed.publishTransient({
      type: 'WORKSPACE_HEARTBEAT',
      workspaceId: elsewhere,
      payload: { active_tasks: 0, uptime_seconds: 1 },
    });
    // A batch is filtered by the tree as it is after it, so the move must not share one with what came before.
    await waitFor(() => person.frames.length === 7, { what: 'everything before the move' });
    await edge.ports.transact('control', (tx) =>
      edge.ports.commit(tx, {
        events: [{ type: 'WORKSPACE_UPDATED', workspaceId: elsewhere, payload: { changes: { parent_id: lead } } }],
      }),
    );
    await log(elsewhere, 2);
    await waitFor(() => person.frames.length === 9, { what: 'everything' });
    await waitFor(() => agent.frames.length >= 6, { what: "the agent's part" });
    expect(agent.frames.slice(1).map((frame) => frame.workspace_id)).toEqual([
      worker,
      lead,
      root,
      elsewhere,
      elsewhere,
    ]);
  });

  it('B-03: the socket of a workspace ends when it is removed', async () => {
    const id = await insert();
    const agent = await greeted(connect({ token: await edge.mint(id) }));
    await edge.ports.transact('control', (tx) =>
      edge.ports.commit(tx, { transitions: [{ workspaceId: id, trigger: 'remove_requested' }] }),
    );
    await waitFor(() => agent.closed !== null);
    expect(agent.closed).toEqual({ code: 4401 });
    expect(agent.frames.at(-1)?.event).toBe('WORKSPACE_REMOVED');
  });

  it('what a credential had opened ends soon after it is revoked, and nothing else does', async () => {
    const id = await insert();
    const [token, cookie, other] = [await edge.mint(id), await edge.login(), await edge.login()];
    const org = (await edge.call('POST', '/org/tokens', { token: ADMIN_TOKEN })).body;
    const origin = { origin: base };
    const agent = await greeted(connect({ token }));
    const person = await greeted(connect({ token: '', headers: { cookie, ...origin } }));
    const somebody = await greeted(connect({ token: '', headers: { cookie: other, ...origin } }));
    const script = await greeted(connect({ token: org.auth_token }));
    const stream = await fetch(`${base}/workspaces/${id}/events/stream`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const admin = { token: ADMIN_TOKEN };
    await edge.ports.transact('control', (tx) => edge.access.tokens.revokeAll(tx, [id]));
    await edge.call('DELETE', `/org/tokens/${org.id}`, admin);
    await edge.call('DELETE', '/session', { cookie });
    await edge.ports.runLoop('live-keep-alive');
    await waitFor(() => [agent, person, script].every(({ closed }) => closed?.code === 4401), { what: 'the ends' });
    expect(somebody.closed).toBeNull();
    // Ends by itself, or this would wait for ever.
    expect(await stream.text()).toContain('ping');
  });

  it('refuses before the upgrade who brings no credential, a wrong one, or speaks for another', async () => {
    const [id, other] = [await insert(), await insert()];
    const refusal = async (options: Parameters<typeof connect>[0]) => {
      const client = connect(options);
      await waitFor(() => client.refused !== null);
      return [client.refused?.status, client.refused?.body.code];
    };
    const cookie = await edge.login();
    expect(await refusal({ token: '' })).toEqual([401, 'admin_auth_required']);
    expect(await refusal({ token: '', headers: { 'x-workspace-id': id } })).toEqual([401, 'missing_workspace_token']);
    expect(await refusal({ token: 'wrong' })).toEqual([401, 'invalid_workspace_token']);
    expect(await refusal({ token: await edge.mint(id), headers: { 'x-workspace-id': other } })).toEqual([
      401,
      'invalid_workspace_token',
    ]);
    expect(await refusal({ token: '', headers: { cookie, origin: 'https://evil.example' } })).toEqual([
      403,
      'origin_not_allowed',
    ]);
    await greeted(connect({ token: '', headers: { cookie, origin: base } }));
  });

  it('a reader that stops reading is closed instead of being fed without end, and resumes where it was', async () => {
    const id = await insert();
    const since = await latest();
    const client = await greeted(connect());
    client.socket.pause();
    const changes = { text: 'x'.repeat(7_000) };
    for (let batch = 0; batch < 40; batch += 1) {
      await edge.ports.transact('control', (tx) =>
        edge.ports.commit(tx, {
          events: Array.from({ length: 50 }, () => ({
            type: 'WORKSPACE_UPDATED' as const,
            workspaceId: id,
            payload: { changes },
          })),
        }),
      );
    }
    await waitFor(async () => (await latest()) === since + 2_000);
    const again = connect({ since });
    await waitFor(() => seqsOf(again).length === 2_000, { timeoutMs: 20_000, what: 'the resumed reader' });
    client.socket.resume();
    await waitFor(() => client.closed !== null, { timeoutMs: 20_000, what: 'the slow reader to be closed' });
    expect(client.closed).toEqual({ code: 1013 });
    expect(seqsOf(client).length).toBeLessThan(2_000);
    expect(seqsOf(client)).toEqual(range(since + 1, since + seqsOf(client).length));
  });

  it('counts open sockets', async () => {
    await Promise.all([greeted(connect()), greeted(connect())]);
    expect(await scrape()).toContain('molecule_websocket_connections_active 2');
  });

  it('streams the events of one workspace as server-sent events', async () => {
    const [id, other] = [await insert(), await insert()];
    const response = await fetch(`${base}/workspaces/${id}/events/stream`, {
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    });
    expect([response.status, response.headers.get('content-type'), response.headers.get('x-accel-buffering')]).toEqual([
      200,
      'text/event-stream',
      'no',
    ]);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toBe(': ping\n\n');
    await log(other, 1);
    await log(id, 2);
    const text = (await reader?.read())?.value ?? '';
    expect(text).toMatch(/^id: \d+\ndata: /);
    expect(JSON.parse(text.split('data: ')[1] ?? '')).toEqual({
      type: 'WORKSPACE_UPDATED',
      timestamp: expect.any(Number),
      data: { changes: { n: 2 } },
    });
    await reader?.cancel();
    const gone = await edge.call('GET', `/workspaces/${await insert({ status: 'removed' })}/events/stream`, {
      token: ADMIN_TOKEN,
    });
    expect([gone.status, gone.body.error]).toEqual([404, 'workspace not found']);
  });

  it('lists the log newest first, and pages forward with after', async () => {
    const id = await insert();
    const since = await latest();
    for (let n = 1; n <= 5; n += 1) await log(id, n);
    const list = async (path: string) =>
      (await edge.call('GET', path, { token: ADMIN_TOKEN })).body.map((row: { seq: number }) => row.seq - since);
    expect(await list(`/events/${id}`)).toEqual([5, 4, 3, 2, 1]);
    expect(await list(`/events/${id}?limit=2&after=${since}`)).toEqual([1, 2]);
    expect(await list('/events?limit=2')).toEqual([5, 4]);
    const [row] = (await edge.call('GET', `/events/${id}?limit=1`, { token: ADMIN_TOKEN })).body;
    expect(row).toEqual({
      id: String(since + 5),
      event_type: 'WORKSPACE_UPDATED',
      workspace_id: id,
      payload: { changes: { n: 5 } },
      created_at: expect.any(String),
      seq: since + 5,
    });
  });
});
