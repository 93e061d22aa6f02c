import type { Bundle, ImportedBundle } from '@molecule/contract';
import { waitFor } from '@molecule/testkit';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { useTestDatabase } from '../../../test/database.js';
import { createOrgsWorld, type OrgsWorld } from '../../../test/orgs-world.js';
import { readEvents } from '../../platform/event-log.js';

const database = useTestDatabase();
let world: OrgsWorld;

beforeEach(async () => {
  world = await createOrgsWorld(database.url);
  const db = world.ports.lanes.control;
  await sql`update workspaces set status = 'removed', desired = 'removed' where status <> 'removed'`.execute(db);
  await sql`delete from global_secrets`.execute(db);
});
afterEach(() => world.close());

const exported = async (id: string): Promise<Bundle> => {
  const { status, body } = await world.call('GET', `/bundles/export/${id}`);
  expect(status).toBe(200);
  return body;
};
const importBundle = (bundle: unknown) => world.call('POST', '/bundles/import', bundle);

/** Imports an org and answers its ids by name. */
async function importOrg(template: object): Promise<Record<string, string>> {
  const { status, body } = await world.call('POST', '/org/import', { template });
  expect(status).toBe(201);
  return Object.fromEntries(body.workspaces.map(({ id, name }: { id: string; name: string }) => [name, id]));
}

async function rows() {
  const { rows: found } = await sql<Record<string, unknown>>`
    select w.id, w.name, p.name as parent, w.role, w.tier, w.runtime, w.template, w.status, w.source_bundle_id,
           w.spec ->> 'model' as model, w.spec ->> 'max_concurrent_tasks' as tasks
      from workspaces as w left join workspaces as p on p.id = w.parent_id
     where w.status <> 'removed' order by w.seq`.execute(world.ports.lanes.control);
  return found;
}

/** A bundle without what differs from copy to copy. */
function withoutIds({ id: _id, sub_workspaces: below, ...rest }: Bundle): object {
  return { ...rest, sub_workspaces: below.map((child) => withoutIds(child as Bundle)) };
}

const TEAM = {
  name: 'Team',
  workspaces: [
    {
      name: 'Lead',
      role: 'Leads the team',
      runtime: 'echo',
      model: 'some/model',
      tier: 4,
      max_concurrent_tasks: 3,
      system_prompt: 'You lead.\n',
      initial_prompt: 'Say hello.',
      children: [
        { name: 'Writer', template: 'scribe' },
        { name: 'Twin', runtime: 'echo', children: [{ name: 'Deep', runtime: 'echo' }] },
        { name: 'Outside', runtime: 'external' },
      ],
    },
  ],
};

function writeScribe(): void {
  world.write('templates', {
    'scribe/config.yaml': [
      '# how a scribe works',
      'name: Scribe',
      'runtime: echo',
      'prompt_files: [system-prompt.md, prompts/style.md, MEMORY.md, gone.md]',
      'tools: [search, { name: fetch, depth: 2 }]',
    ].join('\n'),
    'scribe/system-prompt.md': 'You write.',
    'scribe/prompts/style.md': 'Be brief.',
    'scribe/MEMORY.md': 'Remember the milk.',
    'scribe/notes.txt': 'No part of the prompt.',
    'scribe/skills/edit/SKILL.md': '---\nname: Editing\n---\n\n# Edit\n\nCuts what is too long.\nMore.\n',
    'scribe/skills/edit/scripts/cut.py': 'print("cut")\n',
    'scribe/skills/plain/SKILL.md': 'Just text.',
  });
}

