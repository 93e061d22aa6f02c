import type { NewEvent } from '@molecule/contract';
import type { Db, Tx } from '../../platform/db.js';
import { refuse } from '../../platform/http/app-error.js';
import { failingWith } from '../../platform/http/failing-with.js';
import { ensureSetting } from '../../platform/settings.js';
import type { Ports } from '../../ports.js';
import { listRestartable, StartRefusal, workspaceReads } from '../workspaces/index.js';
import { createCipher, type SealedValue, type SecretPlace, SecretUnreadableError } from './cipher.js';
import { checkNames } from './secret-names.js';
import { checkValue } from './secret-values.js';
import {
  deleteGlobal,
  deleteOwn,
  listEffective,
  listGlobalKeysWithValue,
  listOverriding,
  lockGlobal,
  lockOwn,
  type StoredSecret,
  upsertGlobal,
  upsertOwn,
} from './secrets.store.js';

export interface SecretsDeps extends Pick<Ports, 'transact' | 'commit' | 'random' | 'logger'> {
  /** Base64 of 32 bytes, or exactly 32 bytes of text. */
  readonly key: string;
}

export interface Secrets {
  /** Refuses with `secret_name_refused` unless every name may be a variable of an agent. Writes nothing. */
  checkNames(names: readonly string[]): void;
  /** Stores secrets of a workspace whose row `tx` has written. Empty values count as not given. No restart, no event. */
  writeWorkspaceSecrets(tx: Tx, workspaceId: string, secrets: Readonly<Record<string, string>>): Promise<void>;
  /**
   * The environment a workspace's agent gets: global secrets under its own (contract lifecycle §4.10). Throws
   * `StartRefusal` with reason `secret_unreadable`, naming keys and never values.
   */
  readFor(db: Db, workspaceId: string): Promise<Readonly<Record<string, string>>>;
  /** Which of `names` have a global value that is not empty. */
  findGlobalNames(db: Db | Tx, names: readonly string[]): Promise<ReadonlySet<string>>;
  /** Repeatable: a value that is stored already changes nothing. Returns how many agents start again with the new one. */
  setGlobal(key: string, value: string): Promise<number>;
  /** Refuses with `secret_not_found`. Returns how many agents start again without it. */
  deleteGlobal(key: string): Promise<number>;
  /** As `setGlobal`, for one workspace. Refuses with `workspace_not_found`. */
  setOwn(workspaceId: string, key: string, value: string): Promise<number>;
  deleteOwn(workspaceId: string, key: string): Promise<number>;
  /**
   * Compares this server's key with the one the database was first used with (design §5). Throws
   * {@link SecretsKeyError}; a server that went on would write secrets that its replicas cannot read. Call before serving.
   */
  verifyKey(db: Db): Promise<void>;
}

/** This server's key is not the one the stored secrets were encrypted with. The message says what to do. */
export class SecretsKeyError extends Error {
  override readonly name = 'SecretsKeyError';
}

const KEY_CHECK: SecretPlace = { scope: 'global', key: 'key-check' };
const KEY_CHECK_TEXT = 'molecule';

