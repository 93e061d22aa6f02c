import type { Cipher } from '../secrets/index.js';
import type { ChannelAdapter, ChannelConfig } from './adapters.js';

/** Marks a sealed value and names its form; `ec1:` was the predecessor's, without additional data. */
const SEALED = /^ec2:([0-9a-f]{16}):([A-Za-z0-9+/]+=*)$/;
const VERSION = 2;

/** Whose channel it is: bound into every sealed value, so that one copied to another row cannot be read there. */
export interface ChannelPlace {
  readonly workspaceId: string;
  readonly type: string;
}

/** The configuration as it is stored: everything sealed that is not public. */
export function sealConfig(
  cipher: Cipher,
  place: ChannelPlace,
  adapter: ChannelAdapter,
  config: ChannelConfig,
): Record<string, string> {
  return mapValues(config, (key, value) =>
    adapter.publicKeys.includes(key) ? value : seal(cipher, place, key, value),
  );
}

/** The same configuration under another key. Throws `SecretUnreadableError` when `from` does not open it. */
export function resealConfig(from: Cipher, to: Cipher, place: ChannelPlace, stored: ChannelConfig): ChannelConfig {
  return mapValues(stored, (key, value) => {
    const [, keyId, sealed] = SEALED.exec(value) ?? [];
    if (keyId === undefined || sealed === undefined) return value;
    const opened = from.open(placeOf(place, key), {
      encrypted_value: Buffer.from(sealed, 'base64'),
      encryption_version: VERSION,
      key_id: keyId,
    });
    return seal(to, place, key, opened);
  });
}

function seal(cipher: Cipher, place: ChannelPlace, key: string, value: string): string {
  const sealed = cipher.seal(placeOf(place, key), value);
  return `ec${VERSION}:${cipher.keyId}:${sealed.encrypted_value.toString('base64')}`;
}

/** Names of secrets hold no colon, so none of them has the place of a channel. */
function placeOf({ workspaceId, type }: ChannelPlace, key: string) {
  return { scope: 'workspace', workspaceId, key: `channel:${type}:${key}` } as const;
}

function mapValues(config: ChannelConfig, map: (key: string, value: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key, map(key, value)]));
}
