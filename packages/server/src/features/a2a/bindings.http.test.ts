import { AgentCard, verifyAgentCardSignature } from '@a2a-js/sdk';
import { createFakeAgent, type FakeAgent, waitFor } from '@molecule/testkit';
import { createLocalJWKSet } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { createMessagesWorld, type MessagesWorld } from '../../../test/messages-world.js';

describe('the bindings of an A2A endpoint', () => {
  const database = useTestDatabase();
  let world: MessagesWorld;
  let agent: FakeAgent;
  let id: string;
  let count = 0;

  beforeAll(async () => {
    world = await createMessagesWorld(database.url, { idleWaitMs: 50 });
    agent = await createFakeAgent();
    const skills = [{ id: 'paint', name: 'Paint', description: 'Paints walls', tags: ['colour'] }];
    id = await world.addWorkspace({ name: 'Painter', url: agent.url, agentCard: { description: 'Paints', skills } });
    world.ports.supervisor.start();
  });
  afterAll(async () => {
    await agent.close();
    await world.close();
  });

  async function ask(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    headers: Readonly<Record<string, string>> = {},
    payload?: string,
  ) {
    const answer = await world.http.inject({
      method,
      url: `/a2a/${id}${path}`,
      headers: { host: 'platform.test', ...headers },
      ...(payload === undefined ? {} : { payload }),
    });
    const text = answer.payload;
    return {
      status: answer.statusCode,
      headers: answer.headers,
      json: text.startsWith('{') ? JSON.parse(text) : undefined,
      text,
    };
  }
  const HOST = { host: 'platform.test' };
  const JSON_BODY = { 'content-type': 'application/json' };
  const rpc = (method: string, params: unknown, headers = {}) =>
    ask('POST', '', { ...JSON_BODY, ...headers }, JSON.stringify({ jsonrpc: '2.0', id: 7, method, params }));
  const CARD = '/.well-known/agent-card.json';
  const toMessage = (text: string) => ({ messageId: `b-${++count}`, role: 'ROLE_USER', parts: [{ text }] });

  it('show a card that names every way in, with what the agent says of itself', async () => {
    const { headers, json } = await ask('GET', CARD, { 'a2a-version': '1.0' });
    expect(headers['content-type']).toContain('application/json');
    expect(json).toMatchObject({
      name: 'Painter',
      description: 'Paints',
      capabilities: { streaming: true, extendedAgentCard: true },
      skills: [{ id: 'paint', tags: ['colour'] }],
      securitySchemes: { bearer: { httpAuthSecurityScheme: { scheme: 'Bearer' } } },
    });
    const url = `http://platform.test/a2a/${id}`;
    expect(json.supportedInterfaces).toEqual([
      { url, protocolBinding: 'JSONRPC', protocolVersion: '1.0' },
      { url, protocolBinding: 'HTTP+JSON', protocolVersion: '1.0' },
      { url, protocolBinding: 'JSONRPC', protocolVersion: '0.3' },
    ]);
    const legacy = (await ask('GET', CARD)).json;
    expect(legacy).toMatchObject({ url, protocolVersion: '0.3.0', securitySchemes: { bearer: { type: 'http' } } });
  });

  it('sign the card with the published key', async () => {
    const keys = createLocalJWKSet((await world.http.inject({ url: '/.well-known/jwks.json', headers: HOST })).json());
    const jwk = keys.jwks().keys[0];
    const verify = verifyAgentCardSignature(async () => jwk ?? {});
    const card = AgentCard.fromJSON((await ask('GET', CARD, { 'a2a-version': '1.0' })).json);
    await expect(verify(card)).resolves.toBeUndefined();
    await expect(verify({ ...card, description: 'Steals' })).rejects.toThrow();
  });

  it('send a card only when it has changed', async () => {
    const first = await ask('GET', CARD);
    const { etag, 'last-modified': changed } = first.headers;
    expect((await ask('GET', CARD, { 'if-none-match': String(etag) })).status).toBe(304);
    expect((await ask('GET', CARD, { 'if-modified-since': String(changed) })).status).toBe(304);
    expect((await ask('GET', CARD, { 'if-none-match': '"other"' })).status).toBe(200);
    // The two dialects are two representations.
    expect((await ask('GET', CARD, { 'if-none-match': String(etag), 'a2a-version': '1.0' })).status).toBe(200);
  });

  it('refuse what they cannot read, or the client could not', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    expect(await ask('POST', '/message:send', form, 'a=b')).toMatchObject({
      status: 415,
      json: { error: { details: [{ reason: 'CONTENT_TYPE_NOT_SUPPORTED' }] } },
    });
    expect((await ask('POST', '', form, 'a=b')).json).toMatchObject({ error: { code: -32005 } });
    expect((await ask('GET', '/tasks', { accept: 'text/html' })).status).toBe(406);
    expect((await ask('POST', '/message:stream', { ...JSON_BODY, accept: 'application/json' }, '{}')).status).toBe(406);
    expect((await ask('POST', '', JSON_BODY, '{"jsonrpc"')).json).toMatchObject({ id: null, error: { code: -32700 } });
    expect((await rpc('NoSuch', {})).json).toMatchObject({ id: 7, error: { code: -32601 } });
    expect((await rpc('GetTask', { id: 'x' }, { 'a2a-version': '7.0' })).json).toMatchObject({
      error: { code: -32009 },
    });
    expect((await ask('GET', '/nothing')).json).toMatchObject({ error: { code: 404 } });
    expect(agent.received).toEqual([]);
  });

  it.each([
    ['GetTask', { id: '00000000-0000-4000-8000-000000000000' }, -32001],
    ['GetTask', { id: '' }, -32602],
    ['SendMessage', { message: { messageId: 'x', role: 'ROLE_USER', parts: [] } }, -32602],
    ['SendMessage', {}, -32602],
    ['ListTasks', { pageSize: 101 }, -32602],
    ['ListTasks', { pageToken: 'x' }, -32602],
    ['tasks/get', { id: 'x' }, -32001],
  ])('%s with %j is refused with %d', async (method, params, code) => {
    expect((await rpc(method, params)).json).toMatchObject({ id: 7, error: { code } });
  });

  it('say in the words of the protocol why this server does not take a message', async () => {
    const paused = await world.addWorkspace({ status: 'paused', url: agent.url });
    const body = { message: toMessage('hello') };
    const request = JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'SendMessage', params: body });
    const post = (path: string, payload: string) =>
      world.http.inject({
        method: 'POST',
        url: `/a2a/${paused}${path}`,
        headers: { host: 'platform.test', ...JSON_BODY },
        payload,
      });
    const byRpc = (await post('', request)).json();
    expect(byRpc).toMatchObject({ id: 7, error: { code: -32000, data: [{ reason: 'WORKSPACE_PAUSED' }] } });
    const byHttp = await post('/message:send', JSON.stringify(body));
    expect(byHttp.json()).toMatchObject({
      error: { code: byHttp.statusCode, details: [{ reason: 'WORKSPACE_PAUSED', domain: 'molecule' }] },
    });
    expect(byHttp.statusCode).toBeGreaterThanOrEqual(400);
  });

  it('answer the operations of HTTP+JSON in its media type', async () => {
    const sent = await ask('POST', '/message:send', JSON_BODY, JSON.stringify({ message: toMessage('hello') }));
    expect(sent.headers['content-type']).toContain('application/a2a+json');
    expect(sent.json).toMatchObject({ message: { role: 'ROLE_AGENT', parts: [{ text: 'hello' }] } });
    const { taskId } = sent.json.message;
    expect((await ask('GET', `/tasks/${taskId}?historyLength=0`)).json).toMatchObject({
      id: taskId,
      status: { state: 'TASK_STATE_COMPLETED' },
    });
    const again = await ask('POST', `/tasks/${taskId}:cancel`, JSON_BODY);
    expect(again).toMatchObject({ status: 400, json: { error: { details: [{ reason: 'TASK_NOT_CANCELABLE' }] } } });
    const streamed = await ask('POST', '/message:stream', JSON_BODY, JSON.stringify({ message: toMessage('go') }));
    expect(streamed.headers['content-type']).toBe('text/event-stream');
    expect(streamed.text).toMatch(/^data: \{"task":[\s\S]*"statusUpdate":.*TASK_STATE_COMPLETED.*\n\n$/);
    expect((await ask('GET', '/extendedAgentCard')).json).toMatchObject({ name: 'Painter' });
  });

  it('list tasks page by page, each once, and by context and state', async () => {
    const own = await world.addWorkspace({ url: agent.url });
    const call = async (query: string) => {
      const answer = await world.http.inject({ url: `/a2a/${own}/tasks${query}`, headers: { host: 'platform.test' } });
      return answer.json();
    };
    const send = (text: string, contextId: string) =>
      world.http.inject({
        method: 'POST',
        url: `/a2a/${own}/message:send`,
        headers: { host: 'platform.test', ...JSON_BODY },
        payload: JSON.stringify({ message: { ...toMessage(text), contextId } }),
      });
    for (const [index, text] of ['a', 'b', 'c', 'd', 'e'].entries()) await send(text, index < 2 ? 'early' : 'late');
    const seen: string[] = [];
    let pages = 0;
    for (let token = ''; pages === 0 || token !== ''; pages += 1) {
      const page = await call(`?pageSize=2${token === '' ? '' : `&pageToken=${token}`}`);
      seen.push(
        ...page.tasks.map((task: { history: { parts: { text: string }[] }[] }) => task.history[0]?.parts[0]?.text),
      );
      expect(page.totalSize).toBe(5);
      token = page.nextPageToken;
    }
    expect({ seen, pages }).toEqual({ seen: ['e', 'd', 'c', 'b', 'a'], pages: 3 });
    expect((await call('?contextId=early')).totalSize).toBe(2);
    expect((await call('?status=TASK_STATE_COMPLETED')).totalSize).toBe(5);
    expect((await call('?status=TASK_STATE_FAILED')).tasks).toEqual([]);
    expect((await call('?pageSize=1')).tasks[0]).not.toHaveProperty('artifacts');
    expect((await call('?pageSize=1&includeArtifacts=true')).tasks[0].artifacts).toMatchObject([
      { parts: [{ text: 'hello' }] },
    ]);
  });

  it('end the streams of a server that stops, and a repeated subscription goes on', async () => {
    const offline = await world.addWorkspace({ status: 'offline' });
    const answering = world.http.inject({
      method: 'POST',
      url: `/a2a/${offline}/message:stream`,
      headers: { host: 'platform.test', ...JSON_BODY },
      payload: JSON.stringify({ message: toMessage('later') }),
    });
    await waitFor(
      async () =>
        (await world.ports.lanes.work.selectFrom('messages').select('id').where('target_id', '=', offline).execute())
          .length === 1,
      { what: 'the message to be recorded' },
    );
    await world.messages.standDown(0);
    const { payload } = await answering;
    expect(payload).toMatch(/^data: \{"task":/);
    expect(payload).toContain('TASK_STATE_SUBMITTED');
  });
});
