import { waitFor } from '@molecule/testkit';
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { insertWorkspace } from '../../../test/builders.js';
import { useTestDatabase } from '../../../test/database.js';
import { ADMIN_TOKEN, createEdge, type Edge, OWN_ORIGIN } from '../../../test/edge.js';
import type { TransientEvent } from '../../platform/event-feed.js';
import { createUrlGuard } from '../../proxy/url-guard.js';

const CARD = { name: 'worker', skills: [] };

describe('the registry', () => {
  const database = useTestDatabase();
  let edge: Edge;
  let transients: TransientEvent[] = [];
  let subscription: { close(): void };

  beforeAll(async () => {
    const resolve = async () => [{ address: '93.184.216.34', family: 4 as const }];
    const { checkClaimedUrl } = createUrlGuard({ loopbackAllowed: false, resolve });
    edge = await createEdge(database.url, { checkClaimedUrl });
  });
  afterAll(() => edge.close());
  beforeEach(() => {
    transients = [];
    subscription = edge.ports.feed.subscribeTransient((event) => transients.push(event));
  });
  afterEach(() => subscription.close());

  const db = () => edge.ports.lanes.work;
  const insert = (row: Parameters<typeof insertWorkspace>[1] = {}) => insertWorkspace(db(), row);
  const register = (body: object, token?: string) =>
    edge.call('POST', '/registry/register', { body, ...(token === undefined ? {} : { token }) });
  const beat = (body: object, token?: string) =>
    edge.call('POST', '/registry/heartbeat', { body, ...(token === undefined ? {} : { token }) });
  const rowOf = (id: string) =>
    db().selectFrom('workspaces').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  const livenessOf = (id: string) =>
    db().selectFrom('workspace_liveness').selectAll().where('workspace_id', '=', id).executeTakeFirstOrThrow();
  const eventsOf = async (id: string) =>
    (
      await db()
        .selectFrom('events')
        .select(['type', 'payload'])
        .where('workspace_id', '=', id)
        .orderBy('seq')
        .execute()
    ).map(({ type, payload }) => ({ type, payload }));

  describe('register', () => {
    it('the first registration gets a token, and no later one does', async () => {
      const id = await insert({ backend: 'external', status: 'awaiting_agent', mayBootstrap: true });
      const first = await register({ id, agent_card: CARD, url: 'https://agent.example' });
      expect(first.status).toBe(200);
      expect(first.body).toEqual({
        status: 'registered',
        auth_token: expect.stringMatching(/^[\w-]{43}$/),
        delivery_mode: 'push',
        platform_inbound_secret: expect.any(String),
      });
      const again = await register({ id, agent_card: CARD, url: 'https://agent.example' }, first.body.auth_token);
      expect(again.body).toEqual({
        status: 'registered',
        delivery_mode: 'push',
        platform_inbound_secret: first.body.platform_inbound_secret,
      });
      expect(await eventsOf(id)).toEqual(
        [1, 2].map(() => ({ type: 'WORKSPACE_ONLINE', payload: { url: 'https://agent.example', agent_card: CARD } })),
      );
      expect((await rowOf(id)).status).toBe('online');
    });

    it('of two first registrations at once only one gets a token', async () => {
      const id = await insert({ backend: 'external', mayBootstrap: true });
      const replies = await Promise.all([1, 2, 3].map(() => register({ id, agent_card: CARD, delivery_mode: 'poll' })));
      expect(replies.map((reply) => reply.status).sort((a, b) => a - b)).toEqual([200, 401, 401]);
    });

    it('B-13: nobody without its token changes the url of a workspace that has one', async () => {
      const id = await insert({ backend: 'external', mayBootstrap: true });
      await register({ id, agent_card: CARD, url: 'https://agent.example' });
      for (const token of [undefined, 'wrong', ADMIN_TOKEN, await edge.mint(await insert())]) {
        expect((await register({ id, agent_card: CARD, url: 'https://evil.example' }, token)).status).toBe(401);
      }
      expect((await rowOf(id)).url).toBe('https://agent.example');
    });

    it('B-12: revoking the last token does not open a workspace again', async () => {
      const id = await insert({ backend: 'external', mayBootstrap: true });
      await edge.mint(id);
      await edge.ports.transact('control', (tx) => edge.access.tokens.revokeAll(tx, [id]));
      const reply = await register({ id, agent_card: CARD, delivery_mode: 'poll' });
      expect([reply.status, reply.body.error]).toEqual([401, 'missing workspace auth token']);
    });

    it('B-08: a wrong bearer does not pass for none while a workspace may bootstrap', async () => {
      const id = await insert({ backend: 'external', mayBootstrap: true });
      expect((await register({ id, agent_card: CARD, delivery_mode: 'poll' }, 'wrong')).status).toBe(401);
    });

    it('B-03: a removed workspace is refused, changes nothing, mints nothing and says nothing', async () => {
      const id = await insert({ backend: 'external', mayBootstrap: true, status: 'removed' });
      expect((await register({ id, agent_card: CARD, delivery_mode: 'poll' })).status).toBe(401);
      expect((await beat({ workspace_id: id })).status).toBe(401);
      expect(await eventsOf(id)).toEqual([]);
      expect((await rowOf(id)).agent_card).toBeNull();
    });

    it('an unknown id is refused outside development mode', async () => {
      const id = edge.ports.random.uuid();
      expect((await register({ id, agent_card: CARD, url: 'https://agent.example' })).status).toBe(401);
    });

    it('B-26: paused and hibernated workspaces register without being revived', async () => {
      for (const status of ['paused', 'hibernating', 'hibernated'] as const) {
        const id = await insert({ backend: 'external', status });
        const reply = await register({ id, agent_card: CARD, url: 'https://agent.example' }, await edge.mint(id));
        expect(reply.status).toBe(200);
        expect(await rowOf(id)).toMatchObject({ status, url: null, agent_card: CARD });
        expect(await eventsOf(id)).toEqual([]);
      }
    });

    it('a late agent of the current generation brings a failed workspace back', async () => {
      const id = await insert({ status: 'failed' });
      await sql`update workspaces set instance_state = 'running', instance = '{"url":"http://127.0.0.1:4000"}' where id = ${id}`.execute(
        db(),
      );
      const reply = await register({ id, agent_card: CARD }, await edge.access.tokens.issueForGeneration(id, 1));
      expect(reply.status).toBe(200);
      expect(await rowOf(id)).toMatchObject({ status: 'online', url: 'http://127.0.0.1:4000' });
    });

    it('a managed agent is not online before its driver has said where it answers', async () => {
      const id = await insert({ backend: 'process', status: 'provisioning' });
      const token = await edge.mint(id);
      const announced = register({ id, agent_card: CARD }, token);
      // A round trip of another request: the registration has arrived and waits.
      await beat({ workspace_id: id }, 'wrong');
      expect(await eventsOf(id)).toEqual([]);
      const url = 'http://127.0.0.1:45678';
      await db().updateTable('workspaces').set({ url, url_from: 'driver' }).where('id', '=', id).execute();
      expect((await announced).status).toBe(200);
      expect(await eventsOf(id)).toEqual([{ type: 'WORKSPACE_ONLINE', payload: { url, agent_card: CARD } }]);
    });

    it('what a managed agent claims as its address is ignored', async () => {
      const id = await insert({ backend: 'process' });
      await sql`update workspaces set url = 'http://127.0.0.1:9', url_from = 'driver' where id = ${id}`.execute(db());
      await register({ id, agent_card: CARD, url: 'http://10.0.0.1' }, await edge.mint(id));
      expect(await rowOf(id)).toMatchObject({ url: 'http://127.0.0.1:9', url_from: 'driver' });
    });

    it('remote:// is no address, and who polls has none', async () => {
      const id = await insert({ backend: 'external' });
      const token = await edge.mint(id);
      await register({ id, agent_card: CARD, url: 'https://agent.example' }, token);
      const remote = await register({ workspace_id: id, agent_card: CARD, url: 'remote://no-inbound' }, token);
      expect(remote.body.delivery_mode).toBe('poll');
      expect(await rowOf(id)).toMatchObject({ url: null, url_from: 'none', delivery_mode: 'poll' });
      // The stored mode holds for a registration that says nothing.
      expect((await register({ id, agent_card: CARD }, token)).body.delivery_mode).toBe('poll');
    });

    it('bad registrations are refused with the reason', async () => {
      const id = await insert({ backend: 'external' });
      const token = await edge.mint(id);
      const refused = async (body: object) => {
        const reply = await register(body, token);
        return [reply.status, reply.body.code];
      };
      expect(await refused({ agent_card: CARD, url: 'https://a' })).toEqual([400, 'invalid_request_body']);
      expect(await refused({ id: 'me', agent_card: CARD, url: 'https://a' })).toEqual([400, 'invalid_request_body']);
      expect(await refused({ id, agent_card: CARD })).toEqual([400, 'invalid_request_body']);
      expect(await refused({ id, agent_card: null, url: 'https://a' })).toEqual([400, 'invalid_request_body']);
      expect(await refused({ id, agent_card: { text: 'x'.repeat(17_000) }, url: 'https://a' })).toEqual([
        400,
        'agent_card_too_large',
      ]);
      const blocked = await register({ id, agent_card: CARD, url: 'http://10.0.0.1' }, token);
      expect([blocked.body.code, blocked.body.help]).toEqual([
        'invalid_url',
        expect.stringContaining('10.0.0.1 is in a private range'),
      ]);
    });

    it.each([
      ['long', 'x'.repeat(9_000)],
      ['not ASCII', '界'.repeat(1_900)],
      ['full of escapes', '"'.repeat(1_900)],
    ])('an address that does not fit an event is refused: %s', async (_, path) => {
      const id = await insert({ backend: 'external' });
      const reply = await register({ id, agent_card: CARD, url: `https://a.example/${path}` }, await edge.mint(id));
      expect([reply.status, reply.body.code, reply.body.help]).toEqual([
        400,
        'invalid_url',
        'This address cannot be registered: it is longer than 2000 bytes.',
      ]);
    });

    it('the longest address and the largest card of an event fit together', async () => {
      const id = await insert({ backend: 'external' });
      const url = `https://a.example/${'x'.repeat(2_000 - 18)}`;
      const card = { text: 'x'.repeat(6 * 1024 - 11) };
      expect((await register({ id, agent_card: card, url }, await edge.mint(id))).status).toBe(200);
      expect(await eventsOf(id)).toEqual([{ type: 'WORKSPACE_ONLINE', payload: { url, agent_card: card } }]);
    });

    it('tells a model and a demo flag that changed, and no others', async () => {
      const id = await insert({ backend: 'external' });
      const token = await edge.mint(id);
      const announce = (program: object) =>
        register({ id, agent_card: { ...CARD, ...program }, url: 'https://agent.example' }, token);
      const changesTold = async () =>
        (await eventsOf(id)).filter(({ type }) => type === 'WORKSPACE_UPDATED').map(({ payload }) => payload);
      await announce({});
      await announce({ demo: false, model: null });
      expect(await changesTold()).toEqual([]);
      await announce({ demo: false, model: 'anthropic:a\u0000' });
      await announce({ demo: false, model: 'anthropic:a\u0000' });
      await announce({ demo: true, model: null });
      await announce({ model: 7, demo: 'no' });
      expect(await changesTold()).toEqual([
        { changes: { demo: false, model: expect.stringMatching(/^anthropic:a/) } },
        { changes: { demo: true, model: null } },
      ]);
      expect(await livenessOf(id)).toMatchObject({ demo: true, model: null });
    });

    it('a card that does not fit an event is stored and left out of it', async () => {
      const id = await insert({ backend: 'external' });
      const card = { name: 'big', text: 'x'.repeat(12_000), odd: '\u0000\ud800' };
      expect((await register({ id, agent_card: card, delivery_mode: 'poll' }, await edge.mint(id))).status).toBe(200);
      expect(await eventsOf(id)).toEqual([{ type: 'WORKSPACE_ONLINE', payload: { url: '' } }]);
      expect((await rowOf(id)).agent_card).toMatchObject({ name: 'big' });
    });
  });

  describe('heartbeat', () => {
    it('an unknown id is answered 200 and changes nothing', async () => {
      for (const workspace_id of [edge.ports.random.uuid(), 'not-an-id']) {
        const reply = await beat({ workspace_id }, 'whatever');
        expect([reply.status, reply.text]).toEqual([200, '{"status":"ok"}']);
      }
      expect(transients).toEqual([]);
    });

    it("needs the workspace's own live token", async () => {
      const [id, other] = [await insert(), await insert()];
      expect((await beat({ workspace_id: id })).body.error).toBe('missing workspace auth token');
      for (const token of ['wrong', ADMIN_TOKEN, await edge.mint(other)]) {
        expect((await beat({ workspace_id: id }, token)).body.error).toBe('invalid workspace auth token');
      }
      expect((await livenessOf(id)).last_heartbeat_at).toBeNull();
    });

    it('a late instance is refused, and its beat is not written', async () => {
      const id = await insert();
      const token = await edge.access.tokens.issueForGeneration(id, 1);
      await sql`update workspaces set generation = 2 where id = ${id}`.execute(db());
      expect((await beat({ workspace_id: id, current_task: 'late' }, token)).status).toBe(401);
      expect((await livenessOf(id)).current_task).toBe('');
    });

    it('B-29: a minimal beat keeps what a richer one said; empty values clear', async () => {
      const id = await insert();
      const token = await edge.mint(id);
      const rich = {
        workspace_id: id,
        error_rate: 0.2,
        sample_error: 'oops',
        active_tasks: 2,
        uptime_seconds: 7,
        current_task: 'thinking',
        runtime_metadata: {
          capabilities: { retry: true, bogus: true },
          idle_timeout_seconds: 60,
          demo: true,
          model: 'm',
        },
      };
      expect((await beat(rich, token)).status).toBe(200);
      expect((await beat({ workspace_id: id }, token)).status).toBe(200);
      const stored = {
        error_rate: 0.2,
        sample_error: 'oops',
        active_tasks: 2,
        uptime_seconds: 7,
        current_task: 'thinking',
        capabilities: { retry: true },
        idle_timeout_seconds: 60,
        demo: true,
        model: 'm',
      };
      expect(await livenessOf(id)).toMatchObject(stored);
      await beat(
        {
          workspace_id: id,
          sample_error: '',
          current_task: '',
          active_tasks: 0,
          runtime_metadata: { capabilities: {}, idle_timeout_seconds: 0, demo: false, model: null },
        },
        token,
      );
      expect(await livenessOf(id)).toMatchObject({
        sample_error: '',
        current_task: '',
        active_tasks: 0,
        capabilities: {},
        idle_timeout_seconds: null,
        demo: false,
        model: null,
      });
    });

    it('tells what it is doing and what went wrong on every beat, and the task only when it changes', async () => {
      const id = await insert();
      const token = await edge.mint(id);
      await beat({ workspace_id: id, current_task: 'a', active_tasks: 1, uptime_seconds: 3 }, token);
      await beat({ workspace_id: id, current_task: 'a', sample_error: 'no credit' }, token);
      expect(transients.map(({ type, payload }) => [type, payload])).toEqual([
        ['TASK_UPDATED', { current_task: 'a', active_tasks: 1 }],
        ['WORKSPACE_HEARTBEAT', { active_tasks: 1, uptime_seconds: 3, sample_error: '' }],
        ['WORKSPACE_HEARTBEAT', { active_tasks: 1, uptime_seconds: 3, sample_error: 'no credit' }],
      ]);
    });

    it('B-28: a server that remembers nothing goes on where the other left off', async () => {
      const id = await insert({ status: 'online' });
      const token = await edge.mint(id);
      const before = await beat({ workspace_id: id, active_tasks: 1, current_task: 'Reading' }, token);
      const other = await createEdge(database.url);
      const after = await other.call('POST', '/registry/heartbeat', { body: { workspace_id: id }, token });
      await other.close();
      expect([after.status, after.body]).toEqual([200, before.body]);
      expect(await livenessOf(id)).toMatchObject({ active_tasks: 1, current_task: 'Reading' });
      expect((await rowOf(id)).status).toBe('online');
    });

    it.each([
      ['provisioning', { recovered_from: 'provisioning' }],
      ['offline', {}],
      ['awaiting_agent', {}],
      ['failed', {}],
    ] as const)('B-20: a beat brings %s online before it is answered', async (status, payload) => {
      const id = await insert({ status });
      const token = await edge.mint(id);
      expect((await beat({ workspace_id: id }, token)).status).toBe(200);
      expect((await rowOf(id)).status).toBe('online');
      expect(await eventsOf(id)).toEqual([{ type: 'WORKSPACE_ONLINE', payload }]);
      await beat({ workspace_id: id }, token);
      expect(await eventsOf(id)).toHaveLength(1);
    });

    it.each([
      ['provisioning', { recovered_from: 'provisioning' }],
      ['offline', {}],
      ['awaiting_agent', {}],
      ['failed', {}],
    ] as const)('an impaired beat brings %s online too, and the next one degrades it', async (status, payload) => {
      const id = await insert({ status });
      const token = await edge.mint(id);
      const impaired = { workspace_id: id, error_rate: 0.9, sample_error: 'no model' };
      await beat(impaired, token);
      expect(await eventsOf(id)).toEqual([{ type: 'WORKSPACE_ONLINE', payload }]);
      await beat(impaired, token);
      expect((await rowOf(id)).status).toBe('degraded');
      expect((await eventsOf(id)).at(-1)).toEqual({
        type: 'WORKSPACE_DEGRADED',
        payload: { error_rate: 0.9, sample_error: 'no model' },
      });
    });

    it('B-26: a beat revives neither a paused nor a hibernated workspace', async () => {
      for (const status of ['paused', 'hibernating', 'hibernated'] as const) {
        const id = await insert({ status });
        expect((await beat({ workspace_id: id, error_rate: 1 }, await edge.mint(id))).status).toBe(200);
        expect((await rowOf(id)).status).toBe(status);
      }
    });

    it('B-31: an impaired workspace degrades with one event and recovers when it says "ok"', async () => {
      const id = await insert();
      const token = await edge.mint(id);
      await beat({ workspace_id: id, error_rate: 0.9, runtime_state: 'wedged', sample_error: 'stuck' }, token);
      expect((await rowOf(id)).status).toBe('degraded');
      await beat({ workspace_id: id, error_rate: 0, runtime_state: 'ok' }, token);
      expect((await rowOf(id)).status).toBe('online');
      expect(await eventsOf(id)).toEqual([
        { type: 'WORKSPACE_DEGRADED', payload: { runtime_state: 'wedged', sample_error: 'stuck' } },
        { type: 'WORKSPACE_ONLINE', payload: {} },
      ]);
    });

    it('B-24, M-27: the inbound secret comes with every beat; a rotation is seen at once, and absence is never remembered', async () => {
      const id = await insert();
      const token = await edge.mint(id);
      const first = await beat({ workspace_id: id }, token);
      expect(first.body.platform_inbound_secret).toEqual(expect.any(String));
      expect((await beat({ workspace_id: id }, token)).body).toEqual(first.body);
      await sql`update workspaces set platform_inbound_secret = 'rotated' where id = ${id}`.execute(db());
      expect((await beat({ workspace_id: id }, token)).body.platform_inbound_secret).toBe('rotated');
      await sql`update workspaces set platform_inbound_secret = null where id = ${id}`.execute(db());
      const healed = (await beat({ workspace_id: id }, token)).body.platform_inbound_secret;
      expect(healed).toEqual(expect.any(String));
      expect(healed).not.toBe('rotated');
      await sql`update workspaces set platform_inbound_secret = 'written by others' where id = ${id}`.execute(db());
      expect((await beat({ workspace_id: id }, token)).body.platform_inbound_secret).toBe('written by others');
    });

    it('B-24: a secret that cannot be stored does not fail the beat', async () => {
      const id = await insert();
      const token = await edge.mint(id);
      await sql`create function refuse_secret() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$`.execute(
        db(),
      );
      await sql`create trigger refuse_secret before update of platform_inbound_secret on workspaces for each row execute function refuse_secret()`.execute(
        db(),
      );
      const reply = await beat({ workspace_id: id }, token);
      await sql`drop function refuse_secret cascade`.execute(db());
      expect([reply.status, reply.text]).toEqual([200, '{"status":"ok"}']);
    });

    it('spend only rises', async () => {
      const id = await insert();
      const token = await edge.mint(id);
      for (const monthly_spend of [500, 0, -3, 200]) await beat({ workspace_id: id, monthly_spend }, token);
      expect((await rowOf(id)).monthly_spend).toBe(500);
      await beat({ workspace_id: id, monthly_spend: 9e15 }, token);
      expect((await rowOf(id)).monthly_spend).toBe(1_000_000_000_000);
    });

    it('B-77: text that Postgres refuses, or that is very long, does not fail a beat', async () => {
      const id = await insert();
      const current_task = `\u0000\ud83d ${'😀'.repeat(5_000)}`;
      expect(
        (await beat({ workspace_id: id, current_task, sample_error: '\u0001'.repeat(9_000) }, await edge.mint(id)))
          .status,
      ).toBe(200);
      expect((await livenessOf(id)).current_task.endsWith('😀…')).toBe(true);
    });

    it('B-25, M-27: 64 beats at once are few statements, each beat gets its own answer and secret', async () => {
      const ids = await Promise.all(Array.from({ length: 64 }, () => insert()));
      const tokens = await Promise.all(ids.map((id) => edge.mint(id)));
      await Promise.all(ids.map((workspace_id, n) => beat({ workspace_id }, tokens[n])));
      const query = vi.spyOn(pg.Client.prototype, 'query');
      const replies = await Promise.all(
        ids.map((workspace_id, n) => beat({ workspace_id, current_task: `task ${n}` }, n === 5 ? 'wrong' : tokens[n])),
      );
      const texts = (query.mock.calls as unknown[][]).map(([given]) =>
        typeof given === 'object' && given !== null && 'text' in given ? given.text : given,
      );
      query.mockRestore();
      expect(replies.filter((reply) => reply.status === 200)).toHaveLength(63);
      expect(replies[5]?.status).toBe(401);
      const secrets = new Set(replies.flatMap(({ body }) => body.platform_inbound_secret ?? []));
      expect(secrets.size).toBe(63);
      const spent = texts.filter((text) => !String(text).includes('pg_notify'));
      expect(spent.length).toBeLessThanOrEqual(8);
      // Whether one that was not let in is known at all is asked apart, so that the others need not pay for it.
      expect(spent.filter((text) => !String(text).includes('workspaces-write-beats'))).toHaveLength(1);
      expect((await livenessOf(ids[9] ?? '')).current_task).toBe('task 9');
    });

    it('many beats of one workspace at once all count, and the last one is what is stored', async () => {
      const id = await insert({ status: 'offline' });
      const token = await edge.mint(id);
      const replies = await Promise.all(
        Array.from({ length: 40 }, (_, n) =>
          beat({ workspace_id: id, ...(n === 0 ? { active_tasks: 4 } : { uptime_seconds: n }) }, token),
        ),
      );
      expect(replies.every((reply) => reply.status === 200)).toBe(true);
      expect(await livenessOf(id)).toMatchObject({ active_tasks: 4, uptime_seconds: 39 });
      expect(await eventsOf(id)).toHaveLength(1);
    });

    it('beats of one workspace at once with several tokens are judged each by its own, and the later one counts', async () => {
      const id = await insert();
      const [first, second] = [await edge.mint(id), await edge.mint(id)];
      const replies = await Promise.all([
        beat({ workspace_id: id, active_tasks: 3, current_task: 'early' }, first),
        beat({ workspace_id: id, current_task: 'late' }, second),
        beat({ workspace_id: id, current_task: 'forged' }, 'wrong'),
      ]);
      expect(replies.map((reply) => reply.status)).toEqual([200, 200, 401]);
      expect(await livenessOf(id)).toMatchObject({ active_tasks: 3, current_task: 'late' });
    });

    it('a beat waits for nobody who holds the workspace row, unless it must move the status', async () => {
      const id = await insert();
      const token = await edge.mint(id);
      await beat({ workspace_id: id }, token);
      await edge.ports.transact('work', async (tx) => {
        await sql`select 1 from workspaces where id = ${id} for update`.execute(tx);
        expect((await beat({ workspace_id: id, current_task: 'busy' }, token)).status).toBe(200);
      });
      expect((await livenessOf(id)).current_task).toBe('busy');
    });

    it('one whose row is held elsewhere holds up no other', async () => {
      const [held, free] = [await insert(), await insert()];
      const tokens = [await edge.mint(held), await edge.mint(free)];
      let waiting: ReturnType<typeof beat> | undefined;
      await edge.ports.transact('work', async (tx) => {
        await sql`select 1 from workspace_liveness where workspace_id = ${held} for update`.execute(tx);
        waiting = beat({ workspace_id: held, current_task: 'late' }, tokens[0]);
        await waitFor(async () => {
          const { rows } = await sql`select 1 from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'`.execute(edge.ports.lanes.control);
          return rows.length > 0;
        });
        for (let n = 0; n < 5; n += 1) expect((await beat({ workspace_id: free }, tokens[1])).status).toBe(200);
      });
      expect((await waiting)?.status).toBe(200);
      expect((await livenessOf(held)).current_task).toBe('late');
    });

    it('B-20: removed between the beat and its transition, a workspace stays removed', async () => {
      const id = await insert({ status: 'awaiting_agent' });
      const token = await edge.mint(id);
      let answered: ReturnType<typeof beat> | undefined;
      await edge.ports.transact('work', async (tx) => {
        await sql`update workspaces set status = 'removed' where id = ${id}`.execute(tx);
        answered = beat({ workspace_id: id }, token);
        // The beat itself is written; its transition now waits for this transaction.
        await expect.poll(async () => (await livenessOf(id)).last_heartbeat_at).toBeInstanceOf(Date);
      });
      expect((await answered)?.status).toBe(200);
      expect((await rowOf(id)).status).toBe('removed');
      expect(await eventsOf(id)).toEqual([]);
    });
  });

  describe('update-card', () => {
    const update = (body: object, options: object) => edge.call('POST', '/registry/update-card', { body, ...options });

    it('the agent itself, an admin and a session may replace the card; the change is logged', async () => {
      const id = await insert();
      const cookie = await edge.login();
      for (const options of [{ token: await edge.mint(id) }, { token: ADMIN_TOKEN }, { cookie, origin: OWN_ORIGIN }]) {
        expect((await update({ workspace_id: id, agent_card: CARD }, options)).text).toBe('{"status":"updated"}');
      }
      expect(await eventsOf(id)).toEqual(
        [1, 2, 3].map(() => ({ type: 'AGENT_CARD_UPDATED', payload: { agent_card: CARD } })),
      );
    });

    it('an unknown or removed workspace is 404 for an admin and 401 for everybody else', async () => {
      const gone = await insert({ status: 'removed' });
      for (const workspace_id of [gone, edge.ports.random.uuid()]) {
        expect((await update({ workspace_id, agent_card: CARD }, { token: ADMIN_TOKEN })).status).toBe(404);
        expect((await update({ workspace_id, agent_card: CARD }, { token: 'wrong' })).status).toBe(401);
      }
    });
  });

  describe('finding each other', () => {
    it('discover always gives the address of this server', async () => {
      const parent = await insert({ name: 'lead' });
      const child = await insert({ parentId: parent, name: 'child', status: 'offline' });
      const headers = { 'x-workspace-id': parent };
      const token = await edge.mint(parent);
      const reply = await edge.call('GET', `/registry/discover/${child}`, { token, headers });
      expect(reply.body).toEqual({ id: child, name: 'child', url: `${OWN_ORIGIN}/workspaces/${child}/a2a` });
      expect((await edge.call('GET', `/registry/discover/${child}`, { token })).body.error).toBe(
        'X-Workspace-ID header is required',
      );
      expect((await edge.call('GET', `/registry/discover/${child}`, { token: ADMIN_TOKEN })).status).toBe(200);
    });

    it('B-09: discover is refused across the tree, and in the name of another', async () => {
      const [one, two] = [await insert(), await insert()];
      const [a, b] = [await insert({ parentId: one }), await insert({ parentId: two })];
      const token = await edge.mint(a);
      const ask = (caller: string) =>
        edge.call('GET', `/registry/discover/${b}`, { token, headers: { 'x-workspace-id': caller } });
      expect((await ask(a)).body.code).toBe('discover_denied');
      expect((await ask(two)).body.code).toBe('invalid_workspace_token');
      const check = (caller_id: string, target_id: string) =>
        edge.call('POST', '/registry/check-access', { token, body: { caller_id, target_id } });
      expect((await check(a, b)).text).toBe('{"allowed":false}');
      expect((await check(a, one)).text).toBe('{"allowed":true}');
      expect((await check(a, 'nobody')).text).toBe('{"allowed":false}');
      expect((await edge.call('GET', `/registry/${b}/peers`, { token })).status).toBe(401);
    });

    it('B-30: peers carry their relation, and a filter survives peers without a role', async () => {
      const parent = await insert({ name: 'lead', role: null });
      const self = await insert({ parentId: parent, name: 'self' });
      const sibling = await insert({ parentId: parent, name: 'writer', role: 'Writes Texts' });
      const child = await insert({ parentId: self, name: 'kid', role: null });
      await insert({ parentId: parent, name: 'gone', status: 'removed' });
      const token = await edge.mint(self);
      const peers = async (q: string) =>
        (await edge.call('GET', `/registry/${self}/peers${q}`, { token })).body.map(
          (peer: { id: string; relation: string }) => [peer.id, peer.relation],
        );
      expect(await peers('')).toEqual([
        [sibling, 'sibling'],
        [child, 'child'],
        [parent, 'parent'],
      ]);
      expect(await peers('?q=%20TEXTS')).toEqual([[sibling, 'sibling']]);
      expect(await peers('?q=none')).toEqual([]);
    });
  });
});

