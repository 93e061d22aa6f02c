import { waitFor } from '@molecule/testkit';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { createOrgsWorld, type OrgsWorld, SECRETS_KEY } from '../../../test/orgs-world.js';
import { createRandom } from '../../platform/random.js';
import { createCipher } from '../secrets/index.js';

const database = useTestDatabase();
let world: OrgsWorld;

beforeEach(async () => {
  world = await createOrgsWorld(database.url);
  const db = world.ports.lanes.control;
  await sql`update workspaces set status = 'removed', desired = 'removed' where status <> 'removed'`.execute(db);
});
afterEach(() => world.close());

const importOrg = (dir: string, query = '') => world.call('POST', `/org/import${query}`, { dir });

async function schedules() {
  const { rows } = await sql<Record<string, unknown>>`
    select w.name as workspace, s.name, cron_expr, timezone, prompt, enabled, source, next_run_at
      from workspace_schedules as s join workspaces as w on w.id = s.workspace_id
     where w.status <> 'removed' order by w.seq, s.name`.execute(world.ports.lanes.control);
  return rows;
}

async function channels() {
  const { rows } = await sql<{
    workspace_id: string;
    channel_type: string;
    channel_config: Record<string, string>;
    enabled: boolean;
    allowed_users: string[];
  }>`
    select workspace_id, channel_type, channel_config, c.enabled, allowed_users
      from workspace_channels as c join workspaces as w on w.id = c.workspace_id
     where w.status <> 'removed' order by w.seq, channel_type`.execute(world.ports.lanes.control);
  return rows;
}

const TOKEN = `123456:${'a'.repeat(35)}`;

function writeStudio(dailyPrompt = 'Plan the day.'): void {
  world.write('orgs', {
    'studio/org.yaml': [
      'name: Studio',
      'defaults: { runtime: echo }',
      'workspaces:',
      '  - name: Lead',
      '    files_dir: lead',
      '    schedules:',
      `      - { name: Daily, cron_expr: "0 9 * * 1-5", timezone: Europe/Berlin, prompt: "${dailyPrompt}" }`,
      '      - { name: Weekly, cron_expr: "0 8 * * 1", prompt_file: weekly.md, enabled: false }',
      '      - { name: Broken, cron_expr: often, prompt: x }',
      '      - { name: Silent, cron_expr: "* * * * *" }',
      '      - { name: Lost, cron_expr: "* * * * *", prompt_file: gone.md }',
      '      - { name: Daily, cron_expr: "* * * * *", prompt: again }',
      '      - { cron_expr: "* * * * *", prompt: x }',
      '    channels:',
      `      - { type: telegram, config: { bot_token: "\${BOT}", chat_id: 42 }, allowed_users: [7, ada] }`,
      `      - { type: slack, config: { webhook_url: "\${HOOK}", username: lead } }`,
      '      - { type: discord, config: { webhook_url: "https://example.com/hook" } }',
      `      - { type: telegram, config: { bot_token: "\${BOT}", chat_id: 43 } }`,
      '      - { type: pager }',
      '      - {}',
    ].join('\n'),
    'studio/.env': `BOT=${TOKEN}\n`,
    'studio/lead/weekly.md': 'Look back.\r\nThen ahead.\n',
    'studio/lead/system-prompt.md': 'You lead.',
  });
}

const SKIPPED = [
  { workspace: 'Lead', type: 'slack', reason: 'missing env: [HOOK]' },
  {
    workspace: 'Lead',
    type: 'discord',
    reason: 'webhook_url must begin with https://discord.com/api/webhooks/',
  },
  { workspace: 'Lead', type: 'telegram', reason: 'there is another channel of this type' },
  { workspace: 'Lead', type: 'pager', reason: 'unknown adapter' },
  { workspace: 'Lead', type: '', reason: 'empty type' },
];

const NOTES = [
  'schedules are recorded and do not run yet (1 of 1 workspaces)',
  'channels are recorded and not connected yet (1 of 1 workspaces)',
  'schedule passed over: Broken: cron_expr must be five fields, such as "0 9 * * 1-5" (1 of 1 workspaces)',
  'schedule passed over: Silent: its prompt is empty (1 of 1 workspaces)',
  'passed over: gone.md does not exist (1 of 1 workspaces)',
  'schedule passed over: Daily: there is another of this name (1 of 1 workspaces)',
  'schedule passed over: it has no name (1 of 1 workspaces)',
];

