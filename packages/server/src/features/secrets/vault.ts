import type { Random } from '../../platform/random.js';
import { createCipher, type SealedValue, type SecretPlace, SecretUnreadableError } from './cipher.js';
import type { EffectiveSecret, StoredSecret } from './secrets.store.js';

/** The cipher of this server's key, in the words of the rest of this feature. */
export interface Vault {
  readonly keyId: string;
  seal(place: SecretPlace, value: string): StoredSecret;
  /** Throws {@link SecretUnreadableError}. */
  open(place: SecretPlace, stored: SealedValue): string;
  /** Whether this very value is stored in the present form. False when it cannot be read: writing it anew repairs it. */
  holds(place: SecretPlace, stored: SealedValue | null, value: string): boolean;
  /** Opens all that can be opened. */
  openAll(workspaceId: string, stored: readonly EffectiveSecret[]): Opened;
}

export interface Opened {
  readonly values: Readonly<Record<string, string>>;
  readonly unreadable: readonly {
    readonly key: string;
    readonly scope: 'workspace' | 'global';
    readonly why: string;
  }[];
}

const PRESENT_VERSION = 2;

/** `key` is base64 of 32 bytes, or exactly 32 bytes of text. Throws when it is neither. */
export function createVault(key: string, random: Pick<Random, 'token'>): Vault {
  const cipher = createCipher(key, random);
  return {
    keyId: cipher.keyId,
    seal: (place, value) => ({ key: place.key, ...cipher.seal(place, value) }),
    open: (place, stored) => cipher.open(place, stored),
    holds(place, stored, value) {
      // A value of an older version is written again, so that plaintext does not stay (contract lifecycle §4.1).
      if (stored === null || stored.encryption_version !== PRESENT_VERSION) return false;
      try {
        return cipher.open(place, stored) === value;
      } catch (error) {
        if (error instanceof SecretUnreadableError) return false;
        throw error;
      }
    },
    openAll(workspaceId, secrets) {
      const values: Record<string, string> = {};
      const unreadable: Opened['unreadable'][number][] = [];
      for (const { scope, ...stored } of secrets) {
        const { key: name } = stored;
        const place: SecretPlace = scope === 'global' ? { scope, key: name } : { scope, workspaceId, key: name };
        try {
          values[name] = cipher.open(place, stored);
        } catch (error) {
          if (!(error instanceof SecretUnreadableError)) throw error;
          unreadable.push({ key: name, scope, why: error.message });
        }
      }
      return { values, unreadable };
    },
  };
}
