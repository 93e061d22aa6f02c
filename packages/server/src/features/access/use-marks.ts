import type { Db } from '../../platform/db.js';
import type { Supervisor } from '../../platform/supervisor.js';
import { markTokensUsed } from './access.store.js';
import { markOrgTokensUsed } from './org-tokens.store.js';
import { extendSessions } from './sessions.store.js';

/** Remembers which credentials were used, so that a request costs no write. */
export interface UseMarks {
  tokenUsed(tokenId: string): void;
  orgTokenUsed(tokenId: string): void;
  sessionUsed(idHash: Buffer): void;
}

/** Once a minute, in one statement a kind, off every request. What a crash loses is at most a minute of `last_used_at`. */
export function createUseMarks(deps: { readonly supervisor: Supervisor; readonly db: Db }): UseMarks {
  let tokens = new Set<string>();
  let orgTokens = new Set<string>();
  let sessions = new Map<string, Buffer>();
  deps.supervisor.loop({
    name: 'credential-use',
    everyMs: 60_000,
    async run() {
      const used = { tokens, orgTokens, sessions };
      tokens = new Set();
      orgTokens = new Set();
      sessions = new Map();
      if (used.tokens.size > 0) await markTokensUsed(deps.db, [...used.tokens]);
      if (used.orgTokens.size > 0) await markOrgTokensUsed(deps.db, [...used.orgTokens]);
      if (used.sessions.size > 0) await extendSessions(deps.db, [...used.sessions.values()]);
    },
  });
  return {
    tokenUsed: (tokenId) => void tokens.add(tokenId),
    orgTokenUsed: (tokenId) => void orgTokens.add(tokenId),
    sessionUsed: (idHash) => void sessions.set(idHash.toString('base64'), idHash),
  };
}
