import type { EventFrame, HelloFrame, ResyncFrame } from '@molecule/contract';
import type { TransientEvent } from '../../platform/event-feed.js';
import type { LoggedEvent } from '../../platform/event-log.js';

/** An event as bytes ready to be sent. Every follower of the feed is handed the same event object, so one encoding serves all. */
export interface FrameEncoder {
  event(event: LoggedEvent | TransientEvent): Buffer;
  sse(event: LoggedEvent | TransientEvent): string;
}

export function createFrameEncoder(): FrameEncoder {
  const frames = new WeakMap<object, Buffer>();
  return {
    event(event) {
      const known = frames.get(event);
      if (known) return known;
      const frame = Buffer.from(JSON.stringify(toFrame(event)));
      frames.set(event, frame);
      return frame;
    },
    sse: (event) => {
      const data = { type: event.type, timestamp: event.at.getTime(), data: event.payload };
      return `${'seq' in event ? `id: ${event.seq}\n` : ''}data: ${JSON.stringify(data)}\n\n`;
    },
  };
}

function toFrame(event: LoggedEvent | TransientEvent): EventFrame {
  // One shape for every type (contract registry-a2a §12.2); which payload belongs to which type was settled when it was
  // published.
  return {
    event: event.type,
    workspace_id: event.workspaceId,
    timestamp: event.at.toISOString(),
    payload: event.payload,
    ...('seq' in event ? { seq: event.seq } : {}),
  } as EventFrame;
}

export function helloFrame(seq: number, version: string): Buffer {
  const frame: HelloFrame = { hello: true, seq, version };
  return Buffer.from(JSON.stringify(frame));
}

export function resyncFrame(seq: number): Buffer {
  const frame: ResyncFrame = { resync: true, seq };
  return Buffer.from(JSON.stringify(frame));
}
