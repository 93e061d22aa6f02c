import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import type { Random } from '../../platform/random.js';

/** Where a secret lives. It is bound into the encrypted value, so a value copied to another row cannot be read there. */
export type SecretPlace =
  | { readonly scope: 'global'; readonly key: string }
  | { readonly scope: 'workspace'; readonly workspaceId: string; readonly key: string };

/** A value as it is stored. */
export interface SealedValue {
  readonly encrypted_value: Buffer;
  readonly encryption_version: number;
  readonly key_id: string | null;
}

/** A stored value cannot be read. The message says why and never holds the value. */
export class SecretUnreadableError extends Error {
  override readonly name = 'SecretUnreadableError';
}

export interface Cipher {
  /** Names the key without telling it; stored beside every value. */
  readonly keyId: string;
  seal(place: SecretPlace, value: string): SealedValue;
  /** Throws {@link SecretUnreadableError}. */
  open(place: SecretPlace, sealed: SealedValue): string;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
/** Versions 0 (plaintext) and 1 (no additional data) are the predecessor's: read, never written (contract lifecycle §4.1). */
const VERSION = 2;

/** `key` is base64 of 32 bytes, or exactly 32 bytes of text (contract lifecycle §4.1). Throws when it is neither. */
export function createCipher(key: string, random: Pick<Random, 'token'>): Cipher {
  const secret = toKeyBytes(key);
  const keyId = createHash('sha256').update('molecule secrets key\0').update(secret).digest('hex').slice(0, 16);

  function decrypt(sealed: Buffer, additionalData: Buffer | null): string {
    if (sealed.length < NONCE_BYTES + TAG_BYTES)
      throw new SecretUnreadableError('it is shorter than any encrypted value');
    const decipher = createDecipheriv('aes-256-gcm', secret, sealed.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    if (additionalData !== null) decipher.setAAD(additionalData);
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    try {
      const text = Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
      return text.toString('utf8');
    } catch (error) {
      throw new SecretUnreadableError('it was changed, moved, or encrypted with another key', { cause: error });
    }
  }

  return {
    keyId,
    seal(place, value) {
      const nonce = Buffer.from(random.token(NONCE_BYTES), 'base64url');
      const cipher = createCipheriv('aes-256-gcm', secret, nonce, { authTagLength: TAG_BYTES });
      cipher.setAAD(toAdditionalData(place));
      const body = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]);
      return {
        encrypted_value: Buffer.concat([nonce, body, cipher.getAuthTag()]),
        encryption_version: VERSION,
        key_id: keyId,
      };
    },
    open(place, sealed) {
      switch (sealed.encryption_version) {
        case 0:
          return sealed.encrypted_value.toString('utf8');
        case 1:
          return decrypt(sealed.encrypted_value, null);
        case VERSION:
          if (sealed.key_id !== keyId) {
            throw new SecretUnreadableError(`it was encrypted with key ${sealed.key_id}, this server has key ${keyId}`);
          }
          return decrypt(sealed.encrypted_value, toAdditionalData(place));
        default:
          throw new SecretUnreadableError(`its encryption version ${sealed.encryption_version} is unknown`);
      }
    },
  };
}

/** `scope|workspace|key`; neither a UUID nor a secret's name contains the separator. */
function toAdditionalData(place: SecretPlace): Buffer {
  return Buffer.from(`${place.scope}|${place.scope === 'workspace' ? place.workspaceId : ''}|${place.key}`);
}

function toKeyBytes(key: string): Buffer {
  const raw = Buffer.from(key, 'utf8');
  if (raw.length === KEY_BYTES) return raw;
  const decoded = Buffer.from(key, 'base64');
  if (decoded.length === KEY_BYTES) return decoded;
  throw new Error('the secrets key must be base64 of 32 bytes, or exactly 32 bytes');
}
