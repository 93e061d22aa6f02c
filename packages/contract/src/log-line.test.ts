import { describe, expect, it } from 'vitest';
import { readableLogLine } from './log-line.js';

const timeOf = (iso: string) => iso.slice(11, 19);

describe('a line of an agent’s log', () => {
  it('reads as time, level, event and details', () => {
    const line =
      '{"time":"2026-11-21T04:22:03.142Z","level":"warn","event":"adapter_unusable","reason":"No key","n":2}';
    expect(readableLogLine(line, timeOf)).toBe('04:22:03  warn  adapter_unusable  reason="No key"  n=2');
  });

  it.each(['plain text', '{"half', '[1]', '{}', ''])('stays as it is when it is none: %j', (line) => {
    expect(readableLogLine(line, timeOf)).toBe(line);
  });
});
