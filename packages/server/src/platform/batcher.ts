import type { Clock } from './clock.js';
import { hasSqlState, isConnectionError, PlatformUnavailableError, toError } from './errors.js';

/**
 * Turns many concurrent single writes into few set-based statements (design §4.5). There is no timer: whatever arrives
 * while earlier batches are in flight forms the next one, so an idle server adds no delay and a busy one batches by
 * itself.
 */
export interface Batcher<I, O> {
  /**
   * Resolves with the output of this item once its batch is done. `bytes` is its approximate size in the statement.
   * Rejects with the item's own error, or with PlatformUnavailableError when the connection failed; then the item may
   * or may not have taken effect, so repeating it must be safe.
   */
  submit(item: I, bytes: number): Promise<O>;
  /** Resolves when nothing waits or is in flight. Call it before the pool closes, after the last submit. */
  drain(): Promise<void>;
}

export interface BatcherOptions<I, O> {
  /** Appears in errors. */
  readonly name: string;
  /**
   * Writes the items atomically, all or none, and returns one output per item in the same order. It may be called
   * again with a single item after it threw for a batch that held it. A batch may hold several items of one partition
   * key, in order of arrival: a set-based UPDATE must let the last win explicitly.
   */
  run(items: readonly I[]): Promise<readonly O[]>;
  /** Items with equal keys take effect in order of arrival. Without it no order is kept between batches. */
  readonly partitionKey?: (item: I) => string;
  /** Default 256. */
  readonly maxItems?: number;
  /** Default 1 MiB. A larger single item makes a batch of its own. */
  readonly maxBytes?: number;
  /** Default 2: one batch is on its way to the database while the other is being written there. */
  readonly inFlightMax?: number;
  /**
   * A further batch sets out only once each that is on its way has been so for this long. Batches are larger then, and one
   * that has to wait for somebody still holds up nobody else. Without it each sets out as soon as `inFlightMax` allows.
   */
  readonly overlap?: { readonly afterMs: number; readonly clock: Pick<Clock, 'after'> };
  /** Errors that say nothing about the items. Default: a broken or refused connection, and the database's timeouts. */
  readonly isConnectionError?: (error: unknown) => boolean;
}

interface Entry<I, O> {
  readonly item: I;
  readonly bytes: number;
  readonly key: string | null;
  readonly resolve: (output: O) => void;
  readonly reject: (error: unknown) => void;
}

/** A statement or lock timeout counts as trouble: retrying 256 items that would each wait as long makes it worse. */
function isTrouble(error: unknown): boolean {
  return isConnectionError(error) || hasSqlState(error, '57014', '55P03');
}

export function createBatcher<I, O>(options: BatcherOptions<I, O>): Batcher<I, O> {
  const { name, run, partitionKey, maxItems = 256, maxBytes = 1024 * 1024, inFlightMax = 2, overlap } = options;
  const isUnavailable = options.isConnectionError ?? isTrouble;
  let waiting: Entry<I, O>[] = [];
  const heldKeys = new Set<string>();
  let inFlight = 0;
  /** Those of them that have been on their way for longer than `overlap` allows them to be alone. */
  let late = 0;
  let pumpPlanned = false;
  const idleWaiters: (() => void)[] = [];

  const planPump = (): void => {
    if (pumpPlanned) return;
    pumpPlanned = true;
    // After the sockets of this turn were read, so that requests that arrived together travel together. After a
    // microtask the first of them would leave alone, and the rest wait for it.
    setImmediate(() => {
      pumpPlanned = false;
      pump();
      if (waiting.length > 0 || inFlight > 0) return;
      for (const resolve of idleWaiters.splice(0)) resolve();
    });
  };

  const pump = (): void => {
    while (inFlight < inFlightMax && (overlap === undefined || late === inFlight)) {
      const batch = takeBatch();
      if (batch.length === 0) break;
      inFlight += 1;
      let isLate = false;
      const cancel = overlap?.clock.after(overlap.afterMs, () => {
        isLate = true;
        late += 1;
        planPump();
      });
      const finish = (tell: () => void): void => {
        cancel?.();
        inFlight -= 1;
        if (isLate) late -= 1;
        for (const { key } of batch) if (key !== null) heldKeys.delete(key);
        // The next batch first: the database works on it while the answers of this one are made and sent.
        pump();
        tell();
        // Whoever waits for the end of all goes on after those who got their answer.
        planPump();
      };
      // settle() answers a failed entry itself and never rejects.
      settle(batch).then(finish, () => finish(() => {}));
    }
  };

  /** The longest prefix that fits, passing over keys that are in flight, or passed over before, to keep their order. */
  const takeBatch = (): Entry<I, O>[] => {
    const batch: Entry<I, O>[] = [];
    const left: Entry<I, O>[] = [];
    let bytes = 0;
    let full = false;
    for (const entry of waiting) {
      const held = entry.key !== null && heldKeys.has(entry.key);
      full ||= batch.length >= maxItems || (!held && batch.length > 0 && bytes + entry.bytes > maxBytes);
      if (full || held) {
        left.push(entry);
      } else {
        batch.push(entry);
        bytes += entry.bytes;
      }
    }
    for (const { key } of batch) if (key !== null) heldKeys.add(key);
    waiting = left;
    return batch;
  };

  /** Resolves when the batch is no longer under way, with what tells its submitters. */
  const settle = async (batch: readonly Entry<I, O>[]): Promise<() => void> => {
    try {
      const outputs = await run(batch.map((entry) => entry.item));
      return () => answer(batch, outputs);
    } catch (error) {
      if (isUnavailable(error)) return () => rejectUnavailable(batch, error);
      if (batch.length === 1) return () => batch[0]?.reject(error);
      await settleOneByOne(batch);
      return () => {};
    }
  };

  /** The batch wrote nothing because of some item: each gets its own chance, so only the poisoned one fails. */
  const settleOneByOne = async (batch: readonly Entry<I, O>[]): Promise<void> => {
    for (const [index, entry] of batch.entries()) {
      try {
        answer([entry], await run([entry.item]));
      } catch (error) {
        if (isUnavailable(error)) {
          rejectUnavailable(batch.slice(index), error);
          return;
        }
        entry.reject(error);
      }
    }
  };

  const answer = (batch: readonly Entry<I, O>[], outputs: readonly O[]): void => {
    if (outputs.length !== batch.length) {
      // The items were written, so they must not be retried; which output is whose cannot be told.
      const error = new Error(`batcher "${name}" got ${outputs.length} outputs for ${batch.length} items`);
      for (const entry of batch) entry.reject(error);
      return;
    }
    // Lengths are equal, so every entry has its output; O itself may include undefined.
    for (const [index, entry] of batch.entries()) entry.resolve(outputs[index] as O);
  };

  const rejectUnavailable = (batch: readonly Entry<I, O>[], cause: unknown): void => {
    const error =
      cause instanceof PlatformUnavailableError
        ? cause
        : new PlatformUnavailableError(`batch "${name}" failed: ${toError(cause).message}`, { cause });
    for (const entry of batch) entry.reject(error);
  };

  return {
    submit: (item, bytes) =>
      new Promise<O>((resolve, reject) => {
        waiting.push({ item, bytes, key: partitionKey?.(item) ?? null, resolve, reject });
        planPump();
      }),
    drain: () =>
      new Promise<void>((resolve) => {
        idleWaiters.push(resolve);
        planPump();
      }),
  };
}
