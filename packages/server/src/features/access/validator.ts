import { type Batcher, createBatcher } from '../../platform/batcher.js';
import type { Db } from '../../platform/db.js';
import { toError } from '../../platform/errors.js';
import { AppError } from '../../platform/http/app-error.js';
import { type FoundBearer, findBearers } from './access.store.js';
import type { OrgTokenIdentity } from './actor.js';
import { hashCredential } from './credentials.js';
import { findSession } from './sessions.store.js';
import type { UseMarks } from './use-marks.js';

/**
 * What a credential is worth. `unavailable` is its own answer: told "401", an agent reports its token as revoked and
 * leaves, so a database that cannot be asked must never look like that (B-07).
 */
export type TokenVerdict =
  | { readonly kind: 'ok'; readonly workspaceId: string }
  | { readonly kind: 'org'; readonly token: OrgTokenIdentity }
  /** It belonged to a workspace that has been removed. */
  | { readonly kind: 'removed'; readonly workspaceId: string }
  | { readonly kind: 'invalid' }
  | { readonly kind: 'unavailable'; readonly cause: unknown };

export type SessionVerdict =
  | { readonly kind: 'ok'; readonly expiresAt: Date }
  | { readonly kind: 'invalid' }
  | { readonly kind: 'unavailable'; readonly cause: unknown };

/** The one place that judges tokens and sessions. Nothing is cached: revoking takes effect with the next request. */
export interface Validator {
  checkToken(token: string): Promise<TokenVerdict>;
  checkSession(cookie: string): Promise<SessionVerdict>;
}

const HASH_BYTES = 72;

export function createValidator(db: Db, marks: UseMarks): Validator {
  // Almost every request of an agent asks this, so those that wait ask together.
  const bearers: Batcher<Buffer, FoundBearer | null> = createBatcher({
    name: 'bearers',
    run: (hashes) => findBearers(db, hashes),
  });
  return {
    async checkToken(token) {
      try {
        const found = await bearers.submit(hashCredential(token), HASH_BYTES);
        if (found?.kind === 'org') {
          marks.orgTokenUsed(found.token.id);
          return found;
        }
        if (found?.live) {
          marks.tokenUsed(found.tokenId);
          return { kind: 'ok', workspaceId: found.workspaceId };
        }
        return found?.removed ? { kind: 'removed', workspaceId: found.workspaceId } : { kind: 'invalid' };
      } catch (cause) {
        return { kind: 'unavailable', cause };
      }
    },
    async checkSession(cookie) {
      const hash = hashCredential(cookie);
      try {
        const expiresAt = await findSession(db, hash);
        if (expiresAt === null) return { kind: 'invalid' };
        marks.sessionUsed(hash);
        return { kind: 'ok', expiresAt };
      } catch (cause) {
        return { kind: 'unavailable', cause };
      }
    },
  };
}

/** The one mapping of `unavailable` to the wire. */
export function unavailable(cause: unknown): AppError {
  return new AppError('platform_unavailable', { headers: { 'retry-after': '1' }, cause: toError(cause) });
}
