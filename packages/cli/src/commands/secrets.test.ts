import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aWorkspace, type Cli, createCli, molecule, type Seen } from '../../test/cli.js';
import { refusal } from '../../test/fake-server.js';
import { createReadInput } from '../read-input.js';

const lead = aWorkspace({ id: 'aaaaaaaa-0000-4000-8000-000000000001', name: 'Lead' });
const VALUE = 'a-test-value-that-nobody-may-see';
const concerned = { status: 'dry_run', changes: true, would_restart: [{ id: lead.id, name: 'Lead' }] };

let cli: Cli;
beforeEach(async () => {
  cli = await createCli('/nonexistent');
  cli.server.on('listWorkspaces', { status: 200, body: [lead] });
});
afterEach(() => cli.close());

function expectUnseen(seen: Seen): void {
  expect(JSON.stringify(seen)).not.toContain(VALUE);
}

describe('secret set', () => {
  const saved = { status: 'saved', key: 'A_KEY', scope: 'global', restarts: 2 };

  it.each([
    [2, '2 agents start again'],
    [1, '1 agent starts again'],
    [0, 'no agent had to start again'],
  ])('takes the value from the input and says how many start again: %i', async (restarts, told) => {
    cli.server.on('putGlobalSecret', { status: 200, body: { ...saved, restarts } });
    const seen = await molecule(cli.environment, ['secret', 'set', 'A_KEY'], { input: VALUE });
    expect(seen).toEqual({ exit: 0, out: `A_KEY is saved for all agents; ${told}\n`, error: '' });
    expect(cli.server.calls.at(-1)).toMatchObject({ body: { key: 'A_KEY', value: VALUE } });
  });

  it('takes it as an argument too, for one workspace, and never shows it', async () => {
    cli.server.on('putSecret', { status: 200, body: { status: 'saved', key: 'A_KEY' } });
    const seen = await cli.molecule('secret', 'set', 'A_KEY', VALUE, '--ws', 'Lead');
    expect(seen.out).toBe('A_KEY is saved for Lead; its agent works with it from its next start on\n');
    expect(cli.server.calls.at(-1)).toMatchObject({ params: { id: lead.id }, body: { key: 'A_KEY', value: VALUE } });
    expectUnseen(seen);
    const json = await cli.molecule('secret', 'set', 'A_KEY', VALUE, '--ws', 'Lead', '--json');
    expect(JSON.parse(json.out)).toEqual({ status: 'saved', key: 'A_KEY' });
    expectUnseen(json);
  });

  it('with --dry-run asks whose agents would start again', async () => {
    cli.server.on('putGlobalSecret', { status: 200, body: concerned });
    const seen = await cli.molecule('secret', 'set', 'A_KEY', VALUE, '--dry-run');
    expect(cli.server.calls.at(-1)?.query).toEqual({ dry_run: 'true' });
    expect(seen.out).toMatch(/^Nothing was changed. This agent would start again:\nNAME .*ID\nLead +aaaaaaaa/);
    const json = await cli.molecule('secret', 'set', 'A_KEY', VALUE, '--dry-run', '--json');
    expect(JSON.parse(json.out)).toEqual(concerned);
    cli.server.on('putGlobalSecret', { status: 200, body: { ...concerned, changes: false, would_restart: [] } });
    expect((await cli.molecule('secret', 'set', 'A_KEY', VALUE, '--dry-run')).out).toContain('Nothing would change');
  });

  it('passes on a refusal without the value', async () => {
    cli.server.on('putGlobalSecret', refusal('secret_name_refused'));
    const seen = await cli.molecule('secret', 'set', 'ADMIN_TOKEN', VALUE);
    expect(seen.exit).toBe(1);
    expect(seen.error).toContain('secret name not allowed');
    expectUnseen(seen);
  });

  it('asks nobody to save nothing', async () => {
    const seen = await molecule(cli.environment, ['secret', 'set', 'A_KEY'], { input: '' });
    expect(seen.exit).toBe(2);
    expect(seen.error).toContain('the value is empty');
    expect(cli.server.calls).toEqual([]);
  });
});

