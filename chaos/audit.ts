import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Activity, LoggedEvent, Workspace } from '@molecule/contract';
import type { Client } from '@molecule/contract/client';
import { waitFor } from '@molecule/testkit';
import { listAgents } from './process-audit.js';

const EVENTS_PER_PAGE = 1_000;
const ACTIVITY_PER_PAGE = 500;
const A_YEAR_IN_SECONDS = 31_536_000;

/** Every event there is, oldest first. */
export async function readEvents(api: Client): Promise<readonly LoggedEvent[]> {
  const events: LoggedEvent[] = [];
  for (;;) {
    const after = events.at(-1)?.seq ?? 0;
    const { body } = await api.call('listEvents', { query: { after, limit: EVENTS_PER_PAGE } });
    events.push(...body);
    if (body.length < EVENTS_PER_PAGE) return events;
  }
}

/** Places where the log is not 1, 2, 3 …: a lost or doubled event. */
export function gapsIn(events: readonly LoggedEvent[]): readonly string[] {
  return events.flatMap(({ seq }, index) => (seq === index + 1 ? [] : [`event ${index + 1} has seq ${seq}`]));
}

/** Delegations whose beginning or end was announced more than once. */
export function repeatedDelegations(events: readonly LoggedEvent[]): readonly string[] {
  const ends = new Set(['DELEGATION_COMPLETE', 'DELEGATION_FAILED']);
  const marks = events.flatMap(({ event_type, payload }) => {
    const id = fieldOf(payload, 'delegation_id');
    if (event_type === 'DELEGATION_SENT') return [`${id} sent`];
    return ends.has(event_type) ? [`${id} ended`] : [];
  });
  return repeated(marks);
}

/** Messages that a workspace received, oldest first, with everything the log knows of them. */
export async function readReceived(api: Client, workspaceId: string): Promise<readonly Activity[]> {
  const params = { id: workspaceId };
  const filter = { type: 'a2a_receive', limit: ACTIVITY_PER_PAGE };
  const rows: Activity[] = [];
  for (;;) {
    const last = rows.at(-1);
    const from = last === undefined ? { since_secs: A_YEAR_IN_SECONDS } : { since_id: last.id };
    const { body } = await api.call('listActivity', { params, query: { ...filter, ...from } });
    if (body.length === 0) return rows;
    rows.push(...body);
  }
}

/** A row without duration is a message nobody has answered yet (contract registry-a2a §8.8). */
function isOpen(row: Activity): boolean {
  return row.method !== 'delegate_result' && row.duration_ms === null;
}

/**
 * Resolves once nothing is under way any more: every workspace runs or says why not, every message is answered or has
 * failed with a reason. Rejects with what is left.
 */
export async function waitUntilSettled(api: Client, timeoutMs = 60_000): Promise<readonly Workspace[]> {
  return waitFor(
    async () => {
      const { body } = await api.call('listWorkspaces', {});
      const stranded = body.filter(({ status, last_sample_error }) => {
        return status !== 'online' && !(status === 'failed' && last_sample_error !== '');
      });
      const open = await Promise.all(
        body.map(async ({ id, name }) => {
          const received = await readReceived(api, id);
          return received.filter(isOpen).map((row) => `${name}: message ${row.message_id} is open`);
        }),
      );
      const left = [...stranded.map(({ name, status }) => `${name} is ${status}`), ...open.flat()];
      if (left.length > 0) throw new Error(left.slice(0, 10).join('; '));
      return body;
    },
    { timeoutMs, what: 'everything to settle' },
  );
}

/** What is wrong with the processes of a settled server: each online workspace has exactly one, nobody else has any. */
export async function strayAgents(dataDir: string, workspaces: readonly Workspace[]): Promise<readonly string[]> {
  const agents = await listAgents(dataDir);
  const online = new Set(workspaces.filter(({ status }) => status === 'online').map(({ id }) => id));
  const missing = [...online].filter((id) => !agents.some(({ workspaceId }) => workspaceId === id));
  return [
    ...agents
      .filter(({ workspaceId }) => !online.has(workspaceId))
      .map(({ pid, workspaceId }) => `${pid} runs for ${workspaceId}, which is not online`),
    ...repeated(agents.map(({ workspaceId }) => workspaceId)).map((id) => `${id} has several processes`),
    ...missing.map((id) => `${id} is online without a process`),
  ];
}

/** Texts of the messages an agent began to work on, one entry for each beginning. */
export async function readTurns(dataDir: string, workspaceId: string): Promise<readonly string[]> {
  const path = join(dataDir, 'workspaces', workspaceId, 'run', 'journal.jsonl');
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
  return lines.flatMap((line) => {
    const entry = JSON.parse(line) as { type: string; request?: { text: string } };
    return entry.type === 'accepted' && entry.request ? [entry.request.text] : [];
  });
}

export function repeated(items: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  const again = new Set<string>();
  for (const item of items) (seen.has(item) ? again : seen).add(item);
  return [...again];
}

function fieldOf(payload: unknown, name: string): string {
  // Payloads of logged events are JSON objects (contract registry-a2a §12).
  return String((payload as Readonly<Record<string, unknown>>)[name]);
}
