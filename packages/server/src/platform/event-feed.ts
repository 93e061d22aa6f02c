import type { NewTransient } from '@molecule/contract';
import type { Clock } from './clock.js';
import { createEventListener, MESSAGE_BYTES_MAX } from './event-listener.js';
import type { LoggedEvent } from './event-log.js';
import type { Logger } from './logger.js';
import type { Supervisor } from './supervisor.js';

/** An event that is shown and forgotten: no seq, no replay, may be lost (design §4.4). */
export type TransientEvent = NewTransient & { readonly at: Date };

export interface Subscription {
  /**
   * The seq after which events reach this subscriber. A client that resumes gets what lies between its own seq and
   * this one from `readEvents`, and everything else from the subscription: nothing missed, nothing twice.
   */
  readonly afterSeq: number;
  close(): void;
}

/**
 * The live end of the event log, for everything in this process that follows it. Each event is read and parsed once
 * per process and reaches every subscriber exactly once, in seq order, also across lost connections.
 */
export interface EventFeed {
  /** Takes its place at the end of the log. Events are delivered only after this. Throws when the database is away. */
  start(): Promise<void>;
  /**
   * `receive` gets the events in batches, in order. It must not block; a throw is logged, and what it missed by that is
   * not repeated. Before `start`, `afterSeq` is 0 and delivery begins where `start` finds the log.
   */
  subscribe(receive: (events: readonly LoggedEvent[]) => void): Subscription;
  subscribeTransient(receive: (event: TransientEvent) => void): { close(): void };
  /** Says that a transaction of this process has committed events. Call it after every such commit; it never throws. */
  notifyCommitted(): void;
  /**
   * Shows an event to every subscriber here at once and to those of other replicas soon after. Throws when its payload
   * does not fit a notification (7,900 bytes in all): send less, or log it.
   */
  publishTransient(event: NewTransient): void;
  /** Stops delivering and closes the connection. The supervisor must have stopped before. */
  close(): Promise<void>;
}

export interface EventFeedDeps {
  readonly url: string;
  readonly clock: Clock;
  readonly supervisor: Supervisor;
  readonly logger: Logger;
  /** No other process serves this database (the embedded one has one owner): nobody needs to be notified. */
  readonly alone?: boolean;
}

/** At most one notification and one read per process in this time, however many transactions commit. */
const FLUSH_EVERY_MS = 20;
const POLL_EVERY_MS = 1_000;
const RETRY_MAX_MS = 5_000;
const READ_MAX = 500;
/** Transient events for other replicas that wait for the next flush; beyond this the oldest are dropped. */
const OUTBOX_MAX = 1_000;

export function createEventFeed(deps: EventFeedDeps): EventFeed {
  const { clock, logger, supervisor } = deps;
  const subscribers = new Set<(events: readonly LoggedEvent[]) => void>();
  const transientSubscribers = new Set<(event: TransientEvent) => void>();
  let position: number | null = null;
  let outbox: string[] = [];
  let committed = false;
  let cancelFlush: (() => void) | null = null;
  let lastFlushMs = Number.NEGATIVE_INFINITY;

  const listener = createEventListener({
    url: deps.url,
    logger,
    onCommitted: () => loop.nudge(),
    onMessage: (message) => deliverTransient(fromMessage(message)),
  });

  const deliver = <T>(receivers: ReadonlySet<(value: T) => void>, value: T): void => {
    // A copy: a receiver may close its own or another subscription.
    for (const receive of [...receivers]) {
      if (!receivers.has(receive)) continue;
      try {
        receive(value);
      } catch (error) {
        logger.error({ err: error }, 'a subscriber of the event feed failed');
      }
    }
  };
  const deliverTransient = (event: TransientEvent): void => deliver(transientSubscribers, event);

  // The poll is the net below notifications, which are lost with a connection. Cycles never overlap, hence the order.
  const loop = supervisor.loop({
    name: 'event-feed',
    everyMs: POLL_EVERY_MS,
    retryMaxMs: RETRY_MAX_MS,
    async run() {
      if (position === null) return;
      for (;;) {
        const events = await listener.read(position, READ_MAX);
        const last = events.at(-1);
        if (last === undefined) return;
        // Moved before delivery: a subscriber that joins from within a delivery starts after this batch.
        position = last.seq;
        deliver(subscribers, events);
        if (events.length < READ_MAX) return;
      }
    },
  });

  const flush = (): void => {
    cancelFlush = null;
    lastFlushMs = clock.monotonicMs();
    const news = { committed, messages: outbox };
    committed = false;
    outbox = [];
    if (news.committed) loop.nudge();
    if (deps.alone) return;
    supervisor.background('event-notify', async () => {
      // Not a failure worth counting: other replicas find the events by their poll, and transient ones may be lost.
      await listener.notify(news).catch((error: unknown) => logger.debug({ err: error }, 'notification not sent'));
    });
  };

  const requestFlush = (): void => {
    cancelFlush ??= clock.after(lastFlushMs + FLUSH_EVERY_MS - clock.monotonicMs(), flush);
  };

  return {
    async start() {
      position = await listener.latestSeq();
    },
    subscribe(receive) {
      // An own function per subscription, so that subscribing the same one twice makes two.
      const own = (events: readonly LoggedEvent[]): void => receive(events);
      subscribers.add(own);
      return { afterSeq: position ?? 0, close: () => void subscribers.delete(own) };
    },
    subscribeTransient(receive) {
      const own = (event: TransientEvent): void => receive(event);
      transientSubscribers.add(own);
      return { close: () => void transientSubscribers.delete(own) };
    },
    notifyCommitted() {
      committed = true;
      requestFlush();
    },
    publishTransient(event) {
      const shown: TransientEvent = { ...event, at: clock.now() };
      if (deps.alone) {
        deliverTransient(shown);
        return;
      }
      const message = JSON.stringify(shown);
      const bytes = Buffer.byteLength(message);
      if (bytes > MESSAGE_BYTES_MAX) {
        throw new Error(
          `cannot publish ${event.type}: ${bytes} bytes exceed the ${MESSAGE_BYTES_MAX} of a notification`,
        );
      }
      deliverTransient(shown);
      outbox.push(message);
      if (outbox.length > OUTBOX_MAX) outbox.shift();
      requestFlush();
    },
    async close() {
      cancelFlush?.();
      await listener.close();
    },
  };
}

function fromMessage(message: string): TransientEvent {
  // Only replicas of this server write to the channel, and only what publishTransient serialised.
  const event = JSON.parse(message) as NewTransient & { at: string };
  return { ...event, at: new Date(event.at) };
}
