import type { Client } from '@molecule/contract/client';
import type { Seed } from './seed.js';
import {
  createMessage,
  type Delegated,
  delegate,
  importTeam,
  type Message,
  type Sent,
  send,
  type Team,
  toRefusal,
} from './team.js';
import { pause } from './world.js';

/** What the clients of a server that dies again and again were told. */
export interface Workload {
  /** Works until the server is gone: messages, delegations, imports and removals, all at once. */
  run(isOver: () => boolean): Promise<void>;
  /** Sends again what nobody knows the fate of, as a client would; some clients never come back. */
  repeatUnsure(): Promise<void>;
  /** Every message for which the server answered with success, with what it answered. */
  readonly accepted: ReadonlyMap<Message, Sent>;
  /** Delegation ids by what was asked. */
  readonly delegated: ReadonlyMap<Delegated, string>;
  /** Everything ever sent, accepted or not. */
  readonly texts: readonly string[];
  /** Refusals by code, for the report of a failed run. */
  readonly refusals: ReadonlyMap<string, number>;
  /** Imports that were answered and whose removal nobody asked for. */
  readonly teams: () => readonly string[];
}

const PAUSE_MAX_MS = 60;
const SIDE_TEAMS_MAX = 2;

export function createWorkload(api: Client, main: Team, seed: Seed): Workload {
  const accepted = new Map<Message, Sent>();
  const delegated = new Map<Delegated, string>();
  const texts: string[] = [];
  const refusals = new Map<string, number>();
  const sideTeams = new Map<string, Team>();
  let unsureMessages: Message[] = [];
  let unsureDelegations: Delegated[] = [];
  let unsureImports: string[] = [];
  let count = 0;

  const nextText = (what: string): string => {
    count += 1;
    const text = `${what} ${count} of run ${seed.value}`;
    texts.push(text);
    return text;
  };
  const note = (outcome: Extract<Sent, { kind: 'refused' }>): void => {
    refusals.set(outcome.code, (refusals.get(outcome.code) ?? 0) + 1);
  };

  async function sendOne(message: Message): Promise<void> {
    const outcome = await send(api, message);
    if (outcome.kind === 'unsure') unsureMessages.push(message);
    else if (outcome.kind === 'refused') note(outcome);
    else accepted.set(message, outcome);
  }

  async function delegateOne(one: Delegated): Promise<void> {
    const outcome = await delegate(api, one);
    if (outcome.kind === 'unsure') unsureDelegations.push(one);
    else if (outcome.kind === 'refused') note(outcome);
    else delegated.set(one, outcome.id);
  }

  async function importOne(name: string): Promise<void> {
    try {
      sideTeams.set(name, await importTeam(api, name, 1));
    } catch (error) {
      const outcome = toRefusal(error);
      if (outcome.kind === 'unsure') unsureImports.push(name);
      else note(outcome);
    }
  }

  async function removeOne(team: Team): Promise<void> {
    // Asked for is enough: whether the answer arrives or not, the removal may have been done.
    sideTeams.delete(team.name);
    try {
      await api.call('deleteWorkspace', { params: { id: team.lead }, query: { confirm: true, purge: true } });
    } catch (error) {
      const outcome = toRefusal(error);
      if (outcome.kind === 'refused') note(outcome);
    }
  }

  async function repeatWhile(isOver: () => boolean, act: () => Promise<void>): Promise<void> {
    while (!isOver()) {
      await act();
      await pause(seed.integer(0, PAUSE_MAX_MS));
    }
  }

  return {
    accepted,
    delegated,
    texts,
    refusals,
    teams: () => [...sideTeams.keys()],
    async run(isOver) {
      const members = main.members.map(({ id }) => id);
      await Promise.all([
        repeatWhile(isOver, () => sendOne(createMessage(main.lead, nextText('plan')))),
        repeatWhile(isOver, () => sendOne(createMessage(seed.pick(members), nextText('ask')))),
        repeatWhile(isOver, () => {
          const text = nextText('task');
          return delegateOne({ key: text, caller: main.lead, target: seed.pick(members), text });
        }),
        repeatWhile(isOver, async () => {
          const oldest = [...sideTeams.values()][0];
          if (oldest && sideTeams.size >= SIDE_TEAMS_MAX) await removeOne(oldest);
          else await importOne(nextText('team'));
          await pause(seed.integer(100, 400));
        }),
      ]);
    },
    async repeatUnsure() {
      const some = <T>(items: readonly T[]): readonly T[] => items.filter(() => seed.fraction() < 0.5);
      const [messages, delegations, imports] = [some(unsureMessages), some(unsureDelegations), unsureImports];
      unsureMessages = [];
      unsureDelegations = [];
      unsureImports = [];
      await Promise.all([...messages.map(sendOne), ...delegations.map(delegateOne), ...imports.map(importOne)]);
    },
  };
}
