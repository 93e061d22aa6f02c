import { createFakeClock, type FakeClock, waitFor } from '@molecule/testkit';
import { createDatabaseProxy } from '../database-proxy.js';
import { createMessagesWorld, type MessagesWorld } from '../messages-world.js';

/** One of several servers on the same database, whose time stands still unless it is moved, and which can be killed. */
export interface Replica {
  readonly world: MessagesWorld;
  readonly clock: FakeClock;
  /** It has lost its database for good, as a process that was killed has. */
  isDead(): boolean;
  /** Dies at the given of its next requests to the database: that one and all that follow are never sent. */
  dieAfter(requests: number): void;
  /** Takes down what is left of it. What it holds stays leased. */
  bury(): Promise<void>;
}

const PUMP_MS = 500;

export interface ReplicaOptions {
  /** By how much its wall clock is wrong. */
  readonly skewMs: number;
  /** Makes other SQL of the same length of what it sends to the database: for mutants. */
  readonly rewrite?: (bytes: Buffer) => Buffer;
}

export async function createReplica(databaseUrl: string, { skewMs, rewrite }: ReplicaOptions): Promise<Replica> {
  let left = Number.POSITIVE_INFINITY;
  let dead = false;
  const mayAsk = (): boolean => {
    if (left <= 0) dead = true;
    left -= 1;
    return !dead;
  };
  const proxy = await createDatabaseProxy(databaseUrl, mayAsk, rewrite);
  const clock = createFakeClock(new Date(Date.now() + skewMs));
  const world = await createMessagesWorld(proxy.url, { clock, loopbackAllowed: true });
  return {
    world,
    clock,
    isDead: () => dead,
    dieAfter(requests) {
      left = requests;
      dead = requests === 0;
    },
    async bury() {
      left = 0;
      dead = true;
      await proxy.cut();
      let isClosed = false;
      const closing = world.close().finally(() => {
        isClosed = true;
      });
      // What it cannot write any more is what its death is about.
      closing.catch(() => {});
      // Whatever waits on its clock has to come to an end.
      await waitFor(
        async () => {
          await clock.advance(PUMP_MS);
          return isClosed;
        },
        { timeoutMs: 60_000, what: 'a replica to be taken down' },
      );
    },
  };
}