describe('exporting a workspace', () => {
  it('D10: carries its own configuration, prompts and skills, and everything below it (contract §9.3)', async () => {
    writeScribe();
    world.write('templates', { 'deep/config.yaml': 'name: Deep\nruntime: llm\nidle_prompt: From a stranger.\n' });
    const ids = await importOrg(TEAM);
    const bundle = await exported(ids.Lead ?? '');
    expect(bundle).toMatchObject({
      schema: '1.0',
      id: ids.Lead,
      name: 'Lead',
      description: 'Leads the team',
      tier: 4,
      model: 'some/model',
      system_prompt: 'You lead.\n',
      skills: [],
      tools: [],
      agent_card: null,
      author: '',
      version: '1.0.0',
    });
    expect(bundle).not.toHaveProperty('omitted');
    expect(parse(bundle.prompts['config.yaml'] ?? '')).toMatchObject({
      name: 'Lead',
      runtime: 'echo',
      tier: 4,
      max_concurrent_tasks: 3,
      initial_prompt: 'Say hello.',
    });
    const [writer, twin, outside] = bundle.sub_workspaces as Bundle[];
    expect(bundle.sub_workspaces).toHaveLength(3);
    expect(writer).toMatchObject({
      name: 'Writer',
      system_prompt: 'You write.',
      skills: [
        {
          id: 'edit',
          name: 'Editing',
          description: 'Cuts what is too long.',
          files: { 'scripts/cut.py': 'print("cut")\n' },
        },
        { id: 'plain', name: 'plain', description: 'Just text.', files: { 'SKILL.md': 'Just text.' } },
      ],
      tools: [
        { id: 'search', config: {} },
        { id: 'fetch', config: { depth: 2 } },
      ],
    });
    expect(Object.keys(writer?.prompts ?? {})).toEqual(['config.yaml', 'prompts/style.md']);
    expect(writer?.prompts['config.yaml']).toContain('# how a scribe works');
    // A template of the same name is another's.
    const [deep] = (twin?.sub_workspaces ?? []) as Bundle[];
    expect(deep?.prompts['config.yaml']).not.toContain('stranger');
    expect(parse(outside?.prompts['config.yaml'] ?? '')).toMatchObject({ runtime: 'external' });
  });

  it('D10: once an agent has a volume, that is what counts, edits included', async () => {
    writeScribe();
    const { Writer = '' } = await importOrg({ name: 'T', workspaces: [{ name: 'Writer', template: 'scribe' }] });
    world.keep(Writer, {
      'config.yaml': 'name: Old name\nruntime: llm\nprompt_files: [mine.md]\n',
      'system-prompt.md': 'Edited.',
      'mine.md': 'My own.',
      'skills/new/SKILL.md': 'Learned.',
      'skills/new/icon.png': Buffer.from([0x89, 0x50, 0xff, 0x00]),
      '.auth_token': 'the-token-of-the-agent',
      'skills/new/.env': 'A=b',
    });
    const bundle = await exported(Writer);
    expect(bundle).toMatchObject({ system_prompt: 'Edited.', tools: [] });
    expect(bundle.skills).toEqual([
      {
        id: 'new',
        name: 'new',
        description: 'Learned.',
        files: { 'SKILL.md': 'Learned.' },
        files_base64: { 'icon.png': 'iVD/AA==' },
      },
    ]);
    expect(bundle.prompts).toEqual({ 'config.yaml': expect.any(String), 'mine.md': 'My own.' });
    // Name and runtime are those of the workspace, as its next start would write them.
    expect(parse(bundle.prompts['config.yaml'] ?? '')).toMatchObject({ name: 'Writer', runtime: 'echo' });
    expect(JSON.stringify(bundle)).not.toMatch(/the-token|A=b/);
  });

  it('holds no secret, no memory and no address, wherever an agent may have put one', async () => {
    const { A = '' } = await importOrg({ name: 'T', workspaces: [{ name: 'A', runtime: 'echo', model: 'the-model' }] });
    const token = `sk-${'x'.repeat(40)}`;
    const own = 'a value that only the vault should know';
    await world.call('PUT', '/settings/secrets', { key: 'SHARED_THING', value: own });
    await world.call('PUT', `/workspaces/${A}/secrets`, { key: 'LINES', value: 'first line of it\nsecond line of it' });
    await world.call('PUT', `/workspaces/${A}/secrets`, { key: 'PIN', value: '4711471147' });
    world.keep(A, {
      'config.yaml': [
        'name: A',
        'runtime: echo',
        `env: { KEY: ${token} }`,
        'api_key: quite-short # a comment',
        'api_key_env: MY_KEY',
        `bot_token: \${BOT_TOKEN}`,
        'description: uses the-model',
        `note: "${own}"`,
        'pin: 4711471147',
        'password: 12345678',
        'prompt_files: [USER.md, memory.md, .hidden.md]',
      ].join('\n'),
      'system-prompt.md': `Log in with ${own}; or second line of it; ghp_${'Z'.repeat(36)}.`,
      'skills/s/SKILL.md': 'Plain.',
      'MEMORY.md': 'remembered thing',
      'USER.md': 'remembered person',
      'memory.md': 'remembered again',
      '.hidden.md': 'hidden thing',
    });
    const card = {
      name: 'A',
      url: 'http://127.0.0.1:9999',
      supportedInterfaces: [{ url: 'http://10.0.0.9' }],
      skills: [],
    };
    await sql`update workspaces set agent_card = ${JSON.stringify(card)}::jsonb where id = ${A}`.execute(
      world.ports.lanes.control,
    );
    const bundle = await exported(A);
    const text = JSON.stringify(bundle);
    for (const leak of [
      token,
      own,
      'second line',
      'quite-short',
      'ghp_Z',
      'remembered',
      'hidden thing',
      '127.0.0.1',
      '10.0.0.9',
    ]) {
      expect(text).not.toContain(leak);
    }
    expect(bundle.agent_card).toEqual({ name: 'A', skills: [] });
    expect(bundle.system_prompt).toBe('Log in with [REDACTED]; or [REDACTED]; [REDACTED:GITHUB_TOKEN].');
    const config = bundle.prompts['config.yaml'] ?? '';
    expect(config).toContain('# a comment');
    expect(parse(config)).toMatchObject({
      env: { KEY: '[REDACTED:SK_TOKEN]' },
      api_key: '[REDACTED]',
      api_key_env: 'MY_KEY',
      bot_token: `\${BOT_TOKEN}`,
      note: '[REDACTED]',
      pin: '[REDACTED]',
      password: '[REDACTED]',
      // The chosen model is kept among the secrets, and is none.
      description: 'uses the-model',
    });
  });

  it('a file of bytes that holds a secret keeps its workspace out of the bundle', async () => {
    const ids = await importOrg({
      name: 'T',
      workspaces: [{ name: 'A', runtime: 'echo', children: [{ name: 'B', runtime: 'echo' }] }],
    });
    await world.call('PUT', '/settings/secrets', { key: 'SHARED_THING', value: 'only-the-vault' });
    world.keep(ids.B ?? '', {
      'config.yaml': 'name: B\nruntime: echo\n',
      'skills/s/blob': Buffer.concat([Buffer.from([0xff, 0]), Buffer.from('only-the-vault')]),
    });
    expect(await exported(ids.A ?? '')).toMatchObject({
      sub_workspaces: [],
      omitted: [{ id: ids.B, name: 'B', reason: 'skills/s/blob holds a credential' }],
    });
  });

  it('a child that cannot be exported is left out and named; as the root it is not found, with the reason', async () => {
    const ids = await importOrg({
      name: 'T',
      workspaces: [{ name: 'A', runtime: 'echo', children: [{ name: 'B', runtime: 'echo' }] }],
    });
    world.keep(ids.B ?? '', { 'config.yaml': 'name: [\n' });
    const bundle = await exported(ids.A ?? '');
    expect(bundle.sub_workspaces).toEqual([]);
    expect(bundle.omitted).toEqual([{ id: ids.B, name: 'B', reason: expect.stringContaining('config.yaml, line 2') }]);
    const refused = await world.call('GET', `/bundles/export/${ids.B}`);
    expect(refused).toMatchObject({ status: 404, body: { error: 'bundle not found', code: 'bundle_not_found' } });
    expect(refused.body.help).toContain('config.yaml, line 2');
  });

  it.each(['no-uuid', '6a1b5f0e-9c3d-4e2f-8a7b-0123456789ab'])('%s is not found (contract §9.1)', async (id) => {
    expect(await world.call('GET', `/bundles/export/${id}`)).toMatchObject({
      status: 404,
      body: { error: 'bundle not found' },
    });
  });

  it('a removed workspace is not found, and a removed child is no part of the bundle', async () => {
    const ids = await importOrg({
      name: 'T',
      workspaces: [{ name: 'A', runtime: 'echo', children: [{ name: 'B', runtime: 'echo' }] }],
    });
    await sql`update workspaces set status = 'removed', desired = 'removed' where id = ${ids.B}`.execute(
      world.ports.lanes.control,
    );
    expect((await exported(ids.A ?? '')).sub_workspaces).toEqual([]);
    expect((await world.call('GET', `/bundles/export/${ids.B}`)).status).toBe(404);
  });

  it('what is too large to be carried is refused with what to do', async () => {
    const { A = '' } = await importOrg({ name: 'T', workspaces: [{ name: 'A', runtime: 'echo' }] });
    world.keep(A, { 'config.yaml': 'name: A\n', 'skills/s/big': 'x'.repeat(1024 * 1024 + 1) });
    const refused = await world.call('GET', `/bundles/export/${A}`);
    expect(refused).toMatchObject({ status: 404 });
    expect(refused.body.help).toContain('skills/s/big cannot be read, or is larger than 1048576 bytes');
  });
});

