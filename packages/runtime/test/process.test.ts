import { execFileSync } from 'node:child_process';
import { access, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type AgentProcess,
  bundleRuntime,
  createWorkspaceFolder,
  spawnAgent,
  type WorkspaceFolder,
} from './agent-process.js';
import { eventually, type FakePlatform, sendLegacy, startFakePlatform, textMessage } from './fake-platform.js';

let bundle: Awaited<ReturnType<typeof bundleRuntime>>;
let platform: FakePlatform;
let folder: WorkspaceFolder;
const started: AgentProcess[] = [];

beforeAll(async () => {
  bundle = await bundleRuntime();
});
afterAll(() => bundle.remove());
beforeEach(async () => {
  platform = await startFakePlatform();
  platform.addWorkspace({ id: 'w1', name: 'Solo' });
  folder = await createWorkspaceFolder('name: Solo\nruntime: echo\n', 'token-w1');
});
afterEach(async () => {
  for (const agent of started.splice(0)) {
    agent.child.kill('SIGKILL');
    await agent.exited;
  }
  await platform.close();
  await folder.remove();
});

function start(variables: Record<string, string> = {}): AgentProcess {
  const agent = spawnAgent(bundle.entry, folder, { WORKSPACE_ID: 'w1', PLATFORM_URL: platform.url, ...variables });
  started.push(agent);
  return agent;
}

const registered = () => eventually(() => platform.workspaces.get('w1')?.url);

it('announces port and instance, registers with its token from the file, and keeps the inbound secret private', async () => {
  const agent = start();
  const note = await agent.ready();
  expect(note).toMatchObject({ pid: agent.child.pid, instanceId: 'instance-1', url: `http://127.0.0.1:${note.port}` });
  expect(await registered()).toBe(note.url);
  expect(platform.calls[0]).toMatchObject({ path: '/registry/register', authorization: 'Bearer token-w1' });
  expect(platform.workspaces.get('w1')?.card).toMatchObject({ name: 'Solo', demo: true, url: note.url });
  await eventually(() => platform.workspaces.get('w1')?.beats[0]);
  expect(platform.workspaces.get('w1')?.beats[0]).toMatchObject({ active_tasks: 0, runtime_metadata: { demo: true } });
  const secret = join(folder.configs, '.platform_inbound_secret');
  await eventually(() => access(secret).then(() => true));
  expect((await stat(secret)).mode & 0o777).toBe(0o600);
  expect(agent.output()).not.toContain('token-w1');
});

it('SIGTERM finishes the running turn, answers it, and exits 0 without leaving a ready note', async () => {
  const agent = start({ MOLECULE_CONFORMANCE: '1' });
  const { url } = await agent.ready();
  await registered();
  const pending = sendLegacy(url, 'message/send', textMessage('test-resubscribe-message-id-1', 'hold'));
  await eventually(() => platform.workspaces.get('w1')?.beats.some((beat) => beat.active_tasks === 1));
  agent.child.kill('SIGTERM');
  const reply = await pending;
  expect(reply.result?.status?.state).toBe('completed');
  expect(await agent.exited).toBe(0);
  await expect(access(join(folder.run, 'ready.json'))).rejects.toThrow();
});

it('kill -9 in the middle of a turn loses nothing: the next process finishes the same task, once', async () => {
  const first = start({ MOLECULE_CONFORMANCE: '1' });
  const message = textMessage('test-resubscribe-message-id-2', 'hold');
  const cut = sendLegacy((await first.ready()).url, 'message/send', message).catch((error: unknown) => error);
  await eventually(() => platform.workspaces.get('w1')?.beats.some((beat) => beat.active_tasks === 1));
  first.child.kill('SIGKILL');
  await first.exited;
  expect(await cut).toBeInstanceOf(Error);

  const second = start({ MOLECULE_CONFORMANCE: '1' });
  const { url } = await second.ready();
  const asked = await sendLegacy(url, 'tasks/get', { id: message.message.messageId });
  expect(asked.result?.status?.state).toBe('working');
  const again = await sendLegacy(url, 'message/send', message);
  expect(again.result?.status?.state).toBe('completed');
  expect(again.result?.id).toBe(asked.result?.id);
  const lines = (await readFile(join(folder.run, 'journal.jsonl'), 'utf8')).trim().split('\n');
  expect(lines.filter((line) => line.includes('"type":"finished"'))).toHaveLength(1);
});

it('a finished answer survives kill -9 and is replayed instead of computed again', async () => {
  const first = start();
  const message = textMessage('m1', 'hello');
  const reply = await sendLegacy((await first.ready()).url, 'message/send', message);
  expect(reply.result?.parts?.[0]).toEqual({ kind: 'text', text: 'Solo received: hello' });
  first.child.kill('SIGKILL');
  await first.exited;
  const { url } = await start().ready();
  const peersCalls = platform.calls.filter((call) => call.path.endsWith('/peers')).length;
  expect(await sendLegacy(url, 'message/send', message)).toEqual(reply);
  expect(platform.calls.filter((call) => call.path.endsWith('/peers'))).toHaveLength(peersCalls);
});

it('asked to forget its conversations it does so once, and still answers no message twice', async () => {
  const first = start();
  const message = textMessage('m1', 'hello');
  const reply = await sendLegacy((await first.ready()).url, 'message/send', message);
  first.child.kill('SIGTERM');
  await first.exited;
  const request = join(folder.run, 'reset-session');
  await writeFile(request, '');

  const second = start();
  const { url } = await second.ready();
  await expect(access(request)).rejects.toThrow();
  expect(second.output()).toContain('conversations_forgotten');
  expect(await sendLegacy(url, 'message/send', message)).toEqual(reply);
  second.child.kill('SIGTERM');
  await second.exited;

  const third = start();
  await third.ready();
  expect(third.output()).not.toContain('conversations_forgotten');
});

