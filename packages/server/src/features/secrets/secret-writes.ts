import type { NewEvent } from '@molecule/contract';
import { MODEL_VARIABLE } from '@molecule/contract/providers';
import type { Tx } from '../../platform/db.js';
import { refuse } from '../../platform/http/app-error.js';
import { failingWith } from '../../platform/http/failing-with.js';
import type { Ports } from '../../ports.js';
import { listRestartable, lockLive, type WorkspaceName, writeChosenModel } from '../workspaces/index.js';
import type { SecretPlace } from './cipher.js';
import { type Effect, NO_EFFECT } from './effect.js';
import { checkNames } from './secret-names.js';
import { checkValue } from './secret-values.js';
import {
  deleteGlobal,
  deleteOwn,
  listOverriding,
  lockGlobal,
  lockOwn,
  upsertGlobal,
  upsertOwn,
} from './secrets.store.js';
import type { Vault } from './vault.js';

export interface WriteOptions {
  /** Judge the request and say whom it concerns, but change nothing. */
  readonly dryRun?: boolean;
  /** Of the steps for which the contract fixes one of their own. */
  readonly texts?: { readonly encrypt?: string; readonly remove?: string };
}

/** Each change, its event and the restarts it causes are one transaction: a stored change whose agents kept the old value is not possible. */
export interface SecretWrites {
  /** Repeatable: a value that is stored already changes nothing. */
  setGlobal(key: string, value: string, options?: WriteOptions): Promise<Effect>;
  /** Refuses with `secret_not_found`. */
  deleteGlobal(key: string, options?: WriteOptions): Promise<Effect>;
  /** As `setGlobal`, for one workspace. Refuses with `workspace_not_found`. */
  setOwn(workspaceId: string, key: string, value: string, options?: WriteOptions): Promise<Effect>;
  /** Refuses with `workspace_not_found` and `secret_not_found`. */
  deleteOwn(workspaceId: string, key: string, options?: WriteOptions): Promise<Effect>;
  /** As `deleteOwn`; one that is not there changes nothing. */
  clearOwn(workspaceId: string, key: string, options?: WriteOptions): Promise<Effect>;
}

export interface SecretWritesDeps extends Pick<Ports, 'transact' | 'commit'> {
  /** Kinds of the backends this server can start agents with. */
  readonly backends: readonly string[];
}

export function createSecretWrites(deps: SecretWritesDeps, vault: Vault): SecretWrites {
  const { transact, commit, backends } = deps;

  async function restart(tx: Tx, affected: readonly WorkspaceName[], events: readonly NewEvent[]): Promise<Effect> {
    const transitions = affected.map(({ id }) => ({ workspaceId: id, trigger: 'start_requested' as const }));
    const { outcomes } = await commit(tx, { transitions, events });
    return { changed: true, restarts: affected.filter((_workspace, index) => outcomes[index]?.kind === 'moved') };
  }

  /** Everybody who sees the global value: those without one of their own. */
  async function listAffected(tx: Tx, key: string): Promise<WorkspaceName[]> {
    const hidden = new Set(await listOverriding(tx, key));
    return (await listRestartable(tx, 'all', backends)).filter(({ id }) => !hidden.has(id));
  }

  async function changeGlobal(
    key: string,
    deleted: boolean,
    { dryRun }: WriteOptions,
    steps: { readonly differs: (tx: Tx) => Promise<boolean>; readonly write: (tx: Tx) => Promise<void> },
  ): Promise<Effect> {
    return transact('control', async (tx) => {
      if (!(await steps.differs(tx))) return NO_EFFECT;
      const affected = await listAffected(tx, key);
      if (dryRun) return { changed: true, restarts: affected };
      await steps.write(tx);
      const payload = { key, scope: 'global', deleted } as const;
      return restart(tx, affected, [{ type: 'SECRET_CHANGED', workspaceId: null, payload }]);
    });
  }

  async function changeOwn(
    workspaceId: string,
    key: string,
    value: string | null,
    { dryRun }: WriteOptions,
    steps: { readonly differs: (tx: Tx) => Promise<boolean>; readonly write: (tx: Tx) => Promise<void> },
  ): Promise<Effect> {
    return transact('control', async (tx) => {
      // Held first: two writers of one workspace take turns instead of waiting for each other in a circle.
      if (!(await lockLive(tx, [workspaceId])).has(workspaceId)) refuse('workspace_not_found');
      if (!(await steps.differs(tx))) return NO_EFFECT;
      const affected = await listRestartable(tx, [workspaceId], backends);
      if (dryRun) return { changed: true, restarts: affected };
      await steps.write(tx);
      const payload = { key, scope: 'workspace', deleted: value === null } as const;
      const events: NewEvent[] = [{ type: 'SECRET_CHANGED', workspaceId, payload }];
      if (key === MODEL_VARIABLE) {
        await writeChosenModel(tx, workspaceId, value);
        events.push({ type: 'WORKSPACE_UPDATED', workspaceId, payload: { changes: { model: value } } });
      }
      return restart(tx, affected, events);
    });
  }

  function removeOwn(workspaceId: string, key: string, options: WriteOptions, absent: 'refused' | 'fine') {
    return changeOwn(workspaceId, key, null, options, {
      differs: async (tx) =>
        (await lockOwn(tx, workspaceId, key)) !== null || (absent === 'fine' ? false : refuse('secret_not_found')),
      write: (tx) => {
        const remove = () => deleteOwn(tx, workspaceId, key);
        return options.texts?.remove === undefined ? remove() : failingWith(options.texts.remove, remove);
      },
    });
  }

  return {
    async setGlobal(key, value, options = {}) {
      checkNames([key]);
      checkValue(key, value);
      const place: SecretPlace = { scope: 'global', key };
      return changeGlobal(key, false, options, {
        differs: async (tx) => !vault.holds(place, await lockGlobal(tx, key), value),
        write: async (tx) => upsertGlobal(tx, await failingWith('failed to encrypt', () => vault.seal(place, value))),
      });
    },

    deleteGlobal(key, options = {}) {
      return changeGlobal(key, true, options, {
        differs: async (tx) => (await lockGlobal(tx, key)) !== null || refuse('secret_not_found'),
        write: (tx) => deleteGlobal(tx, key),
      });
    },

    async setOwn(workspaceId, key, value, options = {}) {
      checkNames([key]);
      checkValue(key, value);
      const place: SecretPlace = { scope: 'workspace', workspaceId, key };
      const encryptText = options.texts?.encrypt ?? 'failed to encrypt secret';
      return changeOwn(workspaceId, key, value, options, {
        differs: async (tx) => !vault.holds(place, await lockOwn(tx, workspaceId, key), value),
        async write(tx) {
          const sealed = await failingWith(encryptText, () => vault.seal(place, value));
          await upsertOwn(tx, [{ workspace_id: workspaceId, ...sealed }]);
        },
      });
    },

    deleteOwn: (workspaceId, key, options = {}) => removeOwn(workspaceId, key, options, 'refused'),
    clearOwn: (workspaceId, key, options = {}) => removeOwn(workspaceId, key, options, 'fine'),
  };
}
