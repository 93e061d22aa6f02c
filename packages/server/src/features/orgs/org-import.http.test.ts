import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '@molecule/testkit';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { useTestDatabase } from '../../../test/database.js';
import { createOrgsWorld, type OrgsWorld } from '../../../test/orgs-world.js';
import { SINGLE_CONNECTION_LANES } from '../../platform/db.js';
import { readEvents } from '../../platform/event-log.js';

const database = useTestDatabase();
let world: OrgsWorld;

beforeEach(async () => {
  world = await createOrgsWorld(database.url);
});
afterEach(async () => {
  await world.close();
});

const importOrg = (body: unknown, query = '') => world.call('POST', `/org/import${query}`, body);

async function rows() {
  const { rows: found } = await sql<{
    id: string;
    name: string;
    parent: string | null;
    status: string;
    tier: number;
    runtime: string;
    model: string | null;
    url: string | null;
    x: number;
    y: number;
  }>`
    select w.id, w.name, p.name as parent, w.status, w.tier, w.runtime, w.spec ->> 'model' as model, w.url,
           l.x, l.y
      from workspaces as w
      left join workspaces as p on p.id = w.parent_id
      left join canvas_layouts as l on l.workspace_id = w.id
     where w.status <> 'removed' order by w.seq`.execute(world.ports.lanes.control);
  return found;
}

async function newestSeq(): Promise<number> {
  const { rows: found } = await sql<{ last_seq: number }>`select last_seq from event_counter`.execute(
    world.ports.lanes.control,
  );
  return found[0]?.last_seq ?? 0;
}

/** Everything of earlier tests out of the way. */
async function clear(): Promise<void> {
  await sql`update workspaces set status = 'removed', desired = 'removed' where status <> 'removed'`.execute(
    world.ports.lanes.control,
  );
  await sql`delete from global_secrets`.execute(world.ports.lanes.control);
}

beforeEach(clear);

