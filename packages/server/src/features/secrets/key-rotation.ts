import type { Tx } from '../../platform/db.js';
import type { Random } from '../../platform/random.js';
import { type SecretPlace, SecretUnreadableError } from './cipher.js';
import { isKeyOf, SecretsKeyError, writeKeyCheck } from './key-check.js';
import {
  lockGlobalPage,
  lockOwnPage,
  type OwnedSecret,
  resealGlobal,
  resealOwn,
  type StoredSecret,
} from './secrets.store.js';
import { createVault, type Vault } from './vault.js';

/** The secrets cannot be brought under another key. The message says what to do; nothing was changed. */
export class KeyRotationError extends Error {
  override readonly name = 'KeyRotationError';
}

export type Rotation =
  | { readonly kind: 'rotated'; readonly count: number }
  /** An earlier run had come to its end: the database belongs to the new key. */
  | { readonly kind: 'already' };

const PAGE = 500;
const NAMED_MAX = 20;

/**
 * Seals every stored secret with another key, old encryption versions included, and makes the database belong to it
 * (design §5). All of it in the transaction of the caller: cut off anywhere, the database belongs to the old key.
 * Repeatable. Throws {@link KeyRotationError} when one cannot be read, and `SecretsKeyError` when `from` is not its key.
 * No server may be running: one that is would go on writing with the old key.
 */
export async function rotateKey(
  tx: Tx,
  random: Pick<Random, 'token'>,
  keys: { readonly from: string; readonly to: string },
): Promise<Rotation> {
  const from = createVault(keys.from, random);
  const to = createVault(keys.to, random);
  if (from.keyId === to.keyId) {
    throw new KeyRotationError('The new key is the old one. Choose another: openssl rand -base64 32');
  }
  if (!(await isKeyOf(tx, from))) {
    if (await isKeyOf(tx, to)) return { kind: 'already' };
    throw new SecretsKeyError(
      'The secrets in this database were encrypted with another key than the one to rotate from. Give the present one as SECRETS_ENCRYPTION_KEY (without the variable: the file keys/secrets-key of the data directory).',
    );
  }
  const unreadable: string[] = [];
  const reseal = createResealer(from, to, unreadable);
  let count = 0;
  for (let after: OwnedSecret | null = null; ; ) {
    const page: OwnedSecret[] = await lockOwnPage(tx, after, PAGE);
    for (const stored of page) {
      const place: SecretPlace = { scope: 'workspace', workspaceId: stored.workspace_id, key: stored.key };
      const sealed = reseal(place, stored);
      if (sealed !== null) await resealOwn(tx, { workspace_id: stored.workspace_id, ...sealed });
    }
    count += page.length;
    after = page.at(-1) ?? null;
    if (page.length < PAGE) break;
  }
  for (let after: string | null = null; ; ) {
    const page: StoredSecret[] = await lockGlobalPage(tx, after, PAGE);
    for (const stored of page) {
      const sealed = reseal({ scope: 'global', key: stored.key }, stored);
      if (sealed !== null) await resealGlobal(tx, sealed);
    }
    count += page.length;
    after = page.at(-1)?.key ?? null;
    if (page.length < PAGE) break;
  }
  if (unreadable.length > 0) throw new KeyRotationError(refusalOf(unreadable));
  await writeKeyCheck(tx, to);
  return { kind: 'rotated', count };
}

/** Null for what cannot be read, which is noted instead: a person wants to hear of all of them at once. */
function createResealer(from: Vault, to: Vault, unreadable: string[]) {
  return (place: SecretPlace, stored: StoredSecret): StoredSecret | null => {
    try {
      return to.seal(place, from.open(place, stored));
    } catch (error) {
      if (!(error instanceof SecretUnreadableError)) throw error;
      unreadable.push(place.scope === 'global' ? `${place.key} (global)` : `${place.key} of ${place.workspaceId}`);
      return null;
    }
  };
}

function refusalOf(unreadable: readonly string[]): string {
  const more = unreadable.length > NAMED_MAX ? ` and ${unreadable.length - NAMED_MAX} more` : '';
  return `Nothing was changed: these secrets cannot be read with the present key: ${unreadable.slice(0, NAMED_MAX).join(', ')}${more}. Set or delete them, then rotate again.`;
}
