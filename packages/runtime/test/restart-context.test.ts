import { RESTART_CONTEXT_CALLER, RESTART_CONTEXT_METADATA } from '@molecule/contract/restart-context';
import { createFakeLlm, delegateToEveryChild, type FakeLlm, waitFor } from '@molecule/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type FakePlatform, INBOUND_SECRET, sendLegacy, startFakePlatform, textMessage } from './fake-platform.js';
import { type InProcessAgent, startAgent } from './in-process-agent.js';

const NOTE = '[Platform] Your workspace was restarted.\nEnvironment variables now available: A_KEY';
let platform: FakePlatform;
let llm: FakeLlm;
let agents: InProcessAgent[];

beforeEach(async () => {
  platform = await startFakePlatform();
  llm = await createFakeLlm({ script: delegateToEveryChild });
  agents = [];
});
afterEach(async () => {
  await Promise.all(agents.map((agent) => agent.end()));
  await Promise.all([platform.close(), llm.close()]);
});

async function start(options: Omit<Parameters<typeof startAgent>[0], 'platform'>): Promise<InProcessAgent> {
  const agent = await startAgent({ platform, ...options });
  agents.push(agent);
  await waitFor(() => platform.workspaces.get(options.id ?? 'w1')?.url);
  return agent;
}

const tell = (url: string, messageId: string, caller: string = RESTART_CONTEXT_CALLER) => {
  const message = { kind: 'message', role: 'user', messageId, parts: [{ kind: 'text', text: NOTE }] };
  return sendLegacy(
    url,
    'message/send',
    { message: { ...message, metadata: RESTART_CONTEXT_METADATA } },
    { authorization: `Bearer ${INBOUND_SECRET}`, 'x-workspace-id': caller },
  );
};

it('a model agent acknowledges it without its model and has it in the prompt of the turn that follows, once', async () => {
  const variables = { OPENAI_BASE_URL: llm.openAiUrl, OPENAI_MODEL: 'local' };
  const { url } = await start({ runtime: 'llm', variables });
  const reply = await tell(url, 'note-1');
  expect(reply.result?.parts?.[0]?.text).toBe('Noted.');
  expect(llm.requests).toEqual([]);
  for (const id of ['a', 'b']) await sendLegacy(url, 'message/send', textMessage(id, `Question ${id}`));
  // Each turn asks its model twice: for its peers, and for the answer.
  expect(llm.requests.map(({ system }) => system.includes(NOTE))).toEqual([true, true, false, false]);
  // The model is not made to believe that a person had written it.
  expect(JSON.stringify(llm.requests.map(({ messages }) => messages))).not.toContain('restarted');
});

it('a demo lead does not hand it to its children', async () => {
  const lead = await start({ id: 'lead', name: 'Lead' });
  platform.addWorkspace({ id: 'child', name: 'Child', parentId: 'lead' });
  await start({ id: 'child', name: 'Child' });
  const reply = await tell(lead.url, 'note-1');
  expect(reply.result?.parts?.[0]?.text).toBe('Noted.');
  expect(platform.delegations.size).toBe(0);
  const answer = await sendLegacy(lead.url, 'message/send', textMessage('a', 'Hello'));
  expect(answer.result?.parts?.[0]?.text).toContain('Child received: For Child: Hello');
});

it('the platform can ask for it by message id; a repetition is acknowledged again', async () => {
  const { url } = await start({});
  await tell(url, 'note-1');
  expect((await tell(url, 'note-1')).result?.parts?.[0]?.text).toBe('Noted.');
  const asked = await sendLegacy(url, 'tasks/get', { id: 'note-1' });
  expect(asked.result?.status?.state).toBe('completed');
});

it('from anybody but the platform it is a message like any other', async () => {
  const { url } = await start({});
  const answer = await tell(url, 'forged', 'another-agent');
  expect(answer.result?.parts?.[0]?.text).toContain('Solo received: [Platform]');
});
