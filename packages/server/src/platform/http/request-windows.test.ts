import { describe, expect, it } from 'vitest';
import { createRequestWindows } from './request-windows.js';

describe('windows of requests', () => {
  it('count down to none, and begin anew with the first request after the end', () => {
    const windows = createRequestWindows(2, 60_000);
    expect(windows.count('a', 1_000)).toEqual({ exceeded: false, remaining: 1, resetSeconds: 60 });
    expect(windows.count('a', 31_500)).toEqual({ exceeded: false, remaining: 0, resetSeconds: 30 });
    expect(windows.count('a', 60_999)).toEqual({ exceeded: true, remaining: 0, resetSeconds: 1 });
    expect(windows.count('a', 61_000)).toEqual({ exceeded: false, remaining: 1, resetSeconds: 60 });
  });

  it('count each key by itself', () => {
    const windows = createRequestWindows(1, 60_000);
    expect(windows.count('a', 0).exceeded).toBe(false);
    expect(windows.count('b', 0).exceeded).toBe(false);
    expect(windows.count('a', 0).exceeded).toBe(true);
  });

  it('are kept for so many keys only: the oldest window goes first', () => {
    const windows = createRequestWindows(1, 60_000, 2);
    windows.count('a', 0);
    windows.count('b', 1);
    windows.count('c', 2);
    expect(windows.count('b', 3).exceeded).toBe(true);
    expect(windows.count('c', 3).exceeded).toBe(true);
    expect(windows.count('a', 3).exceeded).toBe(false);
  });

  it('that began anew are young again', () => {
    const windows = createRequestWindows(1, 10, 2);
    windows.count('a', 0);
    windows.count('b', 5);
    windows.count('a', 11);
    windows.count('c', 12);
    expect(windows.count('a', 12).exceeded).toBe(true);
  });
});
