import { type Batcher, createBatcher } from '../../platform/batcher.js';
import type { Tx } from '../../platform/db.js';
import { isConnectionError } from '../../platform/errors.js';
import type { Ports } from '../../ports.js';
import { type ActivityWrites, activityLogged } from '../activity/index.js';
import { markLate } from './delegations.store.js';
import { type EndedMessage, isFromAgent, type NewEnding, type NewMessage } from './ledger.types.js';
import { endMessages, insertMessages, reviveMessage } from './messages.store.js';
import { type Projection, projectAccepted, projectEnded, projectOutcome, projectRevived } from './projection.js';

export interface AcceptedMessage {
  readonly message: NewMessage;
  readonly targetName: string;
}

/** The only writer of the ledger's beginnings and ends; each with its activity rows and events in one transaction. */
export interface Ledger {
  /** Durable when it resolves. False when the row is not new, or too deep: nothing was written. */
  record(accepted: AcceptedMessage): Promise<boolean>;
  /** Takes a failed message up again, before which nothing was started. False when another got it, or it has not failed. */
  revive(
    revived: AcceptedMessage & { readonly owner: string },
    limits: { readonly leaseMs: number; readonly deadlineMs: number | null },
  ): Promise<boolean>;
  /** True when this call has ended the row; its result is then in the caller's inbox too. May be repeated. */
  end(ending: NewEnding): Promise<boolean>;
  /** The same for many at once, for sweeps. Returns how many it has ended. */
  endAll(endings: readonly NewEnding[]): Promise<number>;
  /**
   * A result for a delegation that was given up: into the inbox once, marked late; the row keeps its state. What this server
   * has concluded itself is no result, and would take the place of one.
   */
  recordLate(ending: NewEnding): Promise<void>;
  /** Writes a projection of something else that changed in `tx`, and its events: the last statement. */
  project(tx: Tx, projections: readonly Projection[]): Promise<void>;
  /** Waits for what is being written. Call before the pool closes. */
  drain(): Promise<void>;
}

export interface LedgerDeps extends Pick<Ports, 'transact' | 'commit' | 'clock'> {
  readonly activity: ActivityWrites;
  readonly depthMax: number;
  readonly onEnded: (ended: readonly EndedMessage[]) => void;
}

const ROW_BYTES = 512;
/** Two at once would be half as large each, and cost the same: what a transaction waits for is the disk and the log. */
const OVERLAP_AFTER_MS = 50;
const RETRY_FIRST_MS = 250;
const RETRY_MAX_MS = 5_000;

export function createLedger(deps: LedgerDeps): Ledger {
  const { transact, commit, activity } = deps;
  const overlap = { afterMs: OVERLAP_AFTER_MS, clock: deps.clock };

  const project = async (tx: Tx, projections: readonly Projection[]): Promise<void> => {
    await activity.insert(
      tx,
      projections.flatMap((one) => one.inserts),
    );
    const ended = await activity.end(
      tx,
      projections.flatMap((one) => one.endings),
    );
    const loggedOf = new Map(ended.map((row) => [row.id, activityLogged(row)]));
    const events = projections
      .flatMap((one) => one.events)
      .flatMap((event) => ('endedRow' in event ? (loggedOf.get(event.endedRow) ?? []) : [event]));
    await commit(tx, { events });
  };

  const records: Batcher<AcceptedMessage, boolean> = createBatcher({
    name: 'messages',
    partitionKey: ({ message }) => message.targetId,
    overlap,
    run: (items) =>
      transact('control', async (tx) => {
        const inserted = await insertMessages(
          tx,
          items.map(({ message }) => message),
          deps.depthMax,
        );
        const fresh = items.filter(({ message }) => inserted.has(message.id));
        await project(
          tx,
          fresh.map(({ message, targetName }) => projectAccepted(message, targetName)),
        );
        return items.map(({ message }) => inserted.has(message.id));
      }),
  });

  const endInTransaction = async (items: readonly NewEnding[]): Promise<readonly boolean[]> => {
    // One of two endings for the same row in a batch must lose; the first is the one that was there first.
    const first = new Map(items.map((item) => [item.id, item] as const).toReversed());
    const ended = await transact('control', async (tx) => {
      const rows = await endMessages(tx, [...first.values()]);
      await project(
        tx,
        rows.flatMap((row) => {
          const item = first.get(row.id);
          return item ? [projectEnded(row, item.ending)] : [];
        }),
      );
      return rows;
    });
    if (ended.length > 0) deps.onEnded(ended);
    const ids = new Set(ended.map((row) => row.id));
    return items.map((item) => first.get(item.id) === item && ids.has(item.id));
  };

  const endings: Batcher<NewEnding, boolean> = createBatcher({
    name: 'message-endings',
    overlap,
    run: endInTransaction,
  });

  return {
    project,
    record: (accepted) => records.submit(accepted, accepted.message.body.length * 2 + ROW_BYTES),
    revive: ({ message, targetName, owner }, limits) =>
      transact('control', async (tx) => {
        const revived = await reviveMessage(tx, message.id, owner, limits);
        if (revived) await project(tx, [projectRevived(message, targetName)]);
        return revived;
      }),
    end: (ending) => endings.submit(ending, ROW_BYTES + sizeOf(ending)),
    async endAll(items) {
      if (items.length === 0) return 0;
      return (await endInTransaction(items)).filter(Boolean).length;
    },
    async recordLate(item) {
      const { ending } = item;
      if (!isFromAgent(ending)) return;
      await transact('work', async (tx) => {
        const row = await markLate(tx, item.id);
        if (row) await project(tx, [projectOutcome(row, ending, true)]);
      });
    },
    async drain() {
      await records.drain();
      await endings.drain();
    },
  };

  function sizeOf({ ending }: NewEnding): number {
    return 'text' in ending ? ending.text.length * 2 : ending.detail.length;
  }
}

/**
 * Repeats a write until the database takes it: an agent's answer that is in hand must not be lost to a moment without
 * a connection. `onFirstFailure` lets a waiting client go. Ends with the last error when the server stops.
 */
export async function persist<T>(
  { clock, logger }: Pick<Ports, 'clock' | 'logger'>,
  write: () => Promise<T>,
  signal: AbortSignal,
  onFirstFailure: () => void,
): Promise<T> {
  for (let delayMs = RETRY_FIRST_MS; ; delayMs = Math.min(delayMs * 2, RETRY_MAX_MS)) {
    try {
      return await write();
    } catch (error) {
      if (!isConnectionError(error) || signal.aborted) throw error;
      if (delayMs === RETRY_FIRST_MS) onFirstFailure();
      logger.warn({ err: error }, 'the outcome of a message could not be written; trying again');
      await clock.sleep(delayMs, signal);
    }
  }
}
