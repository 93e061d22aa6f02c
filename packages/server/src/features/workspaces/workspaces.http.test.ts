import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { ADMIN_TOKEN, type RealApp, startRealApp } from '../../../test/real-app.js';
import { readEvents } from '../../platform/event-log.js';

const UNKNOWN = '6a1b5f0e-9c3d-4e2f-8a7b-0123456789ab';

/** Contract lifecycle §1.2. */
const LISTED = [
  ...['id', 'name', 'role', 'tier', 'status', 'url', 'parent_id', 'agent_card', 'active_tasks'],
  ...['max_concurrent_tasks', 'last_error_rate', 'last_sample_error', 'uptime_seconds', 'current_task', 'runtime'],
  ...['workspace_dir', 'monthly_spend', 'budget_limit', 'x', 'y', 'collapsed', 'template'],
];
/** Left out of the read that any credential may make (§1.3). */
const PRIVATE = ['budget_limit', 'monthly_spend', 'current_task', 'last_sample_error', 'workspace_dir'];
/** What this server adds, for the canvas and the tools of the predecessor. */
const ADDED = [
  'w',
  'h',
  'z',
  'last_heartbeat_at',
  'created_at',
  'generation',
  'demo',
  'model',
  'hibernation_idle_minutes',
  'needs_restart',
  'start_progress',
  'template_changed',
];

