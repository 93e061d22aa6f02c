import type { Peer, PlatformTools } from '../adapters/adapter.js';
import type { Clock } from '../clock.js';
import type { DelegationFailure } from './delegation-failures.js';

// Older failures mislead more than they warn: the agent that was offline has long been restarted.
const REMEMBERED_MS = 15 * 60_000;
const REMEMBERED_MAX = 5;

export interface RecentFailures {
  /** The same tools, whose failed delegations are remembered. */
  observe(platform: PlatformTools): PlatformTools;
  /** Oldest first. */
  list(): readonly DelegationFailure[];
}

/** Remembers, in this process only, which delegations failed lately, so that the next turn does not walk into the same. */
export function createRecentFailures(clock: Pick<Clock, 'monotonicMs'>): RecentFailures {
  const names = new Map<string, string>();
  let failures: readonly (DelegationFailure & { readonly atMs: number })[] = [];
  const recent = () => failures.filter(({ atMs }) => clock.monotonicMs() - atMs < REMEMBERED_MS);
  const learnNames = (peers: readonly Peer[]) => {
    for (const peer of peers) names.set(peer.id, peer.name);
  };
  return {
    observe: (platform) => ({
      async peers(signal) {
        const peers = await platform.peers(signal);
        learnNames(peers);
        return peers;
      },
      async delegate(targetId, task, signal) {
        const outcome = await platform.delegate(targetId, task, signal);
        if (outcome.state !== 'completed') {
          const target = names.get(targetId) ?? targetId;
          failures = [...recent(), { target, task, reason: outcome.reason, atMs: clock.monotonicMs() }];
          failures = failures.slice(-REMEMBERED_MAX);
        }
        return outcome;
      },
    }),
    list: recent,
  };
}
