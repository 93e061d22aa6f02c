import { createFakeLlm, type FakeLlm, type LlmScript } from '@molecule/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agentsOf } from './support/agents.js';
import { type Product, startProduct } from './support/product.js';

/** A download of 170 MB on a slow line. */
const INSTALL_MS = 8 * 60_000;
const COLOURS = /\b(red|green|blue)\b/g;

/** Delegates when asked to; otherwise lists every colour it has heard of in the conversation. */
const script: LlmScript = (request) => {
  const tool = request.tools.find((name) => name.endsWith('delegate_task'));
  const asked = /ask Writer (about \w+)/.exec(request.lastUserText);
  const answer = request.toolResults.find(({ text }) => text.includes('Answer from Writer'));
  if (answer !== undefined) return { text: `It said: ${answer.text}` };
  if (asked && tool !== undefined) return { toolCalls: [{ name: tool, input: { target: 'Writer', task: asked[1] } }] };
  const heard = request.messages.flatMap(({ role, text }) => (role === 'user' ? (text.match(COLOURS) ?? []) : []));
  return { text: `Heard ${heard.join(', ')}.` };
};

describe('the real programs, installed from the real registry, with a model of our own', () => {
  let llm: FakeLlm;
  let product: Product;

  beforeAll(async () => {
    llm = await createFakeLlm({ script });
    product = await startProduct({ MOLECULE_RUNTIME_INSTALLS: 'on', ...registrySettings() });
    const secrets = {
      ANTHROPIC_API_KEY: 'sk-fake-0123456789',
      ANTHROPIC_BASE_URL: llm.url,
      OPENAI_API_KEY: 'sk-fake-9876543210',
      OPENAI_BASE_URL: llm.openAiUrl,
    };
    for (const [key, value] of Object.entries(secrets)) {
      await product.client.call('putGlobalSecret', { body: { key, value } });
    }
  });
  afterAll(async () => {
    await product?.end();
    await llm?.close();
  });

  it.each([
    ['claude-code', 'anthropic', {}],
    // One it does not know: to those it knows it offers tools in the form of a program to be written.
    ['codex', 'responses', { model: 'openai/unknown' }],
  ])(
    '%s answers, remembers over a restart, delegates with the tools of the platform, and forgets when told to',
    async (runtime, api, more) => {
      const agents = agentsOf(product);
      const lead = await agents.create(`Lead of ${runtime}`, runtime, more);
      await agents.online(await agents.create('Writer', 'echo', { parent_id: lead }));
      await agents.online(lead, INSTALL_MS);
      expect(await agents.ask(lead, 'Remember red')).toBe('Heard red.');
      await agents.restart(lead);
      await agents.online(lead);
      expect(await agents.ask(lead, 'Remember green')).toBe('Heard red, green.');
      expect(await agents.ask(lead, 'Please ask Writer about rain')).toContain('Writer received: about rain');
      await agents.restart(lead, { reset: true });
      await agents.online(lead);
      expect(await agents.ask(lead, 'Remember blue')).toBe('Heard blue.');
      const own = llm.requests.filter((request) => request.api === api);
      expect(own.some(({ system }) => system.includes('Agents that report to you'))).toBe(true);
      expect(llm.scriptErrors).toEqual([]);
    },
    INSTALL_MS + 120_000,
  );
});

/** How this machine reaches a registry, where it has to be told. */
function registrySettings(): Record<string, string> {
  const names = ['npm_config_registry', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'NODE_EXTRA_CA_CERTS'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}
