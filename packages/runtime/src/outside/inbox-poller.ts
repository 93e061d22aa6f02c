import type { Activity } from '@molecule/contract';
import { followAbort } from '@molecule/contract/abort';
import type { Clock } from '../clock.js';
import type { PlatformClient, PlatformReply } from '../platform/platform-client.js';
import type { Random } from '../random.js';
import type { Cursor } from './cursor.js';

export interface InboxPollerOptions {
  readonly client: PlatformClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly workspaceId: string;
  readonly cursor: Cursor;
  /** How far back it begins when there is no cursor. Default ten minutes (contract memory-mcp-rest §7.3). */
  readonly backlogSeconds?: number;
  /**
   * Takes rows, oldest first. The cursor moves past them when it resolves, so what must not be lost is safe by then. It
   * may be called with rows it knows already.
   */
  readonly take: (rows: readonly Activity[]) => Promise<void>;
  readonly tell: (event: PollerEvent) => void;
}

export type PollerEvent =
  | { readonly kind: 'trouble'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string }
  /** What the cursor named is gone; the backlog is read instead. */
  | { readonly kind: 'cursor_lost' };

export interface InboxPoller {
  /** Polls until the signal aborts. Never throws, except what `take` throws. */
  run(signal: AbortSignal): Promise<void>;
  /** Asks again at once: the request under way may have died with the network or a sleep. */
  interrupt(): void;
}

const WAIT_SECONDS = 20;
const WAIT_TIMEOUT_MS = 35_000;
const BACKLOG_SECONDS = 600;
const PAGE = 100;
/** Against a server that answers at once instead of waiting (contract memory-mcp-rest §7.3). */
const POLL_EVERY_MS = 5_000;
const ANSWERED_AT_ONCE_MS = 1_000;
const RETRY_MAX_MS = 30_000;

/** Follows the inbox of one workspace (contract memory-mcp-rest §7.3). */
export function createInboxPoller(options: InboxPollerOptions): InboxPoller {
  const { client, clock, random, workspaceId, cursor, tell } = options;
  let failures = 0;
  let round = new AbortController();

  const read = (query: Record<string, string | number>, signal: AbortSignal): Promise<PlatformReply<Activity[]>> =>
    client.attempt(async (api) => {
      const input = { params: { id: workspaceId }, query: { type: 'a2a_receive', limit: PAGE, ...query } };
      return (await api.call('listActivity', input, { signal, timeoutMs: WAIT_TIMEOUT_MS })).body;
    });

  /** From the oldest on; what one page does not hold follows after its last row. */
  const readBacklog = (signal: AbortSignal): Promise<PlatformReply<Activity[]>> =>
    read({ since_secs: options.backlogSeconds ?? BACKLOG_SECONDS, wait: WAIT_SECONDS }, signal);

  /** One question. The rows to take, or null when there are none and everything that follows from that is done. */
  async function poll(signal: AbortSignal): Promise<readonly Activity[] | null> {
    const since = await cursor.read();
    const startedMs = clock.monotonicMs();
    const reply =
      since === null ? await readBacklog(signal) : await read({ since_id: since, wait: WAIT_SECONDS }, signal);
    if (reply.kind === 'ok') {
      failures = 0;
      if (reply.value.length > 0) return reply.value.toSorted(inOrder);
      if (clock.monotonicMs() - startedMs < ANSWERED_AT_ONCE_MS) await clock.sleep(POLL_EVERY_MS, signal);
      return null;
    }
    if (reply.kind === 'refused' && reply.status === 410 && since !== null) {
      tell({ kind: 'cursor_lost' });
      await cursor.clear();
      return null;
    }
    failures += 1;
    const refused = reply.kind === 'unauthorized' || (reply.kind === 'refused' && reply.status === 403);
    tell({ kind: refused ? 'refused' : 'trouble', reason: reply.reason });
    const named = reply.kind === 'unavailable' ? reply.retryAfterMs : null;
    await clock.sleep(named ?? retryMs(), signal);
    return null;
  }

  function retryMs(): number {
    const delayMs = Math.min(1_000 * 2 ** Math.min(failures - 1, 5), RETRY_MAX_MS);
    return delayMs / 2 + (delayMs / 2) * random.fraction();
  }

  return {
    async run(signal) {
      while (!signal.aborted) {
        round = new AbortController();
        const { signal: either } = round;
        const unfollow = followAbort(round, [signal]);
        const rows = await poll(either)
          .catch((error: unknown) => {
            if (either.aborted) return null;
            throw error;
          })
          .finally(unfollow);
        const last = rows?.at(-1);
        if (!rows || !last) continue;
        await options.take(rows);
        await cursor.write(last.id);
      }
    },
    interrupt() {
      failures = 0;
      round.abort();
    },
  };
}

/** Servers differ in the order of a window, and rows of one transaction share their instant. */
function inOrder(a: Activity, b: Activity): number {
  const [seqA, seqB] = [a.seq as number | undefined, b.seq as number | undefined];
  if (seqA !== undefined && seqB !== undefined) return seqA - seqB;
  return Date.parse(a.created_at) - Date.parse(b.created_at);
}
