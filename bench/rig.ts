import { randomBytes } from 'node:crypto';
import { type Client, createClient } from '@molecule/contract/client';
import { removeDataDir, startServerProcess } from '@molecule/testkit';
import { type Child, startChild } from './child.js';
import { createFleet, type FleetAgent } from './fleet.js';
import type { ProbeAnswer, ProbeRequest } from './health-probe.js';

/** The real server on its embedded Postgres, fsync on, with what measures it in processes of their own. */
export interface Rig {
  readonly url: string;
  readonly token: string;
  readonly api: Client;
  readonly fleet: readonly FleetAgent[];
  readonly load: Child;
  /** Runs `work` and resolves with its value and the latency of /health meanwhile. */
  underProbes<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly healthMs: readonly number[] }>;
  /** Everything the server has printed, for a run that failed. */
  output(): string;
  dispose(): Promise<void>;
}

const AGENTS = 1_000;

export async function createRig(log: (line: string) => void): Promise<Rig> {
  // Agents of a measurement listen on this machine, which only a development server allows; with a token set nothing
  // else of one is open.
  const token = randomBytes(24).toString('base64url');
  const server = await startServerProcess({ env: { MOLECULE_ENV: 'development', ADMIN_TOKEN: token } });
  const children = [startChild('load.ts'), startChild('health-probe.ts')] as const;
  const [load, prober] = children;
  const api = createClient({ baseUrl: server.url, token: () => token, timeoutMs: 60_000 });
  const dispose = async (): Promise<void> => {
    await Promise.all(children.map((child) => child.end()));
    try {
      await server.stop();
    } finally {
      await removeDataDir(server.dataDir);
    }
  };
  try {
    log(`Registering ${AGENTS} agents.`);
    const fleet = await createFleet(api, server.url, AGENTS);
    return {
      url: server.url,
      token,
      api,
      fleet,
      load,
      async underProbes(work) {
        await prober.ask<ProbeAnswer>({ kind: 'start', url: server.url } satisfies ProbeRequest);
        const value = await work();
        return { value, healthMs: await prober.ask<ProbeAnswer>({ kind: 'stop' } satisfies ProbeRequest) };
      },
      output: () => server.output(),
      dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}
