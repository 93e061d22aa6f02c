import { startChild } from './child.js';
import type { LoadRequest, LoadResult } from './load.js';
import { toMessages } from './messages.js';
import { compare, describeCompared, SECONDS, WARM_UP_SECONDS } from './pairs.js';
import type { Rig } from './rig.js';
import type { Row } from './table.js';

const CONNECTIONS = 64;
const OWED_RATIO = 0.5;

/** Messages for agents that poll: the 202 promises that the message is kept. */
export async function measureAccept(rig: Rig): Promise<Row> {
  const bare = startChild('../packages/server/test/bare-accept.ts');
  try {
    const bareUrl = await bare.next<string>();
    const requests = toMessages(
      rig.fleet.map(({ id }) => id),
      rig.token,
    );
    const compared = await compare((side, warmUp) => {
      const url = side === 'bare' ? bareUrl : rig.url;
      const seconds = warmUp ? WARM_UP_SECONDS : SECONDS;
      const job: LoadRequest = { url, connections: CONNECTIONS, seconds, requests };
      return rig.load.ask<LoadResult>(job);
    });
    return {
      what: `accepted messages (poll, 202), c=${CONNECTIONS}`,
      owed: `>= ${OWED_RATIO * 100} % of a bare route that validates and inserts in batches, none refused`,
      measured: describeCompared(compared),
      ok: compared.ratio >= OWED_RATIO && compared.failed === 0,
    };
  } finally {
    await bare.end();
  }
}
