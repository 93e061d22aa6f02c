/** Numbers an operator may change. Times in milliseconds unless the name says otherwise. */
export interface MessageLimits {
  /** Deliveries that the executor has under way in this process. */
  readonly deliveriesMax: number;
  /** Without a sign of life for this long an agent is given up (`A2A_IDLE_TIMEOUT_SECONDS`). */
  readonly idleMs: number;
  /** How deep a message may lie below the one that began the chain. */
  readonly depthMax: number;
  /** Open delegations of one caller. */
  readonly openMax: number;
  /** The same task from one caller to one target within `sameWithinSeconds`. */
  readonly sameMax: number;
  readonly sameWithinSeconds: number;
  readonly delegationDeadlineMs: number;
  /** How long a message without a deadline of its own waits to be delivered. */
  readonly queuedMaxMs: number;
  /** A delegation under way without a heartbeat for this long is stuck (`DELEGATION_STUCK_THRESHOLD_S`). */
  readonly stuckAfterSeconds: number;
  /** `DELEGATION_SWEEPER_INTERVAL_S`. */
  readonly sweepEveryMs: number;
  /** How long a failed workspace may recover before what waits for it fails too. */
  readonly failedGraceMs: number;
  /** Messages are removed this long after they ended; 0 keeps them. */
  readonly retentionDays: number;
}

export const DEFAULT_MESSAGE_LIMITS: MessageLimits = {
  deliveriesMax: 64,
  idleMs: 300_000,
  depthMax: 8,
  openMax: 50,
  sameMax: 3,
  sameWithinSeconds: 600,
  delegationDeadlineMs: 6 * 3_600_000,
  queuedMaxMs: 6 * 3_600_000,
  stuckAfterSeconds: 600,
  sweepEveryMs: 300_000,
  failedGraceMs: 60_000,
  retentionDays: 90,
};
