import type { Routes, Secret } from '@molecule/contract';
import type { HandlersFor } from '../../platform/http/handlers.js';
import type { Ports } from '../../ports.js';
import type { Actor } from '../access/index.js';
import { createChosenModelHandlers } from './chosen-model.routes.js';
import { type Effect, toPreview } from './effect.js';
import type { Secrets } from './secrets.service.js';
import { listGlobal, type SecretListing } from './secrets.store.js';

export interface SecretHandlerDeps extends Pick<Ports, 'lanes'> {
  readonly secrets: Secrets;
  /** Wakes the worker that starts agents. */
  readonly nudge: () => void;
}

type SecretHandlers = Pick<
  HandlersFor<Routes, Actor>,
  | 'listGlobalSecrets'
  | 'listGlobalSecretsAlias'
  | 'putGlobalSecret'
  | 'postGlobalSecret'
  | 'postGlobalSecretAlias'
  | 'deleteGlobalSecret'
  | 'deleteGlobalSecretAlias'
  | 'listSecrets'
  | 'readSecretValues'
  | 'putSecret'
  | 'postSecret'
  | 'deleteSecret'
  | 'getModel'
  | 'putModel'
  | 'getProvider'
  | 'putProvider'
>;

/** The predecessor's clients use PUT, POST and two paths for one thing; they share one function each. */
export function createSecretHandlers(deps: SecretHandlerDeps): SecretHandlers {
  const { secrets, lanes, nudge } = deps;
  const wakeFor = ({ restarts }: Effect): number => {
    if (restarts.length > 0) nudge();
    return restarts.length;
  };

  const list: SecretHandlers['listGlobalSecrets'] = async () => ({
    status: 200,
    body: (await listGlobal(lanes.control)).map(toPublic),
  });
  const setGlobal: SecretHandlers['putGlobalSecret'] = async ({ query, body: { key, value } }) => {
    const effect = await secrets.setGlobal(key, value, { dryRun: query.dry_run });
    if (query.dry_run) return { status: 200, body: toPreview(effect) };
    return { status: 200, body: { status: 'saved', key, scope: 'global', restarts: wakeFor(effect) } };
  };
  const deleteGlobal: SecretHandlers['deleteGlobalSecret'] = async ({ params: { key }, query }) => {
    const effect = await secrets.deleteGlobal(key, { dryRun: query.dry_run });
    if (query.dry_run) return { status: 200, body: toPreview(effect) };
    return { status: 200, body: { status: 'deleted', key, scope: 'global', restarts: wakeFor(effect) } };
  };
  const setOwn: SecretHandlers['putSecret'] = async ({ params, query, body: { key, value } }) => {
    const effect = await secrets.setOwn(params.id, key, value, { dryRun: query.dry_run });
    if (query.dry_run) return { status: 200, body: toPreview(effect) };
    wakeFor(effect);
    return { status: 200, body: { status: 'saved', key } };
  };

  return {
    ...createChosenModelHandlers(deps),
    listGlobalSecrets: list,
    listGlobalSecretsAlias: list,
    putGlobalSecret: setGlobal,
    postGlobalSecret: setGlobal,
    postGlobalSecretAlias: setGlobal,
    deleteGlobalSecret: deleteGlobal,
    deleteGlobalSecretAlias: deleteGlobal,
    listSecrets: async ({ params }) => ({
      status: 200,
      body: (await secrets.listVisible(lanes.control, params.id)).map(toPublic),
    }),
    readSecretValues: async ({ params }) => ({
      status: 200,
      body: { ...(await secrets.readValues(lanes.control, params.id)) },
    }),
    putSecret: setOwn,
    postSecret: setOwn,
    async deleteSecret({ params: { id, key }, query }) {
      const effect = await secrets.deleteOwn(id, key, { dryRun: query.dry_run });
      if (query.dry_run) return { status: 200, body: toPreview(effect) };
      wakeFor(effect);
      return { status: 200, body: { status: 'deleted', key } };
    },
  };
}

function toPublic(row: SecretListing): Secret {
  return {
    key: row.key,
    has_value: true,
    scope: row.scope,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}
