import { expect, it } from 'vitest';
import { readSse } from './sse.js';

function stream(...chunks: string[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(encoder.encode(chunk));
      controller.close();
    },
  });
}

async function read(...chunks: string[]): Promise<unknown[]> {
  const frames: unknown[] = [];
  for await (const frame of readSse(stream(...chunks))) frames.push(frame);
  return frames;
}

it('reads frames however they are cut into chunks', async () => {
  const text = ': ping\n\ndata: {"a":1}\n\nid: 4\r\nevent: x\r\ndata: {"b":\r\ndata: 2}\r\n\r\n';
  expect(await read(...text)).toEqual([{ a: 1 }, { b: 2 }]);
});

it('reads a last frame that lacks its blank line', async () => {
  expect(await read('data: {"a":1}')).toEqual([{ a: 1 }]);
});

it('fails on a frame that is no JSON instead of showing a broken answer', async () => {
  await expect(read('data: {"a":1}\n\n', 'data: <html>\n\n')).rejects.toThrow();
});
