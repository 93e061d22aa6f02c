import type { TaskPushNotificationConfig } from '@a2a-js/sdk';
import type { Tx } from '../../platform/db.js';
import type { Random } from '../../platform/random.js';
import { isJsonObject, parseJson } from '../../proxy/json.js';
import { type Cipher, createCipher, KeyRotationError, SecretUnreadableError } from '../secrets/index.js';
import { lockSealed, type PushConfigRow, writeSealed } from './push-configs.store.js';

/** What a receiver wants to see of a notification, so that it knows who calls. */
export type PushSecrets = Pick<TaskPushNotificationConfig, 'token' | 'authentication'>;

const VERSION = 2;

type Place = Pick<PushConfigRow, 'task_id' | 'id' | 'target_id'>;

export function sealPush(
  cipher: Cipher,
  place: Place,
  { token, authentication }: PushSecrets,
): Pick<PushConfigRow, 'sealed' | 'key_id'> {
  if (token === '' && authentication === undefined) return { sealed: null, key_id: null };
  return sealText(cipher, place, JSON.stringify({ token, authentication }));
}

/** Throws `SecretUnreadableError`. */
export function openPush(cipher: Cipher, row: PushConfigRow): PushSecrets {
  if (row.sealed === null) return { token: '', authentication: undefined };
  const kept = parseJson(openText(cipher, row, row.sealed));
  if (!isJsonObject(kept)) throw new SecretUnreadableError('it is not what was written');
  const { token, authentication } = kept;
  const given = isJsonObject(authentication) ? authentication : null;
  return {
    token: typeof token === 'string' ? token : '',
    authentication: given ? { scheme: String(given.scheme), credentials: String(given.credentials) } : undefined,
  };
}

/** Brings them under another key, in the transaction that does so with the secrets (design §5). */
export async function rotatePushKey(
  tx: Tx,
  random: Pick<Random, 'token'>,
  keys: { readonly from: string; readonly to: string },
): Promise<void> {
  const from = createCipher(keys.from, random);
  const to = createCipher(keys.to, random);
  for (const row of await lockSealed(tx)) {
    if (row.sealed === null) continue;
    try {
      await writeSealed(tx, { ...row, ...sealText(to, row, openText(from, row, row.sealed)) });
    } catch (error) {
      if (!(error instanceof SecretUnreadableError)) throw error;
      throw new KeyRotationError(
        `Nothing was changed: the push configuration ${row.id} of task ${row.task_id} cannot be read with the present key. Delete it, then rotate again.`,
        { cause: error },
      );
    }
  }
}

function sealText(cipher: Cipher, place: Place, text: string): Pick<PushConfigRow, 'sealed' | 'key_id'> {
  return { sealed: cipher.seal(placeOf(place), text).encrypted_value, key_id: cipher.keyId };
}

function openText(cipher: Cipher, row: PushConfigRow, sealed: Buffer): string {
  return cipher.open(placeOf(row), { encrypted_value: sealed, encryption_version: VERSION, key_id: row.key_id });
}

/** Names of secrets hold no colon, so none of them has the place of a configuration. */
function placeOf({ task_id, id, target_id }: Place) {
  return { scope: 'workspace', workspaceId: target_id, key: `task-push:${task_id}:${id}` } as const;
}
