import { afterEach, expect, it } from 'vitest';
import { createFakeLlm, type FakeLlm, inOrder, type LlmReply } from './index.js';

let fake: FakeLlm | undefined;
afterEach(async () => {
  await fake?.close();
});

const HEADERS = { 'content-type': 'application/json', 'x-api-key': 'k-1' };
const BODIES = {
  '/v1/messages': { model: 'm', max_tokens: 10, messages: [{ role: 'user', content: 'Hello there' }] },
  '/v1/responses': { model: 'm', input: [{ role: 'user', content: [{ type: 'input_text', text: 'Hello there' }] }] },
  '/v1/chat/completions': {
    model: 'm',
    messages: [{ role: 'user', content: 'Hello there' }],
    stream_options: { include_usage: true },
  },
} as const;
const PATHS = ['/v1/messages', '/v1/responses', '/v1/chat/completions'] as const;
type Path = (typeof PATHS)[number];

async function start(...replies: LlmReply[]): Promise<FakeLlm> {
  fake = await createFakeLlm({ script: inOrder(...replies) });
  return fake;
}

async function post(server: FakeLlm, path: Path, extra: object = {}): Promise<Response> {
  return fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: HEADERS,
    body: JSON.stringify({ ...BODIES[path], ...extra }),
  });
}

/** The kinds of the streamed events in order, with runs of the same kind folded into one. */
async function kinds(response: Response): Promise<string[]> {
  const events = (await response.text()).trim().split('\n\n');
  const names = events.map((event) => event.match(/^event: (.*)$/m)?.[1] ?? event.replace(/^data: /, ''));
  return names.filter((name, index) => name !== names[index - 1]);
}

const CALL = { name: 'list_peers', input: { depth: 1 } };

it('streams Anthropic events in the order of the API', async () => {
  const server = await start({ text: 'Hello you there', toolCalls: [CALL] });
  expect(await kinds(await post(server, '/v1/messages', { stream: true }))).toEqual([
    'message_start',
    'ping',
    'content_block_start',
    'content_block_delta',
    'content_block_stop',
    'content_block_start',
    'content_block_delta',
    'content_block_stop',
    'message_delta',
    'message_stop',
  ]);
});

it('streams Responses events in the order of the API, numbered', async () => {
  const server = await start({ text: 'Hello you there', toolCalls: [CALL] });
  const response = await post(server, '/v1/responses', { stream: true });
  const text = await response.clone().text();
  expect(await kinds(response)).toEqual([
    'response.created',
    'response.in_progress',
    'response.output_item.added',
    'response.content_part.added',
    'response.output_text.delta',
    'response.output_text.done',
    'response.content_part.done',
    'response.output_item.done',
    'response.output_item.added',
    'response.function_call_arguments.delta',
    'response.function_call_arguments.done',
    'response.output_item.done',
    'response.completed',
  ]);
  const numbers = [...text.matchAll(/"sequence_number":(\d+)/g)].map((match) => Number(match[1]));
  expect(numbers).toEqual(numbers.map((_, index) => index));
});

it('streams chat chunks with the usage chunk and the terminator last', async () => {
  const server = await start({ text: 'Hi', toolCalls: [CALL] });
  const response = await post(server, '/v1/chat/completions', { stream: true });
  const lines = (await response.text()).trim().split('\n\n');
  expect(lines.at(-1)).toBe('data: [DONE]');
  expect(JSON.parse(lines.at(-2)?.slice(6) ?? '')).toMatchObject({ choices: [], usage: { total_tokens: 15 } });
  expect(JSON.parse(lines.at(-3)?.slice(6) ?? '')).toMatchObject({ choices: [{ finish_reason: 'tool_calls' }] });
});

it.each(PATHS)('answers %s without streaming and records the request', async (path) => {
  const server = await start({ text: 'Plain answer', toolCalls: [CALL] });
  const response = await post(server, path);
  expect(response.status).toBe(200);
  expect(await response.text()).toContain('Plain answer');
  expect(server.requests).toMatchObject([{ lastUserText: 'Hello there', stream: false, apiKey: 'k-1', model: 'm' }]);
});

it.each(PATHS)('refuses on %s in the error shape of the API', async (path) => {
  const server = await start({ status: 429, error: { message: 'slow down' }, headers: { 'retry-after': '3' } });
  const response = await post(server, path);
  expect([response.status, response.headers.get('retry-after')]).toEqual([429, '3']);
  expect(await response.json()).toMatchObject({ error: { message: 'slow down' } });
});

it.each(PATHS)('cuts a stream on %s after the events it was told to send', async (path) => {
  const server = await start({ text: 'one two three', fault: { kind: 'cut', afterEvents: 2 } });
  const response = await post(server, path, { stream: true });
  await expect(response.text()).rejects.toThrow();
});

it.each(PATHS)('refuses a malformed request on %s with 400', async (path) => {
  const server = await start();
  const response = await fetch(`${server.url}${path}`, { method: 'POST', headers: HEADERS, body: '{"model":1}' });
  expect(response.status).toBe(400);
  expect(server.requests).toEqual([]);
});

it('demands a credential', async () => {
  const server = await start();
  const response = await fetch(`${server.url}/v1/messages`, {
    method: 'POST',
    body: JSON.stringify(BODIES['/v1/messages']),
  });
  expect(response.status).toBe(401);
});

it('remembers a request the script did not expect', async () => {
  const server = await start();
  expect((await post(server, '/v1/messages')).status).toBe(500);
  expect(server.scriptErrors).toHaveLength(1);
});

it('names the tool behind a result by its call', async () => {
  const server = await start({ text: 'ok' });
  await post(server, '/v1/chat/completions', {
    messages: [
      { role: 'system', content: 'Be brief' },
      { role: 'user', content: 'Go' },
      { role: 'assistant', tool_calls: [{ id: 'c1', type: 'function', function: { name: 'look', arguments: '{}' } }] },
      { role: 'tool', tool_call_id: 'c1', content: 'seen' },
    ],
  });
  expect(server.requests[0]).toMatchObject({
    system: 'Be brief',
    lastUserText: 'Go',
    toolResults: [{ callId: 'c1', name: 'look', text: 'seen' }],
  });
});

it('reads instructions that Anthropic clients insert into a conversation', async () => {
  const server = await start({ text: 'ok' });
  const messages = [
    { role: 'user', content: 'Hello' },
    { role: 'system', content: 'Be brief.' },
  ];
  expect((await post(server, '/v1/messages', { system: 'Be kind.', messages })).status).toBe(200);
  expect(server.requests[0]).toMatchObject({ system: 'Be kind.\nBe brief.', lastUserText: 'Hello' });
});

it('knows tools of a group of the Responses API by both names, and calls them by each', async () => {
  const server = await start({ toolCalls: [{ name: 'mcp__x__find', input: {} }] }, { text: 'ok' });
  const tools = [{ type: 'namespace', name: 'mcp__x', tools: [{ type: 'function', name: 'find' }] }];
  const { output } = (await (await post(server, '/v1/responses', { tools })).json()) as { output: object[] };
  expect(output).toMatchObject([{ type: 'function_call', namespace: 'mcp__x', name: 'find' }]);
  const result = { type: 'function_call_output', call_id: 'call_1_0', output: 'found' };
  await post(server, '/v1/responses', { tools, input: [...output, result] });
  expect(server.requests[0]?.tools).toEqual(['mcp__x__find']);
  expect(server.requests[1]?.toolResults).toEqual([{ callId: 'call_1_0', name: 'mcp__x__find', text: 'found' }]);
});
