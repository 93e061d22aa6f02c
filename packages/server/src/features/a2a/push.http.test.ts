import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createFakeAgent, type FakeAgent, waitFor } from '@molecule/testkit';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { createMessagesWorld, type MessagesWorld } from '../../../test/messages-world.js';
import { createCipher, SecretUnreadableError } from '../secrets/index.js';
import { openPush, rotatePushKey } from './push-secrets.js';

interface Notice {
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  readonly json: ReturnType<typeof JSON.parse>;
}

/** Where a client wants to be told. */
async function createReceiver() {
  const notices: Notice[] = [];
  let status = 200;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      notices.push({ headers: request.headers, text, json: JSON.parse(text) });
      response.writeHead(status, status >= 300 && status < 400 ? { location: '/elsewhere' } : {}).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const { port } = server.address() as AddressInfo; // A TCP server that listens has one.
  return {
    url: `http://127.0.0.1:${port}/hook`,
    notices,
    answerWith(next: number) {
      status = next;
    },
    close: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
}

describe('push notifications about a task', () => {
  const database = useTestDatabase();
  let world: MessagesWorld;
  let agent: FakeAgent;
  let receiver: Awaited<ReturnType<typeof createReceiver>>;
  let id: string;
  let count = 0;

  beforeAll(async () => {
    world = await createMessagesWorld(database.url, { idleWaitMs: 50, loopbackAllowed: true });
    world.ports.supervisor.start();
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    [agent, receiver] = [await createFakeAgent(), await createReceiver()];
    id = await world.addWorkspace({ url: agent.url });
  });
  afterEach(async () => {
    await world.ports.lanes.work.deleteFrom('task_push_configs').execute();
    await Promise.all([agent.close(), receiver.close()]);
  });

  const rpc = async (method: string, params: unknown, headers: Record<string, string> = { 'a2a-version': '1.0' }) => {
    const answer = await world.http.inject({
      method: 'POST',
      url: `/a2a/${id}`,
      headers: { host: 'platform.test', 'content-type': 'application/json', ...headers },
      payload: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    });
    return answer.json();
  };
  const send = (config?: unknown) =>
    rpc('SendMessage', {
      message: { messageId: `p-${++count}`, role: 'ROLE_USER', parts: [{ text: 'go' }] },
      configuration: { returnImmediately: true, ...(config ? { taskPushNotificationConfig: config } : {}) },
    });
  const lastState = () => receiver.notices.at(-1)?.json.task?.status.state;
  const toldOfEnd = () => waitFor(() => lastState() === 'TASK_STATE_COMPLETED', { what: 'the end to be told' });
  const configRow = () => world.ports.lanes.work.selectFrom('task_push_configs').selectAll().executeTakeFirst();
  const makeDue = () => sql`update task_push_configs set due_at = now()`.execute(world.ports.lanes.work);

  it('tell the end, signed with the published key and with what the receiver wants to see', async () => {
    await send({ url: receiver.url, token: 'so-you-know' });
    await toldOfEnd();
    const notice = receiver.notices.at(-1);
    expect(notice?.headers).toMatchObject({
      'content-type': 'application/a2a+json',
      'x-a2a-notification-token': 'so-you-know',
    });
    expect(notice?.json.task.artifacts).toMatchObject([{ parts: [{ text: 'hello' }] }]);
    const published = await world.http.inject({ url: '/.well-known/jwks.json', headers: { host: 'platform.test' } });
    const token = String(notice?.headers.authorization).replace('Bearer ', '');
    const { payload } = await jwtVerify(token, createLocalJWKSet(published.json()), {
      issuer: 'http://platform.test',
      audience: receiver.url,
    });
    expect(payload.sub).toBe(notice?.json.task.id);
    const hash = createHash('sha256')
      .update(notice?.text ?? '')
      .digest('base64url');
    expect(payload.body_sha256).toBe(hash);
    await waitFor(async () => (await configRow())?.done === true, { what: 'the configuration to be done' });
  });

  it('carry the credentials of the receiver, which are not stored as they are', async () => {
    await send({ url: receiver.url, authentication: { scheme: 'Basic', credentials: 'b3BlbjpzZXNhbWU=' } });
    await toldOfEnd();
    expect(receiver.notices.at(-1)?.headers.authorization).toBe('Basic b3BlbjpzZXNhbWU=');
    expect(receiver.notices.at(-1)?.headers['x-a2a-notification-signature']).toMatch(/^ey/);
    const row = await configRow();
    expect(row?.sealed?.toString('latin1')).not.toContain('b3BlbjpzZXNhbWU=');
    // Readable with the new key after a rotation, and with the old one no more.
    const random = world.ports.random;
    const [from, to] = ['a key of thirty-two bytes exactly'.slice(0, 32), 'another of thirty-two bytes, too'];
    await world.ports.transact('work', (tx) => rotatePushKey(tx, random, { from, to }));
    const rotated = await configRow();
    if (!rotated) throw new Error('the configuration is gone');
    expect(openPush(createCipher(to, random), rotated).authentication?.credentials).toBe('b3BlbjpzZXNhbWU=');
    expect(() => openPush(createCipher(from, random), rotated)).toThrow(SecretUnreadableError);
  });

  it('are tried again with growing pauses, and lose no end', async () => {
    receiver.answerWith(503);
    await send({ url: receiver.url });
    await waitFor(async () => ((await configRow())?.last_error ?? '').includes('503'), {
      what: 'a refusal to be noted',
    });
    const refused = await configRow();
    expect(refused).toMatchObject({ done: false });
    expect(refused?.due_at.getTime()).toBeGreaterThan(refused?.created_at.getTime() ?? 0);
    receiver.answerWith(200);
    await makeDue();
    await toldOfEnd();
    await waitFor(async () => (await configRow())?.done === true, { what: 'the configuration to be done' });
  });

  it('are given up after eight attempts, and the configuration says why', async () => {
    receiver.answerWith(302);
    await send({ url: receiver.url });
    await waitFor(async () => (await configRow())?.last_error !== null, { what: 'a first attempt' });
    await sql`update task_push_configs set attempts = 7, due_at = now()`.execute(world.ports.lanes.work);
    await waitFor(async () => (await configRow())?.done === true, { what: 'the receiver to be given up' });
    expect((await configRow())?.last_error).toBe('it answered HTTP 302');
    // Redirects are not followed.
    expect(receiver.notices.every(({ json }) => json.task !== undefined)).toBe(true);
  });

  it('are configured, listed and removed, and only of tasks that the caller may see', async () => {
    agent.behave({ kind: 'hold', text: 'done' });
    const taskId = (await send()).result.task.id;
    await agent.receivedCount(1);
    const made = await rpc('CreateTaskPushNotificationConfig', { taskId, url: receiver.url, id: 'mine', token: 't' });
    expect(made.result).toEqual({ taskId, url: receiver.url, id: 'mine', token: 't' });
    expect((await rpc('GetTaskPushNotificationConfig', { taskId, id: 'mine' })).result).toEqual(made.result);
    expect((await rpc('ListTaskPushNotificationConfigs', { taskId })).result).toEqual({ configs: [made.result] });
    const legacy = await rpc('tasks/pushNotificationConfig/list', { id: taskId }, {});
    expect(legacy.result).toMatchObject([{ taskId, pushNotificationConfig: { id: 'mine', url: receiver.url } }]);
    const stranger = { 'a2a-version': '1.0', 'x-workspace-id': id };
    expect((await rpc('ListTaskPushNotificationConfigs', { taskId }, stranger)).error).toMatchObject({ code: -32001 });
    expect(await rpc('DeleteTaskPushNotificationConfig', { taskId, id: 'mine' })).toHaveProperty('result');
    expect((await rpc('GetTaskPushNotificationConfig', { taskId, id: 'mine' })).error).toMatchObject({ code: -32001 });
    agent.release();
  });

  it('speak 0.3 to those who asked in 0.3', async () => {
    agent.behave({ kind: 'hold', text: 'done' });
    const taskId = (await send()).result.task.id;
    await agent.receivedCount(1);
    const pushNotificationConfig = { url: receiver.url, token: 'old' };
    expect(await rpc('tasks/pushNotificationConfig/set', { taskId, pushNotificationConfig }, {})).toHaveProperty(
      'result',
    );
    agent.release();
    await waitFor(() => receiver.notices.at(-1)?.json.status?.state === 'completed', { what: 'the end to be told' });
    expect(receiver.notices.at(-1)).toMatchObject({
      headers: { 'content-type': 'application/json', 'x-a2a-notification-token': 'old' },
      json: { kind: 'task', id: taskId },
    });
  });
});

describe('the address of a receiver', () => {
  const database = useTestDatabase();
  let world: MessagesWorld;
  beforeAll(async () => {
    world = await createMessagesWorld(database.url);
  });
  afterAll(() => world.close());

  it.each(['http://127.0.0.1:9/', 'http://169.254.169.254/latest', 'ftp://example.com/', 'nonsense'])(
    '%s is refused, and nothing is written',
    async (url) => {
      const id = await world.addWorkspace({ status: 'offline' });
      const ask = async (operation: string, payload: unknown) => {
        const answer = await world.http.inject({
          method: 'POST',
          url: `/a2a/${id}/${operation}`,
          headers: { host: 'platform.test', 'content-type': 'application/json' },
          payload: JSON.stringify(payload),
        });
        return { status: answer.statusCode, json: answer.json() };
      };
      const message = { messageId: url, role: 'ROLE_USER', parts: [{ text: 'go' }] };
      const sent = await ask('message:send', { message, configuration: { returnImmediately: true } });
      const refused = await ask(`tasks/${sent.json.task.id}/pushNotificationConfigs`, { url });
      expect(refused).toMatchObject({ status: 400, json: { error: { status: 'INVALID_ARGUMENT' } } });
      expect(await world.ports.lanes.work.selectFrom('task_push_configs').select('id').execute()).toEqual([]);
    },
  );
});