describe('workspaces over HTTP', () => {
  const database = useTestDatabase();
  let app: RealApp;
  beforeAll(async () => {
    app = await startRealApp(database.url);
  });
  afterAll(() => app.close());

  const create = (body: object) => app.call('POST', '/workspaces', body);
  const add = async (name: string, more: object = {}): Promise<string> => {
    const reply = await create({ name, external: true, ...more });
    expect(reply).toMatchObject({ status: 201 });
    return reply.body.id;
  };
  const patch = (id: string, body: unknown) => app.call('PATCH', `/workspaces/${id}`, body);
  const read = async (id: string) => (await app.call('GET', `/workspaces/${id}`)).body;
  const written = async () => {
    const { rows } = await sql`
      select (select count(*) from workspaces) as workspaces, (select count(*) from workspace_secrets) as secrets,
             (select count(*) from canvas_layouts) as layouts, (select last_seq from event_counter) as events`.execute(
      app.app.ports.lanes.control,
    );
    return rows;
  };
  const listed = async (id: string) =>
    (await app.call('GET', '/workspaces')).body.find((one: { id: string }) => one.id === id);

  describe('create', () => {
    it('answers 201 with the four keys of a managed workspace', async () => {
      const reply = await create({ name: 'Ada', runtime: 'echo', unknown_key: [1] });
      const { id } = reply.body;
      expect([reply.status, reply.body]).toEqual([
        201,
        { id, status: 'provisioning', awareness_namespace: `workspace:${id}`, workspace_access: 'none' },
      ]);
    });

    it('fills in what was left out', async () => {
      const id = await add('Bare');
      expect(await listed(id)).toMatchObject({
        ...{ role: null, tier: 3, parent_id: null, max_concurrent_tasks: 1, budget_limit: null, workspace_dir: null },
        ...{ x: 0, y: 0, collapsed: false, template: '', url: '', agent_card: null, monthly_spend: 0 },
        ...{ active_tasks: 0, last_error_rate: 0, last_sample_error: '', uptime_seconds: 0, current_task: '' },
      });
      const zeros = await add('Zeros', { tier: 0, max_concurrent_tasks: -1, role: '' });
      expect(await listed(zeros)).toMatchObject({ tier: 3, max_concurrent_tasks: 1, role: null });
    });

    it('keeps everything it was given', async () => {
      const lead = await add('Lead');
      const given = {
        ...{ role: 'writes', tier: 2, model: 'minimax/M2', budget_limit: 1_250, max_concurrent_tasks: 4 },
        ...{ workspace_dir: '/home/ada/', workspace_access: 'read_only', parent_id: lead, template: 'writer' },
      };
      const reply = await create({ name: 'Whole', runtime: 'echo', ...given, canvas: { x: 100, y: -1.5 } });
      expect(reply.body).toMatchObject({ workspace_access: 'read_only' });
      const { workspace_access: _, ...kept } = given;
      expect(await listed(reply.body.id)).toMatchObject({
        ...{ name: 'Whole', runtime: 'echo', x: 100, y: -1.5, ...kept, workspace_dir: '/home/ada' },
      });
    });

    it.each([
      ['no name', { name: undefined }, 'invalid workspace payload'],
      ['an empty name', { name: '' }, 'invalid workspace payload'],
      ['a blank name', { name: '  ' }, 'invalid workspace payload'],
      ['a name that is no text', { name: 7 }, 'invalid workspace payload'],
      ['a fraction of a cent', { budget_limit: 12.5 }, 'invalid workspace payload'],
      ['a name of 256 bytes', { name: 'x'.repeat(256) }, 'invalid workspace fields'],
      ['a name in braces', { name: '{Ada}' }, 'invalid workspace fields'],
      ['a role of two lines', { role: 'a\nb' }, 'invalid workspace fields'],
      ['a model of 101 bytes', { model: 'x'.repeat(101) }, 'invalid workspace fields'],
      ['a runtime of two lines', { runtime: 'a\nb' }, 'invalid workspace fields'],
      ['a template that climbs', { template: '../secrets' }, 'invalid template'],
      ['a template nobody knows', { template: 'nobody' }, 'unknown template'],
      ['a system folder', { workspace_dir: '/etc' }, 'invalid workspace directory'],
      ['a relative folder', { workspace_dir: 'work' }, 'invalid workspace directory'],
      ['access without a folder', { workspace_access: 'read_write' }, 'invalid workspace access'],
      ['access of another kind', { workspace_dir: '/home/a', workspace_access: 'all' }, 'invalid workspace access'],
      ['a parent that is not there', { parent_id: UNKNOWN }, 'parent workspace not found'],
      ['a secret of the server’s own', { secrets: { ADMIN_TOKEN: 'x' } }, 'secret name not allowed'],
      ['a dangerous address', { external: true, url: 'http://169.254.1.1' }, expect.stringContaining('169.254.1.1')],
    ])('D5: refuses %s, in these words, and writes nothing', async (_what, body, error) => {
      const before = await written();
      expect(await create({ name: 'Ada', runtime: 'echo', ...body })).toMatchObject({ status: 400, body: { error } });
      expect(await written()).toEqual(before);
    });

    it('an external one says where it stands: online by its address, else with what its agent needs', async () => {
      const here = await create({ name: 'Here', external: true, url: 'http://127.0.0.1:9' });
      expect([here.status, here.body]).toEqual([201, { id: here.body.id, external: true, status: 'online' }]);
      const waiting = await create({ name: 'Waiting', runtime: 'external' });
      expect([waiting.status, Object.keys(waiting.body)]).toEqual([201, ['id', 'external', 'status', 'connection']]);
      expect(waiting.body).toMatchObject({ external: true, status: 'awaiting_agent' });
      expect(waiting.body.connection).toMatchObject({
        workspace_id: waiting.body.id,
        platform_url: app.url,
        auth_token: expect.stringMatching(/^[\w-]{43}$/),
        registry_endpoint: `${app.url}/registry/register`,
        heartbeat_endpoint: `${app.url}/registry/heartbeat`,
      });
    });
  });

  describe('reads', () => {
    it('the list has every key of the contract and of this server, and no other', async () => {
      expect(Object.keys(await listed(await add('Listed'))).sort()).toEqual([...LISTED, ...ADDED].sort());
    });

    it('the single read lacks what is private and adds when the agent last spoke', async () => {
      const reads = [...LISTED, ...ADDED, 'last_outbound_at'].filter((key) => !PRIVATE.includes(key));
      const { body } = await create({ name: 'Open', external: true });
      for (const token of [undefined, body.connection.auth_token]) {
        const single = await app.call('GET', `/workspaces/${body.id}`, undefined, token);
        expect(Object.keys(single.body).sort()).toEqual(reads.sort());
        expect(single.body).toMatchObject({ id: body.id, name: 'Open', last_outbound_at: null });
      }
    });

    it('are compact, with whole numbers and explicit nulls, as scripts look for them', async () => {
      const id = await add('Compact', { canvas: { x: 100, y: 0 } });
      const reply = await fetch(`${app.url}/workspaces`, {
        headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
      });
      const text = await reply.text();
      const own = text.slice(text.indexOf(`"id":"${id}"`));
      for (const part of [
        '"name":"Compact"',
        '"agent_card":null',
        '"active_tasks":0',
        '"x":100',
        '"last_error_rate":0',
      ]) {
        expect(own).toContain(`${part},`);
      }
    });

    it('are oldest first and refuse what is no id', async () => {
      const [first, second] = [await add('First'), await add('Second')];
      const ids = (await app.call('GET', '/workspaces')).body.map((one: { id: string }) => one.id);
      expect(ids.indexOf(second)).toBe(ids.indexOf(first) + 1);
      for (const path of ['/workspaces/Lead', '/workspaces/1/state']) {
        expect(await app.call('GET', path)).toMatchObject({ status: 400, body: { error: 'invalid workspace ID' } });
      }
      expect(await app.call('GET', `/workspaces/${UNKNOWN}`)).toMatchObject({
        status: 404,
        body: { error: 'workspace not found' },
      });
      expect((await app.call('GET', `/workspaces/${first}/state`)).body).toEqual({
        ...{ workspace_id: first, status: 'awaiting_agent', paused: false, deleted: false },
      });
    });
  });

  describe('patch', () => {
    it('changes what is named, keeps the rest, and answers in one word', async () => {
      const id = await add('Before', { role: 'old', tier: 2 });
      const lead = await add('Lead');
      const reply = await patch(id, { name: 'After', role: null, tier: 4, parent_id: lead, unknown_key: 1 });
      expect([reply.status, reply.body]).toEqual([200, { status: 'updated' }]);
      expect(await read(id)).toMatchObject({ name: 'After', role: null, tier: 4, parent_id: lead });
      expect((await patch(id, { x: 7, y: 8, collapsed: true })).body).toEqual({ status: 'updated' });
      expect(await read(id)).toMatchObject({ x: 7, y: 8, collapsed: true, name: 'After', parent_id: lead });
      expect((await patch(id, { parent_id: null })).body).toEqual({ status: 'updated' });
      expect((await read(id)).parent_id).toBeNull();
      expect((await patch(id, {})).body).toEqual({ status: 'updated' });
    });

    it('changes how many tasks it takes at once, 1 at the least', async () => {
      const id = await add('Busy');
      expect((await patch(id, { max_concurrent_tasks: 5 })).status).toBe(200);
      expect((await listed(id)).max_concurrent_tasks).toBe(5);
      expect((await patch(id, { max_concurrent_tasks: 0 })).status).toBe(200);
      expect((await listed(id)).max_concurrent_tasks).toBe(1);
      expect(await patch(id, { max_concurrent_tasks: 'many' })).toMatchObject({ status: 400 });
    });

    it('says that a changed folder needs a restart, also when it is taken away', async () => {
      const id = await add('Folder');
      for (const [given, kept] of [
        ['/home/ada//notes/', '/home/ada/notes'],
        [null, null],
      ]) {
        const reply = await patch(id, { workspace_dir: given });
        expect([reply.status, reply.body]).toEqual([200, { status: 'updated', needs_restart: true }]);
        expect((await listed(id)).workspace_dir).toBe(kept);
      }
    });

    it('leaves the budget to its own route, for administrators', async () => {
      const { body } = await create({ name: 'Frugal', external: true, budget_limit: 100 });
      const given = { budget_limit: 1_000_000, workspace_access: 'read_write' };
      const reply = await app.call('PATCH', `/workspaces/${body.id}`, given, body.connection.auth_token);
      expect([reply.status, reply.body]).toEqual([200, { status: 'updated' }]);
      expect((await listed(body.id)).budget_limit).toBe(100);
    });

    it.each([
      ['a long name', { name: 'x'.repeat(256) }, 'name must be at most 255 characters'],
      ['a long role', { role: 'x'.repeat(1_001) }, 'role must be at most 1000 characters'],
      ['a long runtime', { runtime: 'x'.repeat(101) }, 'runtime must be at most 100 characters'],
      ['a name of two lines', { name: 'a\nb' }, 'name must not contain newline characters'],
      ['a runtime of two lines', { runtime: 'a\nb' }, 'runtime must not contain newline characters'],
      ['a role in bars', { role: 'a|b' }, 'role contains invalid characters'],
      ['no name', { name: '' }, 'name must not be empty'],
      ['half a position', { x: 1 }, 'x and y must be given together'],
      ['a system folder', { workspace_dir: '/var/lib' }, 'invalid workspace directory'],
      ['a folder with half a character', { workspace_dir: '/home/a\ud800' }, 'invalid workspace directory'],
      ['a parent that is no id', { parent_id: 'lead', x: 1, y: 1 }, 'parent_id is not a UUID'],
      ['a parent that is not there', { parent_id: UNKNOWN, x: 1, y: 1 }, 'parent workspace not found'],
      ['a tier that is no number', { tier: 'x' }, 'invalid request body'],
      ['a name that is null', { name: null }, 'invalid request body'],
      ['a list', [], 'invalid request body'],
    ])('D6: %s is refused in these words, and nothing of the whole is written', async (_what, body, error) => {
      const id = await add('Kept', { role: 'kept' });
      const before = [await listed(id), await written()];
      const given = Array.isArray(body) ? body : { collapsed: true, tier: 4, ...body };
      expect(await patch(id, given)).toMatchObject({ status: 400, body: { error } });
      expect([await listed(id), await written()]).toEqual(before);
    });

    it('D6: a tree is no deeper than 32, whether it grows or is moved', async () => {
      const line: string[] = [];
      for (let depth = 1; depth <= 32; depth += 1) line.push(await add(`Level ${depth}`, { parent_id: line.at(-1) }));
      const tooDeep = { status: 400, body: { error: 'workspace tree is too deep' } };
      expect(await create({ name: 'Level 33', external: true, parent_id: line[31] })).toMatchObject(tooDeep);
      const pair = await add('Pair');
      await add('Pair’s child', { parent_id: pair });
      expect(await patch(pair, { parent_id: line[30] })).toMatchObject(tooDeep);
      expect((await patch(pair, { parent_id: line[29] })).status).toBe(200);
    });

    it('D6: a ring of parents is refused, and one that should exist hangs nobody', async () => {
      const [a, b, c] = [await add('A'), await add('B'), await add('C')];
      await patch(b, { parent_id: a });
      await patch(c, { parent_id: b });
      for (const below of [a, b, c]) {
        const reply = await patch(a, { parent_id: below });
        expect(reply).toMatchObject({ status: 409, body: { error: 'parent would create a cycle' } });
      }
      await sql`update workspaces set parent_id = ${c} where id = ${a}`.execute(app.app.ports.lanes.control);
      const outsider = await add('Outsider');
      expect((await patch(outsider, { parent_id: b })).status).toBeLessThan(500);
      const asked = { caller_id: a, target_id: outsider };
      expect((await app.call('POST', '/registry/check-access', asked)).status).toBe(200);
      expect((await app.call('GET', `/registry/${a}/peers`)).status).toBe(200);
      expect((await app.call('DELETE', `/workspaces/${a}?confirm=true`)).body).toMatchObject({ status: 'removed' });
      expect([await listed(a), await listed(b), await listed(c)]).toEqual([undefined, undefined, undefined]);
    });

    it('D25: of a workspace that is removed or never was is 404', async () => {
      const id = await add('Gone');
      await app.call('DELETE', `/workspaces/${id}`);
      for (const gone of [id, UNKNOWN]) {
        expect(await patch(gone, { role: 'r' })).toMatchObject({ status: 404, body: { error: 'workspace not found' } });
      }
      expect(await patch('Gone', { role: 'r' })).toMatchObject({
        status: 400,
        body: { error: 'invalid workspace ID' },
      });
    });
  });

  describe('delete', () => {
    it('of one with children asks first, names them, and changes nothing', async () => {
      const lead = await add('Lead');
      const children = [
        { id: await add('One', { parent_id: lead }), name: 'One' },
        { id: await add('Two', { parent_id: lead }), name: 'Two' },
      ];
      await add('Below', { parent_id: children[0]?.id });
      for (const query of ['', '?confirm=false', '?confirm=1', '?purge=true']) {
        const reply = await app.call('DELETE', `/workspaces/${lead}${query}`);
        expect([reply.status, reply.body]).toEqual([
          409,
          {
            status: 'confirmation_required',
            message: expect.stringContaining('?confirm=true'),
            children,
            children_count: 2,
          },
        ]);
      }
      for (const { id } of [{ id: lead }, ...children]) expect((await read(id)).status).toBe('awaiting_agent');
    });

    it('removes the whole tree once confirmed, and may be repeated', async () => {
      const lead = await add('Lead');
      const child = await add('Child', { parent_id: lead });
      const below = await add('Below', { parent_id: child });
      const reply = await app.call('DELETE', `/workspaces/${lead}?confirm=true`);
      expect([reply.status, reply.body]).toEqual([200, { status: 'removed', cascade_deleted: 2 }]);
      for (const id of [lead, child, below]) expect(await listed(id)).toBeUndefined();
      for (const id of [lead, UNKNOWN]) {
        const again = await app.call('DELETE', `/workspaces/${id}`);
        expect([again.status, again.body]).toEqual([200, { status: 'removed', cascade_deleted: 0 }]);
      }
      const events = await readEvents(app.app.ports.lanes.control, { afterSeq: 0, limit: 1_000 });
      const removals = events.filter(({ type }) => type === 'WORKSPACE_REMOVED');
      const told = removals.flatMap(({ workspaceId, payload }) =>
        [lead, child, below].includes(workspaceId ?? '') ? [{ workspaceId, payload }] : [],
      );
      expect(told).toEqual([
        { workspaceId: below, payload: {} },
        { workspaceId: child, payload: {} },
        { workspaceId: lead, payload: { cascade_deleted: 2 } },
      ]);
    });

    it('purges', async () => {
      const id = await add('Purged');
      const reply = await app.call('DELETE', `/workspaces/${id}?purge=true`);
      expect([reply.status, reply.body]).toEqual([200, { status: 'purged', cascade_deleted: 0 }]);
      expect(await app.call('GET', `/workspaces/${id}?include_removed=true`)).toMatchObject({ status: 404 });
    });

    it('D26: says what could not be stopped, and that repeating it helps', async () => {
      const lead: string = (await create({ name: 'Lead', runtime: 'echo' })).body.id;
      const child: string = (await create({ name: 'Child', runtime: 'echo', parent_id: lead })).body.id;
      await expect.poll(() => [lead, child].map((id) => app.machine.countRunning(id))).toEqual([1, 1]);
      app.machine.setReachable(false);
      const reply = await app.call('DELETE', `/workspaces/${lead}?confirm=true`);
      expect([reply.status, reply.body]).toEqual([
        500,
        {
          error: expect.stringMatching(/^workspace marked removed, but 2 stop call\(s\) failed — please retry: ./),
          code: 'stop_failed',
          retry: true,
          help: expect.any(String),
          removed_count: 2,
          stop_failures: 2,
        },
      ]);
      expect(await app.call('GET', `/workspaces/${lead}`)).toMatchObject({ status: 410 });
      app.machine.setReachable(true);
      const again = await app.call('DELETE', `/workspaces/${lead}?confirm=true`);
      expect([again.status, again.body]).toEqual([200, { status: 'removed', cascade_deleted: 0 }]);
      expect([lead, child].map((id) => app.machine.countRunning(id))).toEqual([0, 0]);
    });

    it('refuses what is no id', async () => {
      expect(await app.call('DELETE', '/workspaces/Lead')).toMatchObject({
        status: 400,
        body: { error: 'invalid workspace ID' },
      });
    });
  });
});
