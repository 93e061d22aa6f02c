import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '@molecule/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { useTestDatabase } from '../../../test/database.js';
import { createOrgsWorld, type OrgsWorld } from '../../../test/orgs-world.js';
import { readEvents } from '../../platform/event-log.js';

const database = useTestDatabase();
let world: OrgsWorld;

beforeEach(async () => {
  world = await createOrgsWorld(database.url);
});
afterEach(async () => {
  await world.close();
});

async function list(): Promise<Record<string, unknown>[]> {
  const { status, body } = await world.call('GET', '/templates');
  expect(status).toBe(200);
  return body;
}

async function problems(): Promise<Record<string, unknown>[]> {
  return (await world.call('GET', '/templates/problems')).body;
}

async function startedFiles(fields: Record<string, unknown>): Promise<ReadonlyMap<string, string>> {
  const { id } = await world.workspaces.verbs.create({ name: 'Ada', ...fields }, 'http://localhost');
  await waitFor(() => world.backend.countRunning(id) === 1);
  const { list: paths, read } = world.backend.files;
  return new Map(paths(id).map((path) => [path, read(id, path)?.toString('utf8') ?? '']));
}

const identity = {
  name: 'Ada',
  role: null,
  runtime: 'llm',
  model: null,
  tier: 2,
  maxConcurrentTasks: 1,
  seedFiles: [],
};

