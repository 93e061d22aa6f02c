import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aWorkspace, type Cli, createCli } from '../../../test/cli.js';
import { refusal } from '../../../test/fake-server.js';

const lead = aWorkspace({ id: 'aaaaaaaa-0000-4000-8000-000000000001', name: 'Lead' });
const writerId = 'aaaaaaaa-0000-4000-8000-000000000002';

const aBundle = (fields: object = {}) => ({
  schema: '1.0',
  id: lead.id,
  name: 'Lead',
  description: '',
  tier: 3,
  model: '',
  system_prompt: 'a\u0085b \u001b[31m',
  skills: [],
  tools: [],
  prompts: {},
  sub_workspaces: [],
  agent_card: null,
  author: '',
  version: '1.0.0',
  ...fields,
});

let cli: Cli;
let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'molecule-bundle-'));
  cli = await createCli('/nonexistent');
  cli.server.on('listWorkspaces', { status: 200, body: [lead] });
});
afterEach(async () => {
  await cli.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('bundle export', () => {
  it('prints the bundle whole, whatever characters are in it', async () => {
    cli.server.on('exportBundle', { status: 200, body: aBundle() });
    const seen = await cli.molecule('bundle', 'export', 'Lead');
    expect(seen).toMatchObject({ exit: 0, error: '' });
    expect(JSON.parse(seen.out)).toEqual(aBundle());
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what may not be there
    expect(seen.out).not.toMatch(/[\u001b\u0085]/);
    expect(cli.server.calls.at(-1)).toMatchObject({ params: { id: lead.id } });
    expect(JSON.parse((await cli.molecule('bundle', 'export', 'Lead', '--json')).out)).toEqual(aBundle());
  });

  it('writes it to a file and says what was left out', async () => {
    const bundle = aBundle({
      sub_workspaces: [aBundle({ name: 'Writer' })],
      omitted: [{ id: writerId, name: 'Broken', reason: 'its config.yaml cannot be read' }],
    });
    cli.server.on('exportBundle', { status: 200, body: bundle });
    const file = join(folder, 'lead.bundle.json');
    const seen = await cli.molecule('bundle', 'export', 'Lead', '-o', file);
    expect(seen).toEqual({
      exit: 0,
      out: `Lead: 2 agents saved in ${file}, 1 left out\n`,
      error: 'Left out: Broken: its config.yaml cannot be read\n',
    });
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(bundle);
    const told = await cli.molecule('bundle', 'export', 'Lead', '--output', file, '--json');
    expect(JSON.parse(told.out)).toMatchObject({ file, workspaces: 2, omitted: [{ name: 'Broken' }] });
  });

  it('says why a file cannot be written', async () => {
    cli.server.on('exportBundle', { status: 200, body: aBundle() });
    const seen = await cli.molecule('bundle', 'export', 'Lead', '-o', join(folder, 'no', 'such.json'));
    expect(seen).toMatchObject({ exit: 1, out: '' });
    expect(seen.error).toMatch(/^cannot write .*such\.json: there is no such file or folder\n$/);
    expect((await cli.molecule('bundle', 'export', 'Lead', '-o', folder)).error).toContain('it is a folder');
  });

  it('passes on a refusal', async () => {
    cli.server.on('exportBundle', refusal('bundle_too_large'));
    const seen = await cli.molecule('bundle', 'export', 'Lead');
    expect(seen.exit).toBe(1);
    expect(seen.error).toContain('bundle too large\nExport the workspaces below it one by one.');
  });
});

describe('bundle import', () => {
  const put = (content: string): string => {
    const file = join(folder, 'a.bundle.json');
    writeFileSync(file, content);
    return file;
  };

  it('creates what the file holds and lists it as a tree', async () => {
    const created = {
      workspace_id: lead.id,
      name: 'Lead',
      status: 'provisioning',
      children: [{ workspace_id: writerId, name: 'Writer', status: 'provisioning' }],
    };
    cli.server.on('importBundle', { status: 201, body: created });
    const file = put(JSON.stringify(aBundle()));
    const seen = await cli.molecule('bundle', 'import', file);
    expect(seen).toEqual({
      exit: 0,
      error: '',
      out: `Lead: 2 created\n  Lead  ${lead.id}\n    Writer  ${writerId}\nWatch them come online: ./molecule ws ls\n`,
    });
    expect(cli.server.calls.at(-1)).toMatchObject({ body: aBundle() });
    expect(JSON.parse((await cli.molecule('bundle', 'import', file, '--json')).out)).toEqual(created);
  });

  it('shows every mistake the server found', async () => {
    const help =
      'Nothing was imported. Lead: tier must be a whole number; Lead: the file "../x" leads outside its folder.';
    const told = refusal('invalid_bundle');
    cli.server.on('importBundle', { ...told, body: { ...(told.body as object), help } });
    const seen = await cli.molecule('bundle', 'import', put('{}'));
    expect(seen).toMatchObject({ exit: 1, out: '' });
    expect(seen.error).toBe(`invalid bundle\n${help}\n`);
  });

  it.each(['', 'no json', '[]', '"text"'])('asks nobody about a file that holds %j', async (content) => {
    const seen = await cli.molecule('bundle', 'import', put(content));
    expect(seen).toMatchObject({ exit: 1, out: '' });
    expect(seen.error).toMatch(/a\.bundle\.json is no bundle\n/);
    expect(cli.server.calls).toEqual([]);
  });

  it('says why a file cannot be read', async () => {
    expect((await cli.molecule('bundle', 'import', join(folder, 'gone'))).error).toContain(
      'gone: there is no such file or folder',
    );
    mkdirSync(join(folder, 'a folder'));
    expect((await cli.molecule('bundle', 'import', join(folder, 'a folder'))).error).toContain('it is a folder');
  });
});
