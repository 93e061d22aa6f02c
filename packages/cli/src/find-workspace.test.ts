import { afterEach, beforeEach, expect, it } from 'vitest';
import { aWorkspace, type Cli, createCli } from '../test/cli.js';

const lead = aWorkspace({ id: 'aaaaaaaa-0000-4000-8000-000000000001', name: 'Lead' });
const other = aWorkspace({ id: 'bbbbbbbb-0000-4000-8000-000000000002', name: 'lead' });
const writerA = aWorkspace({ id: 'cccccccc-0000-4000-8000-000000000003', name: 'Writer', parent_id: lead.id });
const writerB = aWorkspace({ id: 'cccccccc-1111-4000-8000-000000000004', name: 'Writer', parent_id: other.id });
const solo = aWorkspace({ id: 'dddddddd-0000-4000-8000-000000000005', name: 'Übersetzer 漢字' });

let cli: Cli;
beforeEach(async () => {
  cli = await createCli('/nonexistent');
  cli.server.on('listWorkspaces', { status: 200, body: [lead, other, writerA, writerB, solo] });
  cli.server.on('getWorkspaceLogs', (call) => ({
    status: 200,
    body: { lines: [call.params.id], cursor: '', available: true },
  }));
});
afterEach(() => cli.close());

it.each([
  ['its id', lead.id, lead.id],
  ['its id in capitals and braces', `{${lead.id.toUpperCase()}}`, lead.id],
  ['the first eight characters of its id', 'dddddddd', solo.id],
  ['its name', 'Übersetzer 漢字', solo.id],
  ['its name in other capitals', 'übersetzer 漢字', solo.id],
  ['its exact name, though another differs only in capitals', 'lead', other.id],
])('finds a workspace by %s', async (_how, wanted, id) => {
  expect(await cli.molecule('logs', wanted)).toEqual({ exit: 0, out: `${id}\n`, error: '' });
});

it('lists the candidates with their paths when a name is not unique, and chooses none', async () => {
  const seen = await cli.molecule('ws', 'rm', 'writer');
  expect(seen.exit).toBe(1);
  expect(seen.error).toContain('"writer" names 2 workspaces');
  expect(seen.error).toContain(`${writerA.id}  Lead / Writer`);
  expect(seen.error).toContain(`${writerB.id}  lead / Writer`);
  expect(cli.server.calls.map(({ route }) => route)).toEqual(['listWorkspaces']);
  const json = await cli.molecule('ws', 'rm', 'writer', '--json');
  expect(JSON.parse(json.error).candidates).toEqual([
    { id: writerA.id, path: 'Lead / Writer' },
    { id: writerB.id, path: 'lead / Writer' },
  ]);
});

it.each(['', 'a', 'dddddd', 'cccccccc-2', 'Writ', '../Lead'])(
  'finds nothing for %j and says where to look',
  async (wanted) => {
    const seen = await cli.molecule('ws', 'rm', wanted);
    expect(seen.exit).toBe(1);
    expect(seen.error).toContain('"./molecule ws ls"');
    expect(cli.server.calls.map(({ route }) => route)).toEqual(['listWorkspaces']);
  },
);

it('takes a path where it is the only one', async () => {
  cli.server.on('listWorkspaces', { status: 200, body: [lead, writerA, aWorkspace({ name: 'Writer' })] });
  expect(await cli.molecule('logs', 'lead/writer')).toMatchObject({ exit: 0, out: `${writerA.id}\n` });
});
