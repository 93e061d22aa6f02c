import type { Client } from '@molecule/contract/client';
import { RefusedError } from '../../command.js';

/**
 * Refuses to make a second place of the same name beside one: whatever waits in the first would stay there, and from then
 * on its name would mean two. `next` says what to do with the one that exists.
 */
export async function refuseTaken(client: Client, name: string, parentId: string | null, next: string): Promise<void> {
  const { body } = await client.call('listWorkspaces', {});
  const taken = body.find(
    (one) => one.name === name && one.parent_id === parentId && one.runtime === 'external' && one.status !== 'removed',
  );
  if (taken === undefined) return;
  throw new RefusedError(`there is a workspace ${name} for an agent that runs elsewhere already`, {
    help: next,
    fields: { workspace_id: taken.id },
  });
}
