import type { Connection } from '@molecule/contract';
import type { Tx } from '../../platform/db.js';
import { refuse } from '../../platform/http/app-error.js';
import { failingWith } from '../../platform/http/failing-with.js';
import type { Ports } from '../../ports.js';
import { toConnection, toPlatformUrl } from './connection/connection.js';
import { lockLive } from './workspaces.store.js';

export interface ExternalVerbs {
  /**
   * Replaces every token of an external workspace by a new one: the old ones fail with their next request, and the new
   * one is returned here and never again (B-11).
   */
  rotate(id: string, origin: string): Promise<Connection>;
  /** The same payload without a token. Reads only. */
  connection(id: string, origin: string): Promise<Connection>;
}

interface ExternalDeps extends Pick<Ports, 'transact' | 'commit' | 'lanes'> {
  readonly tokens: {
    mint(tx: Tx, workspaceId: string): Promise<string>;
    revokeAll(tx: Tx, workspaceIds: readonly string[]): Promise<void>;
  };
  readonly find: (id: string) => Promise<{ readonly status: string; readonly runtime: string } | null>;
}

/** What can be done about the connection of an agent that runs outside of this server (contract registry-a2a §4). */
export function createExternalVerbs(deps: ExternalDeps): ExternalVerbs {
  return {
    async rotate(id, origin) {
      const platformUrl = toPlatformUrl(origin);
      const token = await deps.transact('control', async (tx) => {
        const row = (await lockLive(tx, [id])).get(id) ?? refuse('workspace_not_found');
        checkExternal('rotate', row.spec.runtime);
        await failingWith('revoke failed', () => deps.tokens.revokeAll(tx, [id]));
        const minted = await failingWith('mint failed', () => deps.tokens.mint(tx, id));
        const payload = { workspace_id: id };
        await deps.commit(tx, { events: [{ type: 'EXTERNAL_CREDENTIALS_ROTATED', workspaceId: id, payload }] });
        return minted;
      });
      return toConnection(id, platformUrl, token);
    },

    async connection(id, origin) {
      const row = await deps.find(id);
      if (!row || row.status === 'removed') refuse('workspace_not_found');
      checkExternal('connection payload', row.runtime);
      return toConnection(id, toPlatformUrl(origin), '');
    },
  };
}

function checkExternal(what: 'rotate' | 'connection payload', runtime: string): void {
  if (runtime === 'external') return;
  refuse('not_external', {
    text: `${what} is only valid for runtime=external workspaces`,
    fields: { runtime, hint: 'use POST /workspaces/:id/restart for non-external runtimes' },
  });
}
