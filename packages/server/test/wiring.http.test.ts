import { randomUUID } from 'node:crypto';
import { EVENT_TYPES, type RouteName, type RouteSpec, routes } from '@molecule/contract';
import { createFakeAgent, type FakeAgent, waitFor } from '@molecule/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { SINGLE_CONNECTION_LANES } from '../src/platform/db.js';
import { useTestDatabase } from './database.js';
import { type RealApp, type RealReply, startRealApp } from './real-app.js';

const everyRoute = Object.entries<RouteSpec>(routes) as [RouteName, RouteSpec][];

/** A path of the route whose parameters have the right form; unless one is given, its workspace does not exist. */
function pathOf(spec: RouteSpec, workspaceId: string): string {
  return spec.path
    .replace(':token', 'a-login-link-that-does-not-exist')
    .replace(':key', 'NO_SUCH_KEY')
    .replace(':id', workspaceId)
    .replace(/:[A-Za-z]+/, () => randomUUID());
}

function ask(app: RealApp, spec: RouteSpec, workspaceId: string = randomUUID()): Promise<RealReply> {
  const hasBody = spec.method !== 'GET' && spec.method !== 'DELETE';
  return app.call(spec.method, pathOf(spec, workspaceId), hasBody ? {} : undefined);
}

describe('the server as it is composed', () => {
  const database = useTestDatabase();
  let app: RealApp;

  beforeAll(async () => {
    app = await startRealApp(database.url);
  });
  afterAll(() => app.close());

  it.each(everyRoute)('R36: %s is wired: it answers, and neither "no such route" nor a defect', async (_name, spec) => {
    const { status, body } = await ask(app, spec);
    expect({ status, body }).not.toMatchObject({ body: { code: 'route_not_found' } });
    expect(status).toBeLessThan(500);
  });

  it('answers 404 as JSON for what is not declared', async () => {
    expect(await app.call('GET', '/no/such/route')).toMatchObject({ status: 404, body: { code: 'route_not_found' } });
  });

  it('R36: every background loop has ticked, and none has failed', async () => {
    const readLoops = async () => (await app.call('GET', '/admin/liveness')).body.subsystems;
    const names = Object.keys(app.loopsBefore);
    expect(names.length).toBeGreaterThan(10);
    await waitFor(async () => {
      const loops = await readLoops();
      return names.every((name) => loops[name].last_tick_at > (app.loopsBefore[name]?.last_tick_at ?? ''));
    });
    for (const [name, loop] of Object.entries<object>(await readLoops())) {
      expect({ name, ...loop }).toMatchObject({ failures: 0, last_error: null });
    }
  });

  describe('with a team at work', () => {
    let agent: FakeAgent;
    beforeAll(async () => {
      agent = await createFakeAgent({ kind: 'answer', text: 'done' });
    });
    afterAll(() => agent.close());

    it('produces every kind of event and brings it to whoever listens', async () => {
      const heard = new Set<string>();
      const socket = new WebSocket(`${app.url.replace('http', 'ws')}/ws?since=0`, {
        headers: { authorization: 'Bearer the-admin-token-of-this-test' },
      });
      socket.on('message', (data: Buffer) => heard.add(String(JSON.parse(data.toString()).event)));
      await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
      try {
        await work(app, agent);
        await waitFor(() => expect([...heard]).toEqual(expect.arrayContaining([...EVENT_TYPES])) ?? true, {
          timeoutMs: 15_000,
        });
      } finally {
        socket.close();
      }
    });
  });
});

