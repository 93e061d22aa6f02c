import { describe, expect, it } from 'vitest';
import { parsePostmasterFile } from './postmaster-file.js';

describe('postmaster.pid', () => {
  it('tells pid, port and status of a running postmaster', () => {
    const text = '4711\n/data\n1700000000\n5432\n\n127.0.0.1\n  1234  5678\nready   \n';
    expect(parsePostmasterFile(text)).toEqual({ pid: 4711, port: 5432, status: 'ready' });
  });

  it('is read while Postgres still writes it: what is missing is null', () => {
    expect(parsePostmasterFile('4711\n/data\n')).toEqual({ pid: 4711, port: null, status: null });
  });

  it.each(['', '\n', 'pid', '0', '-1', '1'])('never yields a pid that must not be signalled (%j)', (text) => {
    expect(parsePostmasterFile(text)).toBeNull();
  });
});
