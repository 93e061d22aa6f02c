import { describe, expect, it } from 'vitest';
import { hasSqlState, isCollision, isConnectionError, PlatformUnavailableError, toError } from './errors.js';

const withCode = (code: string) => Object.assign(new Error('failed'), { code });

describe('errors of the database', () => {
  it.each(['ECONNREFUSED', 'EPIPE', '57P01', '57P03', '08006', '53300', '25P03'])('%s is the connection', (code) => {
    expect(isConnectionError(withCode(code))).toBe(true);
  });

  it.each(['23505', '22P02', '40001', '57014', 'ERR_INVALID_ARG_TYPE'])('%s is not the connection', (code) => {
    expect(isConnectionError(withCode(code))).toBe(false);
  });

  it.each([
    'Connection terminated unexpectedly',
    'timeout exceeded when trying to connect',
    'Client has encountered a connection error and is not queryable',
    'Query read timeout',
  ])('"%s", which the driver gives no code, is the connection', (message) => {
    expect(isConnectionError(new Error(message))).toBe(true);
  });

  it('tells other things apart', () => {
    expect(isConnectionError(new PlatformUnavailableError('no connection'))).toBe(true);
    expect(isConnectionError(new Error('no such row'))).toBe(false);
    expect(isConnectionError('ECONNREFUSED')).toBe(false);
    expect(hasSqlState(withCode('23505'), '23503', '23505')).toBe(true);
    expect(hasSqlState(withCode('23505'), '23503')).toBe(false);
    expect(isCollision(withCode('40P01'))).toBe(true);
    expect(isCollision(withCode('23505'))).toBe(false);
    expect(toError('text').message).toContain('text');
  });
});
