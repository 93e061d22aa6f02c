import { createFakeLlm, delegateToEveryChild, type FakeLlm, waitFor } from '@molecule/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Product, startProduct } from './support/product.js';

let product: Product;
let llm: FakeLlm;

beforeAll(async () => {
  [product, llm] = await Promise.all([startProduct(), createFakeLlm({ script: delegateToEveryChild })]);
});
afterAll(async () => {
  await llm?.close();
  await product?.end();
});

it('an agent that a person restarts knows of it in its next answer, and the chat shows nothing of it', async () => {
  const { client } = product;
  await client.call('putGlobalSecret', { body: { key: 'GLOBAL_SETTING', value: 'of-everybody' } });
  const secrets = { OPENAI_BASE_URL: llm.openAiUrl, OPENAI_MODEL: 'fake-model', OWN_SETTING: 'of-this-one' };
  const created = await client.call('createWorkspace', { body: { name: 'Solo', runtime: 'llm', secrets } });
  const params = { id: created.body.id };
  const online = async () => (await client.call('getWorkspace', { params })).body.status === 'online';
  await waitFor(online, { what: 'it to be online', timeoutMs: 20_000 });
  await client.call('restartWorkspace', { params, query: {}, body: {} });
  await waitFor(
    async () => {
      const { lines } = (await client.call('getWorkspaceLogs', { params, query: {} })).body;
      return lines.some((line) => line.includes('restart_context_taken'));
    },
    { what: 'it to be told', timeoutMs: 20_000 },
  );
  // Nothing a canvas could show as something said; it knows only what the log tells it.
  const events = (await client.call('listWorkspaceEvents', { params, query: { limit: 100 } })).body;
  expect(events.map(({ event_type }) => event_type).filter((type) => !type.startsWith('WORKSPACE_'))).toEqual([]);

  const message = { kind: 'message', role: 'user', messageId: 'm-1', parts: [{ kind: 'text', text: 'Hello' }] };
  const body = { jsonrpc: '2.0', id: 1, method: 'message/send', params: { message } };
  await client.call('sendMessage', { params, body });

  const prompt = llm.requests[0]?.system ?? '';
  expect(prompt).toContain('[Platform] Your workspace was restarted.');
  expect(prompt).toMatch(/Previous session ended: \S+Z \(0h 0m ago\)/);
  expect(prompt).toContain('now available: GLOBAL_SETTING, OPENAI_BASE_URL, OPENAI_MODEL, OWN_SETTING');
  expect(prompt).not.toContain('of-everybody');
  expect(prompt).not.toContain('of-this-one');
  const activity = (await client.call('listActivity', { params, query: {} })).body;
  expect(activity.map(({ message_id }) => message_id)).toEqual(['m-1']);
}, 60_000);
