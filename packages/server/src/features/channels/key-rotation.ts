import type { Tx } from '../../platform/db.js';
import type { Random } from '../../platform/random.js';
import { createCipher, KeyRotationError, SecretUnreadableError } from '../secrets/index.js';
import { lockConfigPage, writeConfig } from './channels.store.js';
import { resealConfig } from './sealed-config.js';

const PAGE = 500;

/**
 * Brings the credentials of all channels under another key, in the transaction that does so with the secrets (design §5).
 * Throws `KeyRotationError` when one cannot be read; the transaction must not be committed then.
 */
export async function rotateChannelKey(
  tx: Tx,
  random: Pick<Random, 'token'>,
  keys: { readonly from: string; readonly to: string },
): Promise<void> {
  const from = createCipher(keys.from, random);
  const to = createCipher(keys.to, random);
  for (let after: string | null = null; ; ) {
    const page = await lockConfigPage(tx, after, PAGE);
    for (const { id, config, ...place } of page) {
      try {
        await writeConfig(tx, id, resealConfig(from, to, place, config));
      } catch (error) {
        if (!(error instanceof SecretUnreadableError)) throw error;
        throw new KeyRotationError(
          `Nothing was changed: the ${place.type} channel of ${place.workspaceId} cannot be read with the present key. Delete it, then rotate again.`,
          { cause: error },
        );
      }
    }
    after = page.at(-1)?.id ?? null;
    if (page.length < PAGE) return;
  }
}
