import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aWorkspace, type Cli, createCli, molecule, type Seen } from '../../test/cli.js';
import { refusal } from '../../test/fake-server.js';

const lead = aWorkspace({ id: 'aaaaaaaa-0000-4000-8000-000000000001', name: 'Lead' });

let cli: Cli;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'molecule-cli-files-'));
  cli = await createCli('/nonexistent');
  cli.server.on('listWorkspaces', { status: 200, body: [lead] });
});
afterEach(async () => {
  await cli.close();
  await rm(folder, { recursive: true, force: true });
});

const text = (content: string) => ({
  status: 200,
  body: { path: 'config.yaml', content, size: content.length, encoding: 'utf-8', etag: 'v1' },
});

describe('files ls', () => {
  it('shows folders, links and sizes, of the folder and root that are asked for', async () => {
    const entries = [
      { path: 'skills', size: 0, dir: true },
      { path: 'config.yaml', size: 120, dir: false },
      { path: 'away', size: 0, dir: false, link: true },
    ];
    cli.server.on('listFiles', { status: 200, body: entries });
    const seen = await cli.molecule('files', 'ls', 'Lead', 'a/b', '--root', 'workspace', '--depth', '2');
    expect(seen.out).toBe('PATH         BYTES\nskills/\nconfig.yaml  120\naway@\n');
    expect(cli.server.calls.at(-1)).toMatchObject({
      params: { id: lead.id },
      query: { root: '/workspace', depth: '2', path: 'a/b' },
    });
    expect(JSON.parse((await cli.molecule('files', 'ls', 'Lead', '--json')).out)).toEqual(entries);
  });

  it('says when there is nothing, and how it is written', async () => {
    cli.server.on('listFiles', { status: 200, body: [] });
    expect((await cli.molecule('files', 'ls', 'Lead')).out).toBe('There are no files in /configs.\n');
    expect((await cli.molecule('files', 'ls', 'Lead', '--root', 'etc')).exit).toBe(2);
    expect((await cli.molecule('files', 'ls', 'Lead', '--depth', '6')).exit).toBe(2);
    expect((await cli.molecule('files', 'ls', 'Lead', '../x')).exit).toBe(2);
  });
});

describe('files cat', () => {
  it('prints the text as it is, without what could steer a terminal', async () => {
    cli.server.on('readFile', text('one\n\u001b[31mtwo'));
    expect((await cli.molecule('files', 'cat', 'Lead', './skills//a b.md')).out).toBe('one\ntwo');
    expect(cli.server.calls.at(-1)?.params).toEqual({ id: lead.id, path: 'skills/a%20b.md' });
    expect(JSON.parse((await cli.molecule('files', 'cat', 'Lead', 'x', '--json')).out)).toMatchObject({ etag: 'v1' });
  });

  it('saves bytes that are no text, and prints none of them', async () => {
    const bytes = Buffer.from([0, 255, 27, 10]);
    const body = { path: 'a.bin', content: bytes.toString('base64'), size: 4, encoding: 'base64', etag: 'v1' };
    cli.server.on('readFile', { status: 200, body });
    expect((await cli.molecule('files', 'cat', 'Lead', 'a.bin')).out).toContain('is no text (4 bytes)');
    const out = join(folder, 'a.bin');
    expect((await cli.molecule('files', 'cat', 'Lead', 'a.bin', '--out', out)).exit).toBe(0);
    expect(await readFile(out)).toEqual(bytes);
    expect(await cli.molecule('files', 'cat', 'Lead', 'a.bin', '--out', join(folder, 'no', 'a'))).toMatchObject({
      exit: 1,
      error: expect.stringContaining('ENOENT'),
    });
  });

  it('passes on that there is no such file', async () => {
    cli.server.on('readFile', refusal('file_not_found'));
    expect(await cli.molecule('files', 'cat', 'Lead', 'x')).toMatchObject({
      exit: 1,
      error: expect.stringContaining('file not found'),
    });
  });
});

describe('files put', () => {
  const saved = { status: 200, body: { status: 'saved', path: 'a.md', etag: 'v2' } };

  it('sends a local file as it is', async () => {
    cli.server.on('writeFile', saved);
    const file = join(folder, 'local');
    await writeFile(file, 'Grüße');
    expect((await cli.molecule('files', 'put', 'Lead', file, 'a.md')).out).toBe(
      'Lead: a.md saved; the agent sees it after a restart\n',
    );
    expect(cli.server.calls.at(-1)).toMatchObject({
      params: { path: 'a.md' },
      body: { content: 'Grüße', encoding: 'utf-8' },
    });
    await writeFile(file, Buffer.from([0xff]));
    await cli.molecule('files', 'put', 'Lead', file, 'a.md');
    expect(cli.server.calls.at(-1)).toMatchObject({ body: { content: '/w==', encoding: 'base64' } });
  });

  it('writes only what is new, or still the version that was read, when told so', async () => {
    const file = join(folder, 'local');
    await writeFile(file, 'x');
    cli.server.on('writeFile', refusal('file_changed'));
    const asNew = await cli.molecule('files', 'put', 'Lead', file, 'a.md', '--new');
    expect(asNew).toMatchObject({ exit: 1, error: 'there is a a.md already; nothing was written\n' });
    expect(cli.server.calls.at(-1)?.headers).toMatchObject({ 'if-none-match': '*' });
    const older = await cli.molecule('files', 'put', 'Lead', file, 'a.md', '--if-match', 'v1', '--json');
    expect(JSON.parse(older.error)).toMatchObject({ conflict: true, path: 'a.md', code: 'refused' });
    expect(cli.server.calls.at(-1)?.headers).toMatchObject({ 'if-match': '"v1"' });
  });

  it('asks the server nothing when there is no such local file', async () => {
    const seen = await cli.molecule('files', 'put', 'Lead', join(folder, 'none'), 'a.md');
    expect(seen).toMatchObject({ exit: 1, error: expect.stringContaining('(ENOENT)') });
    expect(cli.server.calls).toEqual([]);
  });
});

