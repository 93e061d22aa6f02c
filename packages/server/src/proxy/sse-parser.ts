import { StringDecoder } from 'node:string_decoder';

export interface SseParser {
  /** Takes bytes as they come and returns the data of every event they complete. */
  push(chunk: Uint8Array): string[];
}

/**
 * The part of server-sent events that A2A uses: `data` lines joined by newlines, ended by an empty line. Comments and
 * other fields are skipped. Chunks may end anywhere, also inside a character or between CR and LF.
 */
export function createSseParser(): SseParser {
  const decoder = new StringDecoder('utf8');
  let line = '';
  let data: string[] = [];
  let afterCarriageReturn = false;

  const endLine = (events: string[]): void => {
    if (line === '') {
      if (data.length > 0) events.push(data.join('\n'));
      data = [];
    } else if (line.startsWith('data:')) {
      data.push(line.slice(line.startsWith('data: ') ? 6 : 5));
    } else if (line === 'data') {
      data.push('');
    }
    line = '';
  };

  return {
    push(chunk) {
      const events: string[] = [];
      let text = decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      if (afterCarriageReturn && text.startsWith('\n')) text = text.slice(1);
      if (text !== '') afterCarriageReturn = text.endsWith('\r');
      const pieces = text.split(/\r\n|\n|\r/);
      pieces.forEach((piece, index) => {
        line += piece;
        if (index < pieces.length - 1) endLine(events);
      });
      return events;
    },
  };
}
