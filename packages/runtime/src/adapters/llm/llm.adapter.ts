import type { RuntimeConfig } from '../../config/runtime-config.js';
import type { Log } from '../../log.js';
import type { Adapter } from '../adapter.js';
import { chooseModel, describeChoice } from './model-choice.js';

// With the back-off of 2, 4 and 8 s: long enough for a rate limit to pass, short enough for somebody who waits.
const RETRIES_MAX = 3;

export interface LlmAdapterOptions {
  readonly env: Readonly<Record<string, string>>;
  /** The explicit MODEL; null when nobody chose one. */
  readonly model: string | null;
  readonly config: Pick<RuntimeConfig, 'model'>;
  readonly log: Pick<Log, 'info' | 'warn'>;
  readonly retriesMax?: number;
}

/**
 * The built-in agent (design §10, `llm`): a model with the tools `list_peers` and `delegate_task`. Chooses the model once
 * and loads only the library it needs. Without a usable key answers with the reason, and nothing heavy is loaded; never
 * throws for configuration. No request is made until the first turn.
 */
export async function createLlmAdapter(
  options: LlmAdapterOptions,
): Promise<Adapter | { readonly unusable: string; readonly keyless?: true }> {
  const outcome = chooseModel(options.env, options.model, options.config.model);
  if ('unusable' in outcome) return outcome;
  const choice = outcome.usable;
  const [{ runLoop }, { loadLanguageModel }] = await Promise.all([import('./loop.js'), import('./provider.js')]);
  const model = await loadLanguageModel(choice);
  const name = describeChoice(choice);
  options.log.info('model_chosen', { model: name, because: choice.source, address: addressOf(choice.baseUrl) });
  const settings = { model, choice, log: options.log, retriesMax: options.retriesMax ?? RETRIES_MAX };
  return { name: 'llm', demo: false, model: name, run: (turn, context) => runLoop(settings, turn, context) };
}

/** Without path, query or user info: people put keys there. */
function addressOf(baseUrl: string | null): string | null {
  return baseUrl === null ? null : new URL(baseUrl).origin;
}