it('a late instance whose token was revoked exits 76 with a sentence', async () => {
  platform.fail('/registry/heartbeat', 401, { error: 'invalid workspace token', code: 'unauthorized', retry: false });
  const agent = start();
  expect(await agent.exited).toBe(76);
  expect(agent.output()).toContain('no longer accepts this agent');
});

it('a 503 while tokens cannot be checked is not a revocation', async () => {
  platform.fail(
    '/registry/register',
    503,
    { error: 'platform unavailable', code: 'platform_unavailable', retry: true },
    { 'retry-after': '0' },
  );
  const agent = start();
  await eventually(() => platform.calls.length >= 2);
  platform.heal();
  await registered();
  expect(agent.child.exitCode).toBeNull();
});

describe('what the owner has the agent told', () => {
  const INITIAL = 'initial_prompt: Read the manual.\n';
  const IDLE = 'idle_prompt_file: idle.md\nidle_interval_seconds: 1\n';
  const said = (kind: 'initial' | 'idle') =>
    platform.calls.filter((call) => call.path === '/workspaces/w1/a2a' && String(call.body.id).startsWith(kind));
  const journalled = async (text: string) => (await readFile(join(folder.run, 'journal.jsonl'), 'utf8')).includes(text);

  async function configure(prompts: string): Promise<void> {
    await writeFile(join(folder.configs, 'config.yaml'), `name: Solo\nruntime: echo\n${prompts}`);
    await writeFile(join(folder.configs, 'idle.md'), 'Look around.\n');
  }

  /** Starts it again and gives it more time than an initial prompt would need: an idle one comes a second later. */
  async function startAgain(): Promise<void> {
    const before = said('idle').length;
    await configure(INITIAL + IDLE);
    start();
    await eventually(() => said('idle').length > before);
  }

  it('the initial prompt is answered at the first start, as a message of the agent to itself, and at no later one', async () => {
    await configure(INITIAL);
    const first = start();
    await eventually(() => journalled('Solo received: Read the manual.'));
    const messageId = expect.stringMatching(/^initial-[0-9a-f]{8}$/);
    const message = { role: 'user', messageId, parts: [{ kind: 'text', text: 'Read the manual.' }] };
    expect(said('initial')).toMatchObject([
      { authorization: 'Bearer token-w1', caller: 'w1', body: { method: 'message/send', params: { message } } },
    ]);
    first.child.kill('SIGTERM');
    expect(await first.exited).toBe(0);
    await startAgain();
    expect(said('initial')).toHaveLength(1);
  });

  it('an agent killed with -9 while it sends its initial prompt never sends it again', async () => {
    await configure(INITIAL);
    platform.fail(/\/a2a$/, 503, { error: 'platform unavailable', code: 'platform_unavailable', retry: true });
    const first = start();
    await eventually(() => said('initial').length > 0);
    first.child.kill('SIGKILL');
    await first.exited;
    platform.heal();
    const before = said('initial').length;
    await startAgain();
    expect(said('initial')).toHaveLength(before);
  });

  it('an agent with nothing to do is given its idle prompt, again and again', async () => {
    await configure(IDLE);
    start();
    await eventually(() => said('idle').length >= 2);
    expect(said('idle')[0]?.body).toMatchObject({
      params: { message: { parts: [{ kind: 'text', text: 'Look around.' }] } },
    });
    expect(new Set(said('idle').map((call) => call.body.id)).size).toBe(said('idle').length);
  });
});

it.each([
  ['a broken config.yaml', 'name: [\n', 'token-w1', 'is not valid YAML'],
  [
    'a runtime without an adapter',
    'runtime: openclaw\n',
    'token-w1',
    'Runtime openclaw is not installed on this server. Pick claude-code, codex, echo or llm.',
  ],
  [
    'a missing key the template requires',
    'runtime: echo\nruntime_config: {required_env: [GITHUB_TOKEN]}\n',
    'token-w1',
    'GITHUB_TOKEN',
  ],
  ['a missing token', 'runtime: echo\n', null, "Cannot read this workspace's token"],
])('%s ends with 78 and one sentence', async (_, config, token, sentence) => {
  await folder.remove();
  folder = await createWorkspaceFolder(config, token);
  const agent = start();
  expect(await agent.exited).toBe(78);
  expect(agent.output()).toContain(sentence);
  await expect(access(join(folder.run, 'ready.json'))).rejects.toThrow();
});

it('a journal line torn by a crash does not keep the agent from starting', async () => {
  const first = start();
  await sendLegacy((await first.ready()).url, 'message/send', textMessage('m1', 'hello'));
  first.child.kill('SIGKILL');
  await first.exited;
  const path = join(folder.run, 'journal.jsonl');
  await writeFile(path, `${await readFile(path, 'utf8')}{"type":"acce`);
  const { url } = await start().ready();
  expect((await sendLegacy(url, 'tasks/get', { id: 'm1' })).result?.status?.state).toBe('completed');
});

it('an echo agent stays small', async () => {
  const beganAt = performance.now();
  // What the collector has not come to yet depends on how busy the machine is; what the agent keeps does not.
  const agent = start({ NODE_OPTIONS: '--max-semi-space-size=1' });
  await registered();
  const elapsedMs = performance.now() - beganAt;
  const rssMiB = Number(execFileSync('ps', ['-o', 'rss=', '-p', String(agent.child.pid)]).toString()) / 1024;
  console.log(`echo: ${Math.round(elapsedMs)} ms to register, ${Math.round(rssMiB)} MiB`);
  expect(rssMiB).toBeLessThan(80);
});
