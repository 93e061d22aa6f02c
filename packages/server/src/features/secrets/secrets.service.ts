import { MODEL_VARIABLE } from '@molecule/contract/providers';
import type { Db, Tx } from '../../platform/db.js';
import { AppError } from '../../platform/http/app-error.js';
import { failingWith } from '../../platform/http/failing-with.js';
import type { Ports } from '../../ports.js';
import { StartRefusal, writeChosenModel } from '../workspaces/index.js';
import { PUBLIC_KEYS, withChosenModel } from './chosen-model.js';
import { verifyKey } from './key-check.js';
import { checkNames } from './secret-names.js';
import { checkValue } from './secret-values.js';
import { createSecretWrites, type SecretWrites, type SecretWritesDeps } from './secret-writes.js';
import {
  findEffective,
  listEffective,
  listEffectiveKeys,
  listGlobal,
  listGlobalKeysWithValue,
  listOwn,
  type OwnedSecret,
  type SecretListing,
  upsertOwn,
} from './secrets.store.js';
import { createVault, type Opened } from './vault.js';

export interface SecretsDeps extends SecretWritesDeps, Pick<Ports, 'random' | 'logger'> {
  /** Base64 of 32 bytes, or exactly 32 bytes of text. */
  readonly key: string;
}

/** What a workspace, whose row is written already, is to be stored with. */
export interface GivenSecrets {
  readonly workspaceId: string;
  /** The owner's explicit choice; null leaves it to the template (contract A8). */
  readonly model: string | null;
  readonly secrets: Readonly<Record<string, string>>;
}

export interface Secrets extends SecretWrites {
  /** Refuses with `secret_name_refused` unless every name may be a variable of an agent. Writes nothing. */
  checkNames(names: readonly string[]): void;
  /**
   * Stores secrets of new workspaces, with model and provider among them (R22). Empty values count as not given. No
   * restart, no event.
   */
  writeWorkspaceSecrets(tx: Tx, given: readonly GivenSecrets[]): Promise<void>;
  /** What a workspace sees: its own by key, then the global ones it does not override by key (contract lifecycle §4.2). */
  listVisible(db: Db, workspaceId: string): Promise<readonly SecretListing[]>;
  /**
   * The environment a workspace's agent gets: global secrets under its own (contract lifecycle §4.10). `confidential`
   * names those whose values must never be shown. Throws `StartRefusal` with reason `secret_unreadable`, naming keys and
   * never values.
   */
  readFor(db: Db, workspaceId: string): Promise<AgentSecrets>;
  /** The same for the agent that asks: all of them, or a refusal with `secrets_unreadable` (contract lifecycle §4.3). */
  readValues(db: Db, workspaceId: string): Promise<Readonly<Record<string, string>>>;
  /** The value an agent of the workspace gets under one key, and whose it is; null for none. Refuses with `secrets_unreadable`. */
  readInForce(
    db: Db,
    workspaceId: string,
    key: string,
  ): Promise<{ readonly value: string; readonly scope: 'workspace' | 'global' } | null>;
  /** Names of what a workspace's agent gets, its own and the global ones, in order. */
  listNames(db: Db | Tx, workspaceId: string): Promise<readonly string[]>;
  /** Which of `names` have a global value that is not empty. */
  findGlobalNames(db: Db | Tx, names: readonly string[]): Promise<ReadonlySet<string>>;
  /**
   * Compares this server's key with the one the database was first used with (design §5). Throws `SecretsKeyError`; a
   * server that went on would write secrets that its replicas cannot read. Call before serving.
   */
  verifyKey(db: Db): Promise<void>;
}

export interface AgentSecrets {
  readonly values: Readonly<Record<string, string>>;
  readonly confidential: readonly string[];
}

export function createSecrets(deps: SecretsDeps): Secrets {
  const vault = createVault(deps.key, deps.random);

  async function openAll(db: Db, workspaceId: string): Promise<Opened> {
    const opened = vault.openAll(workspaceId, await listEffective(db, workspaceId));
    for (const { key: name, scope, why } of opened.unreadable) {
      deps.logger.error({ workspace: workspaceId, name, scope, why }, 'unreadable value');
    }
    return opened;
  }

  return {
    ...createSecretWrites(deps, vault),
    checkNames,

    async writeWorkspaceSecrets(tx, given) {
      const sealed: OwnedSecret[] = [];
      for (const { workspaceId, secrets, model } of given) {
        const entries = Object.entries(withChosenModel(secrets, model)).filter(([, value]) => value !== '');
        checkNames(entries.map(([key]) => key));
        for (const [key, value] of entries) checkValue(key, value);
        for (const [key, value] of entries) {
          const sealing = () => vault.seal({ scope: 'workspace', workspaceId, key }, value);
          const stored = await failingWith(`failed to encrypt secret: ${key}`, sealing);
          sealed.push({ workspace_id: workspaceId, ...stored });
        }
      }
      // One statement for all of them, so its failure names all of them.
      const keys = [...new Set(sealed.map(({ key }) => key))].join(', ');
      await failingWith(`failed to save secret: ${keys}`, () => upsertOwn(tx, sealed));
      for (const { workspaceId, secrets, model } of given) {
        const named = secrets[MODEL_VARIABLE];
        if (named && !model) await writeChosenModel(tx, workspaceId, named);
      }
    },

    async listVisible(db, workspaceId) {
      const own = await listOwn(db, workspaceId);
      const overridden = new Set(own.map(({ key }) => key));
      try {
        return [...own, ...(await listGlobal(db)).filter(({ key }) => !overridden.has(key))];
      } catch (error) {
        // Clients of the contract get what could be read.
        deps.logger.error({ workspace: workspaceId, err: error }, 'global secrets are left out of a list');
        return own;
      }
    },

    async readFor(db, workspaceId) {
      const { values, unreadable } = await openAll(db, workspaceId);
      if (unreadable.length > 0) {
        const named = unreadable.map(({ key, scope }) => `${key} (${scope})`).join(', ');
        throw new StartRefusal({
          reason: 'secret_unreadable',
          text: `These secrets could not be decrypted: ${named}. Set them again, or start the server with the key they were stored with.`,
        });
      }
      return { values, confidential: Object.keys(values).filter((name) => !PUBLIC_KEYS.has(name)) };
    },

    async readValues(db, workspaceId) {
      const { values, unreadable } = await openAll(db, workspaceId);
      if (unreadable.length > 0) {
        const failed = unreadable.map(({ key, scope }) => `${scope}:${key}`);
        throw new AppError('secrets_unreadable', { fields: { failed_keys: failed } });
      }
      return values;
    },

    async readInForce(db, workspaceId, key) {
      const stored = await findEffective(db, workspaceId, key);
      if (stored === null) return null;
      const { scope } = stored;
      const { values, unreadable } = vault.openAll(workspaceId, [stored]);
      for (const { why } of unreadable) {
        deps.logger.error({ workspace: workspaceId, name: key, scope, why }, 'unreadable value');
        throw new AppError('secrets_unreadable', {
          text: 'failed to decrypt',
          fields: { failed_keys: [`${scope}:${key}`] },
        });
      }
      return { value: values[key] ?? '', scope };
    },

    listNames: listEffectiveKeys,

    async findGlobalNames(db, names) {
      return new Set(await listGlobalKeysWithValue(db, names));
    },

    verifyKey: (db) => verifyKey(db, vault),
  };
}
