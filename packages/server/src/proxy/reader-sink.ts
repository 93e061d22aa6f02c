import { PassThrough, type Readable } from 'node:stream';
import type { Clock } from '../platform/clock.js';
import type { StreamSink } from './forward.js';

/** A sink whose other end is the body of an HTTP answer. */
export interface ReaderSink extends StreamSink {
  readonly readable: Readable;
}

// A reader that takes nothing for this long is treated as gone, so that it cannot hold up the agent behind it.
const STALLED_READER_MS = 60_000;

export function createReaderSink(clock: Clock): ReaderSink {
  const stream = new PassThrough();
  // An error here only means that the reader went away; the answer itself is followed on the other side.
  stream.on('error', () => stream.destroy());

  const drained = (): Promise<void> =>
    new Promise((resolve) => {
      const cancel = clock.after(STALLED_READER_MS, () => stream.destroy());
      const done = (): void => {
        cancel();
        stream.off('drain', done);
        stream.off('close', done);
        resolve();
      };
      stream.on('drain', done);
      stream.on('close', done);
    });

  return {
    readable: stream,
    async write(chunk) {
      if (stream.destroyed || stream.write(chunk)) return;
      await drained();
    },
    end: () => void stream.end(),
    fail: () => void stream.destroy(),
  };
}
