import type { Client } from '@molecule/contract/client';
import { useServices } from '../../app/services-context.js';
import { previewOf } from './queries.js';
import type { Change } from './use-change.js';

/** Whose keys: those of all agents, or those of one. */
export type SecretScope =
  | { readonly kind: 'global' }
  | { readonly kind: 'workspace'; readonly id: string; readonly name: string };

export const everyAgent: SecretScope = { kind: 'global' };

export interface SecretChanges {
  save(key: string, value: string): Change;
  remove(key: string): Change;
}

export function useSecretChanges(scope: SecretScope): SecretChanges {
  const { client } = useServices();
  return scope.kind === 'global' ? globalChanges(client) : workspaceChanges(client, scope.id, scope.name);
}

function globalChanges(client: Client): SecretChanges {
  return {
    save: (key, value) => ({
      ...savingOf(key, 'all agents', `Every agent finds the new value in its environment.`),
      preview: async () =>
        previewOf((await client.call('putGlobalSecret', { query: { dry_run: true }, body: { key, value } })).body),
      apply: async () => {
        const { body } = await client.call('putGlobalSecret', { body: { key, value } });
        return body.status === 'saved' ? body.restarts : null;
      },
    }),
    remove: (key) => ({
      ...removalOf(key),
      effect: 'A model that needs it falls back to another key, or to demo answers.',
      preview: async () =>
        previewOf((await client.call('deleteGlobalSecret', { params: { key }, query: { dry_run: true } })).body),
      apply: async () => {
        const { body } = await client.call('deleteGlobalSecret', { params: { key } });
        return body.status === 'deleted' ? body.restarts : null;
      },
    }),
  };
}

function workspaceChanges(client: Client, id: string, name: string): SecretChanges {
  return {
    save: (key, value) => ({
      ...savingOf(key, name, `${name} finds the new value in its environment.`),
      preview: async () =>
        previewOf(
          (await client.call('putSecret', { params: { id }, query: { dry_run: true }, body: { key, value } })).body,
        ),
      apply: async () => {
        await client.call('putSecret', { params: { id }, body: { key, value } });
        return null;
      },
    }),
    remove: (key) => ({
      ...removalOf(key),
      effect: `${name} then takes the global value of that name, if there is one.`,
      preview: async () =>
        previewOf((await client.call('deleteSecret', { params: { id, key }, query: { dry_run: true } })).body),
      apply: async () => {
        await client.call('deleteSecret', { params: { id, key } });
        return null;
      },
    }),
  };
}

type Words = Omit<Change, 'preview' | 'apply'>;

function savingOf(key: string, whom: string, effect: string): Words {
  return { title: `Save ${key} for ${whom}?`, effect, confirm: 'Save key', removes: false, done: `Saved ${key}` };
}

function removalOf(key: string): Omit<Words, 'effect'> {
  return { title: `Delete ${key}?`, confirm: 'Delete key', removes: true, done: `Deleted ${key}` };
}
