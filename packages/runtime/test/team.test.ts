import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventually, type FakePlatform, sendLegacy, startFakePlatform, textMessage } from './fake-platform.js';
import { createManualAdapter, type InProcessAgent, startAgent } from './in-process-agent.js';

let platform: FakePlatform;
let agents: InProcessAgent[] = [];

beforeEach(async () => {
  platform = await startFakePlatform();
  platform.addWorkspace({ id: 'lead', name: 'Lead' });
  platform.addWorkspace({ id: 'researcher', name: 'Researcher', parentId: 'lead' });
  platform.addWorkspace({ id: 'writer', name: 'Writer', parentId: 'lead' });
});
afterEach(async () => {
  await Promise.all(agents.map((agent) => agent.end()));
  agents = [];
  await platform.close();
});

async function start(
  id: string,
  name: string,
  extra: Partial<Parameters<typeof startAgent>[0]> = {},
): Promise<InProcessAgent> {
  const agent = await startAgent({ platform, id, name, ...extra });
  agents.push(agent);
  await eventually(() => platform.workspaces.get(id)?.url);
  return agent;
}

it('a message to the lead goes down the tree through the platform and comes back', async () => {
  await start('researcher', 'Researcher');
  await start('writer', 'Writer');
  const lead = await start('lead', 'Lead');
  const reply = await sendLegacy(lead.url, 'message/send', textMessage('m1', 'Describe water'));
  expect(reply.result?.parts?.[0]?.text).toBe(
    [
      'Demo reply from Lead (no model key configured)',
      '> Researcher received: For Researcher: Describe water',
      '> Writer received: For Writer: Describe water',
    ].join('\n'),
  );
  expect(reply.result?.metadata).toMatchObject({
    demo: true,
    tool_trace: [
      { name: 'delegate_task', phase: 'finished', detail: 'Researcher' },
      { name: 'delegate_task', phase: 'finished', detail: 'Writer' },
    ],
  });
});

it('a child that fails appears with its reason, and the rest still answers', async () => {
  await start('researcher', 'Researcher');
  const { adapter, runs } = createManualAdapter();
  await start('writer', 'Writer', { adapter });
  const lead = await start('lead', 'Lead');
  const pending = sendLegacy(lead.url, 'message/send', textMessage('m1', 'x'));
  (await eventually(() => runs[0])).fail(new Error('out of ink'));
  const text = (await pending).result?.parts?.[0]?.text;
  expect(text).toContain('> Researcher received');
  expect(text).toContain('> Writer failed: The manual agent failed: out of ink');
});

it('a child that is not online is named, not waited for', async () => {
  const lead = await start('lead', 'Lead');
  const reply = await sendLegacy(lead.url, 'message/send', textMessage('m1', 'x'));
  expect(reply.result?.parts?.[0]?.text).toContain('> Writer was not asked: it is offline');
  expect(platform.delegations.size).toBe(0);
});

it('a lead whose turn is run again after a crash delegates nothing twice', async () => {
  await start('researcher', 'Researcher');
  await start('writer', 'Writer');
  const lead = await start('lead', 'Lead');
  const first = await sendLegacy(lead.url, 'message/send', textMessage('m1', 'Describe water'));
  expect(platform.delegations.size).toBe(2);
  // A second process with an empty journal is a process that died before it could write anything.
  const second = await start('lead', 'Lead');
  const again = await sendLegacy(second.url, 'message/send', textMessage('m1', 'Describe water'));
  expect(again.result?.parts).toEqual(first.result?.parts);
  expect(platform.delegations.size).toBe(2);
});

it('a delegation names the message whose turn makes it, however many wait behind', async () => {
  const { adapter, runs } = createManualAdapter();
  await start('researcher', 'Researcher', { adapter });
  const lead = await start('lead', 'Lead');
  const replies = ['m1', 'm2', 'm3'].map((id) => sendLegacy(lead.url, 'message/send', textMessage(id, id)));
  for (const index of replies.keys()) (await eventually(() => runs[index])).finish('done');
  await Promise.all(replies);
  const delegations = platform.calls.filter((call) => call.path.endsWith('/delegate')).map((call) => call.body);
  expect(new Map(delegations.map((body) => [body.parent_message_id, body.task]))).toEqual(
    new Map([
      ['m1', 'For Researcher: m1'],
      ['m2', 'For Researcher: m2'],
      ['m3', 'For Researcher: m3'],
    ]),
  );
});

it('an outage of the platform in the middle of a turn is waited out', async () => {
  await start('researcher', 'Researcher');
  await start('writer', 'Writer');
  const lead = await start('lead', 'Lead');
  platform.fail(
    /\/(delegate|peers)$/,
    503,
    { error: 'platform unavailable', code: 'platform_unavailable', retry: true },
    { 'retry-after': '0' },
  );
  const pending = sendLegacy(lead.url, 'message/send', textMessage('m1', 'x'));
  await eventually(() => platform.calls.filter((call) => call.path.endsWith('/peers')).length >= 2);
  platform.heal();
  expect((await pending).result?.parts?.[0]?.text).toContain('> Writer received');
});

it('a refusal of the loop breaker is the child’s reason and is not repeated', async () => {
  await start('researcher', 'Researcher');
  const lead = await start('lead', 'Lead');
  platform.fail(/\/delegate$/, 429, { error: 'delegation refused: depth 8', code: 'loop_refused', retry: false });
  const reply = await sendLegacy(lead.url, 'message/send', textMessage('m1', 'x'));
  expect(reply.result?.parts?.[0]?.text).toContain('> Researcher failed: delegation refused: depth 8');
  expect(platform.calls.filter((call) => call.path.endsWith('/delegate'))).toHaveLength(1);
});
