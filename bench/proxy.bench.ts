import { startChild } from './child.js';
import { clientOf, createAgent } from './fleet.js';
import type { LoadRequest, LoadResult } from './load.js';
import { toMessages } from './messages.js';
import { compare, describeCompared, SECONDS, WARM_UP_SECONDS } from './pairs.js';
import type { Rig } from './rig.js';
import { median } from './statistics.js';
import { milliseconds, type Row } from './table.js';

const CONNECTIONS = 32;
const AGENTS = 32;
const OWED_RATIO = 0.5;
const FIXED_PER_SECOND = 1_000;
const FIXED_ROUNDS = 3;
const OWED_ADDED_MS = 10;

/** Messages through the product to an agent that answers at once, against a relay to the same agent. */
export async function measureProxy(rig: Rig): Promise<Row> {
  const agent = startChild('echo-agent.ts');
  const relay = startChild('bare-relay.ts');
  try {
    const agentUrl = await agent.next<string>();
    const relayUrl = await relay.ask<string>(agentUrl);
    const ids = await createPushAgents(rig, agentUrl);
    const requests = toMessages(ids, rig.token);
    const run = (side: 'bare' | 'real', seconds: number, perSecond?: number): Promise<LoadResult> => {
      const url = side === 'bare' ? relayUrl : rig.url;
      const rate = perSecond === undefined ? {} : { perSecond };
      const job: LoadRequest = { url, connections: CONNECTIONS, seconds, requests, ...rate };
      return rig.load.ask<LoadResult>(job);
    };
    const compared = await compare((side, warmUp) => run(side, warmUp ? WARM_UP_SECONDS : SECONDS));
    const added: number[] = [];
    for (let round = 0; round < FIXED_ROUNDS; round += 1) {
      const bare = await run('bare', SECONDS, FIXED_PER_SECOND);
      const real = await run('real', SECONDS, FIXED_PER_SECOND);
      added.push(real.p99Ms - bare.p99Ms);
    }
    const addedMs = median(added);
    return {
      what: `A2A through the proxy, push, c=${CONNECTIONS}`,
      owed: `>= ${OWED_RATIO * 100} % of a bare relay, none refused; at ${FIXED_PER_SECOND} req/s p99 added <= ${OWED_ADDED_MS} ms`,
      measured: `${describeCompared(compared)}; p99 added ${milliseconds(addedMs)}`,
      ok: compared.ratio >= OWED_RATIO && compared.failed === 0 && addedMs <= OWED_ADDED_MS,
    };
  } finally {
    await Promise.all([agent.end(), relay.end()]);
  }
}

async function createPushAgents(rig: Rig, url: string): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let n = 0; n < AGENTS; n += 1) {
    const agent = await createAgent(rig.api, rig.url, `echo ${n}`);
    await clientOf(agent, rig.url).call('register', {
      body: { id: agent.id, delivery_mode: 'push', url, agent_card: { name: `echo ${n}` } },
    });
    ids.push(agent.id);
  }
  return ids;
}
