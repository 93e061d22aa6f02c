import { WORKSPACE_TOKENS_MAX } from '@molecule/contract';
import type { Db, Tx } from '../../platform/db.js';
import type { Ports } from '../../ports.js';
import {
  type Credential,
  deleteRevokedTokens,
  findCredential,
  insertToken,
  insertTokenBelow,
  type NewToken,
  replaceTokens,
  revokeTokens,
} from './access.store.js';
import { mintCredential } from './minted.js';
import type { UseMarks } from './use-marks.js';

/** Tokens of workspaces. The plaintext is returned exactly once and never stored or logged (contract §2.2). */
export interface WorkspaceTokens {
  /** One more token, for a person or an agent that somebody else runs. Revokes nothing. */
  mint(tx: Tx, workspaceId: string): Promise<string>;
  /** The same, unless the workspace has as many live ones as it may have; null then. The workspace must be locked. */
  mintBelowLimit(tx: Tx, workspaceId: string): Promise<string | null>;
  /**
   * The token of one generation; every token of this or an older one is revoked with it, so a late instance is refused
   * at every door (design §4.3). Runs by itself, in no transaction of the caller. May be repeated: the last one counts.
   */
  issueForGeneration(workspaceId: string, generation: number): Promise<string>;
  revokeAll(tx: Tx, workspaceIds: readonly string[]): Promise<void>;
  /** What the token with this hash is worth, for a feature that checks it inside its own transaction. */
  find(db: Db | Tx, hash: Buffer): Promise<Credential | null>;
  /** Remembered and written later: for features whose own statement checks tokens. */
  markUsed(tokenId: string): void;
}

/** As long as the event log, which tells what happened meanwhile: whose token it was, and when it was used last. */
const RETENTION_DAYS = 30;
const RETENTION_EVERY_MS = 6 * 3_600_000;
const DELETE_AT_ONCE = 5_000;

export function createWorkspaceTokens(
  { lanes, random, supervisor }: Pick<Ports, 'lanes' | 'random' | 'supervisor'>,
  marks: UseMarks,
): WorkspaceTokens {
  supervisor.loop({
    name: 'token-retention',
    everyMs: RETENTION_EVERY_MS,
    async run(signal) {
      let deleted = DELETE_AT_ONCE;
      while (deleted === DELETE_AT_ONCE && !signal.aborted) {
        deleted = await deleteRevokedTokens(lanes.work, RETENTION_DAYS, DELETE_AT_ONCE);
      }
    },
  });
  const make = (workspaceId: string): { token: string; row: NewToken } => {
    const { token, id, hash, prefix } = mintCredential(random);
    return { token, row: { id, workspaceId, hash, prefix } };
  };
  return {
    async mint(tx, workspaceId) {
      const { token, row } = make(workspaceId);
      await insertToken(tx, row);
      return token;
    },
    async mintBelowLimit(tx, workspaceId) {
      const { token, row } = make(workspaceId);
      return (await insertTokenBelow(tx, row, WORKSPACE_TOKENS_MAX)) ? token : null;
    },
    async issueForGeneration(workspaceId, generation) {
      const { token, row } = make(workspaceId);
      await replaceTokens(lanes.work, row, generation);
      return token;
    },
    revokeAll: (tx, workspaceIds) => revokeTokens(tx, workspaceIds),
    find: (db, hash) => findCredential(db, hash),
    markUsed: (tokenId) => marks.tokenUsed(tokenId),
  };
}
