import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { createOrgsWorld, type OrgsWorld } from '../../../test/orgs-world.js';

const database = useTestDatabase();
let world: OrgsWorld;

beforeEach(async () => {
  world = await createOrgsWorld(database.url);
});
afterEach(async () => {
  await world.close();
});

interface Problem {
  readonly id: string;
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  readonly reason: string;
}

/** The import is refused with these problems, nothing is written, and the listing says the same. */
async function refusal(dir: string): Promise<{ error: string; problems: Problem[] }> {
  const { status, body } = await world.call('POST', '/org/import', { dir });
  expect(status).toBe(400);
  const rows = await world.ports.lanes.control.selectFrom('workspaces').select('id').execute();
  expect(rows).toEqual([]);
  expect((await world.call('GET', '/org/templates')).body).toEqual([]);
  expect((await world.call('GET', '/templates/problems')).body).toEqual(body.problems);
  return body;
}

describe('org templates that cannot be used', () => {
  it.each<[string, Record<string, string>, Partial<Problem>]>([
    [
      'a syntax error',
      { 'org.yaml': 'name: X\nworkspaces:\n  - name: A\n   role: bad\n' },
      { file: 'org.yaml', line: 4 },
    ],
    [
      'a syntax error in an included file',
      { 'org.yaml': 'name: X\nworkspaces: !include team.yaml\n', 'team.yaml': '- name: A\n- {name: B\n' },
      { file: 'team.yaml', line: 3 },
    ],
    ['a key twice', { 'org.yaml': 'name: X\nname: Y\n' }, { file: 'org.yaml', line: 2, column: 1 }],
    [
      'an include that is not there',
      { 'org.yaml': 'name: X\nworkspaces:\n  - !include missing.yaml\n' },
      { file: 'org.yaml', line: 3, reason: 'missing.yaml does not exist' },
    ],
    [
      'an include that climbs out',
      { 'org.yaml': 'workspaces: !include ../../secret.yaml\n' },
      { file: 'org.yaml', line: 1, reason: '!include ../../secret.yaml leads outside the folder of the org' },
    ],
    [
      'an absolute include',
      { 'org.yaml': 'workspaces: !include /etc/passwd\n' },
      { reason: '!include /etc/passwd leads outside the folder of the org' },
    ],
    ['an empty include', { 'org.yaml': 'workspaces: !include ""\n' }, { reason: '!include names no file' }],
    [
      'includes that go round',
      {
        'org.yaml': 'workspaces: !include a.yaml\n',
        'a.yaml': '- !include b.yaml\n',
        'b.yaml': 'children: !include a.yaml\n',
      },
      { file: 'b.yaml', line: 1, reason: 'includes go round: a.yaml → b.yaml → a.yaml' },
    ],
    [
      'a tag of another tool',
      { 'org.yaml': 'name: !env NAME\n' },
      { line: 1, reason: expect.stringContaining('!env') },
    ],
  ])('%s is told with its place', async (_what, files, expected) => {
    world.write('orgs', Object.fromEntries(Object.entries(files).map(([path, text]) => [`broken/${path}`, text])));
    const { error, problems } = await refusal('broken');
    expect(error).toBe('org template expansion failed');
    expect(problems[0]).toMatchObject({ id: 'broken', ...expected });
  });

  it('includes sixteen deep are read, seventeen are not', async () => {
    const chain = (depth: number) =>
      Object.fromEntries(
        Array.from({ length: depth }, (_, index) => [
          `deep/${index}.yaml`,
          index === depth - 1 ? '- { name: Bottom, runtime: echo }\n' : `!include ${index + 1}.yaml\n`,
        ]),
      );
    world.write('orgs', { 'deep/org.yaml': 'workspaces: !include 0.yaml\n', ...chain(16) });
    expect((await world.call('GET', '/org/templates')).body).toMatchObject([{ dir: 'deep', workspaces: 1 }]);
    world.write('orgs', chain(17));
    expect((await refusal('deep')).problems[0]?.reason).toContain('more than 16 deep');
  });

  it('aliases that multiply are stopped before they cost anything', async () => {
    const levels = Array.from({ length: 30 }, (_, level) =>
      level === 0
        ? 'l0: &l0 [{ name: a }, { name: b }]'
        : `l${level}: &l${level} [{ name: a, children: *l${level - 1} }, { name: b, children: *l${level - 1} }]`,
    );
    world.write('orgs', { 'bomb/org.yaml': `defaults: { runtime: echo }\n${levels.join('\n')}\nworkspaces: *l29\n` });
    expect((await refusal('bomb')).problems[0]?.reason).toContain('more than 5000 workspaces');
  });

  it.each([
    ['loop: &loop [*loop]', 'stands inside its own anchor'],
    ['x: *nothing', 'nothing'],
  ])('an alias that leads nowhere is told: %s', async (line, reason) => {
    world.write('orgs', { 'alias/org.yaml': `name: A\n${line}\n` });
    const { problems } = await refusal('alias');
    expect(problems[0]).toMatchObject({ file: 'org.yaml', line: 2 });
    expect(problems[0]?.reason).toContain(reason);
  });

  it('anchors and merge keys give nodes a common part', async () => {
    world.write('orgs', {
      'merged/org.yaml': [
        'name: M',
        'common: &common { runtime: echo, tier: 4 }',
        'workspaces:',
        '  - { <<: *common, name: A }',
        '  - { name: B, tier: 1, <<: *common }',
      ].join('\n'),
    });
    const { body } = await world.call('POST', '/org/import?dry_run=true', { dir: 'merged' });
    expect(body.create).toMatchObject([
      { name: 'A', runtime: 'echo', tier: 4 },
      { name: 'B', runtime: 'echo', tier: 1 },
    ]);
  });

  it('every fault of the whole tree is told at once, with node, file and line', async () => {
    world.write('orgs', {
      'faulty/org.yaml': [
        'name: Faulty',
        'defaults: { runtime: echo }',
        'workspaces:',
        '  - name: "Bad {name}"',
        '  - name: Root',
        '    tier: high',
        '    children: !include team.yaml',
        '  - role: nameless',
      ].join('\n'),
      'faulty/team.yaml': [
        '- { name: A, template: unknown-one }',
        '- { name: B, workspace_dir: /etc/x }',
        '- { name: C, workspace_access: read_write }',
        '- { name: D, required_env: [{ any_of: [] }] }',
      ].join('\n'),
    });
    const first = await refusal('faulty');
    expect(first.error).toBe('invalid org template');
    expect(first.problems).toEqual([
      { id: 'faulty', file: 'org.yaml', line: 6, column: 11, reason: 'Root: tier must be a whole number' },
      expect.objectContaining({
        file: 'team.yaml',
        line: 4,
        reason: expect.stringContaining('Root / D: required_env'),
      }),
      expect.objectContaining({ file: 'org.yaml', line: 8, reason: 'org: a workspace without a name' }),
    ]);
    world.write('orgs', {
      'faulty/org.yaml':
        'name: Faulty\ndefaults: { runtime: echo }\nworkspaces:\n  - name: "Bad {name}"\n  - { name: Root, children: !include team.yaml }\n',
      'faulty/team.yaml':
        '- { name: A, template: unknown-one }\n- { name: B, workspace_dir: /etc/x }\n- { name: C, workspace_access: read_write }\n- { name: D, external: true, url: "http://169.254.1.1/" }\n- { name: E, files_dir: ../outside }\n- { name: F, initial_prompt_file: ../gone.md }\n',
    });
    const second = await refusal('faulty');
    expect(second.problems.map(({ file, line, reason }) => [file, line, reason.split(':')[0]])).toEqual([
      ['org.yaml', 4, 'Bad {name}'],
      ['team.yaml', 1, 'Root / A'],
      ['team.yaml', 2, 'Root / B'],
      ['team.yaml', 3, 'Root / C'],
      ['team.yaml', 5, 'Root / E'],
      ['team.yaml', 6, 'Root / F'],
    ]);
  });

  it('an external address that must not be called is refused', async () => {
    world.write('orgs', {
      'ext/org.yaml': 'name: E\nworkspaces:\n  - { name: D, external: true, url: "http://169.254.1.1/" }\n',
    });
    const { status, body } = await world.call('POST', '/org/import', { dir: 'ext' });
    expect(status).toBe(400);
    expect(body.problems).toMatchObject([{ id: 'ext', file: 'org.yaml', line: 3 }]);
  });

  it.each([
    ['files_dir by ..', 'files_dir: ../outside'],
    ['files_dir by symlink', 'files_dir: link'],
    ['a file in files_dir by symlink', 'files_dir: folder'],
    ['a prompt file by ..', 'initial_prompt_file: ../outside/secret.md'],
    ['a prompt file by symlink', 'initial_prompt_file: link/secret.md'],
    ['an include by symlink', 'role: !include link/secret.yaml'],
  ])('nothing outside the folder is read: %s', async (_how, field) => {
    world.write('orgs', { 'outside/secret.md': 'stolen', 'outside/secret.yaml': 'stolen' });
    world.write('orgs', { 'thief/org.yaml': `name: T\nworkspaces:\n  - name: A\n    runtime: echo\n    ${field}\n` });
    const root = join(world.folders.orgs, 'thief');
    symlinkSync(join(world.folders.orgs, 'outside'), join(root, 'link'));
    mkdirSync(join(root, 'folder'));
    symlinkSync(join(world.folders.orgs, 'outside', 'secret.md'), join(root, 'folder', 'system-prompt.md'));
    const { problems } = await refusal('thief');
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ id: 'thief', file: 'org.yaml', line: 5 });
    expect(problems[0]?.reason).toMatch(/outside/);
  });

  it('an org folder that is a link out of the templates folder is refused', async () => {
    world.write('templates', { 'elsewhere/org.yaml': 'name: E\nworkspaces: [{ name: A }]\n' });
    symlinkSync(join(world.folders.templates, 'elsewhere'), join(world.folders.orgs, 'linked'));
    expect(await world.call('POST', '/org/import', { dir: 'linked' })).toMatchObject({
      status: 400,
      body: { error: 'invalid org directory' },
    });
    expect((await world.call('GET', '/org/templates')).body).toEqual([]);
  });

  it('a refused name in .env is told, and the server’s own variables are out of reach', async () => {
    world.write('orgs', {
      'env/org.yaml': 'name: E\nworkspaces: [{ name: A, runtime: echo, workspace_dir: "/srv/$HOME" }]\n',
      'env/.env': 'NODE_OPTIONS=--require=/tmp/x\n',
    });
    const { problems } = await refusal('env');
    expect(problems.map((problem) => problem.reason)).toEqual([
      expect.stringContaining('NODE_OPTIONS'),
      'A: workspace_dir names HOME, which no .env of the org sets',
    ]);
  });
});