describe('what an org asks for beside its workspaces', () => {
  it('schedules are recorded with their next run, those that cannot run are told (contract §8.4, §22)', async () => {
    writeStudio();
    const { body } = await importOrg('studio');
    expect(body.notes).toEqual(NOTES);
    expect(await schedules()).toEqual([
      {
        workspace: 'Lead',
        name: 'Daily',
        cron_expr: '0 9 * * 1-5',
        timezone: 'Europe/Berlin',
        prompt: 'Plan the day.',
        enabled: true,
        source: 'template',
        next_run_at: expect.any(Date),
      },
      {
        workspace: 'Lead',
        name: 'Weekly',
        cron_expr: '0 8 * * 1',
        timezone: 'UTC',
        prompt: 'Look back.\nThen ahead.',
        enabled: false,
        source: 'template',
        next_run_at: expect.any(Date),
      },
    ]);
  });

  it('channels are recorded with their secrets sealed, those that could not work are told (contract §22)', async () => {
    writeStudio();
    const { body } = await importOrg('studio');
    const [lead] = body.workspaces;
    expect(lead).toMatchObject({ channels: ['telegram'], channels_skipped: SKIPPED });
    const [stored, ...others] = await channels();
    expect(others).toEqual([]);
    expect(stored).toMatchObject({
      workspace_id: lead.id,
      channel_type: 'telegram',
      channel_config: { chat_id: '42', bot_token: expect.stringMatching(/^ec2:[0-9a-f]{16}:/) },
      enabled: true,
      allowed_users: ['7', 'ada'],
    });
    expect(JSON.stringify(stored)).not.toContain(TOKEN);
    const [, keyId = '', sealed = ''] = stored?.channel_config.bot_token?.split(':') ?? [];
    const cipher = createCipher(SECRETS_KEY, createRandom());
    const place = { scope: 'workspace', workspaceId: lead.id, key: 'channel:telegram:bot_token' } as const;
    const value = { encrypted_value: Buffer.from(sealed, 'base64'), encryption_version: 2, key_id: keyId };
    expect(cipher.open(place, value)).toBe(TOKEN);
    expect(() => cipher.open({ ...place, workspaceId: world.ports.random.uuid() }, value)).toThrow(/moved/);
  });

  it('a dry run names schedules and channels, and writes none of them', async () => {
    writeStudio();
    const plan = await importOrg('studio', '?dry_run=true');
    expect(plan.body.create).toMatchObject([
      { name: 'Lead', schedules: ['Daily', 'Weekly'], channels: ['telegram'], channels_skipped: SKIPPED },
    ]);
    expect(plan.body.notes).toEqual(NOTES);
    expect(await schedules()).toEqual([]);
    expect(await channels()).toEqual([]);
  });

  it('R27: importing again refreshes the schedules of the template, and nothing that a person made or changed', async () => {
    const db = world.ports.lanes.control;
    writeStudio();
    const first = await importOrg('studio');
    const [{ id }] = first.body.workspaces;
    await sql`
      update workspace_schedules set source = 'runtime', prompt = 'Mine.' where name = 'Weekly' and workspace_id = ${id}`.execute(
      db,
    );
    await sql`
      update workspace_schedules set enabled = false, next_run_at = '2040-01-01' where name = 'Daily' and workspace_id = ${id}`.execute(
      db,
    );
    await sql`
      update workspace_channels set enabled = false, allowed_users = '["me"]' where workspace_id = ${id}`.execute(db);
    writeStudio('Plan it better.');
    const again = await importOrg('studio');
    expect(again.body.workspaces).toEqual([{ ...first.body.workspaces[0], skipped: true }]);
    expect(await schedules()).toMatchObject([
      { name: 'Daily', prompt: 'Plan it better.', enabled: false, next_run_at: new Date('2040-01-01T00:00:00Z') },
      { name: 'Weekly', prompt: 'Mine.', source: 'runtime' },
    ]);
    expect(await channels()).toMatchObject([{ enabled: false, allowed_users: ['me'] }]);
    // What is missing of a kept workspace is filled up, as its children are.
    await sql`delete from workspace_channels where workspace_id = ${id}`.execute(db);
    await importOrg('studio');
    expect(await channels()).toMatchObject([{ channel_type: 'telegram', enabled: true }]);
  });

  it('a schedule or channel that is no mapping refuses the org, with its place', async () => {
    world.write('orgs', {
      'odd/org.yaml':
        'name: Odd\nworkspaces:\n  - name: A\n    schedules: [daily]\n    channels:\n      - { type: slack, config: [x] }\n',
    });
    expect(await importOrg('odd')).toMatchObject({
      status: 400,
      body: {
        error: 'invalid org template',
        problems: [
          { file: 'org.yaml', line: 6, reason: 'A: channel: config must be a mapping' },
          { file: 'org.yaml', line: 4, reason: 'A: schedule: must be a mapping of keys' },
        ],
      },
    });
  });
});