describe('files rm', () => {
  it('asks first on a terminal, and deletes at once elsewhere', async () => {
    cli.server.on('deleteFile', { status: 200, body: { status: 'deleted', path: 'a.md' } });
    const rm = (answer: string) =>
      molecule(cli.environment, ['files', 'rm', 'Lead', 'a.md'], { ask: async () => answer });
    expect(await rm('n')).toMatchObject({ exit: 1, error: 'nothing was deleted\n' });
    expect(cli.server.calls.map(({ route }) => route)).not.toContain('deleteFile');
    expect(await rm('y')).toMatchObject({ exit: 0, out: 'Lead: a.md deleted\n' });
    expect((await cli.molecule('files', 'rm', 'Lead', 'a.md')).exit).toBe(0);
  });
});

describe('files edit', () => {
  /** Runs it with an editor that does to the file what the script says; `file` is its path there. */
  async function edit(script: string): Promise<Seen> {
    const editor = join(folder, 'editor.mjs');
    await writeFile(editor, `import * as fs from 'node:fs'; const file = process.argv[2]; ${script}`);
    return molecule({ ...cli.environment, editor: [process.execPath, editor] }, [
      'files',
      'edit',
      'Lead',
      'config.yaml',
    ]);
  }
  const writes = () => cli.server.calls.filter(({ route }) => route === 'writeFile');

  it('writes back what the editor left, for the version that was read', async () => {
    cli.server.on('readFile', text('name: Lead\n'));
    cli.server.on('writeFile', { status: 200, body: { status: 'saved', path: 'config.yaml', etag: 'v2' } });
    const seen = await edit(`fs.appendFileSync(file, 'tier: 2\\n');`);
    expect(seen).toMatchObject({ exit: 0, out: 'Lead: config.yaml saved; the agent sees it after a restart\n' });
    expect(writes()).toMatchObject([{ body: { content: 'name: Lead\ntier: 2\n' }, headers: { 'if-match': '"v1"' } }]);
  });

  it('writes nothing when nothing was changed, or the editor failed', async () => {
    cli.server.on('readFile', text('name: Lead\n'));
    expect((await edit('')).out).toBe('config.yaml was not changed\n');
    expect(await edit(`fs.writeFileSync(file, 'x'); process.exit(3);`)).toMatchObject({
      exit: 1,
      error: expect.stringContaining('the editor ended with code 3'),
    });
    // What was written by then is the person's, and stays where the error says.
    const kept = /kept in (\S+?)\.?$/m.exec(
      (await edit(`fs.writeFileSync(file, 'mine'); process.exit(3);`)).error,
    )?.[1];
    expect(await readFile(kept ?? '', 'utf8')).toBe('mine');
    await rm(join(kept ?? '', '..'), { recursive: true });
    expect(await cli.molecule('files', 'edit', 'Lead', 'config.yaml')).toMatchObject({
      exit: 1,
      error: expect.stringContaining('cannot be run (ENOENT)'),
    });
    expect(writes()).toEqual([]);
  });

  it('creates a file that is not there, and only then', async () => {
    cli.server.on('readFile', refusal('file_not_found'));
    cli.server.on('writeFile', { status: 200, body: { status: 'saved', path: 'config.yaml', etag: 'v2' } });
    await edit(`fs.writeFileSync(file, 'new');`);
    expect(writes()).toMatchObject([{ body: { content: 'new' }, headers: { 'if-none-match': '*' } }]);
  });

  it('shows a conflict when somebody else has written meanwhile, and keeps the edit', async () => {
    cli.server.on('readFile', text('name: Lead\n'));
    cli.server.on('writeFile', refusal('file_changed'));
    const seen = await edit(`fs.writeFileSync(file, 'mine');`);
    expect(seen.exit).toBe(1);
    expect(seen.error).toContain('conflict: config.yaml was changed by somebody else while you edited it');
    const kept = /kept in (\S+)\. /.exec(seen.error)?.[1] ?? '';
    expect(await readFile(kept, 'utf8')).toBe('mine');
    await rm(join(kept, '..'), { recursive: true });
  });

  it('leaves nothing behind when all went well', async () => {
    cli.server.on('readFile', text('x'));
    const before = (await readdir(tmpdir())).filter((name) => name.startsWith('molecule-edit-'));
    await edit('');
    expect((await readdir(tmpdir())).filter((name) => name.startsWith('molecule-edit-'))).toEqual(before);
  });
});
