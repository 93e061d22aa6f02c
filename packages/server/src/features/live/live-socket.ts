import type { WebSocket } from 'ws';
import type { Db } from '../../platform/db.js';
import type { EventFeed, TransientEvent } from '../../platform/event-feed.js';
import { horizonSeq, type LoggedEvent, latestSeq, readEvents } from '../../platform/event-log.js';
import { type FrameEncoder, helloFrame, resyncFrame } from './frames.js';

/** Which events a follower may see. */
export interface View {
  /** The workspace that listens, null for a person. */
  readonly viewerId: string | null;
  sees(workspaceId: string | null): boolean;
}

export interface LiveSocketDeps {
  readonly feed: EventFeed;
  readonly db: Db;
  readonly encoder: FrameEncoder;
  readonly version: string;
}

export interface LiveSocket {
  /**
   * Greets, sends what was missed since `since`, then whatever comes. Resolves once it is up to date; rejects, after
   * closing the socket so that the client comes back, when the log cannot be read.
   */
  follow(since: number | undefined): Promise<void>;
  /** Pings; false, and closed, when the last ping was never answered. */
  checkAlive(): boolean;
  close(code: number, reason: string): void;
}

/**
 * What may wait in a socket before its reader counts as too slow: more than one full batch of the feed, which is handed
 * over at once. A reader that is closed reconnects with its last seq and misses nothing. Frames are shared by all
 * sockets, so this is not memory per socket.
 */
const BUFFERED_BYTES_MAX = 6 * 1024 * 1024;
/** A resume waits for its reader from here on. */
const RESUME_BUFFERED_BYTES = 256 * 1024;
/** What may arrive while the missed events are being sent. */
const HELD_EVENTS_MAX = 5_000;
/** Farther behind than this, reading the snapshot again is cheaper for both sides. */
const RESUME_EVENTS_MAX = 20_000;
const PAGE = 500;
const TRY_AGAIN_LATER = 1013;
/** Told to clients, which then do not come back by themselves. */
export const UNAUTHORISED = 4401;

export function createLiveSocket(deps: LiveSocketDeps, socket: WebSocket, view: View): LiveSocket {
  const { feed, encoder } = deps;
  let held: LoggedEvent[] | null = [];
  let lastSent = 0;
  let answered = true;

  const close = (code: number, reason: string): void => {
    subscription.close();
    transients.close();
    socket.close(code, reason);
  };
  const send = (frame: Buffer, done?: (error?: Error) => void): void => {
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > BUFFERED_BYTES_MAX) {
      close(TRY_AGAIN_LATER, 'too slow; reconnect with the last seq');
      return;
    }
    socket.send(frame, { binary: false }, done);
  };
  const show = (event: LoggedEvent): void => {
    // A client may come from another replica that was ahead of this one: nothing is sent twice.
    if (event.seq <= lastSent) return;
    lastSent = event.seq;
    if (view.sees(event.workspaceId)) send(encoder.event(event));
    // Its token died with it (B-03); the socket was opened with that token.
    if (event.type === 'WORKSPACE_REMOVED' && event.workspaceId === view.viewerId) {
      close(UNAUTHORISED, 'the workspace was removed');
    }
  };
  const receive = (events: readonly LoggedEvent[]): void => {
    if (held === null) {
      for (const event of events) show(event);
      return;
    }
    held.push(...events);
    if (held.length > HELD_EVENTS_MAX) close(TRY_AGAIN_LATER, 'too far behind; reconnect with the last seq');
  };
  const receiveTransient = (event: TransientEvent): void => {
    if (view.sees(event.workspaceId)) send(encoder.event(event));
  };

  const subscription = feed.subscribe(receive);
  const transients = feed.subscribeTransient(receiveTransient);
  socket.on('pong', () => {
    answered = true;
  });
  socket.on('close', () => {
    subscription.close();
    transients.close();
  });

  /** Resolves when everything has left for the network, so that a long resume goes at the pace of its reader. */
  const flushed = (): Promise<void> =>
    new Promise((resolve) => {
      if (socket.readyState === socket.OPEN) socket.ping(undefined, undefined, () => resolve());
      else resolve();
    });

  async function resume(since: number): Promise<void> {
    const [newest, horizon] = [await latestSeq(deps.db), await horizonSeq(deps.db)];
    send(helloFrame(Math.max(newest, subscription.afterSeq), deps.version));
    if (since < horizon || newest - since > RESUME_EVENTS_MAX) {
      lastSent = newest;
      send(resyncFrame(newest));
      return;
    }
    // A seq from the future belongs to another database: the client sees that in the greeting and reads the snapshot.
    lastSent = Math.min(since, Math.max(newest, subscription.afterSeq));
    for (let position = since; position < subscription.afterSeq && socket.readyState === socket.OPEN; ) {
      const events = await readEvents(deps.db, { afterSeq: position, limit: PAGE });
      const last = events.at(-1);
      if (!last) return;
      position = last.seq;
      for (const event of events) {
        show(event);
        if (socket.bufferedAmount > RESUME_BUFFERED_BYTES) await flushed();
      }
    }
  }

  return {
    async follow(since) {
      try {
        if (since === undefined) {
          lastSent = subscription.afterSeq;
          send(helloFrame(subscription.afterSeq, deps.version));
        } else {
          await resume(since);
        }
      } catch (error) {
        close(TRY_AGAIN_LATER, 'the event log cannot be read at the moment');
        throw error;
      }
      const waiting = held ?? [];
      held = null;
      for (const event of waiting) show(event);
    },
    checkAlive() {
      if (!answered) {
        socket.terminate();
        return false;
      }
      answered = false;
      socket.ping();
      return true;
    },
    close,
  };
}
