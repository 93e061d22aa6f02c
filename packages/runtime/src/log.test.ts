import { expect, it } from 'vitest';
import { createLog, reasonOf } from './log.js';

function capture(): { readonly log: ReturnType<typeof createLog>; readonly lines: string[] } {
  const lines: string[] = [];
  return {
    lines,
    log: createLog(
      (line) => lines.push(line),
      () => new Date(0),
    ),
  };
}

it('writes one JSON line per event, with a bound on every field', () => {
  const { log, lines } = capture();
  log.info('listening', { port: 1, none: undefined });
  log.error('turn_crashed', { reason: `a\n${'x'.repeat(10_000)}` });
  expect(lines[0]).toBe('{"time":"1970-01-01T00:00:00.000Z","level":"info","event":"listening","port":1}\n');
  expect(lines[1]?.trimEnd()).not.toContain('\n');
  expect(lines[1]?.length).toBeLessThan(700);
});

it('a reason names its causes, whatever was thrown', () => {
  expect(reasonOf(new Error('cannot reach it', { cause: new Error('refused') }))).toBe('cannot reach it: refused');
  expect(reasonOf('text')).toBe('text');
});
