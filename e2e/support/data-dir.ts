import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createDataDir, removeDataDir, waitFor } from '@molecule/testkit';
import { killAll, processesNaming, type RunningProcess } from './processes.js';

export interface TestDataDir {
  readonly path: string;
  /** Where the database lies: inside, or elsewhere when root started it and its own user could not get there. */
  databaseFolder(): Promise<string>;
  /** What runs on it now: server, database, agents. */
  processes(): Promise<RunningProcess[]>;
  /** kill -9 for server, database and agents at once, as a power cut would; resolves when they are gone. */
  killEverything(): Promise<void>;
  /** Ends what is left and deletes it. */
  remove(): Promise<void>;
}

/** A fresh data directory that takes everything running on it along when it is removed. */
export async function createTestDataDir(): Promise<TestDataDir> {
  const path = await createDataDir();

  async function databaseFolder(): Promise<string> {
    const pointer = await readFile(join(path, 'pg', 'location.json'), 'utf8').catch(() => null);
    return pointer === null ? join(path, 'pg', 'data') : (JSON.parse(pointer) as { directory: string }).directory;
  }

  async function processes(): Promise<RunningProcess[]> {
    return processesNaming([path, await databaseFolder()]);
  }

  async function killEverything(): Promise<void> {
    await waitFor(
      async () => {
        const left = await processes();
        killAll(left);
        return left.length === 0;
      },
      { timeoutMs: 15_000, what: 'everything on the data directory to be gone' },
    );
  }

  return {
    path,
    databaseFolder,
    processes,
    killEverything,
    async remove() {
      await killEverything();
      await removeDataDir(path);
    },
  };
}
