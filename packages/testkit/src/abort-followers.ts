import { getEventListeners } from 'node:events';

/**
 * How much a signal holds on behalf of those who want to hear of its abort: its listeners, and the signals derived from
 * it, which Node keeps in a set of its own.
 */
export function countAbortFollowers(signal: AbortSignal): number {
  const inner = signal as unknown as Record<symbol, { readonly size?: number } | undefined>;
  const derived = Object.getOwnPropertySymbols(signal).find((symbol) => symbol.description === 'kDependantSignals');
  return getEventListeners(signal, 'abort').length + (derived === undefined ? 0 : (inner[derived]?.size ?? 0));
}
