import { waitFor } from '@molecule/testkit';
import { createDatabase, type DatabaseHandle } from '../../src/platform/db.js';
import { createLogger } from '../../src/platform/logger.js';
import type { MessagesWorld } from '../messages-world.js';
import { shiftTimes, watchLedger } from './history.js';
import { createMoodyAgent, type MoodyAgent } from './moody-agent.js';
import { createReplica, type Replica, type ReplicaOptions } from './replica.js';
import { PUSHED, type Pushed } from './steps.js';

/** Two servers on one database, and three agents. */
export interface LedgerCluster {
  /** Not by way of a server: what a test itself reads and writes. */
  readonly database: DatabaseHandle;
  readonly agents: Readonly<Record<Pushed, MoodyAgent>>;
  /** A number for a run, so that its texts are its own. */
  nextRun(): number;
  replicas(): readonly Replica[];
  replicaAt(via: number): Replica;
  /** Calls a server. Null when it died of it; what goes wrong at one that lives is a fault. */
  ask<T>(replica: Replica, work: (world: MessagesWorld) => Promise<T>): Promise<T | null>;
  /**
   * Resolves when nobody does anything any more but agents that hold a message and those who wait for them. Servers that
   * died are replaced; `onReplaced` is told.
   */
  standStill(pending: () => readonly string[], onReplaced: (dead: Replica) => void): Promise<void>;
  /** Lets time pass for the servers, and for the rows of these workspaces; backwards, for the rows alone. */
  pass(workspaceIds: readonly string[], ms: number): Promise<void>;
  close(): Promise<void>;
}

/** Loaded machines are slow, not wrong. */
const STILL_WITHIN_MS = 60_000;
/** One of the two has a clock that is an hour slow. */
const SKEWS_MS = [0, -3_600_000] as const;

export async function createLedgerCluster(
  databaseUrl: string,
  mutant: Pick<ReplicaOptions, 'rewrite'> = {},
): Promise<LedgerCluster> {
  const database = createDatabase({ url: databaseUrl, logger: createLogger({ level: 'silent' }) });
  await watchLedger(database.lanes.work);
  const agents = {
    steady: await createMoodyAgent({ remembers: true }),
    away: await createMoodyAgent({ remembers: true }),
    foreign: await createMoodyAgent({ remembers: false }),
  };
  const replicas: Replica[] = await Promise.all(
    SKEWS_MS.map((skewMs) => createReplica(databaseUrl, { ...mutant, skewMs })),
  );

  let runs = 0;

  async function replace(dead: Replica): Promise<void> {
    const index = replicas.indexOf(dead);
    await dead.bury();
    replicas[index] = await createReplica(databaseUrl, { ...mutant, skewMs: SKEWS_MS[index] ?? 0 });
  }

  return {
    database,
    agents,
    nextRun() {
      runs += 1;
      return runs;
    },
    replicas: () => replicas,
    replicaAt(via) {
      const replica = replicas[via % replicas.length];
      if (replica === undefined) throw new Error(`there is no server ${via}`);
      return replica;
    },
    async ask(replica, work) {
      try {
        return await work(replica.world);
      } catch (error) {
        if (replica.isDead()) return null;
        throw error;
      }
    },
    async standStill(pending, onReplaced) {
      await waitFor(
        async () => {
          for (const dead of replicas.filter((one) => one.isDead())) {
            await replace(dead);
            onReplaced(dead);
          }
          const waiting = PUSHED.flatMap((name) => agents[name].waiting());
          // Each request that an agent holds is waited for by one task, whether that still has its lease or not.
          const tasks = replicas.reduce((sum, { world }) => sum + world.ports.backgroundCount(), 0);
          const unheard = pending().filter((messageId) => !waiting.includes(messageId));
          if (tasks === waiting.length && unheard.length === 0) return true;
          throw new Error(JSON.stringify({ tasks, waiting, unheard }));
        },
        { timeoutMs: STILL_WITHIN_MS, what: 'everything to stand still' },
      );
    },
    async pass(workspaceIds, ms) {
      await shiftTimes(database.lanes.work, workspaceIds, ms);
      if (ms > 0) await Promise.all(replicas.map(({ clock }) => clock.advance(ms)));
    },
    async close() {
      await Promise.all(replicas.map((replica) => replica.bury()));
      await Promise.all(Object.values(agents).map((agent) => agent.close()));
      await database.close();
    },
  };
}
