import { waitFor } from '@molecule/testkit';
import { sql } from 'kysely';
import { createDatabase, type DatabaseHandle } from '../../src/platform/db.js';
import { createLogger } from '../../src/platform/logger.js';
import { insertWorkspace } from '../builders.js';
import { type MessagesWorld, toEnvelope } from '../messages-world.js';
import { shiftTimes, watchLedger } from './history.js';
import { createMoodyAgent, type MoodyAgent } from './moody-agent.js';
import { createReplica, type Replica, type ReplicaOptions } from './replica.js';
import { type Act, type Jump, PUSHED, type Pushed, type Step, type Target } from './steps.js';

/** Two servers on one database, three agents, and a run of steps on them. */
export interface LedgerCluster {
  readonly database: DatabaseHandle;
  readonly agents: Readonly<Record<Pushed, MoodyAgent>>;
  /** Performs the steps, lets everything settle, and tells what it promised on the way. */
  run(steps: readonly Step[]): Promise<RunRecord>;
  close(): Promise<void>;
}

export interface RunRecord {
  readonly lead: string;
  readonly targets: Readonly<Record<Target, string>>;
  /** Ids of rows that somebody was promised. */
  readonly promised: ReadonlySet<string>;
  /** The same by message id and target. */
  readonly promisedMessages: readonly { readonly target: Target; readonly messageId: string }[];
  /** What did not settle. */
  readonly unsettled: readonly string[];
}