describe('importing a bundle', () => {
  it('D10: creates every workspace anew through the ordinary path, files and all (contract §9.2)', async () => {
    writeScribe();
    const ids = await importOrg(TEAM);
    const bundle = await exported(ids.Lead ?? '');
    const { rows: counter } = await sql<{ last_seq: number }>`select last_seq from event_counter`.execute(
      world.ports.lanes.control,
    );
    const { status, body } = await importBundle(bundle);
    expect(status).toBe(201);
    const uuid = expect.stringMatching(/^[0-9a-f-]{36}$/);
    expect(body).toEqual({
      workspace_id: uuid,
      name: 'Lead',
      status: 'provisioning',
      children: [
        { workspace_id: uuid, name: 'Writer', status: 'provisioning' },
        {
          workspace_id: uuid,
          name: 'Twin',
          status: 'provisioning',
          children: [{ workspace_id: uuid, name: 'Deep', status: 'provisioning' }],
        },
        { workspace_id: uuid, name: 'Outside', status: 'awaiting_agent' },
      ],
    });
    const copies = (await rows()).slice(5);
    expect(copies).toMatchObject([
      {
        id: body.workspace_id,
        name: 'Lead',
        parent: null,
        role: 'Leads the team',
        tier: 4,
        runtime: 'echo',
        template: null,
        model: 'some/model',
        tasks: '3',
        source_bundle_id: ids.Lead,
      },
      { name: 'Writer', parent: 'Lead', runtime: 'echo', source_bundle_id: ids.Writer },
      { name: 'Twin', parent: 'Lead', source_bundle_id: ids.Twin },
      { name: 'Deep', parent: 'Twin', source_bundle_id: ids.Deep },
      { name: 'Outside', parent: 'Lead', runtime: 'external', status: 'awaiting_agent', source_bundle_id: ids.Outside },
    ]);
    const writer = body.children[0].workspace_id;
    await waitFor(() => world.backend.countRunning(writer) === 1);
    const laid = new Map(
      world.backend.files.list(writer).map((path) => [path, world.backend.files.read(writer, path)?.toString()]),
    );
    expect([...laid.keys()].sort()).toEqual([
      'config.yaml',
      'prompts/style.md',
      'skills/edit/SKILL.md',
      'skills/edit/scripts/cut.py',
      'skills/plain/SKILL.md',
      'system-prompt.md',
    ]);
    expect(laid.get('system-prompt.md')).toBe('You write.');
    expect(laid.get('config.yaml')).toContain('# how a scribe works');
    const events = await readEvents(world.ports.lanes.control, { afterSeq: counter[0]?.last_seq ?? 0, limit: 100 });
    expect(events.find(({ workspaceId }) => workspaceId === body.workspace_id)).toMatchObject({
      type: 'WORKSPACE_PROVISIONING',
      payload: { name: 'Lead', tier: 4, source_bundle_id: ids.Lead },
    });
  });

  it('exported and imported, it gives an equal bundle again: before the start, after it, and from an edited volume', async () => {
    writeScribe();
    const ids = await importOrg(TEAM);
    const bundle = await exported(ids.Lead ?? '');
    const copy = await importBundle(bundle);
    expect(withoutIds(await exported(copy.body.workspace_id))).toEqual(withoutIds(bundle));

    // What a start lays is what the driver keeps.
    const writer: string = copy.body.children[0].workspace_id;
    await waitFor(() => world.backend.countRunning(writer) === 1);
    expect(withoutIds(await exported(copy.body.workspace_id))).toEqual(withoutIds(bundle));

    world.keep(writer, {
      'config.yaml': 'runtime:   llm   # odd\nname: "x"\nlist:\n    - 1\n    - {a: 1}\nprompt_files: [p.md]\n',
      'p.md': 'Ünïcode\r\n\0 and more',
      'skills/bin/data': Buffer.from([0, 255, 254, 10]),
      'skills/edit/SKILL.md': '',
    });
    const edited = await exported(copy.body.workspace_id);
    expect(withoutIds(edited)).not.toEqual(withoutIds(bundle));
    const again = await importBundle(edited);
    expect(withoutIds(await exported(again.body.workspace_id))).toEqual(withoutIds(edited));
  });

  it('a bundle of another server needs no more than a name', async () => {
    const { status, body } = await importBundle({
      name: 'Bare',
      tier: 0,
      skills: null,
      sub_workspaces: null,
      extra: 1,
    });
    expect({ status, body }).toEqual({
      status: 201,
      body: { workspace_id: expect.any(String), name: 'Bare', status: 'provisioning' } satisfies ImportedBundle,
    });
    expect(await rows()).toMatchObject([
      { name: 'Bare', role: null, tier: 3, runtime: 'claude-code', model: null, source_bundle_id: null },
    ]);
  });

  it('without a backend the workspace fails visibly, with the reason (contract §9.2)', async () => {
    await world.close();
    world = await createOrgsWorld(database.url, { noBackend: true });
    const { status, body } = await importBundle({ name: 'Alone', prompts: { 'config.yaml': 'runtime: echo' } });
    expect(status).toBe(201);
    await waitFor(async () => (await rows()).find(({ id }) => id === body.workspace_id)?.status === 'failed');
    const events = await readEvents(world.ports.lanes.control, {
      afterSeq: 0,
      limit: 10,
      workspaceId: body.workspace_id,
    });
    expect(events.at(-1)).toMatchObject({
      type: 'WORKSPACE_PROVISION_FAILED',
      payload: { error: expect.stringContaining('No backend "fake"') },
    });
  });

  it('a failure in the middle leaves nothing', async () => {
    const db = world.ports.lanes.control;
    await sql`
      create function refuse_last() returns trigger language plpgsql as
      $$ begin if new.name = 'Last' then raise exception 'no room'; end if; return new; end $$`.execute(db);
    await sql`create trigger refuse_last before insert on workspaces for each row execute function refuse_last()`.execute(
      db,
    );
    try {
      const before = await sql`select last_seq from event_counter`.execute(db);
      const bundle = { name: 'First', sub_workspaces: [{ name: 'Last' }] };
      expect(await importBundle(bundle)).toMatchObject({ status: 500, body: { code: 'internal' } });
      expect(await rows()).toEqual([]);
      expect((await sql`select last_seq from event_counter`.execute(db)).rows).toEqual(before.rows);
    } finally {
      await sql`drop trigger refuse_last on workspaces`.execute(db);
      await sql`drop function refuse_last()`.execute(db);
    }
  });

  it('new roots stand beside what is there', async () => {
    await importBundle({ name: 'One' });
    await importBundle({ name: 'One' });
    const { rows: placed } = await sql`
      select x, y from canvas_layouts join workspaces as w on w.id = workspace_id where w.status <> 'removed' order by x`.execute(
      world.ports.lanes.control,
    );
    expect(placed).toEqual([
      { x: 0, y: 0 },
      { x: 320, y: 0 },
    ]);
  });
});

