import type { QueryExecutorProvider } from 'kysely';
import { type LeaseRef, type RenewalResult, renew } from './claim.js';
import type { Clock } from './clock.js';
import type { Logger } from './logger.js';
import type { LoopHandle, Supervisor } from './supervisor.js';

/** A lease that is being renewed while its holder works. */
export interface Lease extends LeaseRef {
  /**
   * Aborts when the lease is lost: another owner has the row, or it could not be renewed in time and another may have
   * it. The holder stops at once; its writes are guarded by `ownedBy` all the same.
   */
  readonly signal: AbortSignal;
  /** Ends the renewal. Call it in a `finally`, after the row was completed or released. May be repeated. */
  done(): void;
}

/** Renews all leases held by this process, with one statement per table. */
export interface LeaseKeeper {
  /**
   * Keeps a lease that was claimed for `leaseMs`, once the claim is committed: before, the renewal would not see it and
   * report it as lost. `claimedAtMs` is the monotonic time before the claim was sent.
   */
  hold(lease: LeaseRef, claimedAtMs: number): Lease;
  /** How many leases are held; 0 once every holder is done. */
  heldCount(): number;
  /** The renewal loop, for tests. */
  readonly loop: LoopHandle;
}

export interface LeaseKeeperDeps {
  /** The health lane: renewal must not queue behind the work that it keeps alive. */
  readonly db: QueryExecutorProvider;
  readonly clock: Clock;
  readonly supervisor: Supervisor;
  readonly logger: Logger;
  /** The duration of every lease that is held here. It is renewed after a third of it. */
  readonly leaseMs: number;
}

/** The lease is gone; whatever was done under it may be done again by another owner. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

interface Held {
  readonly lease: LeaseRef;
  readonly aborter: AbortController;
  cancelExpiry(): void;
}

export function createLeaseKeeper(deps: LeaseKeeperDeps): LeaseKeeper {
  const { clock, leaseMs, logger } = deps;
  const held = new Map<string, Held>();

  const lose = (lease: LeaseRef, why: string): void => {
    const entry = held.get(toKey(lease));
    if (entry === undefined) return;
    forget(lease);
    logger.warn({ table: lease.table, id: lease.id }, `lease lost: ${why}`);
    entry.aborter.abort(new LeaseLostError(`the lease on ${lease.table} ${lease.id} was lost: ${why}`));
  };

  const forget = (lease: LeaseRef): void => {
    held.get(toKey(lease))?.cancelExpiry();
    held.delete(toKey(lease));
  };

  /**
   * Gives up on our own when the time runs out without a renewal. It counts from before the statement was sent, so it
   * ends no later than the database's: two owners at work at once are worse than one that stopped too early.
   */
  const armExpiry = (lease: LeaseRef, sinceMs: number): (() => void) =>
    clock.after(sinceMs + leaseMs - clock.monotonicMs(), () => lose(lease, 'it could not be renewed in time'));

  const settle = ({ renewed, lost }: RenewalResult, sentAtMs: number): void => {
    for (const lease of renewed) {
      const entry = held.get(toKey(lease));
      entry?.cancelExpiry();
      if (entry !== undefined) entry.cancelExpiry = armExpiry(lease, sentAtMs);
    }
    for (const lease of lost) lose(lease, 'another owner has it, or the row was completed');
  };

  const loop = deps.supervisor.loop({
    name: 'lease-keeper',
    everyMs: leaseMs / 3,
    retryMaxMs: leaseMs / 6,
    async run() {
      for (const table of new Set([...held.values()].map((entry) => entry.lease.table))) {
        const leases = [...held.values()].flatMap(({ lease }) => (lease.table === table ? [lease] : []));
        const sentAtMs = clock.monotonicMs();
        settle(await renew(deps.db, { table, leases, leaseMs }), sentAtMs);
      }
    },
  });

  return {
    hold(lease, claimedAtMs) {
      const aborter = new AbortController();
      held.set(toKey(lease), { lease, aborter, cancelExpiry: armExpiry(lease, claimedAtMs) });
      return { ...lease, signal: aborter.signal, done: () => forget(lease) };
    },
    heldCount: () => held.size,
    loop,
  };
}

function toKey({ table, id, owner }: LeaseRef): string {
  return `${table} ${id} ${owner}`;
}
