import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aWorkspace, type Cli, createCli, molecule } from '../../test/cli.js';
import { refusal } from '../../test/fake-server.js';

const lead = aWorkspace({ id: 'aaaaaaaa-0000-4000-8000-000000000001', name: 'Lead' });

let cli: Cli;
beforeEach(async () => {
  cli = await createCli('/nonexistent');
  cli.server.on('listWorkspaces', { status: 200, body: [lead] });
});
afterEach(() => cli.close());

describe('ws ls', () => {
  it('shows the tree, with what each is doing or why it failed', async () => {
    const child = aWorkspace({
      name: 'Writer',
      parent_id: lead.id,
      status: 'failed',
      last_sample_error: 'no key\nmore',
    });
    const orphan = aWorkspace({ name: 'Orphan', parent_id: 'ffffffff-0000-4000-8000-00000000000f', demo: true });
    const busy = aWorkspace({ name: 'Busy', current_task: 'x'.repeat(80) });
    cli.server.on('listWorkspaces', { status: 200, body: [child, orphan, lead, busy] });
    const [header, ...lines] = (await cli.molecule('ws', 'ls')).out.trimEnd().split('\n');
    expect(header).toMatch(/^NAME {6}STATUS {9}RUNTIME {2}NOW/);
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatch(/^Orphan {4}online \(demo\)/);
    expect(lines[1]).toMatch(/^Lead {6}online/);
    expect(lines[2]).toMatch(/^ {2}Writer {2}failed .*no key {2}/);
    expect(lines[3]).toContain(`${'x'.repeat(59)}…  ${busy.id}`);
  });

  it('says how to begin when there is nothing', async () => {
    cli.server.on('listWorkspaces', { status: 200, body: [] });
    expect((await cli.molecule('ws', 'ls')).out).toContain(' ./molecule org import starter');
    expect((await cli.molecule('ws', 'ls', '--json')).out).toBe('[]\n');
  });
});

