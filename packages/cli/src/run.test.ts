import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aWorkspace, type Cli, createCli, molecule } from '../test/cli.js';
import { refusal } from '../test/fake-server.js';
import { COMMANDS } from './commands/index.js';

let cli: Cli;
beforeEach(async () => {
  cli = await createCli('/nonexistent');
});
afterEach(() => cli.close());

describe('exit codes', () => {
  it('is 0 when the command did what was asked', async () => {
    cli.server.on('listWorkspaces', { status: 200, body: [] });
    expect(await cli.molecule('ws', 'ls')).toMatchObject({ exit: 0, error: '' });
  });

  it('is 1 when the server refuses, with its text and its advice', async () => {
    cli.server.on('listWorkspaces', refusal('admin_auth_required'));
    const seen = await cli.molecule('ws', 'ls');
    expect(seen).toMatchObject({ exit: 1, out: '' });
    expect(seen.error).toMatch(/^admin auth required\nLog in with the link/);
  });

  it('is 1 when the token of a variable does not open the server, and names the variable', async () => {
    cli.server.on('listWorkspaces', refusal('admin_auth_required'));
    const seen = await molecule({ ...cli.environment, tokenFrom: 'MOLECULE_TOKEN' }, ['ws', 'ls']);
    expect(seen).toMatchObject({ exit: 1, error: expect.stringContaining('The token in MOLECULE_TOKEN') });
  });

  it.each([
    [['nonsense']],
    [['ws']],
    [['ws', 'ls', 'too', 'many']],
    [['chat', 'lead', ' ']],
    [['chat', 'lead', 'hi', 'there']],
    [['ws', 'rm']],
    [['ws', 'ls', '--unknown']],
    [['chat', 'lead', 'hello', '--timeout', 'soon']],
    [['chat', 'lead', 'hello', '--timeout', '0']],
    [['chat', 'lead', 'hello', '--timeout', '99999999']],
    [['logs', 'lead', '--lines', '-1']],
    [['logs', 'lead', '-n', 'many']],
  ])('is 2 for a command line that is not understood: %j', async (words) => {
    const seen = await cli.molecule(...words);
    expect(seen).toMatchObject({ exit: 2, out: '' });
    expect(seen.error).not.toBe('');
    expect(cli.server.calls).toEqual([]);
  });

  it.each([
    [
      ['ws', 'ls', '--unknown'],
      'there is no option "--unknown" here; a text that begins with a dash stands behind "--"',
    ],
    [['logs', 'lead', '-n'], '"--lines" needs a value'],
    [['logs', 'lead', '--follow=yes'], '"--follow" takes no value'],
  ])('names the word that is wrong: %j', async (words, sentence) => {
    const seen = await cli.molecule(...words);
    expect(seen.error.split('\n')[0]).toContain(sentence);
  });

  it('is 3 when no server is known, and says how to start one', async () => {
    const seen = await molecule({ ...cli.environment, url: null, from: 'none' }, ['ws', 'ls']);
    expect(seen.exit).toBe(3);
    expect(seen.error).toContain('npm start');
    expect(seen.error).toContain('/nonexistent/server.json');
    expect(seen.error).toContain('MOLECULE_DATA_DIR');
  });

  it.each(['notaurl', 'localhost:8080'])('is 3 when MOLECULE_URL is %s, and says that it is no URL', async (url) => {
    const environment = { ...cli.environment, url };
    const seen = await molecule(environment, ['ws', 'ls']);
    expect(seen).toMatchObject({ exit: 3, error: expect.stringContaining(`"${url}" is no URL: write MOLECULE_URL`) });
    expect((await molecule(environment, ['doctor'])).out).toContain('is no URL');
  });

  it('is 3 when nothing listens at the address, or the address is none', async () => {
    await cli.close();
    expect((await cli.molecule('ws', 'ls')).exit).toBe(3);
    expect((await molecule({ ...cli.environment, url: 'not a url' }, ['ws', 'ls'])).exit).toBe(3);
    cli = await createCli('/nonexistent');
  });

  it('is 4 when the agent behind the server did not answer in time', async () => {
    cli.server.on('listWorkspaces', { status: 200, body: [aWorkspace()] });
    cli.server.on('sendMessage', refusal('agent_timeout'));
    expect((await cli.molecule('chat', 'Lead', 'hello')).exit).toBe(4);
  });

  it('is 130 after Ctrl-C, and says no more than that', async () => {
    const interrupt = new AbortController();
    cli.server.on('listWorkspaces', { status: 200, body: [aWorkspace()] });
    cli.server.on('sendMessage', () => {
      interrupt.abort();
      return new Promise(() => {});
    });
    const seen = await molecule(cli.environment, ['chat', 'Lead', 'hello'], { signal: interrupt.signal });
    expect(seen).toMatchObject({ exit: 130, error: 'interrupted\n' });
  });
});

