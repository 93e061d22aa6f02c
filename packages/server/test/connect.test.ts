import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleProgram, waitFor } from '@molecule/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useTestDatabase } from './database.js';
import { ADMIN_TOKEN, type RealApp, startRealApp } from './real-app.js';

interface Connected {
  readonly child: ChildProcess;
  /** What it printed, as the events it tells. */
  readonly events: () => Record<string, unknown>[];
  readonly error: () => string;
  readonly exited: Promise<number | null>;
}

/** The real command line drives real commands, against the whole server. */
describe('molecule connect', () => {
  const database = useTestDatabase();
  let app: RealApp;
  let program: Awaited<ReturnType<typeof bundleProgram>>;
  let folder: string;
  const running: ChildProcess[] = [];
  beforeAll(async () => {
    [app, program, folder] = await Promise.all([
      startRealApp(database.url),
      bundleProgram('cli/src/main.ts'),
      mkdtemp(join(tmpdir(), 'molecule-connect-')),
    ]);
  });
  afterAll(async () => {
    for (const child of running) child.kill('SIGKILL');
    await app.close();
    await Promise.all([program.remove(), rm(folder, { recursive: true, force: true })]);
  });

  function connect(words: readonly string[], variables: Record<string, string> = {}): Connected {
    const child = spawn(process.execPath, [program.file, 'connect', '--json', ...words], {
      env: {
        PATH: process.env.PATH ?? '',
        HOME: folder,
        MOLECULE_DATA_DIR: folder,
        MOLECULE_URL: app.url,
        MOLECULE_TOKEN: ADMIN_TOKEN,
        ...variables,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.push(child);
    const said = { out: '', error: '' };
    child.stdout.on('data', (chunk: Buffer) => {
      said.out += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      said.error += chunk.toString();
    });
    return {
      child,
      events: () =>
        said.out
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line)),
      error: () => said.error,
      exited: new Promise((resolve) => child.once('exit', (code) => resolve(code))),
    };
  }

  const online = (one: Connected): Promise<string> =>
    waitFor(() => one.events().find(({ event }) => event === 'online')?.id as string | undefined, {
      what: 'it to be online within 5 s of being pasted',
    });
  const seen = (one: Connected, event: string, count = 1) =>
    waitFor(() => one.events().filter((line) => line.event === event).length >= count, {
      timeoutMs: 10_000,
      what: event,
    });
  let asked = 0;
  async function write(id: string, text: string, token?: string) {
    const message = { role: 'user', messageId: `c-${++asked}`, parts: [{ kind: 'text', text }] };
    const body = { jsonrpc: '2.0', id: 1, method: 'message/send', params: { message } };
    return (await app.call('POST', `/workspaces/${id}/a2a`, body, token)).body.activity_id as string;
  }
  const rowOf = async (id: string, activityId: string) =>
    (await app.call('GET', `/workspaces/${id}/activity?type=a2a_receive`)).body.find(
      (row: { id: string }) => row.id === activityId,
    );
  const answered = (id: string, activityId: string) =>
    waitFor(
      async () => {
        const row = await rowOf(id, activityId);
        return row?.response_body || row?.status === 'error' ? row : null;
      },
      { timeoutMs: 10_000, what: 'the answer' },
    );

  it('R18: one line makes a workspace and answers, people and peers, each once; the same line finds it again', async () => {
    const line = ['--name', 'Shouter', '--', 'sh', '-c', 'cat | tr a-z A-Z'];
    const first = connect(line);
    const id = await online(first);
    const question = await write(id, 'hello');
    expect(await answered(id, question)).toMatchObject({
      status: 'ok',
      response_body: { result: { parts: [{ kind: 'text', text: 'HELLO' }] } },
    });
    const lead = (await app.call('POST', '/workspaces', { name: 'Sibling', external: true })).body;
    const given = await app.call('POST', `/workspaces/${lead.id}/delegate`, { target_id: id, task: 'loud' });
    const done = await app.call('GET', `/workspaces/${lead.id}/delegations/${given.body.delegation_id}?wait=25`);
    expect(done.body).toMatchObject({ status: 'completed', result: { text: 'LOUD' } });
    // A peer's message is answered with a message, and that answer is not answered.
    await write(id, 'psst', lead.connection.auth_token);
    await seen(first, 'answered', 3);
    const inbox = await app.call('GET', `/workspaces/${lead.id}/activity?type=a2a_receive&source=agent`);
    expect(inbox.body.filter((row: { data: { text: string } }) => row.data.text === 'PSST')).toHaveLength(1);
    first.child.kill('SIGINT');
    expect(await first.exited).toBe(0);
    const again = connect(line);
    expect(await online(again)).toBe(id);
    const twin = connect(line);
    expect(await twin.exited).toBe(1);
    expect(JSON.parse(twin.error()).error).toContain('another process on this machine');
    await write(id, 'once more');
    await seen(again, 'answered');
    expect(again.events().filter(({ event }) => event === 'message')).toHaveLength(1);
    again.child.kill('SIGTERM');
    expect(await again.exited).toBe(0);
  });

  it('a command that fails says so with its last words, where it was asked', async () => {
    const { body } = await app.call('POST', '/workspaces', { name: 'Fails', external: true });
    const one = connect([
      '--id',
      body.id,
      '--token',
      body.connection.auth_token,
      '--prompt-as-argument',
      '--',
      'sh',
      '-c',
      'echo "no $1" >&2; exit 3',
      'x',
    ]);
    await online(one);
    const question = await write(body.id, 'ink');
    expect(await answered(body.id, question)).toMatchObject({ status: 'error', error_detail: 'exit 3\nno ink' });
    const lead = (await app.call('POST', '/workspaces', { name: 'Boss', external: true })).body;
    const given = await app.call('POST', `/workspaces/${lead.id}/delegate`, { target_id: body.id, task: 'paper' });
    const done = await app.call('GET', `/workspaces/${lead.id}/delegations/${given.body.delegation_id}?wait=25`);
    expect(done.body).toMatchObject({ status: 'failed', error_detail: 'exit 3\nno paper' });
    const missing = connect(['--id', body.id, '--token', body.connection.auth_token, '--', 'no-such-program-here']);
    one.child.kill('SIGTERM');
    await one.exited;
    await online(missing);
    const second = await write(body.id, 'x');
    expect(await answered(body.id, second)).toMatchObject({
      error_detail: 'no-such-program-here cannot be run: there is no such program',
    });
    missing.child.kill('SIGTERM');
    await missing.exited;
  });

  it('what was begun when it was killed is not done twice, and its asker is told', async () => {
    const runs = join(folder, 'runs.txt');
    const line = ['--name', 'Mortal', '--', 'sh', '-c', `cat >> ${runs}; echo " $$" >> ${runs}; exec sleep 60`];
    const first = connect(line);
    const id = await online(first);
    const question = await write(id, 'begun');
    const pid = await waitFor(async () => /begun (\d+)/.exec(await readFile(runs, 'utf8').catch(() => ''))?.[1]);
    first.child.kill('SIGKILL');
    await first.exited;
    process.kill(Number(pid), 'SIGKILL');
    const second = connect(line);
    await online(second);
    expect(await answered(id, question)).toMatchObject({
      status: 'error',
      error_detail: expect.stringMatching(/^interrupted/),
    });
    expect((await readFile(runs, 'utf8')).match(/begun/g)).toHaveLength(1);
    // Ctrl-C in the middle of work: the command ends, and whoever asked is told.
    const next = await write(id, 'again');
    await seen(second, 'message');
    second.child.kill('SIGINT');
    expect(await second.exited).toBe(0);
    expect(await answered(id, next)).toMatchObject({
      error_detail: expect.stringMatching(/stopped by whoever runs it/),
    });
  });

  it('says that its token was revoked, and that its workspace was removed, and ends with 1', async () => {
    const revoked = connect(['--name', 'Rotated', '--', 'cat']);
    const id = await online(revoked);
    await app.call('POST', `/workspaces/${id}/external/rotate`);
    await write(id, 'wake up');
    expect(await revoked.exited).toBe(1);
    expect(JSON.parse(revoked.error())).toMatchObject({ reason: 'token_revoked', id });
    const removed = connect(['--name', 'Removed', '--', 'cat']);
    const gone = await online(removed);
    await app.call('DELETE', `/workspaces/${gone}`);
    expect(await removed.exited).toBe(1);
    expect(JSON.parse(removed.error())).toMatchObject({
      reason: 'workspace_removed',
      help: expect.stringContaining('was removed'),
    });
    const unknown = connect(['--name', 'Removed', '--', 'cat']);
    // It is made anew: nobody can go back to the old one.
    expect(await online(unknown)).not.toBe(gone);
    unknown.child.kill('SIGTERM');
    await unknown.exited;
  });
});
