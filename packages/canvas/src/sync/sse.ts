/**
 * Reads `data:` frames of a server-sent-event body as JSON. Frames may be split anywhere between chunks; comments,
 * ids and event names are skipped. A frame that is not JSON ends the stream with an error: it cannot be trusted.
 */
export async function* readSse(body: ReadableStream<Uint8Array>): AsyncGenerator<unknown> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const blocks = (rest + decoder.decode(value, { stream: true })).replaceAll('\r\n', '\n').split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const data = dataOf(block);
        if (data !== null) yield JSON.parse(data);
      }
    }
    const last = dataOf(rest);
    if (last !== null) yield JSON.parse(last);
  } finally {
    reader.cancel().catch(() => {
      // The stream already failed; the reader of this generator has its error.
    });
  }
}

function dataOf(block: string): string | null {
  const lines = block
    .split('\n')
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5).trimStart());
  return lines.length > 0 ? lines.join('\n') : null;
}
