import { createFakeAgent, type FakeAgent } from '@molecule/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { createMessagesWorld, type MessagesWorld } from '../../../test/messages-world.js';

type Spell = (text: string) => object;
const SPELLINGS: readonly [string, Spell][] = [
  ['kind', (text) => ({ kind: 'text', text })],
  ['type', (text) => ({ type: 'text', text })],
];

describe.each(SPELLINGS)('parts that say by "%s" what they are', (_name, part) => {
  const database = useTestDatabase();
  let world: MessagesWorld;
  let agent: FakeAgent;
  let lead: string;
  beforeAll(async () => {
    world = await createMessagesWorld(database.url);
    world.ports.supervisor.start();
    agent = await createFakeAgent();
    lead = await world.addWorkspace({ name: 'Lead' });
  });
  afterAll(async () => {
    await agent.close();
    await world.close();
  });

  it('M-34: are read where a message arrives', async () => {
    const poller = await world.addWorkspace({ backend: 'external', deliveryMode: 'poll' });
    const message = { role: 'user', messageId: 'm-1', parts: [part('one'), part('two')] };
    await world.send(poller, { jsonrpc: '2.0', id: 1, method: 'message/send', params: { message } });
    expect((await world.get(`/workspaces/${poller}/activity`)).json).toMatchObject([{ data: { text: 'one\ntwo' } }]);
    expect((await world.row('m-1'))?.task_preview).toBe('one\ntwo');
    const found = await world.get(`/a2a/${poller}/tasks`);
    expect(found.json.tasks[0].history[0].parts).toEqual([{ text: 'one' }, { text: 'two' }]);
  });

  it.each<[string, (text: string) => object]>([
    ['a message', (text) => ({ kind: 'message', parts: [part(text)] })],
    [
      'an artifact of a task',
      (text) => ({ kind: 'task', status: { state: 'completed' }, artifacts: [{ parts: [part(text)] }] }),
    ],
    [
      'the closing status',
      (text) => ({ kind: 'task', status: { state: 'completed', message: { parts: [part(text)] } } }),
    ],
  ])('M-34: are read where an agent answers, by %s', async (_what, toResult) => {
    const child = await world.addWorkspace({ parentId: lead, url: agent.url });
    agent.behave({ kind: 'json', status: 200, body: { jsonrpc: '2.0', id: 1, result: toResult('the answer') } });
    const { json } = await world.post(`/workspaces/${lead}/delegate`, { target_id: child, task: 'ask' });
    const done = await world.get(`/workspaces/${lead}/delegations/${json.delegation_id}?wait=25`);
    expect(done.json).toMatchObject({ status: 'completed', result: { text: 'the answer' } });
    const inbox = await world.get(`/workspaces/${lead}/activity?type=a2a_receive&limit=1`);
    expect(inbox.json).toMatchObject([{ method: 'delegate_result', data: { text: 'the answer' } }]);
  });

  it('M-34: are read in the reason of a failure', async () => {
    const child = await world.addWorkspace({ parentId: lead, url: agent.url });
    const result = { kind: 'task', status: { state: 'failed', message: { parts: [part('no ink')] } } };
    agent.behave({ kind: 'json', status: 200, body: { jsonrpc: '2.0', id: 1, result } });
    const { json } = await world.post(`/workspaces/${lead}/delegate`, { target_id: child, task: 'ask' });
    const done = await world.get(`/workspaces/${lead}/delegations/${json.delegation_id}?wait=25`);
    expect(done.json).toMatchObject({ status: 'failed', error_detail: expect.stringContaining('no ink') });
  });
});
