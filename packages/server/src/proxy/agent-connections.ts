import { Pool } from 'undici';
import type { ResolvedAddress } from './url-guard.js';

/** Kept-open connections to agents, one pool per origin and vetted address. */
export interface AgentConnections {
  /**
   * The pool for an origin. With `address`, every connection goes there whatever the name resolves to by then (DNS
   * rebinding), while the Host header and the TLS name stay those of the URL.
   */
  poolFor(origin: string, address: ResolvedAddress | null): Pool;
  /** Waits for requests that are under way. */
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** Below the five seconds after which Node's own servers close an idle connection: we must be the first to let go. */
const KEEP_ALIVE_MS = 4_000;
// An agent of ours gets another port at every start, so origins come and go; the least recently used is let go.
const POOLS_MAX = 1_000;

export function createAgentConnections(onCloseFailure: (error: unknown) => void): AgentConnections {
  const pools = new Map<string, Pool>();

  const evictOldest = (): void => {
    const [oldest] = pools;
    if (!oldest || pools.size <= POOLS_MAX) return;
    pools.delete(oldest[0]);
    oldest[1].close().catch(onCloseFailure);
  };

  return {
    poolFor(origin, address) {
      const key = address ? `${origin} ${address.address}` : origin;
      const pool = pools.get(key) ?? openPool(origin, address);
      // Moved to the end, so that the first key is always the least recently used.
      pools.delete(key);
      pools.set(key, pool);
      evictOldest();
      return pool;
    },
    async close() {
      const open = [...pools.values()];
      pools.clear();
      await Promise.all(open.map((pool) => pool.close()));
    },
  };
}

function openPool(origin: string, address: ResolvedAddress | null): Pool {
  return new Pool(origin, {
    // A turn may take hours and holds its connection; how long to wait is decided by heartbeats, not by silence here.
    connections: null,
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    connect: {
      timeout: CONNECT_TIMEOUT_MS,
      ...(address
        ? {
            lookup: (_name, options, done) =>
              options.all ? done(null, [address]) : done(null, address.address, address.family),
          }
        : {}),
    },
  });
}

const BEFORE_ANY_BYTE = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** True when the connection was never made, so that no byte of the request can have been accepted. */
export function isConnectFailure(error: unknown): boolean {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  if (typeof code === 'string') return BEFORE_ANY_BYTE.has(code);
  // Several addresses were tried and each failed.
  return error instanceof AggregateError && error.errors.length > 0 && error.errors.every(isConnectFailure);
}
