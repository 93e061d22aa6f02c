import { createNpmRegistry, fakeCliPackages, type NpmRegistry, waitFor } from '@molecule/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agentsOf } from './support/agents.js';
import { type Product, startProduct } from './support/product.js';

/** As pinned by the product; another version would not be asked for. */
const VERSIONS = { claude: '2.1.329', codex: '0.169.0' };

describe('an agent of a runtime that is not there yet', () => {
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

  it.each([
    ['claude-code', 'ANTHROPIC_API_KEY', VERSIONS.claude],
    ['codex', 'OPENAI_API_KEY', VERSIONS.codex],
  ])(
    '%s gets its program, says so meanwhile, answers, remembers, delegates, and forgets',
    async (runtime, key, version) => {
      const agents = agentsOf(product);
      await product.client.call('putGlobalSecret', { body: { key, value: 'sk-fake-0123456789' } });
      const held = registry.holdDownloads();
      const lead = await agents.create(`Lead of ${runtime}`, runtime);
      await waitFor(async () => (await agents.read(lead)).start_progress === `Installing ${runtime} ${version}…`, {
        timeoutMs: 20_000,
        what: 'the install to be told',
      });
      expect((await agents.read(lead)).status).toBe('provisioning');
      held.release();
      await agents.online(lead);
      expect((await agents.read(lead)).start_progress).toBe('');
      await agents.online(await agents.create('Writer', 'echo', { parent_id: lead }));

      expect(await agents.ask(lead, 'red')).toBe('Message 1: red');
      await agents.restart(lead);
      await agents.online(lead);
      expect(await agents.ask(lead, 'green')).toBe('Message 2: green');
      // Through the tool server, the platform and back.
      expect(await agents.ask(lead, 'ask Writer about rain')).toBe('Answer from Writer:\nWriter received: about rain');
      await agents.restart(lead, { reset: true });
      await agents.online(lead);
      expect(await agents.ask(lead, 'blue')).toBe('Message 1: blue');
    },
  );
});
