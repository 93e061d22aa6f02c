import { createCipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../platform/random.js';
import { createCipher, type SecretPlace } from './cipher.js';

const KEY = 'a-secrets-key-of-exactly-32-byte';
const random = createRandom();
const cipher = createCipher(KEY, random);
const place: SecretPlace = { scope: 'workspace', workspaceId: '11111111-1111-4111-8111-111111111111', key: 'API_KEY' };

describe('the cipher of secrets', () => {
  it('opens what it sealed, and seals the same text differently each time', () => {
    const first = cipher.seal(place, 'geheim ✓');
    const second = cipher.seal(place, 'geheim ✓');
    expect(cipher.open(place, first)).toBe('geheim ✓');
    expect(first.encrypted_value.equals(second.encrypted_value)).toBe(false);
    expect(first.encrypted_value.includes('geheim')).toBe(false);
    expect(first).toMatchObject({ encryption_version: 2, key_id: cipher.keyId });
  });

  it.each<[string, SecretPlace]>([
    ['another key name', { ...place, key: 'OTHER' }],
    ['another workspace', { ...place, workspaceId: '22222222-2222-4222-8222-222222222222' }],
    ['the global scope', { scope: 'global', key: 'API_KEY' }],
  ])('a value copied to %s cannot be read there', (_where, elsewhere) => {
    const sealed = cipher.seal(place, 'value');
    expect(() => cipher.open(elsewhere, sealed)).toThrow('changed, moved, or encrypted with another key');
  });

  it('a changed byte is noticed', () => {
    const sealed = cipher.seal(place, 'value');
    for (let index = 0; index < sealed.encrypted_value.length; index += 1) {
      const changed = Buffer.from(sealed.encrypted_value);
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(() => cipher.open(place, { ...sealed, encrypted_value: changed })).toThrow('changed');
    }
  });

  it('another key is named by its id, never tried', () => {
    const other = createCipher('another-key-of-exactly-32-bytes!', random);
    expect(() => other.open(place, cipher.seal(place, 'value'))).toThrow(`encrypted with key ${cipher.keyId}`);
  });

  it('reads version 0 as plaintext and version 1 without additional data (contract §4.1)', () => {
    const nonce = Buffer.alloc(12, 7);
    const old = createCipheriv('aes-256-gcm', Buffer.from(KEY), nonce);
    const body = Buffer.concat([old.update('old value'), old.final()]);
    const version1 = Buffer.concat([nonce, body, old.getAuthTag()]);
    expect(cipher.open(place, { encrypted_value: version1, encryption_version: 1, key_id: null })).toBe('old value');
    const plain = { encrypted_value: Buffer.from('plain'), encryption_version: 0, key_id: null };
    expect(cipher.open(place, plain)).toBe('plain');
  });

  it('refuses unknown versions and values that are too short', () => {
    const sealed = { encrypted_value: Buffer.alloc(5), key_id: cipher.keyId };
    expect(() => cipher.open(place, { ...sealed, encryption_version: 3 })).toThrow('version 3 is unknown');
    expect(() => cipher.open(place, { ...sealed, encryption_version: 2 })).toThrow('shorter than');
  });

  it('takes the key as base64 or as 32 bytes, and nothing else', () => {
    const base64 = createCipher(Buffer.from(KEY).toString('base64'), random);
    expect(base64.keyId).toBe(cipher.keyId);
    expect(() => createCipher('short', random)).toThrow('base64 of 32 bytes');
  });
});