/** One of everything that can happen to a team. */
async function work(app: RealApp, agent: FakeAgent): Promise<void> {
  const create = async (body: object): Promise<string> => {
    const reply = await app.call('POST', '/workspaces', body);
    expect(reply).toMatchObject({ status: 201 });
    return reply.body.id;
  };
  const agentOf = (id: string) => `/workspaces/${id}/agent`;
  const accepted = async (reply: Promise<RealReply>): Promise<void> => {
    expect((await reply).status).toBeLessThan(300);
  };
  const lead = await create({ name: 'Lead', runtime: 'echo' });
  const token = await waitFor(() => app.machine.findToken(lead));
  const card = { name: 'Lead', skills: [] };
  await waitFor(() => app.machine.countRunning(lead) === 1);
  await accepted(
    app.call('POST', '/registry/register', { id: lead, url: 'http://127.0.0.1:1', agent_card: card }, token),
  );
  const online = async () => (await app.call('GET', `/workspaces/${lead}`)).body.status === 'online';
  await waitFor(online, { what: 'the managed agent to be online' });
  await accepted(app.call('POST', '/registry/update-card', { workspace_id: lead, agent_card: card }, token));
  await accepted(app.call('PATCH', `/workspaces/${lead}`, { role: 'leads' }));
  await accepted(app.call('PUT', `/workspaces/${lead}/layout`, { x: 1, y: 2 }));
  await accepted(app.call('POST', `/workspaces/${lead}/secrets`, { key: 'A_TEST_KEY', value: 'test' }));

  const head = await create({ name: 'Head', external: true });
  const sleeper = await create({ name: 'Sleeper', runtime: 'echo', parent_id: head });
  await waitFor(() => app.machine.countRunning(sleeper) === 1);
  const sleepers = await waitFor(() => app.machine.findToken(sleeper));
  const registration = { id: sleeper, url: 'http://127.0.0.1:1', agent_card: card };
  await accepted(app.call('POST', '/registry/register', registration, sleepers));
  await accepted(app.call('POST', agentOf(head), { model: 'first' }));
  await accepted(app.call('PATCH', agentOf(head), { model: 'second' }));
  await accepted(app.call('POST', `${agentOf(head)}/move`, { target_workspace_id: sleeper }));
  await accepted(app.call('DELETE', agentOf(sleeper)));
  await accepted(app.call('POST', `/workspaces/${sleeper}/hibernate`));
  await accepted(app.call('POST', `/workspaces/${sleeper}/pause`));
  await accepted(app.call('POST', `/workspaces/${head}/collapse`));

  const waiting = await create({ name: 'Waiting', external: true });
  await accepted(app.call('POST', `/workspaces/${waiting}/external/rotate`));
  await accepted(app.call('POST', `/workspaces/${waiting}/notify`, { message: 'I am still waiting' }));
  await create({ name: 'Impossible', runtime: 'openclaw' });
  const writer = await create({ name: 'Writer', external: true, url: agent.url, parent_id: lead });
  const message = { kind: 'message', role: 'user', messageId: randomUUID(), parts: [{ kind: 'text', text: 'hello' }] };
  const envelope = { jsonrpc: '2.0', id: 1, method: 'message/send', params: { message } };
  await accepted(app.call('POST', `/workspaces/${writer}/a2a`, envelope));
  await accepted(app.call('POST', `/workspaces/${lead}/delegate`, { target_id: writer, task: 'write' }));
  await agent.receivedCount(2);
  agent.behave({ kind: 'json', status: 200, body: { jsonrpc: '2.0', id: 1, error: { code: -32000, message: 'no' } } });
  await accepted(app.call('POST', `/workspaces/${lead}/delegate`, { target_id: writer, task: 'write more' }));

  const degraded = { workspace_id: lead, error_rate: 0.9, sample_error: 'the model is away' };
  const beating = app.machine.findToken(lead) ?? token;
  await waitFor(async () => {
    await app.call('POST', '/registry/heartbeat', degraded, beating);
    return (await app.call('GET', `/workspaces/${lead}`)).body.status === 'degraded';
  });
  await waitFor(() => app.machine.countRunning(lead) === 1);
  app.machine.crash(lead, { code: 1 });
  await accepted(app.call('DELETE', `/workspaces/${writer}?confirm=true`));
}

describe('two servers in one process', () => {
  const one = useTestDatabase();
  const other = useTestDatabase();

  it('share nothing: neither rows nor events nor the end of one', async () => {
    const [a, b] = await Promise.all([startRealApp(one.url), startRealApp(other.url)]);
    try {
      await a.call('POST', '/workspaces', { name: 'only in a', external: true });
      expect((await a.call('GET', '/workspaces')).body).toHaveLength(1);
      expect((await b.call('GET', '/workspaces')).body).toEqual([]);
      expect((await b.call('GET', '/events')).body).toEqual([]);
      await a.close();
      expect(await b.call('POST', '/workspaces', { name: 'after a', external: true })).toMatchObject({ status: 201 });
      expect((await b.call('GET', '/readyz')).status).toBe(200);
    } finally {
      await a.close();
      await b.close();
    }
  });
});

describe('on a pool of one connection per lane', () => {
  const database = useTestDatabase();
  let app: RealApp;

  beforeAll(async () => {
    // Longer than in production: on a busy machine a turn may come late, and only one that never comes is the defect.
    app = await startRealApp(database.url, { laneSizes: SINGLE_CONNECTION_LANES, acquireTimeoutMs: 15_000 });
  });
  afterAll(() => app.close());

  it('every route answers, all at once, and none waits for a second connection', async () => {
    const { id } = (await app.call('POST', '/workspaces', { name: 'worker', external: true })).body;
    // A stream of an existing workspace never ends, so that one is asked about another.
    const endless: RouteName = 'streamWorkspaceEvents';
    const replies = await Promise.all(
      everyRoute.map(async ([name, spec]) => ({ name, ...(await ask(app, spec, name === endless ? undefined : id)) })),
    );
    const broken = ['platform_unavailable', 'internal'];
    expect(replies.filter(({ body }) => broken.includes(body?.code))).toEqual([]);
  });

  it('writes of every kind succeed, 32 at a time', async () => {
    const created = await Promise.all(
      Array.from({ length: 32 }, (_, index) => app.call('POST', '/workspaces', { name: `w${index}`, external: true })),
    );
    expect(created.map(({ status }) => status)).toEqual(created.map(() => 201));
    const writes = created.flatMap(({ body: { id } }) => [
      app.call('PATCH', `/workspaces/${id}`, { role: 'writes' }),
      app.call('PUT', `/workspaces/${id}/layout`, { x: 1, y: 1 }),
      app.call('POST', `/workspaces/${id}/secrets`, { key: 'A_TEST_KEY', value: 'test' }),
      app.call('POST', `/workspaces/${id}/activity`, { activity_type: 'agent_log', summary: 'x' }),
    ]);
    expect((await Promise.all(writes)).filter(({ status }) => status !== 200)).toEqual([]);
    expect((await app.call('GET', '/health')).status).toBe(200);
  });
});
