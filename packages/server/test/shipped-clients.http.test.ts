import { createFakeAgent, type FakeAgent, waitFor } from '@molecule/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { useTestDatabase } from './database.js';
import { createDatabaseProxy, type DatabaseProxy } from './database-proxy.js';
import { type RealApp, startRealApp } from './real-app.js';
import { createWire } from './wire.js';

const ZERO = '00000000-0000-0000-0000-000000000000';
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const say = (text: string, id: string, part: 'kind' | 'type' = 'kind') => ({
  jsonrpc: '2.0',
  id,
  method: 'message/send',
  params: { message: { role: 'user', messageId: id, parts: [{ [part]: 'text', text }] } },
});

/** One test per row of the table of clients (contract registry-a2a §20): it makes that client's calls with its headers. */
describe('the clients that were shipped', () => {
  const database = useTestDatabase();
  let proxy: DatabaseProxy;
  let app: RealApp;
  let agent: FakeAgent;
  beforeAll(async () => {
    proxy = await createDatabaseProxy(database.url);
    app = await startRealApp(proxy.url);
    agent = await createFakeAgent({ kind: 'answer', text: 'the answer' });
  });
  afterAll(async () => {
    await agent.close();
    await app.close();
    await proxy.close();
  });

  async function add(name: string, more: object = {}): Promise<{ id: string; token: string }> {
    const { body } = await app.call('POST', '/workspaces', { name, external: true, ...more });
    return { id: body.id, token: body.connection?.auth_token ?? '' };
  }
  /** What a live connection with these headers hears; its promise resolves once it is open. */
  async function listen(headers: Record<string, string>) {
    const frames: { event?: string; workspace_id?: string; payload?: Record<string, unknown> }[] = [];
    const socket = new WebSocket(`${app.url.replace('http', 'ws')}/ws`, { headers });
    socket.on('message', (data: Buffer) => frames.push(JSON.parse(data.toString())));
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    return { frames, close: () => socket.terminate() };
  }

  it('the runtime in a container: one registration, prompts to itself, delegations read from their list', async () => {
    const parent = await add('Boss');
    const { body: created } = await app.call('POST', '/workspaces', {
      name: 'In a container',
      runtime: 'echo',
      parent_id: parent.id,
    });
    const id: string = created.id;
    const token = await waitFor(() => app.machine.findToken(id), { timeoutMs: 30_000, what: 'its token' });
    const own = createWire(app.url, bearer(token));
    const self = { 'x-workspace-id': id };
    // It registers once per boot and takes anything but 200 for a failure.
    const card = { id, url: agent.url, agent_card: { name: 'worker', skills: [] } };
    await waitFor(async () => (await own.post('/registry/register', card)).status === 200, { timeoutMs: 30_000 });
    await app.app.ports.lanes.control
      .updateTable('workspaces')
      .set({ url: agent.url, url_from: 'driver' })
      .where('id', '=', id)
      .execute();
    const socket = await listen({ ...bearer(token), ...self });
    const beat = { workspace_id: id, error_rate: 0, sample_error: '', active_tasks: 0, uptime_seconds: 1 };
    expect(await own.post('/registry/heartbeat', { ...beat, current_task: '' })).toMatchObject({ status: 200 });
    await waitFor(() => socket.frames.some(({ event }) => event === 'WORKSPACE_HEARTBEAT'), { timeoutMs: 20_000 });
    // Its initial prompt goes to its own address, and is no message of a person.
    const prompted = await own.post(`/workspaces/${id}/a2a`, say('Begin.', 'initial'), self);
    expect(prompted).toMatchObject({ status: 200, body: { result: { parts: [{ text: 'the answer' }] } } });
    expect((await own.get(`/workspaces/${id}/activity?type=a2a_receive`)).body[0]).toMatchObject({ source_id: id });
    expect((await own.get(`/registry/discover/${parent.id}`, self)).body).toMatchObject({
      id: parent.id,
      name: 'Boss',
    });
    expect((await own.get(`/registry/${id}/peers`)).body).toMatchObject([{ id: parent.id, name: 'Boss' }]);
    // Only 202 is a success to it, and what became of the task it reads from the list.
    const given = await own.post(`/workspaces/${id}/delegate`, { target_id: parent.id, task: 'decide' });
    expect(given).toMatchObject({ status: 202, body: { status: 'delegated' } });
    const delegationId: string = given.body.delegation_id;
    const read = async () =>
      (await own.get(`/workspaces/${id}/delegations`)).body.find(
        (row: { delegation_id: string; status: string }) =>
          row.delegation_id === delegationId && ['completed', 'failed'].includes(row.status),
      );
    const boss = createWire(app.url, bearer(parent.token));
    await boss.post(`/workspaces/${parent.id}/delegations/${delegationId}/update`, {
      status: 'completed',
      response_preview: 'decided',
    });
    expect(await waitFor(read, { timeoutMs: 20_000 })).toMatchObject({
      source_id: id,
      summary: expect.any(String),
      response_preview: 'decided',
    });
    const recorded = { target_id: parent.id, task: 'seen', delegation_id: app.app.ports.random.uuid() };
    expect((await own.post(`/workspaces/${id}/delegations/record`, recorded)).status).toBe(202);
    const failed = { status: 'failed', error: 'no ink' };
    await own.post(`/workspaces/${id}/delegations/${recorded.delegation_id}/update`, failed);
    const listed = (await own.get(`/workspaces/${id}/delegations`)).body;
    expect(listed).toContainEqual(
      expect.objectContaining({ delegation_id: recorded.delegation_id, status: 'failed', error: 'no ink' }),
    );
    // A target that is busy answers 202 with `queued`, which it waits for.
    expect(await own.post(`/workspaces/${parent.id}/a2a`, say('hello', 'to-boss'), self)).toMatchObject({
      status: 202,
      body: { queued: true },
    });
    for (const [path, body] of [
      ['activity', { activity_type: 'task_update', summary: 'half way' }],
      ['notify', { message: 'done' }],
    ] as const) {
      expect((await own.post(`/workspaces/${id}/${path}`, body)).status).toBe(200);
    }
    socket.close();
  }, 120_000);

  it('the wheel of molecule-mcp: its secret with every beat, its history by peer, and 401 for a revoked token alone', async () => {
    const me = await add('Wheel');
    const peer = await add('Peer', { parent_id: me.id });
    const own = createWire(app.url, { ...bearer(me.token), origin: app.url });
    const card = { id: me.id, url: '', agent_card: { name: 'wheel', skills: [] }, delivery_mode: 'poll' };
    expect((await own.post('/registry/register', card)).body).toMatchObject({ delivery_mode: 'poll' });
    const beat = () => own.post('/registry/heartbeat', { workspace_id: me.id, active_tasks: 0 });
    expect((await beat()).body).toMatchObject({ status: 'ok', platform_inbound_secret: expect.any(String) });
    const other = createWire(app.url, bearer(peer.token));
    for (const n of [1, 2, 3]) await other.post(`/workspaces/${me.id}/a2a`, say(`word ${n}`, `word-${n}`));
    expect((await own.post(`/workspaces/${me.id}/delegate`, { target_id: peer.id, task: 'x' })).status).toBe(202);
    const log = `/workspaces/${me.id}/activity`;
    const history = (await own.get(`${log}?peer_id=${peer.id}&type=a2a_receive&limit=2`)).body;
    expect(history.map(({ message_id }: { message_id: string }) => message_id)).toEqual(['word-3', 'word-2']);
    const older = await own.get(
      `${log}?peer_id=${peer.id}&type=a2a_receive&before_ts=${encodeURIComponent(history[1].created_at)}`,
    );
    expect(older.body).toMatchObject([{ message_id: 'word-1' }]);
    expect((await own.get(`${log}?type=a2a_receive&since_id=${ZERO}`)).status).toBe(410);
    expect((await own.get(`/registry/${me.id}/peers`)).body).toContainEqual(expect.objectContaining({ id: peer.id }));
    expect((await own.post(`/workspaces/${me.id}/notify`, { message: 'hello' })).text).toBe('{"status":"sent"}');
    // Three 401 in a row tell its operator that the token was revoked; a database that is away must not.
    const away = await proxy.without(beat);
    expect(away).toMatchObject({ status: 503, body: { code: 'platform_unavailable' } });
    await waitFor(async () => (await beat()).status === 200, { timeoutMs: 60_000, what: 'the database to be back' });
    await app.call('POST', `/workspaces/${me.id}/external/rotate`);
    for (let n = 0; n < 3; n += 1) expect((await beat()).status).toBe(401);
  }, 120_000);

  it('the channel plugin: a poll registration that is echoed, a probe, a bare list, and replies in its own name', async () => {
    const me = await add('Plugin');
    const peer = await add('Colleague', { parent_id: me.id });
    const own = createWire(app.url, { ...bearer(me.token), origin: app.url });
    const card = { id: me.id, delivery_mode: 'poll', agent_card: { name: 'claude', description: 'a channel' } };
    expect((await own.post('/registry/register', card)).body).toMatchObject({
      status: 'registered',
      delivery_mode: 'poll',
    });
    expect((await own.post('/registry/heartbeat', { workspace_id: me.id })).status).toBe(200);
    const log = `/workspaces/${me.id}/activity?type=a2a_receive`;
    expect((await own.get(`${log}&since_id=${ZERO}`)).status).toBe(410);
    await app.call('POST', `/workspaces/${me.id}/a2a`, say('from a person', 'p-1', 'type'));
    const other = createWire(app.url, bearer(peer.token));
    await other.post(`/workspaces/${me.id}/a2a`, say('from a colleague', 'p-2'));
    await own.post(`/workspaces/${me.id}/notify`, { message: 'a note' });
    const rows = (await own.get(`${log}&since_secs=600`)).body;
    expect(Array.isArray(rows)).toBe(true);
    expect(rows).toMatchObject([
      { source_id: null, method: 'message/send', request_body: { params: { message: { parts: [{ type: 'text' }] } } } },
      {
        source_id: peer.id,
        method: 'message/send',
        request_body: { params: { message: { parts: [{ kind: 'text' }] } } },
      },
      { source_id: null, method: 'notify' },
    ]);
    expect((await own.get(`${log}&since_id=${rows[0].id}`)).body.map(({ id }: { id: string }) => id)).toEqual([
      rows[1].id,
      rows[2].id,
    ]);
    const reply = { 'x-source-workspace-id': me.id };
    expect((await own.post(`/workspaces/${peer.id}/a2a`, say('my reply', 'p-3'), reply)).status).toBeLessThan(300);
    const theirs = await other.get(`/workspaces/${peer.id}/activity?type=a2a_receive`);
    expect(theirs.body).toMatchObject([{ source_id: me.id, message_id: 'p-3' }]);
    const task = { target_id: peer.id, task: 'once', idempotency_key: 'plugin' };
    const both = [
      await own.post(`/workspaces/${me.id}/delegate`, task),
      await own.post(`/workspaces/${me.id}/delegate`, task),
    ];
    expect(both.map(({ status }) => status)).toEqual([202, 200]);
    expect((await own.get(`/registry/${me.id}/peers`)).body).toContainEqual(expect.objectContaining({ id: peer.id }));
    expect((await own.get(`/workspaces/${me.id}`)).body).toMatchObject({ id: me.id, status: 'online' });
  });

  it('the command line that connects: no 4xx but 410 in its loop, pages it can read, and the last row as its place', async () => {
    const me = await add('Connected');
    const asker = await add('Asker', { parent_id: me.id });
    const own = createWire(app.url, bearer(me.token));
    const card = { id: me.id, agent_card: { name: 'cli' }, delivery_mode: 'poll' };
    expect((await own.post('/registry/register', card)).status).toBe(200);
    const other = createWire(app.url, bearer(asker.token));
    const big = 'x'.repeat(240_000);
    for (let n = 0; n < 6; n += 1) await other.post(`/workspaces/${me.id}/a2a`, say(`${n} ${big}`, `big-${n}`));
    const page = `/workspaces/${me.id}/activity?type=a2a_receive&limit=50`;
    const seen: string[] = [];
    let place: string | null = null;
    for (let n = 0; n < 60 && seen.length < 6; n += 1) {
      const reply = await own.get(place === null ? `${page}&since_secs=600` : `${page}&since_id=${place}`);
      expect(reply.status).toBe(200);
      // It reads no further than this, and would ask for the same page for ever.
      expect(Buffer.byteLength(reply.text)).toBeLessThan(1024 * 1024);
      for (const row of reply.body) seen.push(row.message_id);
      place = reply.body.at(-1)?.id ?? place;
      const beat = { workspace_id: me.id, runtime_state: 'ok' };
      expect((await own.post('/registry/heartbeat', beat)).status).toBe(200);
    }
    expect(seen).toEqual([0, 1, 2, 3, 4, 5].map((n) => `big-${n}`));
    // Its replies bear the id of the row they answer.
    const answer = { ...say('here you are', 'cli-reply'), id: place };
    expect(await own.post(`/workspaces/${asker.id}/a2a`, answer)).toMatchObject({ status: 202 });
    expect((await other.get(`/workspaces/${asker.id}/activity`)).body).toMatchObject([
      { source_id: me.id, request_body: { id: place } },
    ]);
    await app.app.ports.lanes.control.deleteFrom('activity_logs').where('id', '=', String(place)).execute();
    expect((await own.get(`${page}&since_id=${place}`)).status).toBe(410);
  }, 60_000);

  it('the Python SDK: a registration without address and bearer, 404 as an end, the platform when a peer is not called', async () => {
    const { id } = await add('SDK', { url: agent.url });
    const peer = await add('Its peer', { parent_id: id });
    const stranger = await add('Somebody else');
    const headers = { 'x-molecule-org-id': 'org', origin: app.url };
    const card = { id, url: 'remote://no-inbound', agent_card: { name: 'sdk' } };
    const first = await createWire(app.url, headers).post('/registry/register', card);
    expect(first).toMatchObject({ status: 200, body: { auth_token: expect.any(String), delivery_mode: 'poll' } });
    const own = createWire(app.url, { ...headers, ...bearer(first.body.auth_token), 'x-workspace-id': id });
    const beat = { workspace_id: id, current_task: '', active_tasks: 0, error_rate: 0, uptime_seconds: 1 };
    expect((await own.post('/registry/heartbeat', beat)).status).toBe(200);
    expect((await own.get(`/workspaces/${id}/state`)).body).toMatchObject({ paused: false, deleted: false });
    expect((await own.get(`/registry/${id}/peers`)).body).toContainEqual(expect.objectContaining({ id: peer.id }));
    // A discovered address is called with its own headers; it is the platform's.
    const found = await own.get(`/registry/discover/${peer.id}`);
    expect(found.body.url).toBe(`${app.url}/workspaces/${peer.id}/a2a`);
    expect(await own.post(new URL(found.body.url).pathname, say('hello', 'sdk-1'))).toMatchObject({ status: 202 });
    await app.call('POST', `/workspaces/${id}/a2a`, say('for the SDK', 'sdk-2'));
    const inbox = (await own.get(`/workspaces/${id}/activity?type=a2a_receive&since_secs=600`)).body;
    expect(inbox).toMatchObject([{ data: { source: 'canvas_user', text: 'for the SDK', activity_id: inbox[0].id } }]);
    expect((await own.post(`/workspaces/${id}/notify`, { message: 'done' })).status).toBe(200);
    // It names the target in the path, which is a mistake of its own, and is told so.
    expect(await own.post(`/workspaces/${id}/delegate`, { task: 'x' })).toMatchObject({
      status: 400,
      body: { error: 'invalid delegation request' },
    });
    expect((await own.post(`/workspaces/${stranger.id}/delegate`, { task: 'x' })).status).toBe(401);
    await app.call('DELETE', `/workspaces/${peer.id}`);
    // 404 means to it that there is nobody.
    expect((await own.get(`/registry/discover/${peer.id}`)).status).toBe(404);
    await app.call('DELETE', `/workspaces/${id}`);
    expect(await own.get(`/workspaces/${id}/state`)).toMatchObject({ status: 404, body: { deleted: true } });
  });

  it('the canvas of the predecessor: its cookie, the keys of its events, and the codes it acts on', async () => {
    const signedIn = await createWire(app.url, { origin: app.url }).post('/session', {
      token: 'the-admin-token-of-this-test',
    });
    const cookie = (signedIn.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    const headers = { cookie, origin: app.url, 'x-molecule-org-slug': 'org' };
    const own = createWire(app.url, headers);
    const lead = await add('Seen', { url: agent.url });
    const child = await add('Seen below', { parent_id: lead.id });
    const leads = createWire(app.url, bearer(lead.token || (await rotated(lead.id))));
    await leads.post('/registry/register', {
      id: lead.id,
      url: agent.url,
      agent_card: { name: 'seen' },
      delivery_mode: 'push',
    });
    const socket = await listen(headers);
    const told = (event: string) =>
      socket.frames.filter((frame) => frame.event === event && frame.workspace_id === lead.id);
    expect((await own.post(`/workspaces/${lead.id}/a2a`, say('hello', 'canvas-1'))).body).toMatchObject({
      result: { parts: [{ text: 'the answer' }] },
    });
    await leads.post(`/workspaces/${lead.id}/notify`, {
      message: 'a note',
      attachments: [{ uri: 'workspace:/a', name: 'a' }],
    });
    await leads.post('/registry/update-card', { workspace_id: lead.id, agent_card: { name: 'seen again' } });
    await leads.post('/registry/heartbeat', {
      workspace_id: lead.id,
      active_tasks: 1,
      current_task: 'thinking',
      uptime_seconds: 2,
    });
    const task = { target_id: child.id, task: 'look' };
    const given = (await leads.post(`/workspaces/${lead.id}/delegate`, task)).body.delegation_id;
    await createWire(app.url, bearer(child.token)).post(`/workspaces/${child.id}/delegations/${given}/update`, {
      status: 'failed',
      error: 'dark',
    });
    const keys: [string, readonly string[]][] = [
      ['A2A_RESPONSE', ['response_body', 'method', 'duration_ms']],
      ['AGENT_MESSAGE', ['message', 'workspace_id', 'name', 'attachments']],
      ['AGENT_CARD_UPDATED', ['agent_card']],
      ['ACTIVITY_LOGGED', ['activity_type', 'method', 'summary', 'status', 'source_id', 'target_id', 'duration_ms']],
      ['TASK_UPDATED', ['current_task', 'active_tasks']],
      ['WORKSPACE_HEARTBEAT', ['active_tasks', 'uptime_seconds']],
      ['DELEGATION_SENT', ['delegation_id', 'target_id', 'task_preview']],
      ['DELEGATION_FAILED', ['delegation_id', 'target_id', 'error']],
    ];
    for (const [event, wanted] of keys) {
      const [frame] = await waitFor(() => (told(event).length > 0 ? told(event) : null), {
        timeoutMs: 20_000,
        what: event,
      });
      expect({ event, keys: Object.keys(frame?.payload ?? {}) }).toEqual({
        event,
        keys: expect.arrayContaining([...wanted]),
      });
    }
    socket.close();
    for (const path of [
      `/workspaces/${lead.id}/activity`,
      `/workspaces/${lead.id}/tokens`,
      '/org/tokens',
      `/registry/${lead.id}/peers`,
      '/events',
      `/workspaces/${lead.id}/external/connection`,
    ]) {
      expect({ path, status: (await own.get(path)).status }).toEqual({ path, status: 200 });
    }
    const away = await proxy.without(() => own.get('/workspaces'));
    expect(away).toMatchObject({ status: 503, body: { code: 'platform_unavailable' } });
    expect(Number(away.headers.get('retry-after'))).toBeGreaterThan(0);
    await waitFor(async () => (await own.get('/workspaces')).status === 200, { timeoutMs: 60_000 });
  }, 120_000);

  const rotated = async (id: string): Promise<string> =>
    (await app.call('POST', `/workspaces/${id}/external/rotate`)).body.auth_token;

  it('the bridges: a loop of long polls in which nothing is missed or comes twice', async () => {
    const me = await add('Bridge');
    const own = createWire(app.url, { ...bearer(me.token), origin: app.url });
    await own.post('/registry/register', { id: me.id, agent_card: { name: 'bridge' }, delivery_mode: 'poll' });
    const log = `/workspaces/${me.id}/activity?type=a2a_receive`;
    const seen: string[] = [];
    const writing = (async () => {
      for (let n = 0; n < 12; n += 1) await app.call('POST', `/workspaces/${me.id}/a2a`, say(`word ${n}`, `b-${n}`));
    })();
    let place: string | null = null;
    while (seen.length < 12) {
      const reply = await own.get(
        place === null ? `${log}&since_secs=600&wait=20` : `${log}&since_id=${place}&wait=20`,
      );
      expect(reply.status).toBe(200);
      for (const row of reply.body) seen.push(row.message_id);
      place = reply.body.at(-1)?.id ?? place;
    }
    await writing;
    expect(seen).toEqual(Array.from({ length: 12 }, (_, n) => `b-${n}`));
    expect((await own.post(`/workspaces/${me.id}/notify`, { message: 'all heard' })).status).toBe(200);
  }, 60_000);
});

describe('the clients that bring no credential, where development lets them in', () => {
  const database = useTestDatabase();
  let app: RealApp;
  beforeAll(async () => {
    app = await startRealApp(database.url, {}, null, { ADMIN_TOKEN: '' });
  });
  afterAll(() => app.close());

  const add = async (name: string, more: object = {}): Promise<string> => {
    const made = await createWire(app.url).post('/workspaces', {
      name,
      external: true,
      url: 'http://127.0.0.1:9',
      ...more,
    });
    return made.body.id;
  };

  it('the MCP server of the predecessor: no header at all, and parts by kind', async () => {
    const bare = createWire(app.url);
    const lead = await add('Lead');
    const child = await add('Child', { parent_id: lead });
    expect((await bare.get(`/registry/${lead}/peers`)).body).toMatchObject([{ id: child }]);
    // It names no caller, for which the predecessor refused it in the words that the scripts look for.
    expect(await bare.get(`/registry/discover/${child}`)).toMatchObject({
      status: 400,
      body: { error: 'X-Workspace-ID header is required' },
    });
    expect((await bare.post('/registry/check-access', { caller_id: lead, target_id: child })).text).toContain(
      '"allowed":true',
    );
    const given = await bare.post(`/workspaces/${lead}/delegate`, { target_id: child, task: 'x' });
    expect(given.status).toBe(202);
    expect((await bare.get(`/workspaces/${lead}/delegations`)).body).toMatchObject([
      { delegation_id: given.body.delegation_id },
    ]);
    const recorded = { target_id: child, task: 'y', delegation_id: app.app.ports.random.uuid() };
    expect((await bare.post(`/workspaces/${lead}/delegations/record`, recorded)).status).toBe(202);
    const done = await bare.post(`/workspaces/${lead}/delegations/${recorded.delegation_id}/update`, {
      status: 'completed',
    });
    expect(done.status).toBe(200);
    expect((await bare.get(`/workspaces/${lead}/activity`)).status).toBe(200);
    expect((await bare.post(`/workspaces/${lead}/notify`, { message: 'x' })).status).toBe(200);
    expect((await bare.post(`/workspaces/${lead}/a2a`, say('hello', 'bare-1'))).status).toBe(502);
  });

  it('the scripts: what they look for stands there byte for byte', async () => {
    const bare = createWire(app.url);
    const id = app.app.ports.random.uuid();
    const agent = await createFakeAgent({ kind: 'answer', text: 'pong' });
    try {
      const card = { id, url: agent.url, agent_card: { name: 'script', skills: [] } };
      const registered = await bare.post('/registry/register', card);
      expect(registered.text).toContain('"status":"registered"');
      const own = createWire(app.url, bearer(registered.body.auth_token));
      const beat = { workspace_id: id, error_rate: 0, active_tasks: 0, uptime_seconds: 1 };
      expect((await own.post('/registry/heartbeat', beat)).text).toContain('"status":"ok"');
      expect((await bare.get('/health')).text).toContain('"status":"ok"');
      expect((await own.get(`/registry/discover/${id}`)).text).toContain('"error":"X-Workspace-ID header is required"');
      const logged = await own.post(`/workspaces/${id}/activity`, { activity_type: 'agent_log', summary: 'x' });
      expect(logged.text).toContain('"status":"logged"');
      for (const [filter, count] of [
        ['type=agent_log', 1],
        ['type=a2a_send', 0],
        ['source=agent', 1],
        ['source=canvas', 0],
      ] as const) {
        expect((await own.get(`/workspaces/${id}/activity?${filter}`)).body).toHaveLength(count);
      }
      expect((await own.post(`/workspaces/${id}/notify`, { message: 'x' })).text).toContain('"status":"sent"');
      // Bare `{method, params}` is wrapped, and a script of no name is a person.
      const { method, params } = say('ping', 'script-1');
      const answered = await bare.post(`/workspaces/${id}/a2a`, { method, params });
      expect(answered).toMatchObject({ status: 200, body: { jsonrpc: '2.0' } });
      expect(answered.text).toContain('pong');
      expect((await bare.post(`/workspaces/${ZERO}/a2a`, { method, params })).status).toBe(404);
      expect((await bare.get(`/admin/workspaces/${id}/test-token`)).status).toBe(200);
    } finally {
      await agent.close();
    }
  });
});

describe('the scripts of a tenant', () => {
  const database = useTestDatabase();
  let app: RealApp;
  beforeAll(async () => {
    app = await startRealApp(database.url, {}, null, {
      MOLECULE_ORG_ID: 'org-7',
      // Instead of the three minutes that those scripts have.
      REMOTE_LIVENESS_STALE_AFTER: '20',
    });
  });
  afterAll(() => app.close());

  it('name their organisation: a failed box that registers late is online, answers, and waits again when it is silent', async () => {
    const tenant = createWire(app.url, { ...bearer('the-admin-token-of-this-test'), 'x-molecule-org-id': 'org-7' });
    expect((await createWire(app.url).get('/buildinfo')).status).toBe(200);
    expect((await createWire(app.url).get('/workspaces')).status).toBe(404);
    const agent = await createFakeAgent({ kind: 'answer', text: 'late but here' });
    try {
      const { body } = await tenant.post('/workspaces', { name: 'Box', external: true });
      const token: string = body.connection.auth_token;
      const { control } = app.app.ports.lanes;
      await sql`update workspaces set status = 'failed', failure_reason = 'start_timeout', last_sample_error = 'slow' where id = ${body.id}`.execute(
        control,
      );
      const own = createWire(app.url, { ...bearer(token), 'x-molecule-org-id': 'org-7' });
      const statusOf = async () => (await tenant.get(`/workspaces/${body.id}`)).body.status;
      expect(await statusOf()).toBe('failed');
      await own.post('/registry/register', {
        id: body.id,
        url: agent.url,
        agent_card: { name: 'box' },
        delivery_mode: 'push',
      });
      expect(await statusOf()).toBe('online');
      const sent = await tenant.post(`/workspaces/${body.id}/a2a`, say('ping', 'box-1'), {
        'x-source-workspace-id': body.id,
      });
      expect(sent.body.result.parts[0].text).toBe('late but here');
      await waitFor(async () => (await statusOf()) === 'awaiting_agent', {
        timeoutMs: 120_000,
        what: 'it to count as gone',
      });
    } finally {
      await agent.close();
    }
  }, 180_000);
});
