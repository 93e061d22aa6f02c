/**
 * The runtime's relation to its platform, as data. Nothing here waits, sends or reads a clock; `connection.ts` does,
 * and asks this table what an occurrence means.
 *
 *                 registered                  beat_accepted
 *   registering ────────────▶ live ◀───────────────────────── reconnecting
 *     │    ▲                   │ unavailable, rate_limited ────────▶ │
 *     ▼    │ retry_due         │                                     │ contact_lost
 *   backing_off ── contact_lost ──▶ unreachable ◀────────────────────┘
 *                                      │ idle ▶ exit 75
 *   any of them: unauthorized ▶ revoked (exit 76); stop_requested ▶ stopping, idle ▶ exit 0
 */
export const CONNECTION_STATES = [
  'registering',
  'backing_off',
  'live',
  'reconnecting',
  'unreachable',
  'revoked',
  'stopping',
  'stopped',
] as const;
export type ConnectionState = (typeof CONNECTION_STATES)[number];

export const CONNECTION_EVENTS = [
  /** The platform accepted the registration. */
  'registered',
  /** The platform accepted a heartbeat. */
  'beat_accepted',
  /** 401 on any call: a newer generation owns this workspace, or it was removed. */
  'unauthorized',
  /** No answer, a 5xx, or an answer that makes no sense. A 503 says the platform cannot tell, never that we are revoked. */
  'unavailable',
  /** 429; the wait it names has been noted. */
  'rate_limited',
  /** The wait before the next attempt is over. */
  'retry_due',
  /** Ten minutes without any contact. */
  'contact_lost',
  /** No turn is running. */
  'idle',
  'stop_requested',
] as const;
export type ConnectionEvent = (typeof CONNECTION_EVENTS)[number];

export type ConnectionEffect =
  | 'register'
  | 'beat'
  /** Wait with jitter, then `retry_due`. */
  | 'schedule_retry'
  /** Take no new message; report `idle` once nothing runs. */
  | 'finish_turns'
  /** Take messages again after `finish_turns`. */
  | 'resume_turns'
  /** Stop what runs, now: the result would be refused, and a newer instance may be doing the same work. */
  | 'abort_turns'
  | 'exit_stopped'
  | 'exit_contact_lost'
  | 'exit_revoked';

export type ConnectionOutcome =
  | { readonly to: ConnectionState; readonly effects: readonly ConnectionEffect[] }
  | { readonly ignore: string };

const revoked = { to: 'revoked', effects: ['abort_turns', 'exit_revoked'] } as const;
const stopping = { to: 'stopping', effects: ['finish_turns'] } as const;
const unreachable = { to: 'unreachable', effects: ['finish_turns', 'schedule_retry'] } as const;
const leaving = { ignore: 'already leaving' } as const;
const running = { ignore: 'being without work is normal while in contact' } as const;
const noTimer = { ignore: 'no retry was scheduled' } as const;
const answerToOlderCall = { ignore: 'a late answer to an earlier call' } as const;

export const CONNECTION_TABLE = {
  registering: {
    registered: { to: 'live', effects: ['beat'] },
    beat_accepted: answerToOlderCall,
    unauthorized: revoked,
    unavailable: { to: 'backing_off', effects: ['schedule_retry'] },
    rate_limited: { to: 'backing_off', effects: ['schedule_retry'] },
    retry_due: noTimer,
    contact_lost: unreachable,
    idle: running,
    stop_requested: stopping,
  },
  backing_off: {
    registered: { to: 'live', effects: ['beat'] },
    beat_accepted: answerToOlderCall,
    unauthorized: revoked,
    unavailable: { ignore: 'a retry is already scheduled' },
    rate_limited: { ignore: 'a retry is already scheduled' },
    retry_due: { to: 'registering', effects: ['register'] },
    contact_lost: unreachable,
    idle: running,
    stop_requested: stopping,
  },
  live: {
    registered: answerToOlderCall,
    beat_accepted: { to: 'live', effects: [] },
    unauthorized: revoked,
    unavailable: { to: 'reconnecting', effects: ['schedule_retry'] },
    rate_limited: { to: 'reconnecting', effects: ['schedule_retry'] },
    retry_due: noTimer,
    contact_lost: unreachable,
    idle: running,
    stop_requested: stopping,
  },
  // Registered before, so a heartbeat is enough to come back: registering again would log an event per agent
  // whenever the platform restarts.
  reconnecting: {
    registered: { to: 'live', effects: [] },
    beat_accepted: { to: 'live', effects: [] },
    unauthorized: revoked,
    unavailable: { to: 'reconnecting', effects: ['schedule_retry'] },
    rate_limited: { to: 'reconnecting', effects: ['schedule_retry'] },
    retry_due: { to: 'reconnecting', effects: ['beat'] },
    contact_lost: unreachable,
    idle: running,
    stop_requested: stopping,
  },
  // Work in hand is finished first, and the platform is still tried meanwhile: it may come back before the work is done.
  unreachable: {
    registered: { to: 'live', effects: ['resume_turns', 'beat'] },
    beat_accepted: { to: 'live', effects: ['resume_turns'] },
    unauthorized: revoked,
    unavailable: { to: 'unreachable', effects: ['schedule_retry'] },
    rate_limited: { to: 'unreachable', effects: ['schedule_retry'] },
    retry_due: { to: 'unreachable', effects: ['register'] },
    contact_lost: { ignore: 'already known' },
    idle: { to: 'stopped', effects: ['exit_contact_lost'] },
    stop_requested: stopping,
  },
  revoked: {
    registered: leaving,
    beat_accepted: leaving,
    unauthorized: leaving,
    unavailable: leaving,
    rate_limited: leaving,
    retry_due: leaving,
    contact_lost: leaving,
    idle: leaving,
    stop_requested: leaving,
  },
  stopping: {
    registered: leaving,
    beat_accepted: leaving,
    // The supervisor asked for an orderly stop and waits for exit 0; a revoked token changes only that work stops now.
    unauthorized: { to: 'stopping', effects: ['abort_turns'] },
    unavailable: leaving,
    rate_limited: leaving,
    retry_due: leaving,
    contact_lost: leaving,
    idle: { to: 'stopped', effects: ['exit_stopped'] },
    stop_requested: leaving,
  },
  stopped: {
    registered: leaving,
    beat_accepted: leaving,
    unauthorized: leaving,
    unavailable: leaving,
    rate_limited: leaving,
    retry_due: leaving,
    contact_lost: leaving,
    idle: leaving,
    stop_requested: leaving,
  },
} as const satisfies Record<ConnectionState, Record<ConnectionEvent, ConnectionOutcome>>;

export function decideConnection(state: ConnectionState, event: ConnectionEvent): ConnectionOutcome {
  return CONNECTION_TABLE[state][event];
}

/** Half of a doubling bound (1 s to 30 s) plus jitter over the other half: a restarted platform must not meet all its agents in one instant. */
export function retryDelayMs(attempt: number, fraction: number): number {
  const bound = Math.min(30_000, 1_000 * 2 ** Math.min(attempt, 10));
  return Math.round(bound / 2 + (bound / 2) * fraction);
}
