import { createNpmRegistry, fakeCliPackages, type NpmRegistry, waitFor } from '@molecule/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Product, startProduct } from './support/product.js';

/** As pinned by the product; another version would not be asked for. */
const VERSIONS = { claude: '2.1.329', codex: '0.169.0' };

describe('an agent of a runtime that is not there yet', () => {
  let registry: NpmRegistry;
  let product: Product;

  beforeAll(async () => {
    registry = await createNpmRegistry(fakeCliPackages(VERSIONS));
    product = await startProduct({ npm_config_registry: registry.url });
  });
  afterAll(async () => {
    await product?.end();
    await registry?.close();
  });

  it.each([
    ['claude-code', 'ANTHROPIC_API_KEY', VERSIONS.claude],
    ['codex', 'OPENAI_API_KEY', VERSIONS.codex],
  ])('%s gets its program, says so meanwhile, answers, remembers, and delegates', async (runtime, key, version) => {
    const { client } = product;
    await client.call('putGlobalSecret', { body: { key, value: 'sk-fake-0123456789' } });
    const held = registry.holdDownloads();
    const lead = await create('Lead', runtime, null);
    await waitFor(async () => (await read(lead)).start_progress === `Installing ${runtime} ${version}…`, {
      timeoutMs: 20_000,
      what: 'the install to be told',
    });
    expect((await read(lead)).status).toBe('provisioning');
    held.release();
    await online(lead);
    expect((await read(lead)).start_progress).toBe('');
    await online(await create('Writer', 'echo', lead));

    expect(await ask(lead, 'red')).toBe('Message 1: red');
    await client.call('restartWorkspace', { params: { id: lead }, body: {} });
    await online(lead);
    expect(await ask(lead, 'green')).toBe('Message 2: green');
    // Through the tool server, the platform and back.
    expect(await ask(lead, 'ask Writer about rain')).toBe('Answer from Writer:\nWriter received: about rain');
    await client.call('restartWorkspace', { params: { id: lead }, body: { reset: true } });
    await online(lead);
    expect(await ask(lead, 'blue')).toBe('Message 1: blue');
  });

  async function create(name: string, runtime: string, parent: string | null): Promise<string> {
    const body = { name, runtime, tier: 3, parent_id: parent };
    return (await product.client.call('createWorkspace', { body })).body.id;
  }

  async function read(id: string) {
    return (await product.client.call('getWorkspace', { params: { id }, query: {} })).body;
  }

  async function online(id: string): Promise<void> {
    await waitFor(
      async () => {
        const { status } = await read(id);
        if (status === 'failed') throw new Error(JSON.stringify(await product.client.call('listWorkspaces', {})));
        return status === 'online';
      },
      { timeoutMs: 30_000, what: 'the agent to be online' },
    );
  }

  async function ask(id: string, text: string): Promise<string> {
    const message = {
      messageId: crypto.randomUUID(),
      role: 'user',
      contextId: 'talk',
      parts: [{ kind: 'text', text }],
    };
    const response = await fetch(`${product.server.url}/workspaces/${id}/a2a`, {
      method: 'POST',
      headers: { authorization: `Bearer ${product.server.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'message/send', params: { message } }),
    });
    const body = (await response.json()) as { result?: { parts?: { text: string }[] } };
    return body.result?.parts?.[0]?.text ?? JSON.stringify(body);
  }
});
