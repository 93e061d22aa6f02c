import type { Status } from '@molecule/contract';
import type { WorkspaceCard } from '../workspaces/index.js';

/** What can be done right now with a message for a workspace. */
export type Reachability =
  | { readonly kind: 'push'; readonly url: string; readonly trusted: boolean }
  /** The agent fetches its messages: the row is the delivery. */
  | { readonly kind: 'poll' }
  /** It will come online; the message waits. `asleep`: not by itself, the message has to wake it. */
  | { readonly kind: 'wait'; readonly asleep: boolean }
  | { readonly kind: 'refused'; readonly why: 'removed' | 'paused' | 'failed' | 'no_url' };

type Target = Pick<WorkspaceCard, 'status' | 'url' | 'urlFrom' | 'deliveryMode' | 'backend'>;

const BY_STATUS: Readonly<Record<Status, 'now' | 'wait' | 'asleep' | 'removed' | 'paused' | 'failed'>> = {
  provisioning: 'wait',
  online: 'now',
  degraded: 'now',
  offline: 'wait',
  awaiting_agent: 'wait',
  paused: 'paused',
  hibernating: 'asleep',
  hibernated: 'asleep',
  failed: 'failed',
  removed: 'removed',
};

/** Pure. Polling targets need no running agent at all: their inbox is here. */
export function reach(target: Target): Reachability {
  const now = BY_STATUS[target.status];
  if (now === 'removed' || now === 'paused') return { kind: 'refused', why: now };
  if (isPolling(target)) return { kind: 'poll' };
  switch (now) {
    case 'failed':
      return { kind: 'refused', why: 'failed' };
    case 'wait':
    case 'asleep':
      return { kind: 'wait', asleep: now === 'asleep' };
    case 'now':
      return target.url === null
        ? { kind: 'refused', why: 'no_url' }
        : { kind: 'push', url: target.url, trusted: target.urlFrom === 'driver' };
    default:
      return now satisfies never;
  }
}

/**
 * An external agent without an address has no other way to get its messages, unless it said that it wants them pushed
 * (contract registry-a2a §8.8, B-48). One that was created and has never announced itself is of that kind too.
 */
function isPolling({ deliveryMode, backend, url }: Target): boolean {
  return deliveryMode === 'poll' || (deliveryMode === null && backend === 'external' && url === null);
}

/**
 * True when the agent keeps a record by message id, so that `tasks/get` tells what became of a message (design §4.5).
 * Agents our drivers run do; an agent elsewhere says so by the `adapter` field our runtime puts on its card. Any other
 * agent may answer "not found" for work it has done, and asking it would double that work.
 */
export function canBeAsked({ urlFrom, agentCard }: Pick<WorkspaceCard, 'urlFrom' | 'agentCard'>): boolean {
  return urlFrom === 'driver' || typeof agentCard?.adapter === 'string';
}
