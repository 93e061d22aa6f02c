import type { Status, Workspace } from '@molecule/contract';
import type { Fleet } from './fleet.js';
import { parentOf, pathOf } from './selectors.js';

/** What a person can ask of an agent's life, in the order of a menu. `wake` restarts one that hibernates. */
export type LifecycleVerb = 'resume' | 'wake' | 'restart' | 'hibernate' | 'pause' | 'collapse' | 'remove';

interface Offer {
  readonly verbs: readonly LifecycleVerb[];
  /** What somebody who opens an agent in this status most likely came for: a button of its own. */
  readonly first: LifecycleVerb | null;
}

const running = ['restart', 'hibernate', 'pause', 'collapse', 'remove'] as const;
const down = ['restart', 'pause', 'collapse', 'remove'] as const;
const asleep = ['wake', 'pause', 'collapse', 'remove'] as const;

/** Only what the lifecycle of the server accepts in that status: an offer that is always refused teaches nothing. */
const offers = {
  provisioning: { verbs: down, first: null },
  online: { verbs: running, first: null },
  degraded: { verbs: running, first: null },
  offline: { verbs: down, first: 'restart' },
  awaiting_agent: { verbs: ['pause', 'collapse', 'remove'], first: null },
  paused: { verbs: ['resume', 'collapse', 'remove'], first: 'resume' },
  hibernating: { verbs: asleep, first: null },
  hibernated: { verbs: asleep, first: 'wake' },
  failed: { verbs: down, first: 'restart' },
  removed: { verbs: [], first: null },
} as const satisfies Record<Status, Offer>;

/** Whoever runs an external agent starts and stops it; this server only decides whether it takes part. */
const notForExternal: ReadonlySet<LifecycleVerb> = new Set(['wake', 'restart', 'hibernate']);

export function isExternal(agent: Workspace): boolean {
  return agent.runtime === 'external';
}

export function verbsFor(fleet: Fleet, agent: Workspace): readonly LifecycleVerb[] {
  const { verbs }: Offer = offers[agent.status];
  return verbs.filter((verb) => {
    if (verb === 'collapse') return hasTeam(fleet, agent.id);
    return !(isExternal(agent) && notForExternal.has(verb));
  });
}

/** The verb with a button of its own, null when none stands out. */
export function firstVerbFor(agent: Workspace): LifecycleVerb | null {
  const { first }: Offer = offers[agent.status];
  return first !== null && isExternal(agent) && notForExternal.has(first) ? null : first;
}

/**
 * Whom to resume so that a paused agent starts: the server refuses below a lead that is paused itself, and resuming
 * the outermost of those starts everything paused below it.
 */
export function resumeTarget(fleet: Fleet, agent: Workspace): Workspace {
  return pathOf(fleet, agent.id).find((one) => one.status === 'paused') ?? agent;
}

function hasTeam(fleet: Fleet, id: string): boolean {
  for (const agent of fleet.agents.values()) if (parentOf(fleet, agent) === id) return true;
  return false;
}

/** Verbs that have their dialog: they reach far, interrupt work, or leave a choice. Resume and wake harm nobody. */
export const askedVerbs = ['restart', 'hibernate', 'pause', 'collapse', 'remove'] as const satisfies LifecycleVerb[];
export type AskedVerb = (typeof askedVerbs)[number];

export function isAskedVerb(name: string | null): name is AskedVerb {
  return askedVerbs.some((verb) => verb === name);
}
