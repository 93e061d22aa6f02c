import { sql } from 'kysely';
import { insertWorkspace } from '../builders.js';
import { act, type Course } from './acts.js';
import type { LedgerCluster } from './cluster.js';
import { type Jump, PUSHED, type Pushed, type STATUSES, type Step } from './steps.js';

/** A run that has settled. */
export interface RunRecord extends Pick<Course, 'lead' | 'targets' | 'promised' | 'promisedMessages'> {
  /** What did not. */
  readonly unsettled: readonly string[];
}

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const JUMP_MS: Readonly<Record<Jump, number>> = {
  breath: 4 * SECOND,
  lease: 20 * SECOND,
  due: 70 * SECOND,
  quiet: 700 * SECOND,
  deadline: 7 * HOUR,
  back: -HOUR,
};
/** Below the pause that counts as a gap in which nobody watched. */
const WATCHED_MS = 240 * SECOND;
const SETTLE_ROUNDS_MAX = 14;

/** Performs the steps, each when nothing of the one before is under way any more, and lets everything settle. */
export async function runSchedule(cluster: LedgerCluster, steps: readonly Step[]): Promise<RunRecord> {
  const db = cluster.database.lanes.work;
  const course = await begin();
  /** By how much time has been turned back. */
  let owedMs = 0;

  async function begin(): Promise<Course> {
    const lead = await insertWorkspace(db, { name: 'lead' });
    const child = { parentId: lead, maxConcurrentTasks: 2 };
    const external = { ...child, backend: 'external' };
    const { steady, away, foreign } = cluster.agents;
    const pushed = { urlFrom: 'agent', deliveryMode: 'push' } as const;
    return {
      run: cluster.nextRun(),
      lead,
      targets: {
        steady: await insertWorkspace(db, { ...child, name: 'steady', url: steady.url }),
        away: await insertWorkspace(db, { ...child, name: 'away', url: away.url, status: 'offline' }),
        foreign: await insertWorkspace(db, { ...external, ...pushed, name: 'foreign', url: foreign.url }),
        inbox: await insertWorkspace(db, { ...external, name: 'inbox', deliveryMode: 'poll' }),
      },
      promised: new Set(),
      promisedMessages: [],
      delegations: [],
      pending: new Map(),
      tasks: 0,
    };
  }

  const standStill = (): Promise<void> =>
    cluster.standStill(
      () => [...course.pending.values()].map(({ messageId }) => messageId),
      (dead) => {
        for (const [sending, { replica }] of course.pending) if (replica === dead) course.pending.delete(sending);
      },
    );

  async function pass(ms: number): Promise<void> {
    if (ms < 0) owedMs -= ms;
    await cluster.pass([course.lead, ...Object.values(course.targets)], ms);
  }

  async function perform(step: Step): Promise<void> {
    switch (step.do) {
      case 'together':
        await Promise.all(step.acts.map((one) => act(cluster, course, one)));
        return;
      case 'mood':
        cluster.agents[step.of].be(step.mood);
        return;
      case 'finish':
        cluster.agents[step.of].finishAll();
        return;
      case 'turn':
        await turn(step.of, step.status);
        return;
      case 'time':
        await jump(step.jump);
        return;
      case 'crash':
        cluster.replicaAt(step.which).dieAfter(step.after);
        return;
      default:
        step satisfies never;
    }
  }

  async function jump(how: Jump): Promise<void> {
    if (how === 'quiet') {
      for (let passed = 0; passed < JUMP_MS.quiet; passed += WATCHED_MS) {
        await pass(WATCHED_MS);
        for (const replica of cluster.replicas()) {
          await cluster.ask(replica, (world) => world.messages.loops.overdue.runOnce());
        }
      }
      return;
    }
    await pass(JUMP_MS[how]);
    // In a breath the living renew what they hold; a longer jump is a machine that slept.
    if (how !== 'breath') return;
    for (const replica of cluster.replicas()) await cluster.ask(replica, (world) => world.ports.leases.loop.runOnce());
  }

  async function turn(who: Pushed, status: (typeof STATUSES)[number]): Promise<void> {
    await sql`
      update workspaces set status = ${status}::workspace_status, last_sample_error = 'told to', updated_at = now()
       where id = ${course.targets[who]}`.execute(db);
  }

  /** Everybody lives and does what they should; answers what is open all the same. */
  async function settle(): Promise<readonly string[]> {
    for (const replica of cluster.replicas()) replica.dieAfter(Number.POSITIVE_INFINITY);
    for (const who of PUSHED) {
      cluster.agents[who].be('answer');
      await turn(who, 'online');
    }
    await pass(owedMs);
    let open = await listOpen();
    for (let round = 0; open.length > 0 && round < SETTLE_ROUNDS_MAX; round += 1) {
      for (const agent of Object.values(cluster.agents)) agent.finishAll();
      await standStill();
      await pass(JUMP_MS.due);
      for (const { world } of cluster.replicas()) {
        await world.messages.loops.recovery.runOnce();
        await world.messages.loops.queue.runOnce();
        await standStill();
        await world.messages.loops.overdue.runOnce();
      }
      open = await listOpen();
    }
    // What lies in an inbox or was recorded waits for a report, and in the end for its deadline.
    await pass(JUMP_MS.deadline);
    await cluster.replicaAt(0).world.messages.loops.overdue.runOnce();
    await standStill();
    return [...open, ...[...course.pending.values()].map(({ messageId }) => `the request for ${messageId}`)];
  }

  async function listOpen(): Promise<readonly string[]> {
    const { rows } = await sql<{ told: string }>`
      select concat_ws(' ', kind, message_id, state, reason, error_detail) as told from messages
       where target_id = any(${Object.values(course.targets)}::uuid[]) and target_id <> ${course.targets.inbox}
         and state in ('queued', 'working') and method <> 'delegations/record'`.execute(db);
    return rows.map(({ told }) => told);
  }

  try {
    for (const agent of Object.values(cluster.agents)) agent.be('answer');
    for (const step of steps) {
      await perform(step);
      await standStill();
    }
    return { ...course, unsettled: await settle() };
  } catch (error) {
    // It must not disturb the next one, which may be a smaller form of it.
    await sql`update messages set state = 'canceled', lease_owner = null, lease_until = null, ended_at = now()
               where state in ('queued', 'working', 'input_required')`.execute(db);
    throw error;
  }
}
