import { waitFor } from '@molecule/testkit';
import type { Product } from './product.js';

/** What a test does with the agents of a product, over HTTP as any client would. */
export function agentsOf(product: Product) {
  const { client, server } = product;

  async function read(id: string) {
    return (await client.call('getWorkspace', { params: { id }, query: {} })).body;
  }

  return {
    read,
    async create(
      name: string,
      runtime: string,
      more: { readonly parent_id?: string; readonly model?: string } = {},
    ): Promise<string> {
      const body = { name, runtime, tier: 3, ...more };
      return (await client.call('createWorkspace', { body })).body.id;
    },
    /** Fails at once when the agent does. */
    async online(id: string, timeoutMs = 30_000): Promise<void> {
      const status = await waitFor(
        async () => {
          const now = (await read(id)).status;
          return now === 'online' || now === 'failed' ? now : null;
        },
        { timeoutMs, what: 'the agent to be online' },
      );
      if (status === 'online') return;
      const { body } = await client.call('listWorkspaces', {});
      throw new Error(`the agent failed: ${body.find((one) => one.id === id)?.last_sample_error}`);
    },
    async restart(id: string, request: { readonly reset?: boolean } = {}): Promise<void> {
      await client.call('restartWorkspace', { params: { id }, body: request });
    },
    /** The text of the answer in the one conversation of the test; otherwise what came instead. */
    async ask(id: string, text: string): Promise<string> {
      const parts = [{ kind: 'text', text }];
      const message = { messageId: crypto.randomUUID(), role: 'user', contextId: 'talk', parts };
      const response = await fetch(`${server.url}/workspaces/${id}/a2a`, {
        method: 'POST',
        headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'message/send', params: { message } }),
      });
      const body = (await response.json()) as { result?: { parts?: { text: string }[] } };
      return body.result?.parts?.[0]?.text ?? JSON.stringify(body);
    },
  };
}
