import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImportResult, Workspace } from '@molecule/contract';
import { waitFor } from '@molecule/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Finished, molecule, startMolecule } from './support/cli.js';
import { type Product, startProduct } from './support/product.js';

// One story told in order, with nothing but `./molecule` and the data directory it finds the server by.
describe('the whole story from the shell', () => {
  let product: Product;
  let env: Record<string, string>;

  beforeAll(async () => {
    product = await startProduct();
    env = { MOLECULE_DATA_DIR: product.dataDir.path };
  });

  afterAll(async () => {
    await product?.end();
  });

  const run = (...args: string[]): Promise<Finished> => molecule(args, env);
  const read = async (...args: string[]): Promise<unknown> => {
    const { code, stdout, stderr } = await run(...args, '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return JSON.parse(stdout);
  };
  // The client of the contract has checked nothing; these are the declared shapes of the two answers.
  const list = async () => (await read('ws', 'ls')) as Workspace[];

  it('a new server has no workspaces and offers the built-in teams', async () => {
    expect(await list()).toEqual([]);
    expect((await run('ws', 'ls')).stdout).toContain('molecule org import starter');
    expect((await run('org', 'ls')).stdout).toMatch(/starter\s+3\s+Starter team/);
  });

  it('a dry run shows the plan and changes nothing', async () => {
    const { code, stdout } = await run('org', 'import', 'starter', '--dry-run');
    expect(code).toBe(0);
    expect(stdout).toMatch(/create\s+.*Writer/);
    expect(await list()).toEqual([]);
  });

  it('an import creates the team once, and it comes online', async () => {
    const first = (await read('org', 'import', 'starter')) as ImportResult;
    expect(first.workspaces.map(({ name, skipped }) => [name, skipped === true])).toEqual([
      ['Lead', false],
      ['Researcher', false],
      ['Writer', false],
    ]);
    const again = (await read('org', 'import', 'starter')) as ImportResult;
    expect(again.workspaces.every(({ skipped }) => skipped)).toBe(true);
    await waitFor(async () => (await list()).every(({ status }) => status === 'online'), { timeoutMs: 60_000 });
    const { stdout } = await run('ws', 'ls');
    expect(stdout).toMatch(/^Lead\s+online \(demo\)/m);
    expect(stdout).toMatch(/^ {2}Researcher\s+online \(demo\)/m);
  });

  it('a chat prints the answer of the lead, with a line for each member of its team', async () => {
    const { code, stdout } = await run('chat', 'lead', 'What is new?');
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        'Demo reply from Lead (no model key configured)',
        '> Researcher received: For Researcher: What is new?',
        '> Writer received: For Writer: What is new?',
        '',
      ].join('\n'),
    );
    expect(await read('chat', 'Writer', 'hello')).toMatchObject({ text: 'Writer received: hello' });
  });

  it('logs -f follows what an agent writes until Ctrl-C, and ends well', async () => {
    const logs = startMolecule(['logs', 'Writer', '-f'], env);
    await waitFor(() => logs.stdout() !== '');
    const printed = logs.stdout().length;
    await run('chat', 'Writer', 'say something');
    await waitFor(() => logs.stdout().length > printed, { what: 'a new line of the log' });
    logs.child.kill('SIGINT');
    expect(await logs.finished).toMatchObject({ code: 0, stderr: '' });
  });

  it('a login link opens the canvas', async () => {
    const { code, stdout } = await run('login-link');
    expect(code).toBe(0);
    const link = /http\S+/.exec(stdout)?.[0] ?? '';
    const reply = await fetch(link, { method: 'POST', redirect: 'manual', headers: { origin: new URL(link).origin } });
    expect(reply.status).toBe(303);
    expect(reply.headers.get('set-cookie')).toContain('HttpOnly');
  });

  it('doctor finds a healthy server', async () => {
    expect(await read('doctor')).toMatchObject({ healthy: true });
    expect((await run('doctor')).stdout).not.toContain('FAIL');
  });

  it('what cannot be understood ends with 2 and says how it is written', async () => {
    for (const args of [
      ['ws', 'rm'],
      ['fly'],
      ['ws', 'ls', '--nonsense'],
      ['chat', 'Lead', 'hi', '--timeout', 'soon'],
    ]) {
      const { code, stdout, stderr } = await run(...args);
      expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: '' });
      expect(stderr).not.toMatch(/\n\s+at /);
    }
  });

  it('what the server refuses ends with 1 and the reason, as JSON where asked for', async () => {
    const unknown = await run('chat', 'Nobody', 'hello', '--json');
    expect(unknown).toMatchObject({ code: 1, stdout: '' });
    expect(JSON.parse(unknown.stderr)).toMatchObject({ error: 'there is no workspace "Nobody"', code: 'refused' });

    const strange = await molecule(['ws', 'ls'], {
      MOLECULE_URL: product.server.url,
      MOLECULE_TOKEN: 'not-a-real-token',
    });
    expect(strange).toMatchObject({ code: 1, stdout: '' });
  });

  it('an answer that takes longer than allowed ends with 4, and the message stays recorded', async () => {
    const writer = (await list()).find(({ name }) => name === 'Writer');
    const processes = await product.dataDir.processes();
    const agents = processes.filter(({ text }) => text.includes(`WORKSPACE_ID=${writer?.id}`));
    expect(agents.length).toBeGreaterThan(0);
    for (const { pid } of agents) process.kill(pid, 'SIGSTOP');
    const { code, stderr } = await run('chat', 'Writer', 'are you there?', '--timeout', '1');
    for (const { pid } of agents) process.kill(pid, 'SIGCONT');
    expect({ code, stderr }).toEqual({ code: 4, stderr: expect.stringContaining('no answer') });
  });

  it('ws rm of a lead names who goes with it, and goes on with --yes', async () => {
    const refused = await run('ws', 'rm', 'Lead');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/Researcher/);
    expect(refused.stderr).toMatch(/--yes/);
    expect((await list()).length).toBe(3);
    expect(await run('ws', 'rm', 'Lead', '--yes')).toMatchObject({ code: 0, stderr: '' });
    expect(await list()).toEqual([]);
  });

  it('without a server every command ends with 3 and says what to do', async () => {
    await product.server.stop();
    const gone = await run('ws', 'ls');
    expect({ code: gone.code, stdout: gone.stdout }).toEqual({ code: 3, stdout: '' });
    expect(gone.stderr).toContain('npm start');
    const wrong = await molecule(['ws', 'ls', '--json'], { MOLECULE_URL: product.server.url, MOLECULE_TOKEN: 'any' });
    expect(wrong.code).toBe(3);
    expect(JSON.parse(wrong.stderr)).toMatchObject({ code: 'unreachable' });
    expect((await run('doctor')).code).toBe(3);
    // A stopped server leaves no note behind that would name it.
    await rm(join(product.dataDir.path, 'server.json'), { force: false }).then(
      () => expect.fail('server.json was still there'),
      (error: NodeJS.ErrnoException) => expect(error.code).toBe('ENOENT'),
    );
  });
});
