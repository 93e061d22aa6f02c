import type { Routes } from '@molecule/contract';
import { MODEL_VARIABLE, PROVIDER_VARIABLE } from '@molecule/contract/providers';
import type { HandlersFor } from '../../platform/http/handlers.js';
import type { Actor } from '../access/index.js';
import { type Effect, toPreview } from './effect.js';
import type { SecretHandlerDeps } from './secrets.routes.js';

type ChosenModelHandlers = Pick<HandlersFor<Routes, Actor>, 'getModel' | 'putModel' | 'getProvider' | 'putProvider'>;

/** Model and provider: one behaviour under two names (contract lifecycle §4.7, §4.8). */
export function createChosenModelHandlers({ secrets, lanes, nudge }: SecretHandlerDeps): ChosenModelHandlers {
  async function read(workspaceId: string, key: string) {
    const found = await secrets.readInForce(lanes.control, workspaceId, key);
    if (found === null || found.value === '') return { value: '', source: 'default' as const };
    return { value: found.value, source: `${found.scope}_secrets` as const };
  }

  async function write(workspaceId: string, what: Choice, value: string, dryRun: boolean): Promise<Effect> {
    const texts = { encrypt: `failed to encrypt ${what.noun}`, remove: `failed to clear ${what.noun}` };
    const effect =
      value === ''
        ? await secrets.clearOwn(workspaceId, what.key, { dryRun, texts })
        : await secrets.setOwn(workspaceId, what.key, value, { dryRun, texts });
    if (!dryRun && effect.restarts.length > 0) nudge();
    return effect;
  }

  return {
    async getModel({ params }) {
      const { value, source } = await read(params.id, MODEL_VARIABLE);
      return { status: 200, body: { model: value, source } };
    },
    async putModel({ params, query, body: { model } }) {
      const effect = await write(params.id, MODEL, model, query.dry_run);
      if (query.dry_run) return { status: 200, body: toPreview(effect) };
      return { status: 200, body: model === '' ? { status: 'cleared' } : { status: 'saved', model } };
    },
    async getProvider({ params }) {
      const { value, source } = await read(params.id, PROVIDER_VARIABLE);
      return { status: 200, body: { provider: value, source } };
    },
    async putProvider({ params, query, body: { provider } }) {
      const effect = await write(params.id, PROVIDER, provider, query.dry_run);
      if (query.dry_run) return { status: 200, body: toPreview(effect) };
      return { status: 200, body: provider === '' ? { status: 'cleared' } : { status: 'saved', provider } };
    },
  };
}

interface Choice {
  readonly key: string;
  readonly noun: string;
}

const MODEL: Choice = { key: MODEL_VARIABLE, noun: 'model' };
const PROVIDER: Choice = { key: PROVIDER_VARIABLE, noun: 'provider' };