describe('the registry in development mode', () => {
  const database = useTestDatabase();
  let edge: Edge;
  beforeAll(async () => {
    edge = await createEdge(database.url, { developmentMode: true });
  });
  afterAll(() => edge.close());

  it('an unknown id registers itself as a root, with a token, and is asked for it from then on', async () => {
    const id = edge.ports.random.uuid();
    const body = { id, agent_card: CARD, url: 'http://localhost:9' };
    const call = (path: string, given: object, token?: string) =>
      edge.call('POST', path, { body: given, ...(token ? { token } : {}) });
    const replies = await Promise.all([1, 2].map(() => call('/registry/register', body)));
    expect(replies.map((reply) => reply.status).sort((a, b) => a - b)).toEqual([200, 401]);
    const token = replies.find((reply) => reply.status === 200)?.body.auth_token;
    const row = await edge.ports.lanes.work
      .selectFrom('workspaces')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    expect(row).toMatchObject({ name: id, status: 'online', backend: 'external', parent_id: null, url: body.url });
    expect((await call('/registry/heartbeat', { workspace_id: id })).status).toBe(401);
    expect((await call('/registry/heartbeat', { workspace_id: id }, token)).status).toBe(200);
  });

  it('B-12: a workspace beats without a token while it never had one, and not because all were revoked', async () => {
    const id = await insertWorkspace(edge.ports.lanes.work, { backend: 'external', mayBootstrap: true });
    const beat = async () => (await edge.call('POST', '/registry/heartbeat', { body: { workspace_id: id } })).status;
    expect(await beat()).toBe(200);
    await edge.mint(id);
    expect(await beat()).toBe(401);
    await edge.ports.transact('control', (tx) => edge.access.tokens.revokeAll(tx, [id]));
    expect(await beat()).toBe(401);
  });
});
