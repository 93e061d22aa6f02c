import { applyTransitions } from '../src/features/workspaces/index.js';
import { createLeaseKeeper, type LeaseKeeper } from '../src/platform/claim-keeper.js';
import { type Clock, createSystemClock } from '../src/platform/clock.js';
import { createCommit } from '../src/platform/commit.js';
import { createDatabase, type DatabaseHandle, type LaneSizes } from '../src/platform/db.js';
import { createEventFeed } from '../src/platform/event-feed.js';
import { createLogger, type Logger } from '../src/platform/logger.js';
import { createMetrics } from '../src/platform/metrics.js';
import { createRandom } from '../src/platform/random.js';
import { createSupervisor, type LoopHandle, type Supervisor } from '../src/platform/supervisor.js';
import { createTransact } from '../src/platform/transact.js';
import type { Ports } from '../src/ports.js';

export interface TestPorts extends Ports {
  readonly database: DatabaseHandle;
  readonly leases: LeaseKeeper;
  /** How many background tasks are under way. */
  backgroundCount(): number;
  /** One cycle of a registered loop, now. */
  runLoop(name: string): Promise<void>;
  /** Starts the feed and the loops registered so far. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** The signal that every background task is given; it lives as long as the server. */
export function stopSignalOf(supervisor: TestPorts['supervisor']): Promise<AbortSignal> {
  return new Promise((resolve) => supervisor.background('look', async (signal) => resolve(signal)));
}

export const TEST_LEASE_MS = 15_000;

/** The real ports of features on a test database; only what is given differs from production. */
export function createTestPorts(
  url: string,
  given: { clock?: Clock; laneSizes?: LaneSizes; logLevel?: 'silent' | 'warn' | 'debug'; logger?: Logger } = {},
): TestPorts {
  const clock = given.clock ?? createSystemClock();
  const random = createRandom();
  const logger = given.logger ?? createLogger({ level: given.logLevel ?? 'silent' });
  const loops = new Map<string, LoopHandle>();
  const real = createSupervisor({ clock, random, logger });
  let backgroundCount = 0;
  const supervisor: Supervisor = {
    ...real,
    background(name, task) {
      backgroundCount += 1;
      real.background(name, async (signal) => {
        try {
          await task(signal);
        } finally {
          backgroundCount -= 1;
        }
      });
    },
    loop(spec) {
      const handle = real.loop(spec);
      loops.set(spec.name, handle);
      return handle;
    },
  };
  const database = createDatabase({ url, logger, ...(given.laneSizes ? { laneSizes: given.laneSizes } : {}) });
  const feed = createEventFeed({ url, clock, supervisor, logger });
  return {
    clock,
    random,
    logger,
    metrics: createMetrics({ processMetrics: false }),
    supervisor,
    database,
    lanes: database.lanes,
    feed,
    transact: createTransact(database.lanes, () => feed.notifyCommitted()),
    commit: createCommit(applyTransitions),
    leases: createLeaseKeeper({ db: database.lanes.health, clock, supervisor, logger, leaseMs: TEST_LEASE_MS }),
    backgroundCount: () => backgroundCount,
    async runLoop(name) {
      const loop = loops.get(name);
      if (loop === undefined) throw new Error(`no loop is registered as "${name}"`);
      await loop.runOnce();
    },
    async start() {
      await feed.start();
      supervisor.start();
    },
    async close() {
      await supervisor.stop(5_000);
      await feed.close();
      await database.close();
    },
  };
}
