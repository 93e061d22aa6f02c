import type { EventFrame, LiveFrame } from '@molecule/contract';

/**
 * Checks that a text frame has the shape of one of the three kinds. The payload of an event is trusted: it comes
 * from our own server; types this build does not know are dropped by the model.
 */
export function parseFrame(text: string): LiveFrame | null {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    // Not our protocol (a proxy's error page, for example); the socket will be closed by it.
    return null;
  }
  if (typeof frame !== 'object' || frame === null) return null;
  if ('hello' in frame && 'seq' in frame && typeof frame.seq === 'number') return frame as LiveFrame;
  if ('resync' in frame) return { resync: true, seq: 'seq' in frame && typeof frame.seq === 'number' ? frame.seq : 0 };
  if ('event' in frame && typeof frame.event === 'string' && 'payload' in frame) return frame as EventFrame;
  return null;
}
