import type { Db, Tx } from '../../platform/db.js';
import { ensureSetting, writeSetting } from '../../platform/settings.js';
import type { SecretPlace } from './cipher.js';
import type { Vault } from './vault.js';

/** This server's key is not the one the stored secrets were encrypted with. The message says what to do. */
export class SecretsKeyError extends Error {
  override readonly name = 'SecretsKeyError';
}

const SETTING = 'secrets_key_check';
const PLACE: SecretPlace = { scope: 'global', key: 'key-check' };
const TEXT = 'molecule';

/** A known text sealed with the key the database was first used with, written by the first server (design §5). */
export async function verifyKey(db: Db, vault: Vault): Promise<void> {
  if (await isKeyOf(db, vault)) return;
  throw new SecretsKeyError(
    'The secrets in this database were encrypted with another key. Start with the SECRETS_ENCRYPTION_KEY of the server that first used it, or the one they were rotated to (without the variable: the file keys/secrets-key of its data directory). If a rotation was interrupted, run it again.',
  );
}

/** Whether the stored secrets belong to this key; a database without any belongs to whoever asks first. */
export async function isKeyOf(db: Db | Tx, vault: Vault): Promise<boolean> {
  const stored = await ensureSetting(db, SETTING, toKeyCheck(vault));
  if (typeof stored !== 'object' || stored === null || !('sealed' in stored) || !('key_id' in stored)) return false;
  if (typeof stored.sealed !== 'string' || typeof stored.key_id !== 'string') return false;
  const encrypted_value = Buffer.from(stored.sealed, 'base64');
  return vault.holds(PLACE, { encrypted_value, encryption_version: 2, key_id: stored.key_id }, TEXT);
}

/** From now on the database belongs to this key. */
export async function writeKeyCheck(tx: Tx, vault: Vault): Promise<void> {
  await writeSetting(tx, SETTING, toKeyCheck(vault));
}

function toKeyCheck(vault: Vault): { readonly key_id: string | null; readonly sealed: string } {
  const sealed = vault.seal(PLACE, TEXT);
  return { key_id: sealed.key_id, sealed: sealed.encrypted_value.toString('base64') };
}
