import type { Routes, Secret } from '@molecule/contract';
import type { HandlersFor } from '../../platform/http/handlers.js';
import type { Ports } from '../../ports.js';
import type { Actor } from '../access/index.js';
import type { Secrets } from './secrets.service.js';
import { listGlobal, listVisible, type SecretListing } from './secrets.store.js';

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
  | 'putSecret'
  | 'postSecret'
  | 'deleteSecret'
>;

/** The predecessor's clients use PUT, POST and two paths for one thing; they share one function each. */
export function createSecretHandlers({ secrets, lanes, nudge }: SecretHandlerDeps): SecretHandlers {
  const wakeFor = (restarts: number): number => {
    if (restarts > 0) nudge();
    return restarts;
  };

  const list: SecretHandlers['listGlobalSecrets'] = async () => ({
    status: 200,
    body: (await listGlobal(lanes.control)).map(toPublic),
  });
  const setGlobal: SecretHandlers['putGlobalSecret'] = async ({ body }) => {
    const restarts = wakeFor(await secrets.setGlobal(body.key, body.value));
    return { status: 200, body: { status: 'saved', key: body.key, scope: 'global', restarts } };
  };
  const deleteGlobal: SecretHandlers['deleteGlobalSecret'] = async ({ params }) => {
    const restarts = wakeFor(await secrets.deleteGlobal(params.key));
    return { status: 200, body: { status: 'deleted', key: params.key, scope: 'global', restarts } };
  };
  const setOwn: SecretHandlers['putSecret'] = async ({ params, body }) => {
    wakeFor(await secrets.setOwn(params.id, body.key, body.value));
    return { status: 200, body: { status: 'saved', key: body.key } };
  };

  return {
    listGlobalSecrets: list,
    listGlobalSecretsAlias: list,
    putGlobalSecret: setGlobal,
    postGlobalSecret: setGlobal,
    postGlobalSecretAlias: setGlobal,
    deleteGlobalSecret: deleteGlobal,
    deleteGlobalSecretAlias: deleteGlobal,
    listSecrets: async ({ params }) => ({
      status: 200,
      body: (await listVisible(lanes.control, params.id)).map(toPublic),
    }),
    putSecret: setOwn,
    postSecret: setOwn,
    deleteSecret: async ({ params }) => {
      wakeFor(await secrets.deleteOwn(params.id, params.key));
      return { status: 200, body: { status: 'deleted', key: params.key } };
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