describe('org templates that ship with the product', () => {
  it('are all usable; the smallest team comes first and needs no key', async () => {
    const shipped = await createOrgsWorld(database.url, { builtIn: true });
    try {
      const { body } = await shipped.call('GET', '/org/templates');
      expect((await shipped.call('GET', '/templates/problems')).body).toEqual([]);
      expect(body.map((org: { dir: string; workspaces: number }) => [org.dir, org.workspaces])).toEqual([
        ['starter', 3],
        ['software-team', 4],
        ['support-desk', 4],
      ]);
      for (const org of body) {
        expect(org.required_env).toEqual([]);
        expect(org.recommended_env).toEqual([{ any_of: ['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'OPENAI_BASE_URL'] }]);
        const { body: imported } = await shipped.call('POST', '/org/import', { dir: org.dir });
        for (const { id } of imported.workspaces) {
          const row = await shipped.ports.lanes.control
            .selectFrom('workspaces')
            .select(['template', 'runtime'])
            .where('id', '=', id)
            .executeTakeFirstOrThrow();
          const seeds = await shipped.ports.lanes.control
            .selectFrom('workspace_seed_files')
            .select('path')
            .where('workspace_id', '=', id)
            .execute();
          expect(row.runtime).toBe('llm');
          // The prompt comes from the node's own folder or from its workspace template.
          expect(row.template !== null || seeds.some((file) => file.path === 'system-prompt.md')).toBe(true);
        }
      }
    } finally {
      await shipped.close();
    }
  });

  it('R29: a user’s broken org of an equal name is told, not replaced by the built-in one', async () => {
    const shipped = await createOrgsWorld(database.url, { builtIn: true });
    try {
      shipped.write('orgs', { 'starter/org.yaml': 'name: [\n' });
      const { body } = await shipped.call('GET', '/org/templates');
      expect(body.map((org: { dir: string }) => org.dir)).not.toContain('starter');
      expect((await shipped.call('GET', '/templates/problems')).body).toMatchObject([
        { id: 'starter', file: 'org.yaml' },
      ]);
    } finally {
      await shipped.close();
    }
  });
});
