import type { Clock } from '../clock.js';
import type { RuntimeConfig } from '../config/runtime-config.js';
import type { RuntimeEnv } from '../env.js';
import { StartupError } from '../exit.js';
import type { Log } from '../log.js';
import type { Random } from '../random.js';
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
  readonly random: Random;
  readonly log: Log;
  /** The argument vector that serves the platform tools over MCP. */
  readonly toolServer: readonly string[];
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
    case 'claude-code': {
      const { createClaudeCodeAdapter } = await import('./claude-code/index.js');
      return { adapter: createClaudeCodeAdapter(dependencies), fallbackReason: null };
    }
    case 'codex': {
      const { createCodexAdapter } = await import('./codex/index.js');
      return { adapter: createCodexAdapter(dependencies), fallbackReason: null };
    }
    default:
      throw new StartupError(
        `Runtime ${config.runtime} is not installed on this server. Pick claude-code, codex, echo or llm.`,
      );
  }
}

async function loadEcho({ env, clock }: AdapterDependencies, reason: string | null): Promise<Adapter> {
  const { createEchoAdapter } = await import('./echo/echo.js');
  const sleep = (ms: number, signal: AbortSignal) => clock.sleep(ms, signal);
  return createEchoAdapter({ conformance: env.conformance, sleep, reason });
}
