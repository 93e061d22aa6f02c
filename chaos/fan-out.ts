import { waitFor } from '@molecule/testkit';
import { readUnrest } from '../bench/unrest.js';
import {
  gapsIn,
  readEvents,
  readReceived,
  readTurns,
  repeated,
  repeatedDelegations,
  strayAgents,
  waitUntilSettled,
} from './audit.js';
import { createBlows } from './blows.js';
import { listAgents, listDatabaseProcesses, signalAll } from './process-audit.js';
import type { Seed } from './seed.js';
import { createStorm, planTasks, type Storm, type Told } from './storm.js';
import { importTeam, type Team, waitUntilOnline } from './team.js';
import { pause, type World } from './world.js';

export interface FanOut {
  readonly children: number;
  readonly delegations: number;
  readonly rounds: number;
  readonly blowsPerRound: number;
  readonly agentsPerBlow: number;
  /** Between two blows at most. */
  readonly pauseMaxMs: number;
  readonly settleMs: number;
}

/** What a run came to. Everything in `wrong` has to be empty. */
export interface FanOutReport {
  readonly wrong: Readonly<Record<string, readonly string[]>>;
  readonly figures: Readonly<Record<string, number>>;
}

/**
 * A lead gives out work to its children while server, database and agents are killed, round after round; then everything
 * settles and is counted: in the agents' own journals, in the lead's inbox, in the ledger and in the log.
 */
export async function fanOut(world: World, seed: Seed, size: FanOut): Promise<FanOutReport> {
  const startedMs = performance.now();
  const team = await importTeam(world.api, `fan-out ${seed.value}`, size.children);
  await waitUntilOnline(world.api, [team.lead, ...team.members.map(({ id }) => id)], size.settleMs);
  const blows = createBlows(world, seed, size.agentsPerBlow);
  const storms: Storm[] = [];

  for (let round = 1; round <= size.rounds; round += 1) {
    const share = Math.ceil(size.delegations / size.rounds);
    const tasks = planTasks(team, seed, Math.min(share, size.delegations - share * (round - 1)), round);
    const storm = createStorm(world.api, tasks, seed);
    storms.push(storm);
    await freezeUntilRefused(world, storm, async () => {
      for (const kind of blows.plan(size.blowsPerRound)) {
        await pause(seed.integer(0, size.pauseMaxMs));
        await blows.strike(kind);
      }
    });
    await waitUntilQuiet(world, size.settleMs);
  }

  const workspaces = await waitUntilSettled(world.api, size.settleMs);
  const wrong = {
    ...(await auditDelegations(world, team, storms)),
    strayAgents: await strayAgents(world.dataDir, workspaces),
    notOnline: workspaces.flatMap(({ name, status }) => (status === 'online' ? [] : [`${name} is ${status}`])),
    unhealthy: await listUnhealthy(world),
    unrest: await unrestOf(world),
    orphansAfterStop: await stopAndListOrphans(world),
  };
  const told = sum(storms.map((storm) => storm.told));
  const seconds = Math.round((performance.now() - startedMs) / 1_000);
  return {
    wrong,
    figures: { children: size.children, ...blows.killed, accepted: countAccepted(storms), ...told, seconds },
  };
}

/**
 * Children that stand still keep their work open, so that the lead is sure to run into the limit of what it may have open;
 * then they move again, and the blows fall into the rest.
 */
async function freezeUntilRefused(world: World, storm: Storm, strike: () => Promise<void>): Promise<void> {
  const frozen = (await listAgents(world.dataDir)).map(({ pid }) => pid);
  signalAll(frozen, 'SIGSTOP');
  const sending = storm.run();
  // Told below, together with what the blows come to.
  sending.catch(() => {});
  try {
    await waitFor(() => storm.told.loopRefused > 0, { timeoutMs: 60_000, what: 'the limit of open delegations' });
  } finally {
    signalAll(frozen, 'SIGCONT');
  }
  await Promise.all([sending, strike()]);
}

