import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ImportTemplate } from '@molecule/contract';
import { canMountSmallDisks, mountSmallDisk } from '@molecule/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { useTestDatabase } from '../../../test/database.js';
import { createOrgsWorld, type OrgsWorld } from '../../../test/orgs-world.js';
import { importTemplate } from './template-import.js';

const database = useTestDatabase();
let world: OrgsWorld;

beforeEach(async () => {
  world = await createOrgsWorld(database.url);
});
afterEach(() => world.close());

const send = (body: unknown) => world.call('POST', '/templates/import', body);
const stored = (...path: string[]): string => join(world.folders.templates, ...path);
const listed = async (): Promise<string[]> =>
  (await world.call('GET', '/templates')).body.map(({ id }: { id: string }) => id);

describe('importing a template', () => {
  it('stores the files under the normalised name, and the template is there at once', async () => {
    const files = { 'config.yaml': 'name: T\nruntime: echo\n', 'skills/a/SKILL.md': 'a' };
    expect(await send({ name: 'My Team-Lead_2 (é)!', files })).toEqual({
      status: 201,
      body: { status: 'imported', id: 'my-team-lead_2-', name: 'My Team-Lead_2 (é)!' },
    });
    expect(await listed()).toEqual(['my-team-lead_2-']);
    expect(readFileSync(stored('my-team-lead_2-', 'skills/a/SKILL.md'), 'utf8')).toBe('a');
    expect(statSync(stored('my-team-lead_2-', 'config.yaml')).mode & 0o777).toBe(0o600);
    expect(statSync(stored('my-team-lead_2-', 'skills')).mode & 0o777).toBe(0o755);
  });

  it.each([
    ['!!!', 'unnamed'],
    ['A B', 'a-b'],
    ['../../etc', 'etc'],
  ])('the name %j becomes the folder %j', async (name, id) => {
    expect((await send({ name, files: {} })).body).toMatchObject({ id });
  });

  it('generates a config.yaml where there is none, in which no file name can open a key (contract §21.4)', async () => {
    const odd = 'x: [1]\\"#.md'.replaceAll('\\', '');
    const files = {
      'b.md': '',
      'a.md': '',
      [odd]: '',
      'skills/two/SKILL.md': '',
      'skills/one/SKILL.md': '',
      'n/c.md': '',
    };
    await send({ name: 'A: {b}', files });
    const text = readFileSync(stored('a-b', 'config.yaml'), 'utf8');
    expect(parse(text)).toEqual({
      name: 'A: {b}',
      description: 'Imported agent',
      version: '1.0.0',
      tier: 3,
      model: 'anthropic:claude-opus-4-7',
      prompt_files: ['a.md', 'b.md', odd],
      skills: ['one', 'two'],
      tools: [],
      a2a: { port: 8000, streaming: true, push_notifications: true },
      env: { required: ['ANTHROPIC_API_KEY'] },
    });
    await send({ name: 'Bare', files: {} });
    expect(parse(readFileSync(stored('bare', 'config.yaml'), 'utf8'))).toMatchObject({
      prompt_files: ['system-prompt.md'],
      skills: [],
    });
  });

  it('is refused when one of that name is there: built in, broken, or a mere folder', async () => {
    world.write('templates', { 'one/config.yaml': 'name: One\n', 'broken/config.yaml': 'tier: high\n', 'notes/x': '' });
    for (const id of ['one', 'broken', 'notes']) {
      expect(await send({ name: id.toUpperCase(), files: {} })).toMatchObject({
        status: 409,
        body: { error: 'template already exists', id },
      });
    }
    expect(existsSync(stored('notes', 'config.yaml'))).toBe(false);
  });

  it('of one name by many at once succeeds once', async () => {
    const replies = await Promise.all(
      Array.from({ length: 8 }, (_, n) => send({ name: 'Race', files: { 'a.md': `${n}`, 'b.md': `${n}` } })),
    );
    expect(replies.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(replies.filter(({ status }) => status === 409)).toHaveLength(7);
    expect(readFileSync(stored('race', 'a.md'), 'utf8')).toBe(readFileSync(stored('race', 'b.md'), 'utf8'));
    expect(readdirSync(world.folders.templates)).toEqual(['race']);
  });

  it.each<[string, unknown]>([
    ['no name', { files: {} }],
    ['an empty name', { name: '', files: {} }],
    ['no files', { name: 'x' }],
    ['a file that is no text', { name: 'x', files: { a: 1 } }],
    ['a path that climbs', { name: 'x', files: { 'a.md': 'a', '../b': 'b' } }],
    ['a path that climbs within', { name: 'x', files: { 'a/../../b': 'b' } }],
    ['an absolute path', { name: 'x', files: { '/etc/passwd': 'b' } }],
    ['an empty path', { name: 'x', files: { '': 'b' } }],
    ['an empty part', { name: 'x', files: { 'a//b': 'b' } }],
    ['a backslash', { name: 'x', files: { 'a\\b': 'b' } }],
    ['a NUL', { name: 'x', files: { 'a\0b': 'b' } }],
    ['the folder itself', { name: 'x', files: { './a': 'b' } }],
    ['a part that is too long', { name: 'x', files: { ['a'.repeat(256)]: 'b' } }],
    ['a file that is a folder too', { name: 'x', files: { a: 'a', 'a/b': 'b' } }],
    ['a file that is too large', { name: 'x', files: { a: 'x'.repeat(1024 * 1024 + 1) } }],
    ['a folder kept for others', { name: 'org-templates', files: {} }],
    ['a name with control characters', { name: 'x\ny', files: {} }],
  ])('D15: %s is refused before anything is written', async (_, body) => {
    expect(await send(body)).toMatchObject({ status: 400, body: { error: 'invalid request body' } });
    expect(readdirSync(world.folders.templates)).toEqual([]);
  });

  it('D15: a config.yaml that could not be used is refused with file, line and reason', async () => {
    const files = { 'config.yaml': 'name: x\ntier: high\n' };
    expect(await send({ name: 'x', files })).toMatchObject({
      status: 400,
      body: { problems: [{ file: 'config.yaml', line: 2, reason: 'tier must be a whole number' }] },
    });
    expect(readdirSync(world.folders.templates)).toEqual([]);
    expect((await send({ name: 'x', files: { 'config.yaml': 'name: x\ntier: 2\n' } })).status).toBe(201);
  });

  it('takes 200 files and says how many are too many', async () => {
    const files = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`f${n}`, '']));
    expect(await send({ name: 'x', files: files(201) })).toMatchObject({
      status: 400,
      body: { error: 'too many files (201), max 200' },
    });
    expect((await send({ name: 'x', files: files(200) })).status).toBe(201);
  });

  it('keeps hidden files, which reach no agent', async () => {
    await send({ name: 'x', files: { 'config.yaml': 'runtime: echo\n', '.env.example': 'KEY=' } });
    expect(readFileSync(stored('x', '.env.example'), 'utf8')).toBe('KEY=');
    const { files } = await world.templates.compose({
      name: 'Ada',
      role: null,
      runtime: 'echo',
      model: null,
      tier: 2,
      maxConcurrentTasks: 1,
      template: 'x',
      seedFiles: [],
    });
    expect(files.map(({ path }) => path)).toEqual(['config.yaml']);
  });

  it('clears what a killed server left, and leaves alone what another is at', async () => {
    for (const name of ['.importing-old', '.importing-new']) {
      mkdirSync(stored(name));
      writeFileSync(stored(name, 'a.md'), 'a');
    }
    utimesSync(stored('.importing-old'), new Date(), new Date(Date.now() - 2 * 60 * 60_000));
    await send({ name: 'x', files: {} });
    expect(readdirSync(world.folders.templates).sort()).toEqual(['.importing-new', 'x']);
    expect(await listed()).toEqual(['x']);
  });

  it('makes the folder of templates when it is not there, and says so when it cannot', async () => {
    rmSync(world.folders.templates, { recursive: true });
    expect((await send({ name: 'x', files: {} })).status).toBe(201);
    rmSync(world.folders.templates, { recursive: true });
    writeFileSync(world.folders.templates, 'a file');
    expect(await send({ name: 'y', files: {} })).toMatchObject({
      status: 500,
      body: { error: 'failed to write config.yaml', code: 'template_not_written', reason: 'ENOTDIR' },
    });
  });

  describe.skipIf(!canMountSmallDisks())('to a disk that fills up', () => {
    it('D15: leaves nothing behind, and succeeds once there is room', async () => {
      const disk = mountSmallDisk(256 * 1024);
      const body: ImportTemplate = {
        name: 'Large',
        files: { 'a.md': 'a', 'z.md': 'z'.repeat(150 * 1024), 'skills/s/SKILL.md': 's' },
      };
      try {
        writeFileSync(join(disk.path, 'filler'), Buffer.alloc(150 * 1024));
        const attempt = () => importTemplate({ ...world.ports, folder: disk.path, isKnown: () => false }, body);
        await expect(attempt()).rejects.toMatchObject({ code: 'template_not_written', fields: { reason: 'ENOSPC' } });
        expect(readdirSync(disk.path)).toEqual(['filler']);
        rmSync(join(disk.path, 'filler'));
        expect(await attempt()).toEqual({ id: 'large' });
        expect(readdirSync(join(disk.path, 'large')).sort()).toEqual(['a.md', 'config.yaml', 'skills', 'z.md']);
      } finally {
        disk.remove();
      }
    });
  });
});

describe('the list of templates', () => {
  it('D21: has lists of skills, never null, whatever a template leaves out', async () => {
    world.write('templates', {
      'absent/config.yaml': 'name: A\n',
      'empty/config.yaml': 'skills:\n',
      'none/config.yaml': 'skills: null\n',
    });
    for (const template of (await world.call('GET', '/templates')).body) {
      expect(template).toMatchObject({ skills: [], skill_count: 0 });
    }
    expect(await listed()).toHaveLength(3);
  });
});
