import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleProgram, waitFor } from '@molecule/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useTestDatabase } from './database.js';
import { type RealApp, startRealApp } from './real-app.js';

/**
 * What the public conformance kit selects by the prefix of a message id, through the endpoint of the platform: the whole
 * server, and an agent of ours that runs elsewhere. The kit itself is not needed for that, and not on every machine.
 */
describe('behaviours of the conformance kit at the endpoint of a workspace', () => {
  const database = useTestDatabase();
  let world: RealApp;
  let agent: ChildProcess;
  let id: string;
  let count = 0;
  const undo: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    const [runtime, app] = await Promise.all([bundleProgram('runtime/src/main.ts'), startRealApp(database.url)]);
    world = app;
    const folder = await mkdtemp(join(tmpdir(), 'molecule-kit-'));
    undo.push(runtime.remove, () => rm(folder, { recursive: true, force: true }));
    const { body } = await world.call('POST', '/workspaces', { name: 'kit', external: true });
    id = body.id;
    await mkdir(join(folder, 'run'));
    await writeFile(join(folder, 'config.yaml'), 'name: kit\nruntime: echo\n');
    await writeFile(join(folder, '.auth_token'), body.connection.auth_token, { mode: 0o600 });
    agent = spawn(process.execPath, [runtime.file], {
      stdio: 'ignore',
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        WORKSPACE_ID: id,
        PLATFORM_URL: world.url,
        WORKSPACE_CONFIG_PATH: folder,
        CONFIGS_DIR: folder,
        MOLECULE_CONFORMANCE: '1',
      },
    });
    await waitFor(async () => (await world.call('GET', `/workspaces/${id}`)).body.status === 'online', {
      what: 'the agent to be online',
      timeoutMs: 20_000,
    });
  });
  afterAll(async () => {
    agent.kill('SIGKILL');
    await world.close();
    await Promise.all(undo.map((remove) => remove()));
  });

  const request = (prefix: string) => ({
    message: { messageId: `${prefix}-${++count}`, role: 'ROLE_USER', parts: [{ text: 'go' }] },
  });
  const send = async (body: unknown) => (await world.call('POST', `/a2a/${id}/message:send`, body)).body;

  async function stream(
    path: string,
    body?: unknown,
  ): Promise<readonly Record<string, ReturnType<typeof JSON.parse>>[]> {
    const response = await fetch(`${world.url}/a2a/${id}/${path}`, {
      method: 'POST',
      headers: { authorization: 'Bearer the-admin-token-of-this-test', 'content-type': 'application/a2a+json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return [...text.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => JSON.parse(data));
  }

  it.each([
    ['tck-complete-task', 'TASK_STATE_COMPLETED', { text: 'Hello from TCK' }],
    ['tck-artifact-text', 'TASK_STATE_COMPLETED', { text: 'Generated text content' }],
    ['tck-artifact-file', 'TASK_STATE_COMPLETED', { raw: 'dGNr', filename: 'output.txt', mediaType: 'text/plain' }],
    ['tck-artifact-file-url', 'TASK_STATE_COMPLETED', { url: 'https://example.com/output.txt' }],
    ['tck-artifact-data', 'TASK_STATE_COMPLETED', { data: { key: 'value', count: 42 } }],
  ])('%s ends as %s with its artifact', async (prefix, state, part) => {
    expect(await send(request(prefix))).toMatchObject({ task: { status: { state }, artifacts: [{ parts: [part] }] } });
  });

  it('a message is answered with a message, and a refusal is a rejected task', async () => {
    const said = await send(request('tck-message-response'));
    expect(said).toMatchObject({ message: { role: 'ROLE_AGENT', parts: [{ text: 'Direct message response' }] } });
    expect(await send(request('tck-reject-task'))).toMatchObject({
      task: { status: { state: 'TASK_STATE_REJECTED' } },
    });
    const list = (await world.call('GET', `/a2a/${id}/tasks?status=TASK_STATE_REJECTED`)).body;
    expect(list).toMatchObject({ totalSize: 1 });
  });

  it('the answer to a question may bear the id of the message that led to it', async () => {
    const first = request('tck-input-required');
    const { task } = await send(first);
    expect(task.status.state).toBe('TASK_STATE_INPUT_REQUIRED');
    const again = { message: { ...first.message, taskId: task.id, parts: [{ text: 'the answer' }] } };
    const answered = await send(again);
    expect(answered).toMatchObject({ task: { id: task.id, status: { state: 'TASK_STATE_COMPLETED' } } });
    // Sent once more, it is the same answer and no other run.
    expect(await send(again)).toEqual(answered);
  });

  it('a stream is a task, what it makes in order, and its end', async () => {
    const events = await stream('message:stream', request('tck-stream-artifact-chunked'));
    expect(Object.keys(events[0] ?? {})).toEqual(['task']);
    // A reader that comes a moment later gets the first pieces together; the order and the whole are the same.
    const pieces = events.flatMap(({ task, artifactUpdate }) => [
      ...(task?.artifacts ?? []),
      ...(artifactUpdate ? [artifactUpdate.artifact] : []),
    ]);
    const text = pieces.flatMap(({ parts }) => parts).map((part: { text: string }) => part.text);
    expect(text.join('')).toBe('chunk-1 chunk-2');
    expect(events.at(-1)?.statusUpdate.status.state).toBe('TASK_STATE_COMPLETED');
    const ended = await world.call('GET', `/a2a/${id}/tasks/${events[0]?.task.id}`);
    const kept = ended.body.artifacts.flatMap((artifact: { parts: { text: string }[] }) => artifact.parts);
    expect(kept.map((part: { text: string }) => part.text).join('')).toBe('chunk-1 chunk-2');
  });
});
