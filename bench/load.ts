import autocannon, { type Request } from 'autocannon';
import { answerParent } from './child.js';

export interface LoadRequest {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  /** Dealt out to the connections, so that no two of them ever send the same one at the same time. */
  readonly requests: readonly Request[];
  /** At most so many requests per second of all connections together. Latencies then count from when each was due. */
  readonly perSecond?: number;
}

export interface LoadResult {
  readonly perSecond: number;
  readonly p99Ms: number;
  /** Answers that were no success, and requests without an answer. */
  readonly failed: number;
}

answerParent(async ({ url, connections, seconds, requests, perSecond }: LoadRequest): Promise<LoadResult> => {
  let dealt = 0;
  const result = await autocannon({
    url,
    connections,
    duration: seconds,
    // Only requests that hold its mark are changed by it.
    idReplacement: true,
    ...(perSecond === undefined ? {} : { overallRate: perSecond }),
    setupClient(client) {
      const first = dealt++;
      client.setRequests(requests.filter((_, index) => index % connections === first % connections));
    },
  });
  return {
    perSecond: result.requests.total / seconds,
    p99Ms: result.latency.p99,
    failed: result.non2xx + result.errors + result.timeouts,
  };
});