export function createSecrets(deps: SecretsDeps): Secrets {
  const { transact, commit } = deps;
  const cipher = createCipher(deps.key, deps.random);
  const seal = (place: SecretPlace, value: string): StoredSecret => ({ key: place.key, ...cipher.seal(place, value) });

  /** False when the stored value is unreadable: writing it anew is the way to repair it. */
  function holds(place: SecretPlace, stored: SealedValue | null, value: string): boolean {
    // A value of an older version is written again, so that plaintext does not stay (contract lifecycle §4.1).
    if (stored === null || stored.encryption_version !== 2) return false;
    try {
      return cipher.open(place, stored) === value;
    } catch (error) {
      if (error instanceof SecretUnreadableError) return false;
      throw error;
    }
  }

  /** The event and the restarts of a change, in its transaction: a stored change whose agents kept the old value is not possible. */
  async function announce(tx: Tx, event: NewEvent, ids: readonly string[]): Promise<number> {
    const { outcomes } = await commit(tx, {
      transitions: ids.map((workspaceId) => ({ workspaceId, trigger: 'start_requested' as const })),
      events: [event],
    });
    return outcomes.filter((outcome) => outcome.kind === 'moved').length;
  }

  async function announceGlobal(tx: Tx, key: string, deleted: boolean): Promise<number> {
    const hidden = new Set(await listOverriding(tx, key));
    const affected = (await listRestartable(tx, 'all')).filter((id) => !hidden.has(id));
    const payload = { key, scope: 'global', deleted } as const;
    return announce(tx, { type: 'SECRET_CHANGED', workspaceId: null, payload }, affected);
  }

  async function announceOwn(tx: Tx, workspaceId: string, key: string, deleted: boolean): Promise<number> {
    const affected = await listRestartable(tx, [workspaceId]);
    const payload = { key, scope: 'workspace', deleted } as const;
    return announce(tx, { type: 'SECRET_CHANGED', workspaceId, payload }, affected);
  }

  return {
    checkNames,

    async writeWorkspaceSecrets(tx, workspaceId, secrets) {
      const given = Object.entries(secrets).filter(([, value]) => value !== '');
      checkNames(given.map(([key]) => key));
      for (const [key, value] of given) checkValue(key, value);
      const sealed: StoredSecret[] = [];
      for (const [key, value] of given) {
        const sealing = () => seal({ scope: 'workspace', workspaceId, key }, value);
        sealed.push(await failingWith(`failed to encrypt secret: ${key}`, sealing));
      }
      // One statement for all of them, so its failure names all of them.
      const keys = sealed.map(({ key }) => key).join(', ');
      await failingWith(`failed to save secret: ${keys}`, () => upsertOwn(tx, workspaceId, sealed));
    },

    async readFor(db, workspaceId) {
      const values: Record<string, string> = {};
      const unreadable: string[] = [];
      for (const { scope, ...stored } of await listEffective(db, workspaceId)) {
        const place: SecretPlace =
          scope === 'global' ? { scope, key: stored.key } : { scope, workspaceId, key: stored.key };
        try {
          values[stored.key] = cipher.open(place, stored);
        } catch (error) {
          if (!(error instanceof SecretUnreadableError)) throw error;
          deps.logger.error(
            { workspace: workspaceId, name: stored.key, scope, why: error.message },
            'unreadable value',
          );
          unreadable.push(`${stored.key} (${scope})`);
        }
      }
      if (unreadable.length > 0) {
        throw new StartRefusal({
          reason: 'secret_unreadable',
          text: `These secrets could not be decrypted: ${unreadable.join(', ')}. Set them again, or start the server with the key they were stored with.`,
        });
      }
      return values;
    },

    async findGlobalNames(db, names) {
      return new Set(await listGlobalKeysWithValue(db, names));
    },

    setGlobal(key, value) {
      checkNames([key]);
      checkValue(key, value);
      const place: SecretPlace = { scope: 'global', key };
      return transact('control', async (tx) => {
        if (holds(place, await lockGlobal(tx, key), value)) return 0;
        await upsertGlobal(tx, seal(place, value));
        return announceGlobal(tx, key, false);
      });
    },

    deleteGlobal(key) {
      return transact('control', async (tx) => {
        if (!(await deleteGlobal(tx, key))) refuse('secret_not_found');
        return announceGlobal(tx, key, true);
      });
    },

    setOwn(workspaceId, key, value) {
      checkNames([key]);
      checkValue(key, value);
      const place: SecretPlace = { scope: 'workspace', workspaceId, key };
      return transact('control', async (tx) => {
        const workspace = await workspaceReads.find(tx, workspaceId);
        if (!workspace || workspace.status === 'removed') refuse('workspace_not_found');
        if (holds(place, await lockOwn(tx, workspaceId, key), value)) return 0;
        await upsertOwn(tx, workspaceId, [seal(place, value)]);
        return announceOwn(tx, workspaceId, key, false);
      });
    },

    deleteOwn(workspaceId, key) {
      return transact('control', async (tx) => {
        if (!(await deleteOwn(tx, workspaceId, key))) refuse('secret_not_found');
        return announceOwn(tx, workspaceId, key, true);
      });
    },

    async verifyKey(db) {
      const sealed = cipher.seal(KEY_CHECK, KEY_CHECK_TEXT);
      const stored = await ensureSetting(db, 'secrets_key_check', {
        key_id: sealed.key_id,
        sealed: sealed.encrypted_value.toString('base64'),
      });
      if (opensKeyCheck(stored)) return;
      throw new SecretsKeyError(
        'The secrets in this database were encrypted with another key. Start with the SECRETS_ENCRYPTION_KEY of the server that first used it (without the variable: the file keys/secrets-key of its data directory).',
      );
    },
  };

  function opensKeyCheck(stored: unknown): boolean {
    if (typeof stored !== 'object' || stored === null || !('sealed' in stored) || !('key_id' in stored)) return false;
    if (typeof stored.sealed !== 'string' || typeof stored.key_id !== 'string') return false;
    const encrypted_value = Buffer.from(stored.sealed, 'base64');
    return holds(KEY_CHECK, { encrypted_value, encryption_version: 2, key_id: stored.key_id }, KEY_CHECK_TEXT);
  }
}