interface Current extends RunRecord {
  readonly promised: Set<string>;
  readonly promisedMessages: { target: Target; messageId: string }[];
  readonly unsettled: string[];
  /** Delegations and their targets, in the order in which they were promised. */
  readonly delegations: { readonly id: string; readonly reporter: string }[];
  readonly pending: Map<Promise<void>, { readonly messageId: string; readonly replica: Replica }>;
  owedMs: number;
  count: number;
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
/** Loaded machines are slow, not wrong. */
const STABLE_WITHIN_MS = 60_000;
const SKEWS_MS = [0, -HOUR] as const;

export async function createLedgerCluster(
  databaseUrl: string,
  mutant: Pick<ReplicaOptions, 'rewrite'> = {},
): Promise<LedgerCluster> {
  const database = createDatabase({ url: databaseUrl, logger: createLogger({ level: 'silent' }) });
  const db = database.lanes.work;
  await watchLedger(db);
  const agents = {
    steady: await createMoodyAgent({ remembers: true }),
    away: await createMoodyAgent({ remembers: true }),
    foreign: await createMoodyAgent({ remembers: false }),
  };
  const replicas: Replica[] = await Promise.all(
    SKEWS_MS.map((skewMs) => createReplica(databaseUrl, { ...mutant, skewMs })),
  );
  let runs = 0;

  const replicaAt = (via: number): Replica => {
    const replica = replicas[via % replicas.length];
    if (replica === undefined) throw new Error(`there is no server ${via}`);
    return replica;
  };

  async function replace(replica: Replica): Promise<void> {
    const index = replicas.indexOf(replica);
    await replica.bury();
    replicas[index] = await createReplica(databaseUrl, { ...mutant, skewMs: SKEWS_MS[index] ?? 0 });
  }

  /** Nobody is doing anything but agents that hold a message, and those who wait for them. */
  async function stable(current: Current): Promise<void> {
    await waitFor(
      async () => {
        for (const replica of replicas.filter((one) => one.isDead())) {
          await replace(replica);
          for (const [sending, { replica: at }] of current.pending) if (at === replica) current.pending.delete(sending);
        }
        const waiting = PUSHED.flatMap((name) => agents[name].waiting());
        // Each request that an agent holds is waited for by one task, whether that still has its lease or not.
        const tasks = replicas.reduce((sum, { world }) => sum + world.ports.backgroundCount(), 0);
        const unheard = [...current.pending.values()].filter(({ messageId }) => !waiting.includes(messageId));
        if (tasks === waiting.length && unheard.length === 0) return true;
        throw new Error(JSON.stringify({ tasks, waiting, unheard: unheard.map(({ messageId }) => messageId) }));
      },
      { timeoutMs: STABLE_WITHIN_MS, what: 'everything to stand still' },
    );
  }

  async function pass(current: Current, ms: number): Promise<void> {
    await shiftTimes(db, [current.lead, ...Object.values(current.targets)], ms);
    if (ms < 0) current.owedMs -= ms;
    else await Promise.all(replicas.map(({ clock }) => clock.advance(ms)));
  }

  /** Errors of a server that is dying are no news; any other is a fault. */
  async function at<T>(replica: Replica, work: (world: MessagesWorld) => Promise<T>): Promise<T | null> {
    try {
      return await work(replica.world);
    } catch (error) {
      if (replica.isDead()) return null;
      throw error;
    }
  }

  async function act(current: Current, doing: Act): Promise<void> {
    const replica = replicaAt(doing.via);
    const chosen =
      'pick' in doing && current.delegations.length > 0
        ? current.delegations[doing.pick % current.delegations.length]
        : undefined;
    switch (doing.do) {
      case 'send':
        send(current, doing, replica);
        return;
      case 'delegate':
        await delegate(current, replica, `/workspaces/${current.lead}/delegate`, current.targets[doing.to], {
          target_id: current.targets[doing.to],
          task: `task ${++current.count} of run ${runs}`,
          ...(doing.key === null ? {} : { idempotency_key: `key ${doing.key}` }),
        });
        return;
      case 'record': {
        const id = replica.world.ports.random.uuid();
        const body = { delegation_id: id, target_id: current.targets[doing.to], task: `recorded ${++current.count}` };
        const reply = await at(replica, (world) => world.post(`/workspaces/${current.lead}/delegations/record`, body));
        if (reply?.status !== 202) return;
        current.promised.add(id);
        current.delegations.push({ id, reporter: current.lead });
        return;
      }
      case 'report': {
        if (!chosen) return;
        const path = `/workspaces/${chosen.reporter}/delegations/${chosen.id}/update`;
        const body = { status: doing.status, response_preview: 'as reported', error: 'reported failure' };
        await at(replica, (world) => world.post(path, body));
        return;
      }
      case 'cancel':
        if (!chosen) return;
        await at(replica, (world) => world.post(`/workspaces/${current.lead}/delegations/${chosen.id}/cancel`, {}));
        return;
      case 'retry':
        if (!chosen) return;
        await delegate(
          current,
          replica,
          `/workspaces/${current.lead}/delegations/${chosen.id}/retry`,
          chosen.reporter,
          {},
        );
        return;
      case 'drop':
        await at(replica, (world) => world.post('/admin/a2a-queue/drop-stale?max_age_minutes=30', {}));
        return;
      case 'run':
        await at(replica, (world) => world.messages.loops[doing.loop].runOnce());
        return;
      default:
        doing satisfies never;
    }
  }

  function send(current: Current, doing: Extract<Act, { do: 'send' }>, replica: Replica): void {
    const messageId = `${doing.as} ${doing.n} to ${doing.to} of run ${runs}`;
    const sending = at(replica, (world) =>
      world.send(current.targets[doing.to], toEnvelope(messageId, messageId, doing.method), {
        ...(doing.as === 'lead' ? { caller: current.lead } : {}),
        ...(doing.hurried ? { headers: { 'x-timeout': '30' } } : {}),
      }),
    )
      .then(
        (reply) => {
          if (reply !== null && reply.status < 300) current.promisedMessages.push({ target: doing.to, messageId });
        },
        (error: unknown) => {
          // A stream that broke off has promised what it began with: its status came after the row.
          if (!isTornStream(error)) throw error;
          current.promisedMessages.push({ target: doing.to, messageId });
        },
      )
      .finally(() => current.pending.delete(sending));
    current.pending.set(sending, { messageId, replica });
  }

  async function delegate(current: Current, replica: Replica, path: string, target: string, body: object) {
    const reply = await at(replica, (world) => world.post(path, body));
    if (reply === null || reply.status >= 300) return;
    const id = String(reply.json.delegation_id);
    if (current.promised.has(id)) return;
    current.promised.add(id);
    current.delegations.push({ id, reporter: target });
  }

  async function perform(current: Current, step: Step): Promise<void> {
    switch (step.do) {
      case 'together':
        await Promise.all(step.acts.map((one) => act(current, one)));
        return;
      case 'mood':
        agents[step.of].be(step.mood);
        return;
      case 'finish':
        agents[step.of].finishAll();
        return;
      case 'turn':
        await turn(current, step.of, step.status);
        return;
      case 'time':
        await jump(current, step.jump);
        return;
      case 'crash':
        replicaAt(step.which).dieAfter(step.after);
        return;
      default:
        step satisfies never;
    }
  }

  async function jump(current: Current, how: Jump): Promise<void> {
    if (how === 'quiet') {
      for (let passed = 0; passed < JUMP_MS.quiet; passed += WATCHED_MS) {
        await pass(current, WATCHED_MS);
        for (const replica of replicas) await at(replica, (world) => world.messages.loops.overdue.runOnce());
      }
      return;
    }
    await pass(current, JUMP_MS[how]);
    // In a breath the living renew what they hold; a longer jump is a machine that slept.
    if (how === 'breath')
      for (const replica of replicas) await at(replica, (world) => world.ports.leases.loop.runOnce());
  }

  async function turn(current: Current, who: Pushed, status: 'online' | 'offline' | 'failed'): Promise<void> {
    await sql`
      update workspaces set status = ${status}::workspace_status, last_sample_error = 'told to', updated_at = now()
       where id = ${current.targets[who]}`.execute(db);
  }

  async function settle(current: Current): Promise<void> {
    for (const replica of replicas) replica.dieAfter(Number.POSITIVE_INFINITY);
    for (const agent of Object.values(agents)) agent.be('answer');
    for (const who of PUSHED) await turn(current, who, 'online');
    await pass(current, current.owedMs);
    let open = await listOpen(current);
    for (let round = 0; open.length > 0 && round < SETTLE_ROUNDS_MAX; round += 1) {
      for (const agent of Object.values(agents)) agent.finishAll();
      await stable(current);
      await pass(current, JUMP_MS.due);
      for (const { world } of replicas) {
        await world.messages.loops.recovery.runOnce();
        await world.messages.loops.queue.runOnce();
        await stable(current);
        await world.messages.loops.overdue.runOnce();
      }
      open = await listOpen(current);
    }
    current.unsettled.push(...open);
    // What lies in an inbox or was recorded waits for a report, and in the end for its deadline.
    await pass(current, JUMP_MS.deadline);
    await replicaAt(0).world.messages.loops.overdue.runOnce();
    await stable(current);
    if (current.pending.size > 0) current.unsettled.push(`${current.pending.size} requests were never answered`);
  }

  async function listOpen(current: Current): Promise<readonly string[]> {
    const { rows } = await sql<{ told: string }>`
      select concat_ws(' ', kind, message_id, state, reason, error_detail) as told from messages
       where target_id = any(${Object.values(current.targets)}::uuid[]) and target_id <> ${current.targets.inbox}
         and state in ('queued', 'working') and method <> 'delegations/record'`.execute(db);
    return rows.map(({ told }) => told);
  }

  async function begin(): Promise<Current> {
    runs += 1;
    const lead = await insertWorkspace(db, { name: 'lead' });
    const child = { parentId: lead, maxConcurrentTasks: 2 };
    const external = { ...child, backend: 'external' };
    return {
      lead,
      targets: {
        steady: await insertWorkspace(db, { ...child, name: 'steady', url: agents.steady.url }),
        away: await insertWorkspace(db, { ...child, name: 'away', url: agents.away.url, status: 'offline' }),
        foreign: await insertWorkspace(db, {
          ...external,
          name: 'foreign',
          url: agents.foreign.url,
          urlFrom: 'agent',
          deliveryMode: 'push',
        }),
        inbox: await insertWorkspace(db, { ...external, name: 'inbox', deliveryMode: 'poll' }),
      },
      promised: new Set(),
      promisedMessages: [],
      unsettled: [],
      delegations: [],
      pending: new Map(),
      owedMs: 0,
      count: 0,
    };
  }

  return {
    database,
    agents,
    async run(steps) {
      const current = await begin();
      try {
        for (const agent of Object.values(agents)) agent.be('answer');
        for (const step of steps) {
          await perform(current, step);
          await stable(current);
        }
        await settle(current);
        return current;
      } finally {
        // A run that failed must not disturb the next one, which may be a smaller form of it.
        await sql`update messages set state = 'canceled', lease_owner = null, lease_until = null, ended_at = now()
                   where state in ('queued', 'working', 'input_required')`.execute(db);
      }
    },
    async close() {
      await Promise.all(replicas.map((replica) => replica.bury()));
      await Promise.all(Object.values(agents).map((agent) => agent.close()));
      await database.close();
    },
  };
}

function isTornStream(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'LIGHT_ECONNRESET';
}
