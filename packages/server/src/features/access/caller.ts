import { type ErrorCode, parseUuid } from '@molecule/contract';
import type { Db } from '../../platform/db.js';
import { AppError } from '../../platform/http/app-error.js';
import { hasEverHadToken } from './access.store.js';
import type { Actor } from './actor.js';
import { type RequestHeaders, readHeader } from './credentials.js';
import { unavailable } from './validator.js';

/** Senders inside the server use these; nobody outside may (B-10). */
const RESERVED = ['webhook:', 'system:', 'test:', 'channel:'];

/** The workspace a request claims to speak for, as sent (contract registry-a2a §2.10); null when it claims none. */
export function readClaim(headers: RequestHeaders): string | null {
  return readHeader(headers, 'x-workspace-id')?.trim() || readHeader(headers, 'x-source-workspace-id')?.trim() || null;
}

/** Throws `invalid_caller_id` for a name that only the server itself may bear. */
export function checkReservedCaller(headers: RequestHeaders): void {
  const claim = readClaim(headers);
  if (claim !== null && RESERVED.some((prefix) => claim.startsWith(prefix))) throw new AppError('invalid_caller_id');
}

export interface ClaimRefusals {
  readonly missing: ErrorCode;
  readonly invalid: ErrorCode;
}

/**
 * For which workspace an actor speaks; null for a person. The hardened rules of contract registry-a2a §8.2: a claim is
 * never a credential, an admin may speak for anyone, and a token speaks for its workspace whether it says so or not
 * (B-09, B-51).
 */
export async function resolveClaim(
  db: Db,
  actor: Actor,
  headers: RequestHeaders,
  refusals: ClaimRefusals,
): Promise<string | null> {
  checkReservedCaller(headers);
  const claim = readClaim(headers);
  const claimedId = claim === null ? null : parseUuid(claim);
  if (claim !== null && claimedId === null) throw new AppError('invalid_caller_id');
  switch (actor.kind) {
    case 'workspace':
      if (claimedId !== null && claimedId !== actor.id) throw new AppError(refusals.invalid);
      return actor.id;
    case 'admin':
      return claimedId;
    case 'anonymous':
      // Only development mode lets anonymous callers this far; there a workspace that never had a token needs none.
      if (claimedId !== null && (await wasGivenToken(db, claimedId))) throw new AppError(refusals.missing);
      return claimedId;
    case 'claimant':
    case 'tombstone':
      throw new AppError(refusals.invalid);
    default: {
      const unreachable: never = actor;
      throw new Error(`no rule for actor ${String(unreachable)}`);
    }
  }
}

async function wasGivenToken(db: Db, workspaceId: string): Promise<boolean> {
  try {
    return await hasEverHadToken(db, workspaceId);
  } catch (cause) {
    throw unavailable(cause);
  }
}
