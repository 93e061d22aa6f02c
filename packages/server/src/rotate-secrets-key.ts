import type { Config } from './config.js';
import { rotatePushKey } from './features/a2a/index.js';
import { rotateChannelKey } from './features/channels/index.js';
import { KeyRotationError, type Rotation, rotateKey } from './features/secrets/index.js';
import type { DataDir } from './platform/data-dir.js';
import { createDatabase } from './platform/db.js';
import { findLivingHost } from './platform/hosts.js';
import type { Logger } from './platform/logger.js';
import type { Random } from './platform/random.js';
import { createTransact } from './platform/transact.js';

export interface KeyChange {
  readonly config: Pick<Config, 'databaseUrl' | 'secretsKey' | 'newSecretsKey'>;
  readonly databaseUrl: string;
  readonly dataDir: Pick<DataDir, 'secretsKey' | 'nextSecretsKey'>;
  readonly logger: Logger;
  readonly random: Pick<Random, 'token'>;
}

/**
 * Brings all stored secrets under another key and returns what a person has to know now (design §5). A key that lies in
 * the data directory is replaced there; one that is given by the environment has to be changed by whoever gives it.
 * Repeatable, and to be repeated when it was cut off. Throws KeyRotationError and SecretsKeyError; then nothing was
 * changed.
 */
export async function rotateSecretsKey(change: KeyChange): Promise<string> {
  const { config, dataDir, random } = change;
  const database = createDatabase({ url: change.databaseUrl, logger: change.logger });
  try {
    // An embedded database is ours alone by now; one with an address may have servers we know nothing of.
    const host = config.databaseUrl === null ? null : await findLivingHost(database.lanes.work);
    if (host !== null) {
      throw new KeyRotationError(
        `The server ${host.name} uses this database or did so within the last minute. Stop every server on it, wait a minute, and run this again.`,
      );
    }
    const transact = createTransact(database.lanes, () => {});
    const rotate = (from: string, to: string): Promise<Rotation> =>
      transact('work', async (tx) => {
        const done = await rotateKey(tx, random, { from, to });
        if (done.kind === 'rotated') {
          await rotateChannelKey(tx, random, { from, to });
          await rotatePushKey(tx, random, { from, to });
        }
        return done;
      });
    if (config.secretsKey !== null) {
      if (config.newSecretsKey === null) {
        throw new KeyRotationError(
          'SECRETS_ENCRYPTION_KEY is set, so the new key has to be given as well. Make it and keep it first (openssl rand -base64 32 > new-key), then give it: SECRETS_ENCRYPTION_KEY_NEW=$(cat new-key). Every server needs it afterwards.',
        );
      }
      const done = await rotate(config.secretsKey, config.newSecretsKey);
      return `${tell(done)} Start every server with the new key as SECRETS_ENCRYPTION_KEY, and without SECRETS_ENCRYPTION_KEY_NEW.`;
    }
    const next = await dataDir.nextSecretsKey.stage(config.newSecretsKey);
    if (config.newSecretsKey !== null && next !== config.newSecretsKey.trim()) {
      throw new KeyRotationError(
        'An earlier rotation was cut off and has to be finished first: run this again without SECRETS_ENCRYPTION_KEY_NEW.',
      );
    }
    const done = await rotate(dataDir.secretsKey, next);
    await dataDir.nextSecretsKey.adopt();
    return `${tell(done)} The new key lies in the data directory, in keys/secrets-key. Back it up, and start the server as before.`;
  } finally {
    await database.close();
  }
}

function tell(done: Rotation): string {
  switch (done.kind) {
    case 'rotated':
      return `${done.count} secrets are encrypted with the new key now; the old one opens none of them.`;
    case 'already':
      return 'The secrets were encrypted with the new key already.';
  }
}
