import { answerParent } from './child.js';

export type ProbeRequest = { readonly kind: 'start'; readonly url: string } | { readonly kind: 'stop' };
/** Milliseconds of each probe since the start; empty in answer to `start`. */
export type ProbeAnswer = readonly number[];

const EVERY_MS = 10;

let latencies: Promise<number>[] = [];
let timer: NodeJS.Timeout | null = null;

/** Probes leave on time whether or not the ones before were answered: a stall shows in every probe that falls into it. */
async function probe(url: string): Promise<number> {
  const startedMs = performance.now();
  const response = await fetch(`${url}/health`);
  await response.text();
  if (!response.ok) throw new Error(`/health answered ${response.status}`);
  return performance.now() - startedMs;
}

answerParent(async (request: ProbeRequest): Promise<ProbeAnswer> => {
  switch (request.kind) {
    case 'start':
      // The first call opens the connection and compiles what it uses.
      await probe(request.url);
      latencies = [];
      timer = setInterval(() => {
        const latency = probe(request.url);
        latency.catch(() => undefined);
        latencies.push(latency);
      }, EVERY_MS);
      return [];
    case 'stop':
      if (timer !== null) clearInterval(timer);
      return Promise.all(latencies);
    default:
      return request satisfies never;
  }
});
