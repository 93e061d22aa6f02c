import type { Client } from '@molecule/contract/client';
import type { Seed } from './seed.js';
import { type Delegated, delegate, type Team } from './team.js';
import { pause } from './world.js';

/** What the senders of a storm were told. */
export interface Storm {
  /** Sends until every task is accepted. Servers and databases may die meanwhile; a refusal for good rejects. */
  run(): Promise<void>;
  /** Ids by task, in the order of acceptance. */
  readonly accepted: ReadonlyMap<Delegated, string>;
  /** Tasks that were given a second id under the same key. */
  readonly reassigned: readonly string[];
  readonly told: Told;
}

/** How often the senders met what they have to get over. */
export interface Told {
  /** Accepted before, by a server that died before it could say so. */
  known: number;
  /** Refused by the limit of open delegations: sent again when places are free. */
  loopRefused: number;
  /** Refused because server or database were away. */
  unavailable: number;
  /** The connection broke, and nobody knows. */
  unsure: number;
}

const SENDERS = 8;
const AGAIN_MIN_MS = 20;
const AGAIN_MAX_MS = 250;

/** `tasks` texts, unique within the run, each for a member that chance picks. */
export function planTasks(team: Team, seed: Seed, tasks: number, round: number): readonly Delegated[] {
  const members = team.members.map(({ id }) => id);
  return Array.from({ length: tasks }, (_, index) => {
    const text = `task ${round}.${index + 1} of run ${seed.value}`;
    return { key: text, caller: team.lead, target: seed.pick(members), text };
  });
}

/**
 * A lead that gives out more work than it may have open: its senders go on as places become free, and ask again under the
 * same key whenever they do not know.
 */
export function createStorm(api: Client, tasks: readonly Delegated[], seed: Seed): Storm {
  const accepted = new Map<Delegated, string>();
  const told: Told = { known: 0, loopRefused: 0, unavailable: 0, unsure: 0 };
  const reassigned: string[] = [];
  const waiting = [...tasks];
  let forgetful: Delegated | null = null;

  async function give(task: Delegated): Promise<void> {
    for (;;) {
      const outcome = await delegate(api, task);
      if (outcome.kind === 'accepted') {
        if (!outcome.isNew) told.known += 1;
        const before = accepted.get(task);
        if (before !== undefined && before !== outcome.id) reassigned.push(`${task.text}: ${before}, ${outcome.id}`);
        accepted.set(task, outcome.id);
        return;
      }
      count(outcome);
      await pause(seed.integer(AGAIN_MIN_MS, AGAIN_MAX_MS));
    }
  }

  function count(outcome: Exclude<Awaited<ReturnType<typeof delegate>>, { kind: 'accepted' }>): void {
    if (outcome.kind === 'unsure') told.unsure += 1;
    else if (outcome.code === 'loop_refused') told.loopRefused += 1;
    else if (outcome.status >= 500) told.unavailable += 1;
    else throw new Error(`a delegation was refused for good: ${outcome.status} ${outcome.error}`);
  }

  async function sendAll(): Promise<void> {
    for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) {
      await give(task);
      // Now and then a client asks once more for what it was already promised.
      if (forgetful !== null && seed.fraction() < 0.1) await give(forgetful);
      forgetful = task;
    }
  }

  return {
    accepted,
    told,
    reassigned,
    async run() {
      await Promise.all(Array.from({ length: SENDERS }, sendAll));
    },
  };
}
