import { createServer } from 'node:net';
import { type Client, createClient } from '@molecule/contract/client';
import {
  createDataDir,
  removeDataDir,
  type ServerProcess,
  type ServerProcessOptions,
  startServerProcess,
  waitFor,
} from '@molecule/testkit';
import { listAgents, listDatabaseProcesses, listProcesses, signalAll } from './process-audit.js';

/** Real processes are looked at through /proc; elsewhere these tests are skipped, and counted as such. */
export const canLookAtProcesses = process.platform === 'linux';

/** One data directory with a server that may die and come back on the same port. */
export interface World {
  readonly dataDir: string;
  /** Calls whichever server runs at the moment, as its administrator. */
  readonly api: Client;
  /** Starts the first server or the successor of one that is gone. */
  start(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  /** SIGTERM; rejects unless the server ends in order. */
  stop(): Promise<void>;
  url(): string;
  token(): string;
  pid(): number;
  /** Everything all servers so far have printed. */
  output(): string;
  /** Ends whatever is left and deletes every trace. */
  dispose(): Promise<void>;
}

export async function createWorld(env: ServerProcessOptions['env'] = {}): Promise<World> {
  const dataDir = await createDataDir();
  // Agents keep the address they were started with, so every successor listens where its predecessor did.
  const port = await findFreePort();
  const outputs: ServerProcess[] = [];
  let server: ServerProcess | null = null;
  const running = (): ServerProcess => {
    if (server === null) throw new Error('no server runs');
    return server;
  };
  const baseUrl = `http://127.0.0.1:${port}`;
  const api = createClient({ baseUrl, token: () => server?.token ?? null, timeoutMs: 60_000 });
  return {
    dataDir,
    api,
    async start() {
      server = await startServerProcess({ dataDir, env: { ...env, PORT: String(port) } });
      outputs.push(server);
    },
    async kill() {
      await running().kill();
    },
    async stop() {
      await running().stop();
    },
    url: () => baseUrl,
    token: () => running().token,
    pid: () => running().pid,
    output: () => outputs.map((one) => one.output()).join('\n--- next server ---\n'),
    async dispose() {
      const own = (await listProcesses()).filter(({ env: its }) => its.get('MOLECULE_DATA_DIR') === dataDir);
      const pids = [...own.map(({ pid }) => pid), ...(await listDatabaseProcesses(dataDir))];
      signalAll(pids, 'SIGKILL');
      await waitFor(async () => {
        const agents = (await listAgents(dataDir)).map(({ pid }) => pid);
        signalAll(agents, 'SIGKILL');
        const left = (await listProcesses()).filter(({ pid }) => pids.includes(pid));
        return agents.length === 0 && left.length === 0;
      });
      await removeDataDir(dataDir);
    },
  };
}

/** Lets time pass on purpose: between two blows, never in place of a condition. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
