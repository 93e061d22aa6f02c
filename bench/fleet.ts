import { type Client, createClient } from '@molecule/contract/client';

/** An agent that somebody else runs: it polls, so the server never calls it. */
export interface FleetAgent {
  readonly id: string;
  readonly token: string;
}

const AT_ONCE = 16;

/** Creates external agents with their tokens and brings them online. */
export async function createFleet(api: Client, url: string, size: number): Promise<readonly FleetAgent[]> {
  const agents: FleetAgent[] = [];
  const numbers = Array.from({ length: size }, (_, n) => n);
  const worker = async (): Promise<void> => {
    for (let n = numbers.pop(); n !== undefined; n = numbers.pop())
      agents.push(await createAgent(api, url, `agent ${n}`));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return agents;
}

export async function createAgent(api: Client, url: string, name: string, parentId?: string): Promise<FleetAgent> {
  const parent = parentId === undefined ? {} : { parent_id: parentId };
  const { body } = await api.call('createWorkspace', {
    body: { name, external: true, runtime: 'external', ...parent },
  });
  if (!('external' in body) || body.connection === undefined) throw new Error('no connection for an external agent');
  const agent = { id: body.id, token: body.connection.auth_token };
  await clientOf(agent, url).call('register', {
    body: { id: agent.id, delivery_mode: 'poll', agent_card: cardOf(name) },
  });
  return agent;
}

export function clientOf(agent: FleetAgent, url: string): Client {
  return createClient({ baseUrl: url, token: () => agent.token, timeoutMs: 60_000 });
}

/** About one KiB, like the card of an agent with a handful of skills. */
export function cardOf(name: string): Record<string, unknown> {
  const skills = Array.from({ length: 5 }, (_, n) => ({
    id: `skill-${n}`,
    name: `Skill ${n}`,
    description: 'Reads what it is given, looks up what it does not know, and answers in plain sentences with sources.',
    tags: ['research', 'writing'],
  }));
  return { name, description: 'An agent of the benchmark', version: '1.0.0', protocolVersion: '0.3.0', skills };
}
