import { describe, expect, it } from 'vitest';
import { createLogger } from './logger.js';
import { readableLog } from './readable-log.js';

function capture() {
  const lines: string[] = [];
  return { lines, logger: createLogger({ level: 'info', destination: readableLog((text) => lines.push(text)) }) };
}

describe('the log on a terminal', () => {
  it('is a line of time, level, message and details', () => {
    const { logger, lines } = capture();
    logger.child({ part: 'http' }).warn({ port: 8080 }, 'the port moved');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d {2}warn {2}the port moved {2}part=http {2}port=8080\n$/);
  });

  it('B-76: cannot be forged or steered by text from a request', () => {
    const { logger, lines } = capture();
    logger.info({ name: 'x\n12:00:00  fatal  forged\u009b2J' }, 'y\n12:00:00  fatal  forged\r\u001b[31m');
    expect(lines).toHaveLength(1);
    expect(lines[0]?.trimEnd()).not.toMatch(/\p{Cc}/u);
  });

  it('keeps secrets out as the JSON log does', () => {
    const { logger, lines } = capture();
    logger.info({ auth_token: 'hush' }, 'in');
    expect(lines[0]).toContain('[redacted]');
  });
});