describe('a bundle that cannot be imported', () => {
  const refusal = async (bundle: unknown): Promise<string> => {
    const { status, body } = await importBundle(bundle);
    expect({ status, error: body.error, code: body.code }).toEqual({
      status: 400,
      error: 'invalid bundle',
      code: 'invalid_bundle',
    });
    expect(await rows()).toEqual([]);
    return body.help;
  };

  it('is refused as a whole, with every mistake in it', async () => {
    const help = await refusal({
      schema: '2.0',
      name: 'Top',
      tier: 'high',
      prompts: { 'config.yaml': 'a: [', '../../etc/passwd': 'x', ok: 1 },
      sub_workspaces: [
        { name: 'Bad {name}' },
        { name: '' },
        'text',
        { name: 'Nested', skills: [{ id: '../x', files: {} }, { id: 'a' }, { id: 'A' }, 7], tools: [{ id: 't' }] },
      ],
    });
    for (const part of [
      'Nothing was imported. ',
      'Top: schema "2.0" is not known here; this server reads 1.0',
      'Top: tier must be a whole number',
      'Top: prompts: "ok" must be a text',
      'Top: the file "../../etc/passwd" leads outside its folder',
      'Top: The configuration of this workspace cannot be used: config.yaml, line 1',
      'Top / Bad {name}: name contains invalid characters',
      'Top / (no name): The name must not be blank',
      'Top: a workspace must be a mapping with at least a name',
      'Top / Nested: "../x" is no id of a skill',
      'Top / Nested: the skill "A" is there twice',
      'Top / Nested: a skill must be a mapping with an id',
      'Top / Nested: its tools need a config.yaml',
    ]) {
      expect(help).toContain(part);
    }
  });

  it.each([
    '../escape',
    '/etc/passwd',
    'a/../../b',
    'a//b',
    './a',
    '.auth_token',
    'skills/x/.env',
    'a\\..\\b',
    'nul\0',
    '',
    `${'d/'.repeat(16)}f`,
    'n'.repeat(256),
  ])('names no file %j, neither as a prompt nor in a skill', async (path) => {
    expect(await refusal({ name: 'A', prompts: { [path]: 'x' } })).toMatch(/the file ".*" (is|has|leads|lies) /);
    const skill = { id: 's', files: { [path]: 'x' } };
    // Empty is the skill itself.
    expect(await refusal({ name: 'A', skills: [skill] })).toMatch(/the file ".*" (is|has|leads|lies) /);
  });

  it.each<[string, object, string]>([
    ['a file twice', { prompts: { 'system-prompt.md': 'x' }, system_prompt: 'y' }, 'is there twice'],
    ['files that differ in case alone', { prompts: { 'a.md': 'x', 'A.md': 'y' } }, 'is there twice'],
    ['a file below a file', { prompts: { a: 'x', 'a/b': 'y' } }, '"a/b" lies below another file'],
    ['a file too large', { prompts: { big: 'x'.repeat(1024 * 1024 + 1) } }, 'larger than 1048576 bytes'],
    [
      'too much together',
      { prompts: Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`f${n}`, 'x'.repeat(1_000_000)])) },
      'all files together exceed',
    ],
    [
      'too many files',
      { prompts: Object.fromEntries(Array.from({ length: 501 }, (_, n) => [`f${n}`, ''])) },
      'more than 500 files',
    ],
    ['bytes that are none', { skills: [{ id: 's', files_base64: { a: 'not base64!' } }] }, 'is not base64'],
    ['an endless id', { id: 'x'.repeat(300) }, 'id is longer than'],
    ['a tier beyond numbers', { tier: 1e12 }, 'tier must be a whole number'],
    ['aliases without end', { prompts: { 'config.yaml': ALIASES } }, 'cannot be used'],
  ])('has %s', async (_what, fields, reason) => {
    expect(await refusal({ name: 'A', ...fields })).toContain(reason);
  });

  it('has the same id twice', async () => {
    const twice = {
      id: 'same',
      name: 'A',
      sub_workspaces: [
        { id: 'other', name: 'B' },
        { id: 'same', name: 'C' },
      ],
    };
    expect(await refusal(twice)).toContain('A / C: the id "same" is there twice');
  });

  it('is nested deeper than a tree may be, or beyond reading', async () => {
    const nest = (depth: number): object => {
      let bundle: object = { name: 'leaf' };
      for (let level = 1; level < depth; level += 1) bundle = { name: 'n', sub_workspaces: [bundle] };
      return bundle;
    };
    expect(await refusal(nest(100))).toContain('more than 32 levels');
    await refusal(nest(1_000));
    const deepest = await importBundle(nest(32));
    expect(deepest.status).toBe(201);
    expect(await rows()).toHaveLength(32);
  });

  it('has more workspaces than one import takes, and the refusal stays readable', async () => {
    const many = { name: 'A', sub_workspaces: Array.from({ length: 1_500 }, () => ({ name: '{' })) };
    const help = await refusal(many);
    expect(help).toMatch(/and \d+ more\.$/);
    expect(help.length).toBeLessThan(4_000);
  });

  it.each([[null], [[]], ['text'], [7]])('is %j', async (body) => {
    await refusal(body);
  });
});

const ALIASES = `a: &a [x, x, x, x, x, x, x, x, x]\n${'bcdefgh'
  .split('')
  .map((name, index) => {
    const before = 'abcdefg'[index];
    return `${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(', ')}]`;
  })
  .join('\n')}\n`;
