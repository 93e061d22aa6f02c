import { createNpmRegistry, fakeCliPackages, type NpmRegistry, waitFor } from '@molecule/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agentsOf } from './support/agents.js';
import { type Product, startProduct } from './support/product.js';

/** As pinned by the product; another version would not be asked for. */
const VERSIONS = { claude: '2.1.329', codex: '0.169.0' };
const RUNTIMES = [
  { runtime: 'claude-code', key: 'ANTHROPIC_API_KEY', version: VERSIONS.claude },
  { runtime: 'codex', key: 'OPENAI_API_KEY', version: VERSIONS.codex },
] as const;

describe('agents of runtimes that are not there yet', () => {
  let registry: NpmRegistry;
  let product: Product;

  beforeAll(async () => {
    registry = await createNpmRegistry(fakeCliPackages(VERSIONS));
    product = await startProduct({ MOLECULE_RUNTIME_INSTALLS: 'on', npm_config_registry: registry.url });
  });
  afterAll(async () => {
    await product?.end();
    await registry?.close();
  });

  it('get their programs, say so meanwhile, answer, remember, delegate, and forget', async () => {
    const agents = agentsOf(product);
    for (const { key } of RUNTIMES) {
      await product.client.call('putGlobalSecret', { body: { key, value: 'sk-fake-0123456789' } });
    }
    const held = registry.holdDownloads();
    const leads = await Promise.all(RUNTIMES.map(({ runtime }) => agents.create(`Lead of ${runtime}`, runtime)));
    for (const [index, lead] of leads.entries()) {
      const { runtime, version } = RUNTIMES[index] ?? RUNTIMES[0];
      await waitFor(async () => (await agents.read(lead)).start_progress === `Installing ${runtime} ${version}…`, {
        timeoutMs: 20_000,
        what: 'the install to be told',
      });
      expect((await agents.read(lead)).status).toBe('provisioning');
    }
    held.release();
    await Promise.all(leads.map((lead) => story(lead)));
  });

  async function story(lead: string): Promise<void> {
    const agents = agentsOf(product);
    await agents.online(await agents.create('Writer', 'echo', { parent_id: lead }));
    await agents.online(lead);
    expect((await agents.read(lead)).start_progress).toBe('');
    expect(await agents.ask(lead, 'red')).toBe('Message 1: red');
    await agents.restart(lead);
    await agents.online(lead);
    expect(await agents.ask(lead, 'green')).toBe('Message 2: green');
    // Through the tool server, the platform and back.
    expect(await agents.ask(lead, 'ask Writer about rain')).toBe('Answer from Writer:\nWriter received: about rain');
    await agents.restart(lead, { reset: true });
    await agents.online(lead);
    expect(await agents.ask(lead, 'blue')).toBe('Message 1: blue');
  }
});
