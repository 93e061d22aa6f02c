import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aWorkspace, type Cli, createCli } from '../../test/cli.js';
import { refusal } from '../../test/fake-server.js';

const lead = aWorkspace({ id: 'aaaaaaaa-0000-4000-8000-000000000001', name: 'Lead' });
const writer = { id: 'writer', name: 'Writer', description: 'Writes', tier: 2, runtime: 'llm', model: '' };

let cli: Cli;
beforeEach(async () => {
  cli = await createCli('/nonexistent');
  cli.server.on('listWorkspaces', { status: 200, body: [lead] });
});
afterEach(() => cli.close());

describe('template ls', () => {
  it('shows what an agent can be made from', async () => {
    const body = [{ ...writer, skills: ['a'], skill_count: 1 }];
    cli.server.on('listTemplates', { status: 200, body });
    const { out, exit } = await cli.molecule('template', 'ls');
    expect(exit).toBe(0);
    expect(out.split('\n')[1]).toBe('writer    llm      -      1       Writer  Writes');
    expect(JSON.parse((await cli.molecule('template', 'ls', '--json')).out)).toEqual(body);
  });

  it('says where to look when there is none', async () => {
    cli.server.on('listTemplates', { status: 200, body: [] });
    expect((await cli.molecule('template', 'ls')).out).toContain('./molecule template problems');
  });
});

describe('template problems', () => {
  it('fails while there is something to mend, and names the place', async () => {
    const body = [
      { id: 'a', file: 'config.yaml', line: 3, column: 1, reason: 'tier must be a whole number' },
      { id: 'b', file: '.', reason: 'the folder is a link' },
    ];
    cli.server.on('listTemplateProblems', { status: 200, body });
    const { out, exit } = await cli.molecule('template', 'problems');
    expect(exit).toBe(1);
    expect(out).toContain('a         config.yaml:3  tier must be a whole number');
    expect(out).toContain('b         .              the folder is a link');
    const asJson = await cli.molecule('template', 'problems', '--json');
    expect(asJson.exit).toBe(1);
    expect(JSON.parse(asJson.out)).toEqual(body);
  });

  it('succeeds when all can be used', async () => {
    cli.server.on('listTemplateProblems', { status: 200, body: [] });
    expect(await cli.molecule('template', 'problems')).toMatchObject({ exit: 0, out: 'All templates can be used.\n' });
  });
});

describe('template set', () => {
  it('stores a template and says how to lay it', async () => {
    cli.server.on('setWorkspaceTemplate', ({ body }) => ({
      status: 200,
      body: { status: 'updated', ...(body as object), needs_restart: true },
    }));
    const { out, exit } = await cli.molecule('template', 'set', 'Lead', 'writer');
    expect(exit).toBe(0);
    expect(out).toContain('Lead: the template "writer" is stored.');
    expect(out).toContain(`./molecule ws restart ${lead.id}`);
    expect(cli.server.calls.at(-1)).toMatchObject({ params: { id: lead.id }, body: { template: 'writer' } });
    expect((await cli.molecule('template', 'set', 'Lead', '--none')).out).toContain('no template is stored');
    expect(cli.server.calls.at(-1)).toMatchObject({ body: { template: '' } });
  });

  it('asks for one thing or the other', async () => {
    for (const words of [['Lead'], ['Lead', 'writer', '--none']]) {
      expect((await cli.molecule('template', 'set', ...words)).exit).toBe(2);
    }
  });

  it('an unknown template is refused with the command that lists them', async () => {
    cli.server.on('setWorkspaceTemplate', refusal('unknown_template'));
    const { exit, error } = await cli.molecule('template', 'set', 'Lead', 'nope');
    expect(exit).toBe(1);
    expect(error).toContain('unknown template');
    expect(error).toContain('./molecule template ls');
  });
});

describe('template import', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'molecule-template-'));
    mkdirSync(join(folder, 'skills', 'a'), { recursive: true });
    writeFileSync(join(folder, 'config.yaml'), 'name: Ünï\n');
    writeFileSync(join(folder, 'skills', 'a', 'SKILL.md'), 'a');
    writeFileSync(join(folder, '.env'), 'SECRET=1');
    cli.server.on('importTemplate', ({ body }) => {
      const { name } = body as { name: string };
      return { status: 201, body: { status: 'imported', id: name.toLowerCase(), name } };
    });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('sends the texts of the folder under its name, or the one given, and keeps hidden files here', async () => {
    const { out, exit } = await cli.molecule('template', 'import', folder);
    expect({ exit, sent: cli.server.calls.at(-1)?.body }).toEqual({
      exit: 0,
      sent: { name: basename(folder), files: { 'config.yaml': 'name: Ünï\n', 'skills/a/SKILL.md': 'a' } },
    });
    expect(out).toContain('stored, 2 files');
    const asJson = await cli.molecule('template', 'import', folder, '--name', 'Mine', '--json');
    expect(JSON.parse(asJson.out)).toEqual({ status: 'imported', id: 'mine', name: 'Mine' });
  });

  it.each<[string, () => void, string]>([
    ['a link', () => symlinkSync('/etc/passwd', join(folder, 'link')), '"link" is neither a file nor a folder'],
    ['what is no text', () => writeFileSync(join(folder, 'image.png'), Buffer.from([0xff, 0xfe])), 'not UTF-8 text'],
    ['no folder', () => rmSync(join(folder, 'config.yaml')), ''],
  ])('%s is refused before anything is sent', async (what, spoil, words) => {
    spoil();
    const target = what === 'no folder' ? join(folder, 'nowhere') : folder;
    const { exit, error } = await cli.molecule('template', 'import', target);
    expect(exit).toBe(1);
    expect(error).toContain(words || 'cannot be read (ENOENT)');
    expect(cli.server.calls.filter(({ route }) => route === 'importTemplate')).toEqual([]);
  });

  it('a refusal of the server names file, line and reason', async () => {
    const problems = [{ id: 'x', file: 'config.yaml', line: 2, reason: 'tier must be a whole number' }];
    cli.server.on('importTemplate', refusal('invalid_request_body', { problems }));
    const { exit, error } = await cli.molecule('template', 'import', folder);
    expect(exit).toBe(1);
    expect(error).toContain('config.yaml:2: tier must be a whole number');
  });
});
