import type { Cipher } from '../secrets/index.js';
import type { ChannelAdapter, ChannelConfig } from './adapters.js';

/** Marks a sealed value and names its form; `ec1:` was the predecessor's, without additional data. */
const MARK = 'ec2:';

/**
 * The configuration as it is stored: what is not public is sealed for this workspace, channel and key, so that a value
 * copied to another row cannot be read there.
 */
export function sealConfig(
  cipher: Cipher,
  channel: { readonly workspaceId: string; readonly type: string; readonly adapter: ChannelAdapter },
  config: ChannelConfig,
): Record<string, string> {
  const { workspaceId, type, adapter } = channel;
  const stored = Object.entries(config).map(([key, value]) => {
    if (adapter.publicKeys.includes(key)) return [key, value] as const;
    const place = { scope: 'workspace', workspaceId, key: `channel:${type}:${key}` } as const;
    const { encrypted_value: sealed, key_id: keyId } = cipher.seal(place, value);
    return [key, `${MARK}${keyId ?? ''}:${sealed.toString('base64')}`] as const;
  });
  return Object.fromEntries(stored);
}
