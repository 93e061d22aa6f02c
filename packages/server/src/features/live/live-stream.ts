import { PassThrough, type Readable } from 'node:stream';
import type { EventFeed, TransientEvent } from '../../platform/event-feed.js';
import type { LoggedEvent } from '../../platform/event-log.js';
import type { FrameEncoder } from './frames.js';

export interface LiveStream {
  readonly body: Readable;
  keepAlive(): void;
  close(): void;
}

const BUFFERED_BYTES_MAX = 256 * 1024;

/** The events of one workspace as server-sent events (contract registry-a2a §12.3). A slow reader is ended, not fed. */
export function createLiveStream(
  deps: { readonly feed: EventFeed; readonly encoder: FrameEncoder },
  workspaceId: string,
): LiveStream {
  const body = new PassThrough();
  const write = (text: string): void => {
    if (body.writableLength > BUFFERED_BYTES_MAX) body.destroy();
    else if (body.writable) body.write(text);
  };
  const show = (event: LoggedEvent | TransientEvent): void => {
    if (event.workspaceId === workspaceId) write(deps.encoder.sse(event));
  };
  const subscription = deps.feed.subscribe((events) => {
    for (const event of events) show(event);
  });
  const transients = deps.feed.subscribeTransient(show);
  body.on('close', () => {
    subscription.close();
    transients.close();
  });
  write(': ping\n\n');
  return { body, keepAlive: () => write(': ping\n\n'), close: () => void body.end() };
}
