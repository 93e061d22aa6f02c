import type { EventFrame } from '@molecule/contract';
import type { Clock } from './clock.js';
import { parseFrame } from './frames.js';
import { initialLink, type Link, type LinkEvent, stepLink } from './link.js';
import { randomFraction } from './random.js';

export interface SocketPorts {
  readonly clock: Clock;
  readonly open: (since: number | null) => WebSocket;
  readonly onLink: (link: Link) => void;
  /** All frames since the last paint, in order. */
  readonly onFrames: (frames: readonly EventFrame[]) => void;
  /** The events before this moment are not coming: read the snapshot. */
  readonly onSnapshotNeeded: () => void;
}

export interface LiveSocket {
  start(): void;
  stop(): void;
  /** Cuts a back-off short: the browser came online or to the front, or a person asked. */
  retryNow(): void;
}

/** Policy violation: how servers close a socket whose session ended. */
const CLOSE_UNAUTHORISED = new Set([1008, 4401]);

/** Performs what the link decides: one socket, one timer, and frames handed on at most once per paint. */
export function createSocket(ports: SocketPorts): LiveSocket {
  let link: Link = initialLink;
  let socket: WebSocket | null = null;
  let cancelRetry: (() => void) | null = null;
  let cancelFlush: (() => void) | null = null;
  let pending: EventFrame[] = [];

  const dispatch = (event: LinkEvent): void => {
    const step = stepLink(link, event);
    const moved = step.link !== link;
    link = step.link;
    for (const effect of step.effects) {
      switch (effect.type) {
        case 'connect':
          connect(effect.since);
          break;
        case 'disconnect':
          cancelRetry?.();
          socket?.close();
          socket = null;
          break;
        case 'retryAfter':
          cancelRetry?.();
          cancelRetry = ports.clock.after(effect.ms, () => dispatch({ type: 'retry' }));
          break;
        case 'readSnapshot':
          ports.onSnapshotNeeded();
          break;
      }
    }
    if (moved) ports.onLink(link);
  };

  const flush = (): void => {
    cancelFlush = null;
    const frames = pending;
    pending = [];
    if (frames.length === 0) return;
    // The model first, the cursor after: a crash in between would repeat events, never skip them.
    ports.onFrames(frames);
    const seq = frames.reduce<number | null>((newest, frame) => frame.seq ?? newest, null);
    dispatch({ type: 'event', seq, nowMs: ports.clock.nowMs() });
  };

  const connect = (since: number | null): void => {
    cancelRetry?.();
    cancelRetry = null;
    const opened = ports.open(since);
    socket = opened;
    opened.onmessage = (message: MessageEvent<unknown>) => {
      if (opened !== socket || typeof message.data !== 'string') return;
      const frame = parseFrame(message.data);
      if (frame === null) return;
      if ('hello' in frame) {
        dispatch({ type: 'hello', seq: frame.seq, version: frame.version, nowMs: ports.clock.nowMs() });
      } else if ('resync' in frame) {
        dispatch({ type: 'resync', seq: frame.seq });
      } else {
        pending.push(frame);
        cancelFlush ??= ports.clock.nextFrame(flush);
      }
    };
    opened.onclose = (close) => {
      if (opened !== socket) return;
      socket = null;
      cancelFlush?.();
      flush();
      dispatch({
        type: 'closed',
        unauthorised: CLOSE_UNAUTHORISED.has(close.code),
        fraction: randomFraction(),
        nowMs: ports.clock.nowMs(),
      });
    };
  };

  return {
    start: () => dispatch({ type: 'start' }),
    stop: () => {
      cancelFlush?.();
      pending = [];
      dispatch({ type: 'stop' });
    },
    retryNow: () => dispatch({ type: 'retry' }),
  };
}