/** Nothing of the ledger is open any more. */
async function waitUntilQuiet(world: World, timeoutMs: number): Promise<void> {
  await waitFor(
    async () => {
      const { body } = await world.api.call('countDelegations', {});
      const open = body.queued + body.dispatched + body.in_progress;
      if (open === 0) return true;
      await pause(100);
      throw new Error(JSON.stringify(body));
    },
    { timeoutMs, what: 'every delegation to end' },
  );
}

async function auditDelegations(world: World, team: Team, storms: readonly Storm[]) {
  const { api, dataDir } = world;
  const accepted = storms.flatMap((storm) => [...storm.accepted]);
  const turns = new Map(
    await Promise.all(team.members.map(async ({ id }) => [id, await readTurns(dataDir, id)] as const)),
  );
  const inbox = (await readReceived(api, team.lead)).filter(({ method }) => method === 'delegate_result');
  const results = inbox.map(({ response_body: body }) => body as { delegation_id: string; text: string });
  const textOf = new Map(results.map(({ delegation_id: id, text }) => [id, text]));
  const events = await readEvents(api);
  const ended = events.flatMap(({ event_type, payload }) =>
    event_type === 'DELEGATION_COMPLETE' ? [(payload as { delegation_id: string }).delegation_id] : [],
  );
  const ids = accepted.map(([, id]) => id);
  const all = [...turns.values()].flat();
  const { body: open } = await api.call('listAllDelegations', { query: { status: 'in_flight' } });
  const { body: failed } = await api.call('listAllDelegations', { query: { status: 'failed' } });
  const { body: stuck } = await api.call('listAllDelegations', { query: { status: 'stuck' } });
  return {
    reassigned: storms.flatMap(({ reassigned }) => reassigned),
    sameIdTwice: repeated(ids),
    notRun: accepted.flatMap(([{ target, text }]) => (turns.get(target)?.includes(text) ? [] : [text])),
    runTwice: repeated(all),
    runWithoutPromise: all.filter((text) => !accepted.some(([task]) => task.text === text)),
    noResult: accepted.flatMap(([{ text }, id]) => (textOf.get(id)?.includes(text) ? [] : [text])),
    resultTwice: repeated(results.map(({ delegation_id: id }) => id)),
    notAnnounced: ids.filter((id) => !ended.includes(id)),
    announcedTwice: repeatedDelegations(events),
    gapsInTheLog: gapsIn(events),
    open: open.delegations.map((row) => `${row.task_preview} is ${row.status}`),
    failed: [...failed.delegations, ...stuck.delegations].map((row) => `${row.task_preview}: ${row.error_detail}`),
  };
}

async function listUnhealthy({ api }: World): Promise<readonly string[]> {
  const health = await api.call('health', {});
  const ready = await api.call('readyz', {});
  return [
    ...(health.body.status === 'ok' ? [] : ['/health is not ok']),
    ...(ready.status === 200 ? [] : ['/readyz is not 200']),
  ];
}

/** Heartbeats and sweeps use a connection now and then: only one that never comes back is held. */
async function unrestOf({ api }: World): Promise<readonly string[]> {
  let last: readonly string[] = [];
  await waitFor(async () => {
    last = await readUnrest(api);
    return last.length === 0;
  }).catch(() => {});
  return last;
}

async function stopAndListOrphans(world: World): Promise<readonly string[]> {
  await world.stop();
  const agents = await listAgents(world.dataDir);
  return [
    ...agents.map(({ pid, workspaceId }) => `agent ${pid} of ${workspaceId}`),
    ...(await listDatabaseProcesses(world.dataDir)).map((pid) => `database process ${pid}`),
  ];
}

function countAccepted(storms: readonly Storm[]): number {
  return storms.reduce((count, { accepted }) => count + accepted.size, 0);
}

function sum(parts: readonly Told[]): Told {
  return parts.reduce(
    (total, part) => ({
      known: total.known + part.known,
      loopRefused: total.loopRefused + part.loopRefused,
      unavailable: total.unavailable + part.unavailable,
      unsure: total.unsure + part.unsure,
    }),
    { known: 0, loopRefused: 0, unavailable: 0, unsure: 0 },
  );
}