describe('the plugins an org names', () => {
  it('are laid into the configuration of each agent; what is not there is told (contract §8.4, §22)', async () => {
    world.write('plugins', {
      'house/rules/style.md': 'Be kind.',
      'house/guide.md': 'The house.',
      'house/.git/config': 'hidden',
      'extra/guide.md': 'More.',
    });
    world.write('orgs', {
      'plugged/org.yaml': [
        'name: Plugged',
        'defaults: { runtime: echo, plugins: [house, absent] }',
        'workspaces:',
        '  - { name: Both, plugins: [extra] }',
        '  - { name: Without, plugins: ["!house", "-absent"] }',
      ].join('\n'),
    });
    const { body } = await importOrg('plugged');
    expect(body.notes).toEqual([
      'passed over: the plugin absent is not in the plugins folder of this server (1 of 2 workspaces)',
    ]);
    const [both, without] = body.workspaces;
    await waitFor(() => world.backend.countRunning(both.id) + world.backend.countRunning(without.id) === 2);
    const pathsOf = (id: string) => world.backend.files.list(id);
    expect(pathsOf(both.id)).toEqual([
      'config.yaml',
      'plugins/extra/guide.md',
      'plugins/house/guide.md',
      'plugins/house/rules/style.md',
    ]);
    expect(pathsOf(without.id)).toEqual(['config.yaml']);
  });

  it('cannot lead out of the plugins folder', async () => {
    world.write('orgs', {
      'out/org.yaml': 'name: Out\nworkspaces: [{ name: A, runtime: echo, plugins: [../orgs] }]\n',
    });
    expect(await importOrg('out')).toMatchObject({
      status: 400,
      body: { problems: [{ file: 'org.yaml', reason: 'A: plugin ../orgs is not the name of a folder' }] },
    });
  });
});

describe('the start of an imported team', () => {
  it('D20: the answer waits for no agent, and parents start before their children', async () => {
    await world.close();
    world = await createOrgsWorld(database.url, { startsMax: 1 });
    const held = world.backend.holdStarts();
    const member = (name: string, children: object[] = []) => ({ name, children });
    const template = {
      name: 'Line',
      defaults: { runtime: 'echo' },
      workspaces: [member('Top', [member('Left', [member('Leaf')]), member('Right')])],
    };
    const { status, body } = await world.call('POST', '/org/import', { template });
    expect({ status, count: body.count }).toEqual({ status: 201, count: 4 });
    const idOf = (name: string) => body.workspaces.find((entry: { name: string }) => entry.name === name).id;
    expect(body.workspaces.map(({ id }: { id: string }) => world.backend.countRunning(id))).toEqual([0, 0, 0, 0]);
    held.release();
    await waitFor(() => body.workspaces.every(({ id }: { id: string }) => world.backend.countRunning(id) === 1));
    const started = world.backend.calls.filter((call) => call.startsWith('start ')).map((call) => call.slice(6));
    for (const [parent, child] of [
      ['Top', 'Left'],
      ['Left', 'Leaf'],
      ['Top', 'Right'],
    ] as const) {
      expect(started.indexOf(idOf(parent))).toBeLessThan(started.indexOf(idOf(child)));
    }
  });
});