describe('the lifecycle of a workspace', () => {
  it('ws restart says whether a template is laid over the configuration', async () => {
    const kept = {
      status: 'provisioning',
      config_dir: 'existing-volume',
      template_applied: false,
      reset_session: false,
    };
    cli.server.on('restartWorkspace', { status: 200, body: kept });
    expect((await cli.molecule('ws', 'restart', 'Lead')).out).toBe(
      'Lead is starting; its configuration stays as it is\n',
    );
    expect(cli.server.calls.at(-1)).toMatchObject({ params: { id: lead.id }, body: {} });
    cli.server.on('restartWorkspace', { status: 200, body: { ...kept, config_dir: 'seo', template_applied: true } });
    expect((await cli.molecule('ws', 'restart', 'Lead', '--template', 'seo', '--apply')).out).toBe(
      'Lead is starting, with the template "seo" laid over its configuration\n',
    );
    expect(cli.server.calls.at(-1)).toMatchObject({
      body: { template: 'seo', apply_template: true },
    });
  });

  it('ws restart --apply means the stored template, whatever the agent is called; --rebuild asks for no template', async () => {
    const body = { status: 'provisioning', config_dir: 'seo', template_applied: true, reset_session: false };
    cli.server.on('restartWorkspace', { status: 200, body });
    cli.server.on('listWorkspaces', { status: 200, body: [{ ...lead, template: 'seo' }] });
    await cli.molecule('ws', 'restart', 'Lead', '--apply');
    expect(cli.server.calls.at(-1)?.body).toEqual({ template: 'seo', apply_template: true });
    await cli.molecule('ws', 'restart', 'Lead', '--rebuild');
    expect(cli.server.calls.at(-1)?.body).toEqual({ rebuild_config: true });
  });

  it('ws restart says whether the agent forgets its conversations', async () => {
    const body = {
      status: 'provisioning',
      config_dir: 'existing-volume',
      template_applied: false,
      reset_session: true,
    };
    cli.server.on('restartWorkspace', { status: 200, body });
    expect((await cli.molecule('ws', 'restart', 'Lead', '--reset')).out).toContain('it forgets its conversations');
    expect(cli.server.calls.at(-1)).toMatchObject({ body: { reset: true } });
  });

  it('ws restart of an agent that runs elsewhere passes on what the server says', async () => {
    cli.server.on('restartWorkspace', {
      status: 200,
      body: { status: 'noop', runtime: 'external', message: 'elsewhere' },
    });
    expect((await cli.molecule('ws', 'restart', 'Lead')).out).toBe('elsewhere\n');
  });

  it('ws pause counts what was stopped, and what could not be', async () => {
    cli.server.on('pauseWorkspace', { status: 200, body: { status: 'paused', paused_count: 3 } });
    expect((await cli.molecule('ws', 'pause', 'Lead')).out).toBe('Lead: 3 agents paused\n');
    cli.server.on('pauseWorkspace', { status: 200, body: { status: 'paused', paused_count: 1, stop_failures: 1 } });
    expect((await cli.molecule('ws', 'pause', 'Lead')).out).toBe(
      'Lead: 1 agent paused; 1 could not be stopped yet, the server goes on trying\n',
    );
  });

  it('ws resume counts what is starting; a refusal is shown with what to do', async () => {
    cli.server.on('resumeWorkspace', { status: 200, body: { status: 'provisioning', resumed_count: 1 } });
    expect((await cli.molecule('ws', 'resume', 'Lead')).out).toBe('Lead: 1 agent is starting\n');
    cli.server.on('resumeWorkspace', refusal('workspace_not_paused'));
    const seen = await cli.molecule('ws', 'resume', 'Lead');
    expect(seen.exit).toBe(1);
    expect(seen.error).toContain('workspace not found or not paused');
  });

  it('ws hibernate says when the instance is not gone yet', async () => {
    cli.server.on('hibernateWorkspace', { status: 200, body: { status: 'hibernated' } });
    expect((await cli.molecule('ws', 'hibernate', 'Lead', '--force')).out).toBe(
      'Lead hibernates; the next message wakes it\n',
    );
    expect(cli.server.calls.at(-1)).toMatchObject({ query: { force: 'true' } });
    cli.server.on('hibernateWorkspace', { status: 202, body: { status: 'hibernating' } });
    expect((await cli.molecule('ws', 'hibernate', 'Lead')).out).toBe(
      'Lead is still being stopped; the next message wakes it\n',
    );
  });
});

describe('ws rm', () => {
  it('removes a workspace and says how many went with it', async () => {
    cli.server.on('deleteWorkspace', { status: 200, body: { status: 'removed', cascade_deleted: 2 } });
    for (const verb of ['rm', 'delete']) {
      expect((await cli.molecule('ws', verb, 'Lead', '--yes')).out).toBe('Lead and 2 below it: removed\n');
    }
    expect(cli.server.calls.at(-1)).toMatchObject({
      params: { id: lead.id },
      query: { confirm: 'true', purge: 'false' },
    });
  });

  it('asks for --yes before it removes children, and names them', async () => {
    const children = [{ id: lead.id, name: 'Writer' }];
    const body = { status: 'confirmation_required', message: 'has children', children, children_count: 1 };
    cli.server.on('deleteWorkspace', { status: 409, body });
    const seen = await cli.molecule('ws', 'rm', 'Lead');
    expect(seen).toMatchObject({ exit: 1, out: '' });
    expect(seen.error).toBe('"Lead" has 1 child: Writer\nRepeat with --yes to remove them as well.\n');
    expect(JSON.parse((await cli.molecule('ws', 'rm', 'Lead', '--json')).error)).toMatchObject({ children });
  });

  describe('on a terminal', () => {
    const asked: string[] = [];
    const rm = (answers: readonly string[], ...flags: readonly string[]) => {
      asked.length = 0;
      const left = [...answers];
      const ask = async (question: string) => {
        asked.push(question);
        return left.shift() ?? '';
      };
      return molecule(cli.environment, ['ws', 'rm', 'Lead', ...flags], { ask });
    };
    const requests = () => cli.server.calls.filter(({ route }) => route === 'deleteWorkspace');
    beforeEach(() => {
      const children = [{ id: lead.id, name: 'Writer' }];
      const body = { status: 'confirmation_required', message: 'has children', children, children_count: 1 };
      cli.server.on('deleteWorkspace', ({ query }) =>
        query.confirm === 'true'
          ? { status: 200, body: { status: 'removed', cascade_deleted: 1 } }
          : { status: 409, body },
      );
    });

    it.each(['', 'n', 'yesterday'])('removes nothing when the answer is %j', async (answer) => {
      expect(await rm([answer])).toEqual({ exit: 1, out: '', error: 'nothing was removed\n' });
      expect(asked).toEqual(['Remove "Lead"? (y/N) ']);
      expect(requests()).toEqual([]);
    });

    it('asks once more before children go with it', async () => {
      expect(await rm(['y', 'n'])).toMatchObject({ exit: 1, error: 'nothing was removed\n' });
      expect(asked[1]).toBe('"Lead" has 1 child: Writer. Remove them as well? (y/N) ');
      expect(await rm(['y', 'Yes'])).toEqual({ exit: 0, out: 'Lead and 1 below it: removed\n', error: '' });
    });

    it('does not ask with --yes, nor where the output is for a program', async () => {
      expect((await rm([], '--yes')).exit).toBe(0);
      expect((await rm([], '--json')).exit).toBe(1);
      expect(asked).toEqual([]);
    });
  });

  it('reports an instance that could not be stopped', async () => {
    cli.server.on('deleteWorkspace', refusal('stop_failed', { removed_count: 1 }));
    const seen = await cli.molecule('ws', 'rm', 'Lead', '--json');
    expect(seen.exit).toBe(1);
    expect(JSON.parse(seen.error)).toMatchObject({ code: 'stop_failed', removed_count: 1, status: 500 });
  });
});

