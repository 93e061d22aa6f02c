import { createServer, type Server } from 'node:net';
import { type Client, createClient } from '@molecule/contract/client';
import { createDataDir, removeDataDir, type ServerProcess, startServerProcess, waitFor } from '@molecule/testkit';
import { afterEach, beforeEach, describe, expect, it, onTestFailed } from 'vitest';
import { waitUntilSettled } from './audit.js';
import { listAgents, listDatabaseProcesses, signalAll } from './process-audit.js';
import { createMessage, importTeam, send, waitUntilOnline } from './team.js';
import { canLookAtProcesses } from './world.js';

describe.skipIf(!canLookAtProcesses)('a server on a free port, killed with -9', () => {
  let dataDir: string;
  let server: ServerProcess;
  const squatters: Server[] = [];
  const api = (): Client => createClient({ baseUrl: server.url, token: () => server.token, timeoutMs: 60_000 });

  beforeEach(async () => {
    dataDir = await createDataDir();
    server = await startServerProcess({ dataDir });
  });
  afterEach(async () => {
    const database = await listDatabaseProcesses(dataDir);
    await server.kill();
    signalAll(database, 'SIGKILL');
    await waitFor(async () => {
      const agents = await listAgents(dataDir);
      signalAll(
        agents.map(({ pid }) => pid),
        'SIGKILL',
      );
      return agents.length === 0;
    });
    for (const squatter of squatters.splice(0)) squatter.close();
    await removeDataDir(dataDir);
  });

  const instances = async (): Promise<string[]> =>
    [...new Set((await listAgents(dataDir)).map(({ instanceId }) => instanceId))].sort();

  it('is followed on the same port, and its agents go on; with the port taken they are started again for the new one', async () => {
    onTestFailed(() => console.log(server.output()));
    const first = server.url;
    const team = await importTeam(api(), 'Nomads', 1);
    const ids = [team.lead, ...team.members.map(({ id }) => id)];
    await waitUntilOnline(api(), ids);
    const before = await instances();

    await server.kill();
    server = await startServerProcess({ dataDir });
    expect(server.url).toBe(first);
    await waitUntilSettled(api());
    await waitUntilOnline(api(), ids);
    expect(await instances()).toEqual(before);

    await server.kill();
    squatters.push(await occupy(Number(new URL(first).port)));
    server = await startServerProcess({ dataDir });
    expect(server.url).not.toBe(first);
    await waitFor(async () => (await instances()).every((instance) => !before.includes(instance)));
    await waitUntilOnline(api(), ids);
    expect(await instances()).toHaveLength(before.length);
    const answer = await send(api(), createMessage(team.lead, 'still there?'));
    expect(answer).toMatchObject({ kind: 'answered' });
  }, 120_000);
});

function occupy(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