describe('--json', () => {
  it('prints every refusal as one object with a code, on the error stream', async () => {
    cli.server.on('listWorkspaces', refusal('admin_auth_required'));
    for (const [words, code] of [
      [['ws', 'ls'], 'admin_auth_required'],
      [['nonsense'], 'usage'],
      [['ws', 'rm'], 'usage'],
    ] as const) {
      const seen = await cli.molecule(...words, '--json');
      expect(seen.out).toBe('');
      expect(JSON.parse(seen.error)).toMatchObject({ error: expect.any(String), code });
    }
    const away = await molecule({ ...cli.environment, url: null, from: 'none' }, ['ws', 'ls', '--json']);
    expect(JSON.parse(away.error)).toMatchObject({ code: 'unreachable' });
  });

  it('prints the very body of the server', async () => {
    const body = [aWorkspace({ name: 'A' })];
    cli.server.on('listWorkspaces', { status: 200, body });
    expect(JSON.parse((await cli.molecule('--json', 'ws', 'ls')).out)).toEqual(body);
    const link = { url: 'http://localhost/login/x', expires_at: '2026-01-01T00:00:00Z' };
    cli.server.on('createLoginLink', { status: 201, body: link });
    const seen = await cli.molecule('login-link', '--json');
    expect(JSON.parse(seen.out)).toEqual(link);
    expect(seen.error).toBe('');
  });

  it('is a plain word behind "--"', async () => {
    cli.server.on('listWorkspaces', { status: 200, body: [aWorkspace()] });
    cli.server.on('sendMessage', { status: 200, body: { result: { parts: [{ text: 'ok' }] } } });
    await cli.molecule('chat', 'Lead', '--', '--json');
    const sent = cli.server.calls.find(({ route }) => route === 'sendMessage');
    expect(sent?.body).toMatchObject({ params: { message: { parts: [{ text: '--json' }] } } });
  });
});

describe('what was probably meant', () => {
  it('a verb that does not exist is named, with those that do', async () => {
    const { error } = await cli.molecule('ws', 'list');
    expect(error).toContain('there is no command "ws list"; those of ws are');
    expect(error).toContain('./molecule ws ls');
    expect((await cli.molecule('ws')).error).toContain('which of these?');
  });

  it('a message that the shell has split is to be quoted', async () => {
    expect((await cli.molecule('chat', 'Lead', 'hi', 'there')).error).toContain('put the message in quotes');
    expect((await cli.molecule('chat', 'Lead', '')).error).toContain('the message is empty');
  });
});

it('prints its version', async () => {
  const { exit, out } = await cli.molecule('--version');
  expect({ exit, out }).toEqual({ exit: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  expect(JSON.parse((await cli.molecule('--version', '--json')).out)).toEqual({ version: out.trim() });
});

describe('help', () => {
  it('names every command, with and without --json', async () => {
    const { out } = await cli.molecule('help');
    const listed = JSON.parse((await cli.molecule('help', '--json')).out) as { commands: { command: string }[] };
    for (const { path } of COMMANDS) {
      expect(out).toContain(path.join(' '));
      expect(listed.commands.map(({ command }) => command)).toContain(path.join(' '));
    }
  });

  it.each([[['help', 'ws', 'rm']], [['ws', 'rm', '--help']], [['ws', 'rm', '-h']]])(
    'explains one command and runs nothing: %j',
    async (words) => {
      const seen = await cli.molecule(...words);
      expect(seen).toMatchObject({ exit: 0 });
      expect(seen.out).toContain('  ./molecule ws rm <name> [--yes] [--purge]');
      expect(cli.server.calls).toEqual([]);
    },
  );
});

it('sends the token as a bearer', async () => {
  cli.server.on('listWorkspaces', { status: 200, body: [] });
  await cli.molecule('ws', 'ls');
  expect(cli.server.calls[0]?.authorization).toBe('Bearer test-token');
});

it('keeps control sequences that agents wrote away from the terminal', async () => {
  cli.server.on('listWorkspaces', { status: 200, body: [aWorkspace({ name: '\u001b]0;owned\u0007\u001b[2JLead' })] });
  const { out } = await cli.molecule('ws', 'ls');
  expect(out).toContain('Lead');
  for (const control of ['\u001b', '\u0007']) expect(out).not.toContain(control);
});
