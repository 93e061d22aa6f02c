import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createFakeLlm, delegateToEveryChild, type FakeLlm, waitFor } from '@molecule/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import {
  type AgentProcess,
  bundleRuntime,
  createWorkspaceFolder,
  spawnAgent,
  type WorkspaceFolder,
} from './agent-process.js';
import { type FakePlatform, sendLegacy, startFakePlatform, textMessage } from './fake-platform.js';
import { type InProcessAgent, startAgent } from './in-process-agent.js';

const KEY = 'sk-test-0123456789abcdef';
let bundle: Awaited<ReturnType<typeof bundleRuntime>>;
let platform: FakePlatform;
let llm: FakeLlm;
let folder: WorkspaceFolder;
let lead: AgentProcess;
let children: InProcessAgent[] = [];

beforeAll(async () => {
  bundle = await bundleRuntime();
});
afterAll(() => bundle.remove());

beforeEach(async () => {
  platform = await startFakePlatform();
  llm = await createFakeLlm({ script: delegateToEveryChild });
  platform.addWorkspace({ id: 'lead', name: 'Lead' });
  platform.addWorkspace({ id: 'r', name: 'Researcher', parentId: 'lead' });
  platform.addWorkspace({ id: 'w', name: 'Writer', parentId: 'lead' });
  children = await Promise.all([
    startAgent({ platform, id: 'r', name: 'Researcher' }),
    startAgent({ platform, id: 'w', name: 'Writer' }),
  ]);
  folder = await createWorkspaceFolder('name: Lead\nruntime: llm\n', platform.workspaces.get('lead')?.token ?? null);
  await writeFile(join(folder.configs, 'system-prompt.md'), 'You plan before you act.');
});
afterEach(async () => {
  lead.child.kill('SIGKILL');
  await lead.exited;
  await Promise.all(children.map((child) => child.end()));
  await Promise.all([platform.close(), llm.close(), folder.remove()]);
});

async function startLead(variables: Record<string, string>): Promise<{ readonly url: string }> {
  lead = spawnAgent(bundle.entry, folder, { WORKSPACE_ID: 'lead', PLATFORM_URL: platform.url, ...variables });
  const note = await lead.ready();
  for (const id of ['lead', 'r', 'w']) await waitFor(() => platform.workspaces.get(id)?.url);
  return note;
}

it.each([
  ['Anthropic', 'anthropic', () => ({ ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: llm.url })],
  ['OpenAI', 'responses', () => ({ OPENAI_API_KEY: KEY, OPENAI_BASE_URL: llm.openAiUrl })],
  ['a compatible server', 'chat', () => ({ OPENAI_BASE_URL: llm.openAiUrl, OPENAI_MODEL: 'local' })],
] as const)('a real lead process with %s asks its children and composes their answers', async (_title, api, env) => {
  const { url } = await startLead(env());
  const reply = await sendLegacy(url, 'message/send', textMessage('m1', 'Describe water'));
  const text = reply.result?.parts?.[0]?.text ?? JSON.stringify(reply);
  expect(text).toContain('Researcher received: For Researcher: Describe water');
  expect(text).toContain('Writer received: For Writer: Describe water');
  expect(reply.result?.metadata).toMatchObject({ demo: false });
  const [request] = llm.requests;
  expect(request?.api).toBe(api);
  expect(request?.system).toContain('You plan before you act.');
  expect(request?.system).toMatch(/Agents that report to you:\n- Researcher \(id r, .*\n- Writer \(id w, /);
  expect(llm.scriptErrors).toEqual([]);
  expect(lead.output()).not.toContain(KEY);
});

it('without a key a lead answers as the labelled demo and loads no model library', async () => {
  // They alone would break the 80 MB of an agent that has no use for them (design §10).
  await bundle.removeCodeOf(['ai', '@ai-sdk']);
  const { url } = await startLead({});
  const reply = await sendLegacy(url, 'message/send', textMessage('m1', 'Describe water'));
  expect(reply.result?.parts?.[0]?.text).toContain('Demo reply from Lead (no model key configured)');
  expect(reply.result?.metadata).toMatchObject({ demo: true });
  expect(lead.output()).not.toContain('model_chosen');
  lead.child.kill('SIGKILL');
  await lead.exited;
  const withKey = { WORKSPACE_ID: 'lead', PLATFORM_URL: platform.url, OPENAI_BASE_URL: llm.openAiUrl };
  lead = spawnAgent(bundle.entry, folder, { ...withKey, OPENAI_MODEL: 'local' });
  expect(await lead.exited).not.toBe(0);
  expect(lead.output()).toContain('Cannot find module');
});
