import { listAgents, listDatabaseProcesses, signalAll } from './process-audit.js';
import type { Seed } from './seed.js';
import { pause, type World } from './world.js';

const KINDS = ['agents', 'server', 'database', 'backend', 'everything'] as const;
export type BlowKind = (typeof KINDS)[number];

/** kill -9 at what chance picks. */
export interface Blows {
  /** Lets one fall and, when it was the server's, starts the next server. Answers what it hit. */
  strike(kind: BlowKind): Promise<void>;
  /** Kinds for `count` blows: each kind as often as any other, in an order that chance picks. */
  plan(count: number): readonly BlowKind[];
  /** Processes killed so far. */
  readonly killed: { agents: number; servers: number; databases: number; backends: number };
}

/** Five deaths within ten minutes are a crash loop, from which nobody is brought back: a storm must not cause one. */
const DEATHS_MAX = 3;
const DEAD_SERVER_MAX_MS = 600;

export function createBlows(world: World, seed: Seed, agentsAtOnce: number): Blows {
  const killed = { agents: 0, servers: 0, databases: 0, backends: 0 };
  const deaths = new Map<string, number>();

  async function killAgents(): Promise<void> {
    const mortal = (await listAgents(world.dataDir)).filter(
      ({ workspaceId }) => (deaths.get(workspaceId) ?? 0) < DEATHS_MAX,
    );
    const hit = shuffle(mortal).slice(0, seed.integer(1, agentsAtOnce));
    for (const { workspaceId } of hit) deaths.set(workspaceId, (deaths.get(workspaceId) ?? 0) + 1);
    killed.agents += hit.length;
    signalAll(
      hit.map(({ pid }) => pid),
      'SIGKILL',
    );
  }

  async function killDatabase(): Promise<void> {
    killed.databases += 1;
    signalAll(await listDatabaseProcesses(world.dataDir), 'SIGKILL');
  }

  /** One of its processes alone: Postgres then throws out every connection and recovers by itself. */
  async function killBackend(): Promise<void> {
    const [, ...children] = await listDatabaseProcesses(world.dataDir);
    if (children.length === 0) return;
    killed.backends += 1;
    signalAll([seed.pick(children)], 'SIGKILL');
  }

  async function killServer(): Promise<void> {
    killed.servers += 1;
    await world.kill();
  }

  function shuffle<T>(items: readonly T[]): T[] {
    return items
      .map((item) => ({ item, place: seed.fraction() }))
      .sort((a, b) => a.place - b.place)
      .map(({ item }) => item);
  }

  return {
    killed,
    plan: (count) => shuffle(Array.from({ length: count }, (_, index) => KINDS[index % KINDS.length] ?? 'server')),
    async strike(kind) {
      switch (kind) {
        case 'agents':
          return killAgents();
        case 'database':
          return killDatabase();
        case 'backend':
          return killBackend();
        case 'server':
          await killServer();
          break;
        case 'everything':
          await killServer();
          await killDatabase();
          await killAgents();
          break;
        default:
          return kind satisfies never;
      }
      await pause(seed.integer(0, DEAD_SERVER_MAX_MS));
      await world.start();
    },
  };
}
