import { createClient } from '@molecule/contract/client';
import { removeDataDir, startServerProcess } from '@molecule/testkit';
import { runPollAgents } from './poll-agents.js';
import { milliseconds, type Row } from './table.js';

const AGENTS = 50;

/** On a server of its own, so that what it takes is what these agents cost. */
export async function measurePollAgents(minutes: number): Promise<Row> {
  const server = await startServerProcess();
  try {
    const api = createClient({ baseUrl: server.url, token: () => server.token, timeoutMs: 60_000 });
    const found = await runPollAgents(
      { api, url: server.url, pid: server.pid },
      { agents: AGENTS, seconds: minutes * 60 },
    );
    return {
      what: `${AGENTS} polling agents for ${minutes} min, 10 questions/s`,
      owed: 'no beat missed, every question answered',
      measured:
        `${found.missed} missed, ${found.answered} of ${found.asked} answered, slowest ${milliseconds(found.slowestMs)}; ` +
        `server: ${found.cpuPercent.toFixed(0)} % of a core, ${found.memoryMb.toFixed(0)} MB`,
      ok: found.missed === 0 && found.answered === found.asked,
    };
  } finally {
    await server.stop();
    await removeDataDir(server.dataDir);
  }
}