describe('secret ls and rm', () => {
  const times = { created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z' };
  const own = { key: 'OWN', has_value: true, scope: 'workspace', ...times };
  const all = { key: 'SHARED', has_value: true, scope: 'global', ...times };

  it('lists those of all agents, or what one workspace sees', async () => {
    cli.server.on('listGlobalSecrets', { status: 200, body: [all] });
    expect((await cli.molecule('secret', 'ls')).out).toMatch(/^NAME .*\nSHARED {2}all agents {2}/);
    cli.server.on('listSecrets', { status: 200, body: [own, all] });
    const seen = await cli.molecule('secret', 'ls', '--ws', 'Lead');
    expect(seen.out).toMatch(/\nOWN {5}Lead .*\nSHARED {2}all agents/);
    expect(JSON.parse((await cli.molecule('secret', 'ls', '--ws', 'Lead', '--json')).out)).toEqual([own, all]);
  });

  it('says so when there is none', async () => {
    cli.server.on('listGlobalSecrets', { status: 200, body: [] });
    expect((await cli.molecule('secret', 'ls')).out).toBe('There is no secret.\n');
    expect((await cli.molecule('secret', 'ls', '--json')).out).toBe('[]\n');
  });

  it('deletes one, of all agents or of one workspace', async () => {
    const deleted = { status: 'deleted', key: 'A_KEY' };
    cli.server.on('deleteGlobalSecret', { status: 200, body: { ...deleted, scope: 'global', restarts: 1 } });
    expect((await cli.molecule('secret', 'rm', 'A_KEY')).out).toBe(
      'A_KEY is deleted for all agents; 1 agent starts again\n',
    );
    cli.server.on('deleteSecret', { status: 200, body: deleted });
    expect((await cli.molecule('secret', 'rm', 'A_KEY', '--ws', 'Lead')).out).toContain('A_KEY of Lead is deleted');
    expect(cli.server.calls.at(-1)).toMatchObject({ params: { id: lead.id, key: 'A_KEY' } });
    cli.server.on('deleteSecret', { status: 200, body: concerned });
    expect((await cli.molecule('secret', 'rm', 'A_KEY', '--ws', 'Lead', '--dry-run')).out).toContain('would start');
    expect(cli.server.calls.at(-1)?.query).toEqual({ dry_run: 'true' });
    cli.server.on('deleteGlobalSecret', refusal('secret_not_found'));
    expect(await cli.molecule('secret', 'rm', 'A_KEY')).toMatchObject({ exit: 1 });
  });

  it('a workspace that is not there is refused before anything is sent', async () => {
    expect(await cli.molecule('secret', 'set', 'A_KEY', VALUE, '--ws', 'Nobody')).toMatchObject({ exit: 1 });
    expect(cli.server.calls.map(({ route }) => route)).toEqual(['listWorkspaces']);
  });
});

describe.each([
  ['model', 'getModel', 'putModel'],
  ['provider', 'getProvider', 'putProvider'],
] as const)('%s', (noun, getRoute, putRoute) => {
  it('get prints the choice alone, or says who decides', async () => {
    cli.server.on(getRoute, { status: 200, body: { [noun]: 'x/y', source: 'workspace_secrets' } });
    expect(await cli.molecule(noun, 'get', 'Lead')).toEqual({ exit: 0, out: 'x/y\n', error: '' });
    const none = { [noun]: '', source: 'default' };
    cli.server.on(getRoute, { status: 200, body: none });
    const seen = await cli.molecule(noun, 'get', 'Lead');
    expect(seen).toMatchObject({ exit: 0, out: '' });
    expect(seen.error).toContain(`No ${noun} is chosen for Lead`);
    expect(JSON.parse((await cli.molecule(noun, 'get', 'Lead', '--json')).out)).toEqual(none);
  });

  it('set chooses, takes back with "", and previews', async () => {
    cli.server.on(putRoute, { status: 200, body: { status: 'saved', [noun]: 'x/y' } });
    expect((await cli.molecule(noun, 'set', 'Lead', 'x/y')).out).toBe('Lead: x/y\n');
    expect(cli.server.calls.at(-1)).toMatchObject({ params: { id: lead.id }, body: { [noun]: 'x/y' } });
    cli.server.on(putRoute, { status: 200, body: { status: 'cleared' } });
    expect((await cli.molecule(noun, 'set', 'Lead', '')).out).toBe(`Lead: no ${noun} chosen\n`);
    expect(cli.server.calls.at(-1)).toMatchObject({ body: { [noun]: '' } });
    cli.server.on(putRoute, { status: 200, body: { ...concerned, would_restart: [] } });
    const seen = await cli.molecule(noun, 'set', 'Lead', 'x/y', '--dry-run');
    expect(seen.out).toBe('Nothing was changed. No agent would start again.\n');
    expect(cli.server.calls.at(-1)?.query).toEqual({ dry_run: 'true' });
  });

  it('set without what to choose tells how it is written', async () => {
    expect(await cli.molecule(noun, 'set', 'Lead')).toMatchObject({ exit: 2 });
  });
});

describe('a value from the input', () => {
  const reading = (isTTY: boolean) => {
    const input = Object.assign(new PassThrough(), { isTTY });
    const output = new PassThrough();
    const interrupted = new AbortController();
    return { input, output, interrupted, read: createReadInput(input, output, interrupted) };
  };

  it('that is piped in is taken whole, but for the line break at its end', async () => {
    const { input, output, read } = reading(false);
    input.end('-----BEGIN-----\nline\n');
    expect(await read('Value: ')).toBe('-----BEGIN-----\nline');
    expect(output.read()).toBeNull();
  });

  it('that is typed is not shown', async () => {
    const { input, output, read } = reading(true);
    const value = read('Value: ');
    input.write(`${VALUE}\r`);
    expect(await value).toBe(VALUE);
    expect(String(output.read())).toBe('Value: \n');
  });

  it('that is broken off with Ctrl-C is an interruption', async () => {
    const { input, interrupted, read } = reading(true);
    const value = read('Value: ');
    input.write('half\u0003');
    expect(await value).toBe('');
    expect(interrupted.signal.aborted).toBe(true);
  });

  it('that is far too long is refused', async () => {
    const { input, read } = reading(false);
    input.end(Buffer.alloc(1024 * 1024 + 1, 'x'));
    await expect(read('Value: ')).rejects.toThrow('larger than');
  });
});