describe('workspace templates', () => {
  it('an empty or missing folder lists nothing, never null', async () => {
    expect(await list()).toEqual([]);
    rmSync(world.folders.templates, { recursive: true });
    expect(await list()).toEqual([]);
  });

  it('a template shows without a restart, and so do its changes and its end', async () => {
    world.write('templates', {
      'one/config.yaml': 'name: One\nruntime: llm\ntier: 2\n',
      'notes/README.md': 'no config',
    });
    expect(await list()).toEqual([
      { id: 'one', name: 'One', description: '', tier: 2, runtime: 'llm', model: '', skills: [], skill_count: 0 },
    ]);
    world.write('templates', { 'one/config.yaml': 'name: One more\nruntime: llm\ndescription: d\nskills: [a]\n' });
    expect(await list()).toMatchObject([{ name: 'One more', tier: 1, skills: ['a'], skill_count: 1 }]);
    rmSync(join(world.folders.templates, 'one'), { recursive: true });
    expect(await list()).toEqual([]);
  });

  it('R30: the two shapes of providers stay apart, and are absent when not given', async () => {
    world.write('templates', {
      'both/config.yaml': [
        'runtime_config:',
        '  model: nested',
        '  required_env: [A_KEY]',
        '  models: [{ id: m1 }]',
        '  providers: [slug-a]',
        '  provision_timeout_seconds: 1200',
        'providers:',
        '  - { name: p2, auth_env: [K], base_url: null }',
        '  - { name: p1, model_prefixes: [x], base_url: "http://h" }',
      ].join('\n'),
      'none/config.yaml': 'model: top\nruntime_config: { model: nested, provision_timeout_seconds: 0 }\n',
    });
    const [both, none] = await list();
    expect(both).toMatchObject({
      model: 'nested',
      models: [{ id: 'm1' }],
      required_env: ['A_KEY'],
      provision_timeout_seconds: 1200,
      providers: ['slug-a'],
      provider_registry: [
        { name: 'p2', auth_env: ['K'], base_url: '' },
        { name: 'p1', model_prefixes: ['x'], base_url: 'http://h' },
      ],
    });
    expect(Object.keys(none ?? {}).sort()).toEqual(
      ['description', 'id', 'model', 'name', 'runtime', 'skill_count', 'skills', 'tier'].sort(),
    );
    expect(none).toMatchObject({ model: 'top' });
  });

  it('R29: a broken template is told with file, line and reason, and hides no other', async () => {
    world.write('templates', {
      'good/config.yaml': 'name: Good\n',
      'syntax/config.yaml': 'name: ok\nskills: [a\nruntime: llm\n',
      'types/config.yaml': 'name: ok\ntier: high\nskills: one\n',
      'list/config.yaml': '- a\n',
    });
    expect((await list()).map((template) => template.id)).toEqual(['good']);
    const found = await problems();
    expect(found.map((problem) => problem.id)).toEqual(['list', 'syntax', 'types', 'types']);
    expect(found).toContainEqual({
      id: 'types',
      file: 'config.yaml',
      line: 2,
      column: 7,
      reason: 'tier must be a whole number',
    });
    expect(found.find((problem) => problem.id === 'syntax')).toMatchObject({ file: 'config.yaml', line: 3 });
  });

  it('the longest start any template of a runtime declares counts (contract §5.3)', async () => {
    expect(world.templates.provisionTimeoutSeconds('llm')).toBeNull();
    const config = (seconds: number) => `runtime: llm\nruntime_config: { provision_timeout_seconds: ${seconds} }\n`;
    world.write('templates', {
      'a/config.yaml': config(60),
      'b/config.yaml': config(1200),
      'c/config.yaml': config(0),
    });
    await list();
    expect(world.templates.provisionTimeoutSeconds('llm')).toBe(1200);
    expect(world.templates.provisionTimeoutSeconds('echo')).toBeNull();
  });

  it.each(['..', '.', '../orgs', '/etc', 'a/b', 'a\\b', '.hidden', ''])(
    'the name %j never leaves the folder',
    async (name) => {
      world.write('templates', { 'a/b/config.yaml': 'name: x\n', '.hidden/config.yaml': 'name: x\n' });
      expect(world.templates.isSafeName(name)).toBe(false);
      expect(world.templates.find(name)).toBeNull();
      if (name !== '') {
        await expect(
          world.workspaces.verbs.create({ name: 'X', template: name }, 'http://localhost'),
        ).rejects.toMatchObject({ code: 'invalid_template' });
      }
    },
  );

  it('an unknown template is refused before anything is written (D5)', async () => {
    await expect(
      world.workspaces.verbs.create({ name: 'X', template: 'unknown' }, 'http://localhost'),
    ).rejects.toMatchObject({ code: 'unknown_template' });
  });

  it.each(['a link to a file outside', 'a link to a folder outside', 'the folder itself is a link outside'])(
    'a template that escapes by symlink is a problem and reaches no agent: %s',
    async (how) => {
      const outside = join(world.folders.orgs, 'outside');
      world.write('orgs', { 'outside/config.yaml': 'name: Stolen\n', 'outside/secret': 'stolen' });
      world.write('templates', { 'fine/config.yaml': 'name: Fine\n' });
      const evil = join(world.folders.templates, 'evil');
      if (how.startsWith('the folder')) {
        symlinkSync(outside, evil);
      } else {
        mkdirSync(evil);
        writeFileSync(join(evil, 'config.yaml'), 'name: Evil\n');
        symlinkSync(how.includes('file') ? join(outside, 'secret') : outside, join(evil, 'prompts'));
      }
      expect((await list()).map((template) => template.id)).toEqual(['fine']);
      expect(await problems()).toMatchObject([{ id: 'evil', reason: expect.stringContaining('link') }]);
      expect(world.templates.find('evil')).toBeNull();
      await expect(world.templates.compose({ ...identity, template: 'evil' })).rejects.toMatchObject({
        failure: { reason: 'template_unreadable', text: expect.stringContaining('"evil"') },
      });
    },
  );

  it('a link that stays inside the template is followed, hidden files are not copied', async () => {
    world.write('templates', {
      't/config.yaml': 'runtime: echo\n',
      't/a.md': 'text',
      't/.env': 'KEY=1',
      't/.git/x': 'x',
    });
    symlinkSync('a.md', join(world.folders.templates, 't', 'system-prompt.md'));
    const files = await startedFiles({ template: 't' });
    expect([...files.keys()].sort()).toEqual(['a.md', 'config.yaml', 'system-prompt.md']);
    expect(files.get('system-prompt.md')).toBe('text');
  });

  it('template and runtime are independent; the template supplies what is left out', async () => {
    world.write('templates', {
      't/config.yaml': '# kept\nname: T\nruntime: llm\nmodel: theirs\n',
      't/skills/s/SKILL.md': 's',
    });
    const supplied = await startedFiles({ template: 't', role: 'Writes' });
    expect(supplied.get('config.yaml')).toContain('# kept');
    expect(parse(supplied.get('config.yaml') ?? '')).toEqual({
      name: 'Ada',
      role: 'Writes',
      runtime: 'llm',
      model: 'theirs',
      tier: 3,
    });
    expect(supplied.get('skills/s/SKILL.md')).toBe('s');
    const chosen = await startedFiles({ template: 't', runtime: 'echo', model: 'mine' });
    expect(parse(chosen.get('config.yaml') ?? '')).toMatchObject({ runtime: 'echo', model: 'theirs' });
  });

  it('the agent reads how many tasks its owner lets it run at once, over what the template says', async () => {
    world.write('templates', { 't/config.yaml': 'runtime: echo\nmax_concurrent_tasks: 2\n' });
    const written = async (fields: Record<string, unknown>): Promise<unknown> =>
      parse((await startedFiles({ runtime: 'echo', ...fields })).get('config.yaml') ?? '').max_concurrent_tasks;
    expect(await written({ max_concurrent_tasks: 3 })).toBe(3);
    expect(await written({ max_concurrent_tasks: 3, template: 't' })).toBe(3);
    expect(await written({ template: 't' })).toBe(2);
    // One is what every runtime does unasked; the generated file has only the keys of contract §21.3.
    expect(await written({ max_concurrent_tasks: 1 })).toBeUndefined();
  });

  it('a seed file replaces the one of the template', async () => {
    world.write('templates', { 't/config.yaml': 'runtime_config: { required_env: [FROM_TEMPLATE] }\n' });
    const seedFiles = [
      { path: 'config.yaml', content: Buffer.from('runtime_config: { required_env: [FROM_SEED] }\n') },
      { path: 'system-prompt.md', content: Buffer.from('own') },
    ];
    const { files } = await world.templates.compose({ ...identity, template: 't', seedFiles });
    expect(files.map((file) => file.path)).toEqual(['config.yaml', 'system-prompt.md']);
    const config = files[0]?.content.toString('utf8') ?? '';
    expect(world.templates.readRequiredEnv(config)).toEqual(['FROM_SEED']);
  });

  it('an agent without a required variable fails with the names, and starts once it is set', async () => {
    world.write('templates', { 't/config.yaml': 'runtime: echo\nruntime_config: { required_env: [NEEDED] }\n' });
    const { id } = await world.workspaces.verbs.create({ name: 'Needy', template: 't' }, 'http://localhost');
    const read = () =>
      world.ports.lanes.control
        .selectFrom('workspaces')
        .select(['status', 'last_sample_error'])
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
    await waitFor(async () => (await read()).status === 'failed');
    expect((await read()).last_sample_error).toBe(
      'missing required env var "NEEDED" — add it under Config → Env Vars (or as a Global secret) and retry',
    );
    await world.call('PUT', '/settings/secrets', { key: 'NEEDED', value: 'here' });
    await waitFor(() => world.backend.countRunning(id) === 1);
    expect(world.backend.findSpec(id)?.env).toMatchObject({ NEEDED: 'here' });
  });

  it('D14: what an edited config.yaml requires is what counts, also where no template did', async () => {
    world.write('templates', { 't/config.yaml': 'runtime: echo\nruntime_config: { required_env: [NEEDED] }\n' });
    const given = { name: 'Edited', template: 't', secrets: { NEEDED: 'x' } };
    const { id } = await world.workspaces.verbs.create(given, 'http://localhost');
    const statusOf = async () =>
      world.ports.lanes.control
        .selectFrom('workspaces')
        .select(['status', 'last_sample_error', 'failure_reason'])
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
    const edit = (text: string) => world.backend.files.write(id, 'config.yaml', Buffer.from(text));
    // To the last note of its start: what is edited before that counts as what the start wrote.
    const runs = (generation: number) =>
      waitFor(async () => {
        const row = await world.ports.lanes.control
          .selectFrom('workspaces')
          .select('observed_generation')
          .where('id', '=', id)
          .executeTakeFirstOrThrow();
        return row.observed_generation === generation && world.backend.countRunning(id) === 1;
      });
    await runs(1);
    edit('runtime: echo\nruntime_config: { required_env: [EDITED_IN, NEEDED, ALSO] }\n');
    await world.workspaces.lifecycle.restart(id, {});
    await waitFor(async () => (await statusOf()).status === 'failed');
    expect(await statusOf()).toMatchObject({
      failure_reason: 'missing_env',
      last_sample_error:
        'missing required env vars EDITED_IN, ALSO — add them under Config → Env Vars (or as Global secrets) and retry',
    });
    const events = await readEvents(world.ports.lanes.control, { afterSeq: 0, limit: 1_000, workspaceId: id });
    expect(events.at(-1)).toMatchObject({
      type: 'WORKSPACE_PROVISION_FAILED',
      payload: { missing: ['EDITED_IN', 'ALSO'], reason: 'missing_env' },
    });
    // What it no longer asks for is no reason any more, and a file that is no YAML is judged by the agent itself.
    edit('runtime: echo\n');
    await world.call('DELETE', `/workspaces/${id}/secrets/NEEDED`);
    await runs(3);
    edit('runtime_config: [');
    await world.workspaces.lifecycle.restart(id, {});
    await runs(4);
  });

  it('the templates that ship with the product are usable and pin neither model nor key', async () => {
    const shipped = await createOrgsWorld(database.url, { builtIn: true });
    try {
      const { body } = await shipped.call('GET', '/templates');
      expect(body.map((template: { id: string }) => template.id)).toEqual([
        'assistant',
        'claude-coder',
        'codex-coder',
        'lead',
        'researcher',
        'writer',
      ]);
      for (const template of body) {
        const engines: Record<string, string> = { 'claude-coder': 'claude-code', 'codex-coder': 'codex' };
        expect(template).toMatchObject({ runtime: engines[template.id] ?? 'llm', model: '' });
        expect(template).not.toHaveProperty('required_env');
        const { files } = await shipped.templates.compose({ ...identity, template: template.id });
        expect(files.map((file) => file.path)).toContain('system-prompt.md');
      }
      expect((await shipped.call('GET', '/templates/problems')).body).toEqual([]);
      shipped.write('templates', { 'lead/config.yaml': 'name: My lead\n' });
      const again = (await shipped.call('GET', '/templates')).body as { id: string; name: string }[];
      expect(again.filter((template) => template.id === 'lead')).toMatchObject([{ name: 'My lead' }]);
    } finally {
      await shipped.close();
    }
  });
});
