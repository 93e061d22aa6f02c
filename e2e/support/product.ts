import { createClient } from '@molecule/contract/client';
import { type ServerProcess, startServerProcess, waitFor } from '@molecule/testkit';
import { createTestDataDir, type TestDataDir } from './data-dir.js';

export interface Product {
  readonly server: ServerProcess;
  readonly dataDir: TestDataDir;
  /** The contract's client, as administrator. */
  readonly client: ReturnType<typeof createClient>;
  /** The one-time link of its start, read from what it printed. */
  loginLink(): Promise<string>;
  /** Ends the server in order, asserts that nothing of it is left running, and deletes its data. */
  end(): Promise<void>;
}

/** A real server on a fresh data directory. */
export async function startProduct(env: Readonly<Record<string, string>> = {}): Promise<Product> {
  const dataDir = await createTestDataDir();
  try {
    const server = await startServerProcess({ dataDir: dataDir.path, env });
    return {
      server,
      dataDir,
      client: createClient({ baseUrl: server.url, token: () => server.token }),
      loginLink: () => findLoginLink(server),
      async end() {
        try {
          await server.stop();
          const left = await dataDir.processes();
          if (left.length > 0)
            throw new Error(`left running: ${left.map(({ pid, text }) => `${pid} ${text}`).join('; ')}`);
        } finally {
          await dataDir.remove();
        }
      },
    };
  } catch (error) {
    await dataDir.remove();
    throw error;
  }
}

/** Printed right after the server has begun to answer. */
function findLoginLink(server: ServerProcess): Promise<string> {
  return waitFor(() => /Log in:\s+(http\S+)/.exec(server.output())?.[1], { what: 'the login link to be printed' });
}