describe('org import', () => {
  /** One root, three leads, twelve members under each: forty workspaces on three levels. */
  function writeCompany(): void {
    const leads = ['North', 'East', 'West'];
    const members = (lead: string) =>
      Array.from({ length: 12 }, (_, index) =>
        index === 0
          ? `- { name: ${lead} 0, files_dir: people/${lead}, role: First of ${lead}, max_concurrent_tasks: 4 }`
          : `- { name: ${lead} ${index}, system_prompt: "You are ${lead} ${index}." }`,
      ).join('\n');
    world.write('templates', {
      'specialist/config.yaml': 'name: S\nruntime: echo\n',
      'specialist/system-prompt.md': 'From the template.',
    });
    world.write('orgs', {
      'company/org.yaml': [
        'name: Company',
        'defaults:',
        '  runtime: echo',
        '  idle_prompt_file: idle.md',
        '  category_routing: { bugs: [North], news: [East] }',
        'workspaces:',
        '  - name: Head',
        '    tier: 4',
        '    template: specialist',
        '    canvas: { x: 100, y: 50 }',
        '    children:',
        ...leads.map((lead) => `      - !include teams/${lead}.yaml`),
      ].join('\n'),
      'company/idle.md': 'Look around.',
      ...Object.fromEntries(
        leads.flatMap((lead) => [
          [
            `company/teams/${lead}.yaml`,
            `name: ${lead}\nmodel: of-${lead}\nchildren: !include ../members/${lead}.yaml\n`,
          ],
          [`company/members/${lead}.yaml`, `${members(lead)}\n`],
          [`company/people/${lead}/system-prompt.md`, `I lead ${lead}.`],
          [`company/people/${lead}/skills/s/SKILL.md`, 'a skill'],
        ]),
      ),
      'company/people/North/config.yaml': '# kept\nruntime_config: { timeout: 7 }\n',
    });
  }

  it('brings forty workspaces on three levels online, with includes and files of their own', async () => {
    writeCompany();
    const before = await newestSeq();
    const listed = await world.call('GET', '/org/templates');
    expect(listed.body).toEqual([
      { dir: 'company', name: 'Company', description: '', workspaces: 40, required_env: [], recommended_env: [] },
    ]);
    const { status, body } = await importOrg({ dir: 'company' });
    expect(status).toBe(201);
    expect(body).toMatchObject({ org: 'Company', count: 40 });
    expect(body.workspaces.slice(0, 2)).toMatchObject([
      { name: 'Head', tier: 4 },
      { name: 'North', tier: 2 },
    ]);
    const stored = await rows();
    expect(stored).toHaveLength(40);
    expect(stored.filter((row) => row.parent === 'Head').map((row) => row.name)).toEqual(['North', 'East', 'West']);
    expect(stored.filter((row) => row.parent === 'West')).toHaveLength(12);
    // Only what the org names is the owner's choice of a model.
    expect(stored.find((row) => row.name === 'East')).toMatchObject({ model: 'of-East', runtime: 'echo' });
    expect(stored.find((row) => row.name === 'East 3')?.model).toBeNull();

    const idOf = (name: string) => stored.find((row) => row.name === name)?.id ?? '';
    await waitFor(() => stored.every((row) => world.backend.countRunning(row.id) === 1));
    const filesOf = (name: string) => ({
      get: (path: string) => world.backend.files.read(idOf(name), path)?.toString(),
    });
    expect(filesOf('Head').get('system-prompt.md')).toBe('From the template.');
    expect(filesOf('East 5').get('system-prompt.md')).toBe('You are East 5.');
    expect(filesOf('North 0').get('system-prompt.md')).toBe('I lead North.');
    expect(filesOf('North 0').get('skills/s/SKILL.md')).toBe('a skill');
    const config = filesOf('North 0').get('config.yaml') ?? '';
    expect(config).toContain('# kept');
    expect(parse(config)).toMatchObject({
      name: 'North 0',
      role: 'First of North',
      runtime: 'echo',
      max_concurrent_tasks: 4,
      runtime_config: { timeout: 7 },
      idle_prompt: 'Look around.',
      idle_interval_seconds: 600,
      category_routing: { bugs: ['North'], news: ['East'] },
    });

    const events = await readEvents(world.ports.lanes.control, { afterSeq: before, limit: 1_000 });
    const announced = events.filter((event) => event.type === 'WORKSPACE_PROVISIONING');
    expect(announced).toHaveLength(40);
    expect(announced[0]?.payload).toMatchObject({ name: 'Head', parent_id: null, x: 100, y: 50 });
    expect(announced[1]?.payload).toMatchObject({ name: 'North', parent_id: idOf('Head'), x: 16, y: 130 });
  });

  it('R27, M-55: importing twice creates nothing and reports every node as skipped, with its id', async () => {
    writeCompany();
    const first = await importOrg({ dir: 'company' });
    const second = await importOrg({ dir: 'company' });
    expect(second.status).toBe(201);
    expect(await rows()).toHaveLength(40);
    expect(second.body.count).toBe(40);
    expect(second.body.workspaces).toEqual(
      first.body.workspaces.map((entry: Record<string, unknown>) => ({ ...entry, skipped: true })),
    );
  });

  it('R27: ten imports at once create the tree once, also from two servers', async () => {
    writeCompany();
    const other = await createOrgsWorld(database.url);
    try {
      other.write('orgs', { 'company/org.yaml': 'name: Company\nworkspaces: [{ name: Head, runtime: echo }]\n' });
      const answers = await Promise.all([
        ...Array.from({ length: 8 }, () => importOrg({ dir: 'company' })),
        other.call('POST', '/org/import', { dir: 'company' }),
        other.call('POST', '/org/import', { dir: 'company' }),
      ]);
      expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 10 }, () => 201));
      expect(await rows()).toHaveLength(40);
    } finally {
      await other.close();
    }
  });

  it('R27, M-55: a partial tree is filled up, a removed root does not stand in the way', async () => {
    writeCompany();
    const first = await importOrg({ dir: 'company' });
    const gone = first.body.workspaces.find((entry: { name: string }) => entry.name === 'East 4').id;
    await sql`update workspaces set status = 'removed', desired = 'removed' where id = ${gone}`.execute(
      world.ports.lanes.control,
    );
    const second = await importOrg({ dir: 'company' });
    const created = second.body.workspaces.filter((entry: { skipped?: true }) => !entry.skipped);
    expect(created).toMatchObject([{ name: 'East 4' }]);
    await clear();
    const third = await importOrg({ dir: 'company' });
    expect(third.body.workspaces.some((entry: { skipped?: true }) => entry.skipped)).toBe(false);
    expect(await rows()).toHaveLength(40);
  });

  it('no workspace is created below one that is removed meanwhile: its place is filled anew', async () => {
    const lead = (children: string[]) => ({ name: 'Lead', children: children.map((name) => ({ name })) });
    const template = (children: string[]) => ({
      name: 'Growing',
      defaults: { runtime: 'echo' },
      workspaces: [{ name: 'Head', children: [lead(children)] }],
    });
    const db = world.ports.lanes.health;
    await importOrg({ template: template([]) });
    const removed = (await rows()).find((row) => row.name === 'Lead')?.id ?? '';
    let filling: Promise<unknown> = Promise.resolve();
    const other = await createOrgsWorld(database.url);
    await other.ports.transact('control', async (tx) => {
      // As a delete does: it holds the row, and the import begins before it has committed.
      await sql`select from workspaces where id = ${removed} for update`.execute(tx);
      filling = importOrg({ template: template(['Member']) });
      await waitFor(async () => {
        const { rows: waiting } = await sql`
          select 1 from pg_stat_activity
           where datname = current_database() and wait_event_type = 'Lock'`.execute(db);
        return waiting.length > 0;
      });
      await sql`update workspaces set status = 'removed', desired = 'removed' where id = ${removed}`.execute(tx);
    });
    expect(await filling).toMatchObject({ status: 201, body: { count: 3 } });
    expect((await rows()).map(({ name, parent }) => [name, parent])).toEqual([
      ['Head', null],
      ['Lead', 'Head'],
      ['Member', 'Lead'],
    ]);
    const orphans = await sql`
      select w.id from workspaces as w join workspaces as p on p.id = w.parent_id
       where w.status <> 'removed' and p.status = 'removed'`.execute(db);
    expect(orphans.rows).toEqual([]);
    await other.close();
  });

  it('R27: an import that cannot look at what exists inserts nothing', async () => {
    writeCompany();
    const first = await importOrg({ dir: 'company' });
    const { id: gone } = first.body.workspaces.at(-1);
    const db = world.ports.lanes.control;
    await sql`update workspaces set status = 'removed', desired = 'removed' where id = ${gone}`.execute(db);
    const written = async () => {
      const { rows: counts } = await sql`
        select (select count(*) from workspaces) as workspaces, (select count(*) from workspace_liveness) as liveness,
               (select count(*) from workspace_secrets) as secrets, (select count(*) from workspace_seed_files) as seeds,
               (select count(*) from stored_layouts) as layouts, (select last_seq from event_counter) as events`.execute(
        db,
      );
      return counts;
    };
    // Placing a card still works; looking at one does not.
    await sql`alter table canvas_layouts rename to stored_layouts`.execute(db);
    await sql`create function refuse_look(double precision) returns double precision language plpgsql as
      $$ begin raise exception 'cannot look'; end $$`.execute(db);
    await sql`create view canvas_layouts as
      select workspace_id, refuse_look(x) as x, y, w, h, z, collapsed from stored_layouts`.execute(db);
    await sql`create function store_layout() returns trigger language plpgsql as
      $$ begin insert into stored_layouts (workspace_id, x, y) values (new.workspace_id, new.x, new.y); return new; end $$`.execute(
      db,
    );
    await sql`create trigger store_layout instead of insert on canvas_layouts for each row execute function store_layout()`.execute(
      db,
    );
    try {
      const before = await written();
      expect(await importOrg({ dir: 'company' })).toMatchObject({ status: 500, body: { code: 'internal' } });
      expect(await written()).toEqual(before);
    } finally {
      await sql`drop view canvas_layouts`.execute(db);
      await sql`drop function refuse_look`.execute(db);
      await sql`drop function store_layout`.execute(db);
      await sql`alter table stored_layouts rename to canvas_layouts`.execute(db);
    }
    const again = await importOrg({ dir: 'company' });
    expect(again.body.workspaces.filter((entry: { skipped?: true }) => !entry.skipped)).toHaveLength(1);
  });

  it('a failure in the middle leaves no row, no secret and no event', async () => {
    writeCompany();
    const db = world.ports.lanes.control;
    await sql`
      create function refuse_west() returns trigger language plpgsql as
      $$ begin if new.name = 'West 11' then raise exception 'no room'; end if; return new; end $$`.execute(db);
    await sql`create trigger refuse_west before insert on workspaces for each row execute function refuse_west()`.execute(
      db,
    );
    try {
      const before = await newestSeq();
      expect(await importOrg({ dir: 'company' })).toMatchObject({ status: 500, body: { code: 'internal' } });
      expect(await rows()).toEqual([]);
      expect(await newestSeq()).toBe(before);
    } finally {
      await sql`drop trigger refuse_west on workspaces`.execute(db);
      await sql`drop function refuse_west()`.execute(db);
    }
    expect((await importOrg({ dir: 'company' })).status).toBe(201);
  });

  it('a dry run says what an import would do and writes nothing', async () => {
    writeCompany();
    world.write('orgs', {
      'company/org.yaml': [
        'name: Company',
        'required_env: [NEEDED_KEY, SET_KEY]',
        'recommended_env: [{ any_of: [B_KEY, A_KEY] }]',
        'workspaces:',
        '  - { name: Head, runtime: echo, plugins: [p], children: [{ name: Child, template: specialist, schedules: [{ name: Tidy, cron_expr: 0 9 * * *, prompt: Tidy up. }] }] }',
      ].join('\n'),
    });
    await world.call('PUT', '/settings/secrets', { key: 'SET_KEY', value: 'x' });
    const before = await newestSeq();
    const plan = await importOrg({ dir: 'company' }, '?dry_run=true');
    expect(plan).toEqual({
      status: 200,
      body: {
        org: 'Company',
        create: [
          { path: 'Head', name: 'Head', parent: null, tier: 2, runtime: 'echo', template: '' },
          {
            path: 'Head / Child',
            name: 'Child',
            parent: 'Head',
            tier: 2,
            runtime: 'echo',
            template: 'specialist',
            schedules: ['Tidy'],
          },
        ],
        keep: [],
        missing_env: ['NEEDED_KEY'],
        recommended_missing: [{ any_of: ['A_KEY', 'B_KEY'] }],
        notes: [
          'schedules are recorded and do not run yet (1 of 2 workspaces)',
          'passed over: the plugin p is not in the plugins folder of this server (1 of 2 workspaces)',
        ],
      },
    });
    expect(await rows()).toEqual([]);
    expect(await newestSeq()).toBe(before);
    await importOrg({ dir: 'company', force: true });
    const again = await importOrg({ dir: 'company' }, '?dry_run=true');
    expect(again.body).toMatchObject({ create: [], keep: [{ path: 'Head' }, { path: 'Head / Child' }] });
  });

  it('missing variables answer 412 with the exact body, and force passes them by (contract §8.2)', async () => {
    world.write('orgs', {
      'needy/org.yaml':
        'name: Needy\nrequired_env: [Z_KEY]\nworkspaces: [{ name: N, runtime: echo, required_env: [{ any_of: [A_KEY, B_KEY] }] }]\n',
    });
    const refused = await importOrg({ dir: 'needy' });
    expect(refused).toMatchObject({
      status: 412,
      body: {
        error: 'missing required environment variables',
        missing_env: ['Z_KEY', { any_of: ['A_KEY', 'B_KEY'] }],
        required_env: ['Z_KEY', { any_of: ['A_KEY', 'B_KEY'] }],
        template: 'Needy',
        suggestion: 'set these as global secrets (POST /settings/secrets) or pass force=true to override',
      },
    });
    expect(await rows()).toEqual([]);
    await world.call('PUT', '/settings/secrets', { key: 'B_KEY', value: 'x' });
    expect((await importOrg({ dir: 'needy' })).body).toMatchObject({ missing_env: ['Z_KEY'] });
    expect((await importOrg({ dir: 'needy', force: true })).status).toBe(201);
  });

  it('D9: secrets of .env files are stored sealed, the node before the org; they fill in workspace_dir', async () => {
    const folder = join(world.folders.orgs, 'work');
    mkdirSync(folder);
    world.write('orgs', {
      'env/org.yaml':
        'name: Env\nworkspaces:\n  - { name: N, runtime: echo, files_dir: n, workspace_dir: "$FOLDER/x", workspace_access: read_write }\n',
      'env/.env': '# comment\nSHARED="of the org"\nONLY_ORG=1\nEMPTY=\n',
      'env/n/.env': `SHARED='of the node'\nFOLDER=${folder}\n`,
      'env/n/system-prompt.md': 'p',
    });
    const { body } = await importOrg({ dir: 'env' });
    const [{ id }] = body.workspaces;
    const stored = await world.ports.lanes.control
      .selectFrom('workspace_secrets')
      .select(['key', 'encrypted_value', 'encryption_version'])
      .where('workspace_id', '=', id)
      .execute();
    expect(stored.map(({ key }) => key).sort()).toEqual(['FOLDER', 'ONLY_ORG', 'SHARED']);
    for (const row of stored) {
      expect(row.encryption_version).toBe(2);
      expect(row.encrypted_value.includes('of the')).toBe(false);
    }
    expect(await world.secrets.readValues(world.ports.lanes.control, id)).toMatchObject({
      SHARED: 'of the node',
      ONLY_ORG: '1',
      FOLDER: folder,
    });
    await waitFor(() => world.backend.countRunning(id) === 1);
    const spec = world.backend.findSpec(id);
    expect(spec?.workspaceDir).toBe(`${folder}/x`);
    expect(spec?.env).not.toHaveProperty('EMPTY');
    expect(world.backend.files.list(id)).not.toContain('.env');
  });

  it('D11: an external node runs nowhere, and channels of unknown kinds are told', async () => {
    world.write('orgs', {
      'ext/org.yaml':
        'name: Ext\nworkspaces:\n  - { name: Far, external: true, url: "https://agent.example.com", channels: [{ type: pager }, {}] }\n  - { name: Later, runtime: external }\n',
    });
    const { body } = await importOrg({ dir: 'ext' });
    expect(body.workspaces[0].channels_skipped).toEqual([
      { workspace: 'Far', type: 'pager', reason: 'unknown adapter' },
      { workspace: 'Far', type: '', reason: 'empty type' },
    ]);
    expect(await rows()).toMatchObject([
      { name: 'Far', runtime: 'external', status: 'online' },
      { name: 'Later', runtime: 'external', status: 'awaiting_agent' },
    ]);
  });

  it('D11: a node that is external by the defaults or by its template keeps its address', async () => {
    world.write('templates', { 'afar/config.yaml': 'name: Afar\nruntime: external\n' });
    world.write('orgs', {
      'ext/org.yaml':
        'name: Ext\ndefaults: { runtime: external }\nworkspaces:\n  - { name: Far, url: "https://agent.example.com" }\n  - { name: Here, runtime: echo }\n',
      'ext/.env': 'A_KEY=1\n',
    });
    await importOrg({ dir: 'ext' });
    const template = { name: 'T', workspaces: [{ name: 'Also', template: 'afar', url: 'https://agent.example.com' }] };
    await importOrg({ template });
    expect(await rows()).toMatchObject([
      { name: 'Far', runtime: 'external', status: 'online', url: 'https://agent.example.com' },
      { name: 'Here', runtime: 'echo' },
      { name: 'Also', runtime: 'external', status: 'online', url: 'https://agent.example.com' },
    ]);
  });

  it('files_dir is copied instead of the template, not over it (contract §8.4)', async () => {
    world.write('templates', {
      'specialist/config.yaml': 'name: S\nruntime: echo\nruntime_config: { timeout: 9 }\n',
      'specialist/system-prompt.md': 'From the template.',
    });
    world.write('orgs', {
      'own/org.yaml':
        'name: Own\nworkspaces:\n  - { name: N, template: specialist, files_dir: n, idle_prompt: Look around. }\n',
      'own/n/MEMORY.md': 'From the org.',
    });
    const plan = await importOrg({ dir: 'own' }, '?dry_run=true');
    expect(plan.body).toMatchObject({
      create: [{ name: 'N', template: '', runtime: 'echo' }],
      notes: ['files_dir n is copied instead of the template specialist (1 of 1 workspaces)'],
    });
    const { body } = await importOrg({ dir: 'own' });
    const [{ id }] = body.workspaces;
    await waitFor(() => world.backend.countRunning(id) === 1);
    expect(world.backend.files.list(id)).toEqual(['MEMORY.md', 'config.yaml']);
    const config = world.backend.files.read(id, 'config.yaml')?.toString() ?? '';
    expect(parse(config)).toMatchObject({
      runtime: 'echo',
      runtime_config: { timeout: 0 },
      idle_prompt: 'Look around.',
    });
  });

  it('roots stand side by side and beside what is there already', async () => {
    const roots = (names: readonly string[]) => ({
      name: 'Side',
      workspaces: names.map((name) => ({ name, runtime: 'echo', children: [{ name: 'a' }, { name: 'b' }] })),
    });
    const inline = (template: unknown) => importOrg({ template });
    await inline(roots(['One', 'Two']));
    await inline(roots(['Three']));
    const placed = (await rows()).filter((row) => row.parent === null);
    expect(placed.map(({ name, x, y }) => [name, x, y])).toEqual([
      ['One', 0, 0],
      ['Two', 606, 0],
      ['Three', 1212, 0],
    ]);
  });

  it('an inline template is imported without files', async () => {
    const template = { name: 'Inline', workspaces: [{ name: 'Solo', runtime: 'echo', system_prompt: 'Hi.' }] };
    expect((await importOrg({ template })).body).toMatchObject({ org: 'Inline', count: 1 });
  });

  it('what an org names and has not is passed over and told (contract §8.4, §22)', async () => {
    world.write('templates', {
      'specialist/config.yaml': 'name: S\nruntime: echo\n',
      'specialist/system-prompt.md': 'From the template.',
    });
    world.write('orgs', {
      'gaps/org.yaml': [
        'name: Gaps',
        'defaults: { runtime: echo }',
        'workspaces:',
        '  - { name: A, template: specialist, files_dir: nowhere, idle_prompt_file: idle.md }',
        '  - { name: B, initial_prompt_file: gone.md, children: [{ name: C, initial_prompt_file: gone.md }] }',
      ].join('\n'),
    });
    const notes = [
      'passed over: files_dir nowhere does not exist (1 of 3 workspaces)',
      'passed over: gone.md does not exist (2 of 3 workspaces)',
    ];
    expect(await importOrg({ dir: 'gaps' }, '?dry_run=true')).toMatchObject({ status: 200, body: { notes } });
    const { status, body } = await importOrg({ dir: 'gaps' });
    expect({ status, notes: body.notes }).toEqual({ status: 201, notes });
    const [a, b] = body.workspaces;
    await waitFor(() => world.backend.countRunning(a.id) === 1 && world.backend.countRunning(b.id) === 1);
    const fileOf = (id: string, path: string) => world.backend.files.read(id, path)?.toString();
    expect(fileOf(a.id, 'system-prompt.md')).toBe('From the template.');
    expect(fileOf(a.id, 'config.yaml')).not.toContain('idle_prompt');
    expect(fileOf(b.id, 'config.yaml')).not.toContain('initial_prompt');
  });

  it('an inline template has no files: what names one is passed over and told (contract §22)', async () => {
    const template = {
      name: 'X',
      defaults: { runtime: 'echo', idle_prompt_file: 'idle.md' },
      workspaces: [
        { name: 'A', files_dir: 'x' },
        { name: 'B', initial_prompt_file: 'y.md', idle_prompt: 'Look.' },
      ],
    };
    const { status, body } = await importOrg({ template });
    expect(status).toBe(201);
    expect(body.notes).toEqual([
      'passed over: files_dir x needs an org folder; an inline template has none (1 of 2 workspaces)',
      'passed over: idle.md needs an org folder; an inline template has none (1 of 2 workspaces)',
      'passed over: y.md needs an org folder; an inline template has none (1 of 2 workspaces)',
    ]);
  });

  it('R27: a second node of one name beside the first is skipped, and its children join (contract §8.4)', async () => {
    const template = {
      name: 'Twins',
      defaults: { runtime: 'echo' },
      workspaces: [
        { name: 'Root', children: [{ name: 'A', tier: 3, children: [{ name: 'One' }, { name: 'Both' }] }] },
        { name: 'Root', children: [{ name: 'A', children: [{ name: 'Both' }, { name: 'Two' }] }] },
      ],
    };
    const notes = ['a workspace named twice beside each other is one (3 of 5 workspaces)'];
    const plan = await importOrg({ template }, '?dry_run=true');
    expect(plan.body.create.map((node: { path: string }) => node.path)).toEqual([
      'Root',
      'Root / A',
      'Root / A / One',
      'Root / A / Both',
      'Root / A / Two',
    ]);
    expect(plan.body).toMatchObject({ keep: [], notes });
    const { status, body } = await importOrg({ template });
    expect(status).toBe(201);
    expect(body).toMatchObject({ count: 8, notes });
    const stored = await rows();
    expect(stored.map(({ name, parent }) => [name, parent])).toEqual([
      ['Root', null],
      ['A', 'Root'],
      ['One', 'A'],
      ['Both', 'A'],
      ['Two', 'A'],
    ]);
    // No two of them on one spot.
    expect(new Set(stored.filter((row) => row.parent === 'A').map(({ x, y }) => `${x} ${y}`)).size).toBe(3);
    const [first, second] = body.workspaces.filter((entry: { name: string }) => entry.name === 'Both');
    expect(second).toEqual({ ...first, skipped: true });
    expect((await importOrg({ template })).body).toMatchObject({ count: 8 });
    expect(await rows()).toHaveLength(5);
  });

  it('a thousand workspaces are one import', async () => {
    const held = world.backend.holdStarts();
    const leads = Array.from({ length: 9 }, (_, lead) => ({
      name: `Lead ${lead}`,
      children: Array.from({ length: 110 }, (_, member) => ({ name: `Member ${member}` })),
    }));
    const template = { name: 'Big', defaults: { runtime: 'echo' }, workspaces: [{ name: 'Root', children: leads }] };
    expect((await importOrg({ template })).body).toMatchObject({ count: 1_000 });
    expect((await importOrg({ template })).body.workspaces.every((entry: { skipped?: true }) => entry.skipped)).toBe(
      true,
    );
    expect(await rows()).toHaveLength(1_000);
    held.release();
  });

  it('needs no second connection while it writes', async () => {
    const narrow = await createOrgsWorld(database.url, { laneSizes: SINGLE_CONNECTION_LANES });
    try {
      const template = { name: 'Narrow', workspaces: [{ name: 'N', runtime: 'echo', children: [{ name: 'C' }] }] };
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => narrow.call('POST', '/org/import', { template })),
      );
      expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([201]));
    } finally {
      await narrow.close();
    }
  });

  it.each([
    [{}, 400, "provide 'dir' or 'template'"],
    [{ template: { workspaces: [] } }, 400, "provide 'dir' or 'template'"],
    [{ template: { name: ' ' } }, 400, "provide 'dir' or 'template'"],
    [{ dir: 1 }, 400, 'invalid request body'],
    [{ dir: '../orgs' }, 400, 'invalid org directory'],
    [{ dir: '/etc' }, 400, 'invalid org directory'],
    [{ dir: '.git' }, 400, 'invalid org directory'],
    [{ dir: 'nowhere' }, 404, 'org template not found: nowhere'],
  ])('refuses %j', async (body, status, error) => {
    expect(await importOrg(body)).toMatchObject({ status, body: { error } });
  });
});
