import type { Clock } from '../clock.js';
import type { RuntimeConfig } from '../config/runtime-config.js';
import type { RuntimeEnv } from '../env.js';
import { StartupError } from '../exit.js';
import type { Log } from '../log.js';
import type { Adapter } from './adapter.js';

export interface AdapterChoice {
  readonly adapter: Adapter;
  /** Why the demo behaviour stands in for what was asked; null when nothing was replaced. */
  readonly fallbackReason: string | null;
}

export interface AdapterDependencies {
  readonly env: RuntimeEnv;
  readonly config: RuntimeConfig;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Loads the adapter `config.runtime` names, and only that one: an echo agent must not pay for a model SDK.
 * Throws {@link StartupError} for a runtime this server has no adapter for.
 */
export async function loadAdapter(dependencies: AdapterDependencies): Promise<AdapterChoice> {
  const { env, config, log } = dependencies;
  switch (config.runtime) {
    case 'echo':
      return { adapter: await loadEcho(dependencies, null), fallbackReason: null };
    case 'llm': {
      const { createLlmAdapter } = await import('./llm/index.js');
      const adapter = await createLlmAdapter({ env: env.variables, model: env.model, config, log });
      if (!('unusable' in adapter)) return { adapter, fallbackReason: null };
      log.warn('adapter_unusable', { runtime: config.runtime, reason: adapter.unusable });
      const reason = adapter.keyless ? null : adapter.unusable;
      return { adapter: await loadEcho(dependencies, reason), fallbackReason: adapter.unusable };
    }
    default:
      throw new StartupError(`Runtime ${config.runtime} is not installed on this server. Pick echo or llm.`);
  }
}

async function loadEcho({ env, clock }: AdapterDependencies, reason: string | null): Promise<Adapter> {
  const { createEchoAdapter } = await import('./echo/echo.js');
  const sleep = (ms: number, signal: AbortSignal) => clock.sleep(ms, signal);
  return createEchoAdapter({ conformance: env.conformance, sleep, reason });
}
