import { describe, expect, it } from 'vitest';
import { createLogger, type LogLevel } from './logger.js';

function capture(level: LogLevel = 'info') {
  const lines: string[] = [];
  const logger = createLogger({ level, destination: { write: (line) => lines.push(line) } });
  return { logger, lines, last: (): Record<string, unknown> => JSON.parse(lines.at(-1) ?? 'null') };
}

describe('the logger', () => {
  it('B-76: text from a request cannot forge a log line', () => {
    const { logger, lines } = capture();
    const hostile = 'x\n{"level":"fatal","msg":"forged"}\r\u001b[31m';
    logger.info({ name: hostile }, hostile);
    expect(lines).toHaveLength(1);
    for (const forbidden of ['\n', '\r', '\u001b']) expect(lines[0]?.trimEnd()).not.toContain(forbidden);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'info', msg: hostile, name: hostile });
  });

  it.each(['authorization', 'Cookie', 'set-cookie', 'auth_token', 'client_secret', 'password', 'apiKey', 'x-api-key'])(
    'never writes the value of %s, at any depth or in arrays',
    (key) => {
      const { logger, lines } = capture();
      logger.info({ [key]: 'hush', req: { headers: { [key]: 'hush' } }, list: [{ [key]: { inner: 'hush' } }] }, 'in');
      expect(lines).toHaveLength(1);
      expect(lines.join('')).not.toContain('hush');
      expect(lines.join('')).toContain('[redacted]');
    },
  );

  it('never writes the usual secrets as bindings of a child either', () => {
    const { logger, lines } = capture();
    logger.child({ token: 'hush', headers: { authorization: 'hush', cookie: 'hush' } }).info({ ok: true }, 'child');
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain('hush');
  });

  it('keeps counts whose names look like secrets', () => {
    const { logger, last } = capture();
    logger.info({ usage: { input_tokens: 12 }, hasPassword: false }, 'turn');
    expect(last()).toMatchObject({ usage: { input_tokens: 12 }, hasPassword: false });
  });

  it('never writes a request body', () => {
    const { logger, lines, last } = capture();
    logger.info({ req: { id: 'r1', body: { text: 'private words' } } }, 'request');
    expect(lines[0]).not.toContain('private words');
    expect(last()).toMatchObject({ req: { id: 'r1' } });
  });

  it('writes errors with code and cause, without what drivers attach', () => {
    const { logger, lines, last } = capture();
    const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED', detail: 'Key (token)=(hush)' });
    logger.error({ err: new Error('cannot start', { cause }) }, 'failed');
    expect(last()).toMatchObject({
      err: { message: 'cannot start', cause: { message: 'refused', code: 'ECONNREFUSED' } },
    });
    expect(lines[0]).not.toContain('hush');
  });

  it('writes nothing below its level', () => {
    const { logger, lines } = capture('warn');
    logger.info('quiet');
    logger.warn('loud');
    expect(lines).toHaveLength(1);
  });

  it('survives circular values and keeps dates', () => {
    const { logger, last } = capture();
    const circular: Record<string, unknown> = { at: new Date(0) };
    circular.self = circular;
    logger.info({ circular }, 'loop');
    expect(last()).toMatchObject({ circular: { at: '1970-01-01T00:00:00.000Z' } });
  });
});
