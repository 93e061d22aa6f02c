import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Client } from '@molecule/contract/client';
import {
  createCursorFile,
  createPlatformClient,
  drive,
  openWorkBook,
  systemClock,
  systemRandom,
} from '@molecule/runtime/outside';
import { createFleet, type FleetAgent } from './fleet.js';

export interface PollOutcome {
  /** How often an agent was found offline, or silent for longer than a beat may take. */
  readonly missed: number;
  readonly asked: number;
  readonly answered: number;
  /** From the question to the answer on record, of the slowest. */
  readonly slowestMs: number;
  readonly cpuPercent: number;
  readonly memoryMb: number;
}

const ASK_EVERY_MS = 100;
const LOOK_EVERY_MS = 2_000;
/** A beat every 20 s, and something for the way. */
const SILENT_FOR_MS = 23_000;

/** Agents as `molecule connect` runs them, in this process: present, polling, asked ten questions per second in all. */
export async function runPollAgents(
  server: { readonly api: Client; readonly url: string; readonly pid: number },
  { agents, seconds }: { readonly agents: number; readonly seconds: number },
): Promise<PollOutcome> {
  const { api, url } = server;
  const fleet = await createFleet(api, url, agents);
  const folder = await mkdtemp(join(tmpdir(), 'molecule-poll-'));
  const stop = new AbortController();
  const askedAt = new Map<string, number>();
  let answered = 0;
  let slowestMs = 0;
  let missed = 0;

  const run = async ({ id, token }: FleetAgent): Promise<void> => {
    const book = await openWorkBook(join(folder, id));
    try {
      await drive(
        {
          client: createPlatformClient({ baseUrl: url, workspaceId: id, token, onUnauthorized: () => {} }),
          clock: systemClock,
          random: systemRandom,
          workspaceId: id,
          platformUrl: url,
          card: { name: id, skills: [] },
          cursor: createCursorFile(join(folder, `${id}.cursor`), () => {}),
          book,
          work: async ({ text }) => ({ text }),
          tell(event) {
            if (event.kind !== 'answered') return;
            answered += 1;
            const since = askedAt.get(event.message.text);
            if (since !== undefined) slowestMs = Math.max(slowestMs, performance.now() - since);
          },
        },
        stop.signal,
      );
    } finally {
      await book.close();
    }
  };

  const running = Promise.all(fleet.map(run));
  const before = await readUsage(server.pid);
  const startedMs = performance.now();
  const look = async (): Promise<void> => {
    const { body } = await api.call('listWorkspaces', {});
    const known = new Map(body.map((workspace) => [workspace.id, workspace]));
    for (const { id } of fleet) {
      const seen = known.get(id);
      const silentMs = Date.now() - Date.parse(seen?.last_heartbeat_at ?? '1970-01-01T00:00:00Z');
      if (seen?.status !== 'online' || silentMs > SILENT_FOR_MS) missed += 1;
    }
  };
  let lookAtMs = startedMs + LOOK_EVERY_MS;
  for (let count = 0; performance.now() - startedMs < seconds * 1_000; count += 1) {
    const agent = fleet[count % fleet.length];
    if (!agent) break;
    const text = `question ${count}`;
    const message = { role: 'user', messageId: `poll-${count}`, parts: [{ kind: 'text', text }] };
    askedAt.set(text, performance.now());
    await api.call('sendMessage', {
      params: { id: agent.id },
      body: { jsonrpc: '2.0', id: count, method: 'message/send', params: { message } },
    });
    if (performance.now() >= lookAtMs) {
      await look();
      lookAtMs += LOOK_EVERY_MS;
    }
    await sleep(ASK_EVERY_MS);
  }
  const tookMs = performance.now() - startedMs;
  const after = await readUsage(server.pid);
  for (const untilMs = performance.now() + 10_000; answered < askedAt.size && performance.now() < untilMs; )
    await sleep(20);
  stop.abort();
  await running;
  await rm(folder, { recursive: true, force: true });
  return {
    missed,
    asked: askedAt.size,
    answered,
    slowestMs,
    cpuPercent: ((after.cpuMs - before.cpuMs) / tookMs) * 100,
    memoryMb: after.memoryMb,
  };
}

/** As `ps` knows it, on Linux and macOS alike. */
async function readUsage(pid: number): Promise<{ readonly cpuMs: number; readonly memoryMb: number }> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'time=,rss=', '-p', String(pid)]);
  const [time = '', rss = '0'] = stdout.trim().split(/\s+/);
  const seconds = time.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  return { cpuMs: seconds * 1_000, memoryMb: Number(rss) / 1_024 };
}