describe('org', () => {
  it('lists the templates', async () => {
    const starter = { dir: 'starter', name: 'Starter team', description: 'A lead', workspaces: 3 };
    cli.server.on('listOrgTemplates', { status: 200, body: [{ ...starter, required_env: [], recommended_env: [] }] });
    expect((await cli.molecule('org', 'ls')).out).toMatch(/^DIR .*\nstarter {2}3 {7}Starter team {2}A lead\n$/);
  });

  it('imports, and tells the created from the kept', async () => {
    const workspaces = [
      { id: lead.id, name: 'Lead', tier: 1, skipped: true },
      { id: lead.id, name: 'Writer', tier: 1 },
    ];
    cli.server.on('importOrg', { status: 201, body: { org: 'Starter team', workspaces, count: 2 } });
    const { out } = await cli.molecule('org', 'import', 'starter', '--force');
    expect(out).toContain('Starter team: 1 created, 1 kept');
    expect(cli.server.calls.at(-1)).toMatchObject({
      query: { dry_run: 'false' },
      body: { dir: 'starter', force: true },
    });
  });

  it('says so when everything was there already', async () => {
    const workspaces = [{ id: lead.id, name: 'Lead', tier: 1, skipped: true }];
    cli.server.on('importOrg', { status: 201, body: { org: 'Starter team', workspaces, count: 1 } });
    const { out } = await cli.molecule('org', 'import', 'starter');
    expect(out).toContain('Starter team: nothing was created, its agent is there already\n');
    expect(out).not.toContain('Watch them');
  });

  it('says where the templates are listed when there is none of that name', async () => {
    cli.server.on('importOrg', refusal('org_template_not_found'));
    expect((await cli.molecule('org', 'import', 'nope')).error).toBe(
      'org template not found\n"./molecule org ls" lists them.\n',
    );
  });

  it('shows the plan of a dry run, with the keys that are missing', async () => {
    const node = { path: 'Lead / Writer', name: 'Writer', parent: 'Lead', tier: 1, runtime: 'echo', template: '' };
    const plan = {
      org: 'Starter team',
      create: [node],
      keep: [{ path: 'Lead', name: 'Lead', id: lead.id }],
      missing_env: ['A_KEY'],
      recommended_missing: [{ any_of: ['B_KEY', 'C_KEY'] }],
    };
    cli.server.on('importOrg', { status: 200, body: plan });
    const { out } = await cli.molecule('org', 'import', 'starter', '--dry-run');
    expect(cli.server.calls.at(-1)?.query).toEqual({ dry_run: 'true' });
    expect(out).toContain('nothing was changed');
    expect(out).toMatch(/create {2}Lead \/ Writer {2}echo\nkeep {4}Lead\n/);
    expect(out).toContain('Missing, required: A_KEY\nNot set, recommended: one of B_KEY, C_KEY\n');
  });

  it('names every problem of a template that cannot be imported: file, line, reason', async () => {
    const problems = [
      { id: 'mine', file: 'org.yaml', line: 7, column: 3, reason: 'name is missing' },
      { id: 'mine', file: 'lead/prompt.md', reason: 'lies outside the template' },
    ];
    cli.server.on('importOrg', refusal('org_template_expansion_failed', { problems }));
    const seen = await cli.molecule('org', 'import', 'mine');
    expect(seen.exit).toBe(1);
    expect(seen.error).toContain('  org.yaml:7: name is missing\n  lead/prompt.md: lies outside the template\n');
  });

  it('names the keys without which it refuses to import', async () => {
    cli.server.on('importOrg', refusal('missing_required_env', { missing_env: ['A_KEY', { any_of: ['B', 'C'] }] }));
    expect((await cli.molecule('org', 'import', 'x')).error).toContain('  A_KEY\n  one of B, C\n');
  });
});

