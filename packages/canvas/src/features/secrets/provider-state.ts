import type { Workspace } from '@molecule/contract';
import { type KnownProvider, knownProviders } from './known-keys.js';

export interface ProviderState {
  readonly state: 'unset' | 'incomplete' | 'saved';
  /** Names are known, values are not: nothing here says that a key works. */
  readonly text: string;
}

export function stateOf(provider: KnownProvider, saved: { has(name: string): boolean }): ProviderState {
  const needed = provider.keys.filter((key) => !key.optional);
  const missing = needed.filter((key) => !saved.has(key.name));
  if (missing.length === 0) return { state: 'saved', text: 'Saved, not tested yet' };
  if (missing.length === needed.length) return { state: 'unset', text: 'Not set' };
  return { state: 'incomplete', text: `${missing.map((key) => key.label).join(' and ')} missing` };
}

/**
 * Whose model an agent takes that names none itself: the first that is complete, in the order of the runtime. A base URL
 * with its model comes before the key of OpenAI, because that key then belongs to the server at the address.
 */
export function firstInLine(saved: { has(name: string): boolean }): KnownProvider | null {
  const order = ['anthropic', 'compatible', 'openai'];
  const complete = order.flatMap((id) => {
    const provider = knownProviders.find((one) => one.id === id);
    return provider && stateOf(provider, saved).state === 'saved' ? [provider] : [];
  });
  return complete[0] ?? null;
}

const FAMILIES: Readonly<Record<string, string>> = {
  anthropic: 'anthropic:',
  openai: 'openai:',
  compatible: 'openai-compatible:',
};

/** How many agents answer with a model of this provider now. */
export function countUsers(agents: Iterable<Workspace>, provider: KnownProvider): number {
  const family = FAMILIES[provider.id];
  if (family === undefined) return 0;
  return [...agents].filter((agent) => !agent.demo && agent.model?.startsWith(family)).length;
}
