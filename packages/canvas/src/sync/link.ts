/**
 * The connection to the event log as data: what is known, what happens, what to do about it. No sockets or timers
 * here; socket.ts performs the effects.
 *
 *   connecting ──open, hello──► live ──close──► backoff ──timer/online──► connecting
 *       │                        │ resync, gap, server reset: read the snapshot, stay live
 *       └──close──► backoff      └ unauthorised (close 4401 / 1008): stopped
 *
 * A client resumes with the last seq it has applied and misses nothing. Without one (first connect, or after the
 * server said that its log no longer reaches back) the snapshot is read after `hello`, while events queue up.
 */
export type LinkPhase = 'connecting' | 'live' | 'backoff' | 'stopped';

export interface Link {
  readonly phase: LinkPhase;
  /** Newest seq applied; null until a snapshot stands. */
  readonly seq: number | null;
  /** Failed attempts in a row. */
  readonly attempt: number;
  /** When the page last knew that it was up to date. */
  readonly liveAtMs: number | null;
  readonly serverVersion: string | null;
}

export type LinkEvent =
  | { readonly type: 'start' }
  | { readonly type: 'hello'; readonly seq: number; readonly version: string; readonly nowMs: number }
  | { readonly type: 'resync'; readonly seq: number }
  | { readonly type: 'event'; readonly seq: number | null; readonly nowMs: number }
  | { readonly type: 'closed'; readonly unauthorised: boolean; readonly fraction: number; readonly nowMs: number }
  /** The back-off is over, or the browser came back online or to the front. */
  | { readonly type: 'retry' }
  | { readonly type: 'stop' };

export type LinkEffect =
  | { readonly type: 'connect'; readonly since: number | null }
  | { readonly type: 'disconnect' }
  | { readonly type: 'retryAfter'; readonly ms: number }
  | { readonly type: 'readSnapshot' };

export interface LinkStep {
  readonly link: Link;
  readonly effects: readonly LinkEffect[];
}

const BACKOFF_MIN_MS = 500;
export const BACKOFF_MAX_MS = 15_000;

export const initialLink: Link = { phase: 'connecting', seq: null, attempt: 0, liveAtMs: null, serverVersion: null };

export function stepLink(link: Link, event: LinkEvent): LinkStep {
  if (link.phase === 'stopped' && event.type !== 'start') return { link, effects: [] };
  switch (event.type) {
    case 'start':
    case 'retry':
      if (event.type === 'retry' && link.phase !== 'backoff') return { link, effects: [] };
      return { link: { ...link, phase: 'connecting' }, effects: [{ type: 'connect', since: link.seq }] };
    case 'hello': {
      // A newest seq below ours means another database: our cursor is meaningless there.
      const resumed = link.seq !== null && event.seq >= link.seq;
      const next: Link = {
        phase: 'live',
        seq: resumed ? link.seq : event.seq,
        attempt: 0,
        liveAtMs: event.nowMs,
        serverVersion: event.version,
      };
      return { link: next, effects: resumed ? [] : [{ type: 'readSnapshot' }] };
    }
    case 'resync':
      return { link: { ...link, seq: event.seq }, effects: [{ type: 'readSnapshot' }] };
    case 'event': {
      const seq = event.seq === null ? link.seq : Math.max(event.seq, link.seq ?? 0);
      return { link: { ...link, seq, liveAtMs: event.nowMs }, effects: [] };
    }
    case 'closed': {
      // Up to the break this page was up to date, however long ago the last event was.
      const liveAtMs = link.phase === 'live' ? event.nowMs : link.liveAtMs;
      if (event.unauthorised)
        return { link: { ...link, phase: 'stopped', attempt: link.attempt + 1, liveAtMs }, effects: [] };
      const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** link.attempt);
      // Half fixed, half random: a thousand tabs must not return in the same instant after a restart.
      const ms = Math.round(ceiling / 2 + (ceiling / 2) * event.fraction);
      return {
        link: { ...link, phase: 'backoff', attempt: link.attempt + 1, liveAtMs },
        effects: [{ type: 'retryAfter', ms }],
      };
    }
    case 'stop':
      return { link: { ...link, phase: 'stopped' }, effects: [{ type: 'disconnect' }] };
  }
}

/** Short breaks are nobody's business; after this many failed attempts the page admits to be offline. */
const OFFLINE_AFTER = 4;

/** How the connection is told to a person. */
export function linkWord({ phase, attempt }: Link): 'live' | 'waiting' | 'offline' {
  if (phase === 'live') return 'live';
  return phase === 'stopped' || attempt >= OFFLINE_AFTER ? 'offline' : 'waiting';
}
