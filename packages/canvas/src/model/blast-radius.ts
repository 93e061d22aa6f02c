import type { Status, Workspace } from '@molecule/contract';
import type { Fleet } from './fleet.js';
import type { LifecycleVerb } from './lifecycle-verbs.js';
import { descendantsOf } from './selectors.js';

/** Whom a verb reaches, as far as this page knows. */
export interface BlastRadius {
  /** Those at work first: they are what a person must not overlook in a long list. Otherwise nearest first. */
  readonly affected: readonly Workspace[];
  readonly atWork: number;
}

interface Reach {
  readonly itself: boolean;
  readonly below: boolean;
  /** Left out when it takes everybody there. */
  readonly takes?: (status: Status) => boolean;
}

/** As the server applies them: pause and resume take along what is below, whoever is so already is not counted. */
const reaches = {
  resume: { itself: true, below: true, takes: (status: Status) => status === 'paused' },
  wake: { itself: true, below: false },
  restart: { itself: true, below: false },
  hibernate: { itself: true, below: false },
  pause: { itself: true, below: true, takes: (status: Status) => status !== 'paused' },
  collapse: { itself: false, below: true },
  remove: { itself: true, below: true },
} as const satisfies Record<LifecycleVerb, Reach>;

export function blastRadiusOf(fleet: Fleet, id: string, verb: LifecycleVerb): BlastRadius {
  const { itself, below, takes }: Reach = reaches[verb];
  const ids = [...(itself ? [id] : []), ...(below ? descendantsOf(fleet, id) : [])];
  const affected = ids.flatMap((one) => fleet.agents.get(one) ?? []).filter(({ status }) => takes?.(status) ?? true);
  const working = affected.filter(isAtWork);
  return {
    affected: [...working, ...affected.filter((agent) => !isAtWork(agent))],
    atWork: working.length,
  };
}

export function isAtWork(agent: Workspace): boolean {
  return agent.active_tasks > 0 || agent.current_task !== '';
}

/** What an agent is at, in a few words; null when it is idle. */
export function workOf(agent: Workspace): string | null {
  if (!isAtWork(agent)) return null;
  if (agent.current_task === '') return tasksOf(agent);
  return agent.active_tasks > 1 ? `${agent.current_task} (${tasksOf(agent)})` : agent.current_task;
}

/** Of an agent at work: one that names its task without counting it has one. */
export function tasksOf({ active_tasks: count }: Workspace): string {
  return count > 1 ? `${count} tasks` : '1 task';
}