describe('logs', () => {
  it('prints the lines there are', async () => {
    cli.server.on('getWorkspaceLogs', { status: 200, body: { lines: ['one', 'two'], cursor: 'c', available: true } });
    expect(await cli.molecule('logs', 'Lead', '-n', '2')).toEqual({ exit: 0, out: 'one\ntwo\n', error: '' });
    expect(cli.server.calls.at(-1)?.query).toEqual({ limit: '2' });
  });

  it('prints a JSON line as time, level, event and details, and as it was written with --json', async () => {
    const line = '{"time":"2026-11-21T04:22:03.142Z","level":"warn","event":"adapter_unusable","reason":"No key"}';
    const page = { lines: [line, 'Traceback'], cursor: 'c', available: true };
    cli.server.on('getWorkspaceLogs', { status: 200, body: page });
    expect((await cli.molecule('logs', 'Lead')).out).toMatch(
      /^2026-11-2\d \d\d:22:03 {2}warn {2}adapter_unusable {2}reason="No key"\nTraceback\n$/,
    );
    expect(JSON.parse((await cli.molecule('logs', 'Lead', '--json')).out)).toEqual(page);
  });

  it('says so when the backend keeps no output', async () => {
    cli.server.on('getWorkspaceLogs', { status: 200, body: { lines: [], cursor: '', available: false } });
    expect((await cli.molecule('logs', 'Lead', '-f')).out).toBe('Lead keeps no log on this server.\n');
  });

  it.each([
    [['-f'], 'one\ntwo\nthree\n'],
    [['-f', '--json'], '{"line":"one"}\n{"line":"two"}\n{"line":"three"}\n'],
  ])('follows with %j from where it was, until Ctrl-C, which is no failure', async (flags, expected) => {
    const interrupt = new AbortController();
    const pages: Record<string, unknown> = {
      '': { lines: ['one'], cursor: 'c1', available: true },
      c1: { lines: ['two', 'three'], cursor: 'c2', available: true },
    };
    cli.server.on('getWorkspaceLogs', ({ query }) => ({
      status: 200,
      body: pages[query.after ?? ''] ?? { lines: [], cursor: 'c2', available: true },
    }));
    let out = '';
    const seen = await molecule(cli.environment, ['logs', 'Lead', ...flags], {
      signal: interrupt.signal,
      onOut: (text) => {
        out += text;
        if (out === expected) interrupt.abort();
      },
    });
    expect(seen).toEqual({ exit: 0, out: expected, error: '' });
  });
});

it('prints the login link alone on the output, so that it can be passed on', async () => {
  const body = { url: 'http://localhost:8080/login/x', expires_at: '2026-01-01T00:00:00Z' };
  cli.server.on('createLoginLink', { status: 201, body });
  const seen = await cli.molecule('login-link');
  expect(seen.out).toBe('http://localhost:8080/login/x\n');
  expect(seen.error).toContain('Works once');
});
