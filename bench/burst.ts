import { randomUUID } from 'node:crypto';
import { ApiError, type Client } from '@molecule/contract/client';
import { cardOf, clientOf, createAgent, type FleetAgent } from './fleet.js';

interface Pair {
  readonly lead: FleetAgent;
  readonly member: FleetAgent;
  readonly asLead: Client;
}

export interface BurstTargets {
  readonly pairs: readonly Pair[];
}

export interface WriteOutcome {
  readonly kind: string;
  readonly status: number;
  readonly error: string | null;
}

/** Enough that a burst stays far below the loop limits of a single caller. */
const PAIRS = 10;

export async function prepareBurst(api: Client, url: string): Promise<BurstTargets> {
  const pairs: Pair[] = [];
  for (let n = 0; n < PAIRS; n += 1) {
    const lead = await createAgent(api, url, `burst lead ${n} ${randomUUID()}`);
    const member = await createAgent(api, url, `burst member ${n} ${randomUUID()}`, lead.id);
    pairs.push({ lead, member, asLead: clientOf(lead, url) });
  }
  return { pairs };
}

type Write = (api: Client, pair: Pair) => Promise<{ readonly status: number }>;

/** Every kind of write that a client sends without thinking of the others. */
const WRITES: Readonly<Record<string, Write>> = {
  create: (api) => api.call('createWorkspace', { body: { name: `burst ${randomUUID()}`, external: true } }),
  patch: (api, { member }) =>
    api.call('patchWorkspace', { params: { id: member.id }, body: { role: `role ${randomUUID()}` } }),
  layout: (api, { lead }) =>
    api.call('putWorkspaceLayout', { params: { id: lead.id }, body: { x: Math.random() * 1_000, y: 1 } }),
  secret: (api, { member }) =>
    api.call('putSecret', { params: { id: member.id }, body: { key: 'BURST_KEY', value: randomUUID() } }),
  message: (api, { member }) =>
    api.call('sendMessage', { params: { id: member.id }, body: toMessage(`message ${randomUUID()}`) }),
  delegate: (_, { asLead, lead, member }) =>
    asLead.call('delegate', {
      params: { id: lead.id },
      body: { target_id: member.id, task: `task ${randomUUID()}` },
    }),
  activity: (_, { asLead, lead }) =>
    asLead.call('reportActivity', {
      params: { id: lead.id },
      body: { activity_type: 'agent_log', summary: `log ${randomUUID()}` },
    }),
  heartbeat: (_, { asLead, lead }) =>
    asLead.call('heartbeat', { body: { workspace_id: lead.id, active_tasks: 1, current_task: 'burst' } }),
  card: (_, { asLead, lead }) =>
    asLead.call('updateCard', { body: { workspace_id: lead.id, agent_card: cardOf(randomUUID()) } }),
};

/** All at once; resolves with what became of each. */
export async function burst(api: Client, targets: BurstTargets, count: number): Promise<readonly WriteOutcome[]> {
  const kinds = Object.entries(WRITES);
  return Promise.all(
    Array.from({ length: count }, async (_, n): Promise<WriteOutcome> => {
      const [kind, write] = kinds[n % kinds.length] ?? [];
      const pair = targets.pairs[Math.floor(n / kinds.length) % targets.pairs.length];
      if (kind === undefined || write === undefined || pair === undefined) throw new Error('nothing to write');
      try {
        return { kind, status: (await write(api, pair)).status, error: null };
      } catch (error) {
        if (error instanceof ApiError) return { kind, status: error.status, error: error.message };
        throw new Error(`write "${kind}" got no answer`, { cause: error });
      }
    }),
  );
}

function toMessage(text: string) {
  const message = { kind: 'message', role: 'user', messageId: randomUUID(), parts: [{ kind: 'text', text }] };
  return { jsonrpc: '2.0', id: message.messageId, method: 'message/send', params: { message } };
}
