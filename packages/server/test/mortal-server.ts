import type { FakeBackend } from '../src/provisioners/fake/fake.driver.js';
import type { Driver } from '../src/provisioners/shared-semantics.js';
import { createDatabaseProxy } from './database-proxy.js';
import { createWorkspacesWorld, type WorkspacesWorld } from './workspaces-world.js';

/**
 * A server that dies at a given step, as by kill -9. A step is a statement that is sent to the database, and the moment
 * before and after each effect on the machine that runs agents. From then on it reaches neither, while what it had sent
 * before takes effect; a transaction that it had not committed is rolled back by its end.
 */
export interface MortalServer {
  readonly world: WorkspacesWorld;
  /** Counts from now on and dies at step `at`; the first is 1. */
  arm(at: number): void;
  isDead(): boolean;
  /** Ends what is left of it in this process. */
  bury(): Promise<void>;
}

export async function createMortalServer(
  databaseUrl: string,
  host: { readonly id: string; readonly machine: FakeBackend },
): Promise<MortalServer> {
  let steps = 0;
  let diesAt = Number.POSITIVE_INFINITY;
  let armed = false;
  let dead = false;
  const step = (): boolean => {
    if (armed) steps += 1;
    if (steps >= diesAt) dead = true;
    return !dead;
  };
  const proxy = await createDatabaseProxy(databaseUrl, step);
  const machine: FakeBackend = {
    control: host.machine.control,
    createDriver: () => mortalDriver(host.machine.createDriver(), step),
  };
  const world = createWorkspacesWorld(proxy.url, { host: { id: host.id, machine } });
  return {
    world,
    arm(at) {
      diesAt = at;
      armed = true;
    },
    isDead: () => dead,
    async bury() {
      dead = true;
      await proxy.cut();
      // Its loops give up on their own; what they complain of is what death is like.
      await world.close().catch(() => undefined);
    },
  };
}

function mortalDriver(driver: Driver, step: () => boolean): Driver {
  const live = (): void => {
    if (!step()) throw new Error('this server is dead');
  };
  const around = async <T>(effect: () => Promise<T>): Promise<T> => {
    live();
    const result = await effect();
    live();
    return result;
  };
  return {
    ...driver,
    start: (spec, signal) => around(() => driver.start(spec, signal)),
    stop: (id, record, signal) => around(() => driver.stop(id, record, signal)),
    destroy: (id, signal) => around(() => driver.destroy(id, signal)),
    inspect: (id, record) => around(() => driver.inspect(id, record)),
    list: () => around(() => driver.list()),
  };
}
