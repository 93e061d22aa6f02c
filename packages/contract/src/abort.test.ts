import { countAbortFollowers } from '@molecule/testkit';
import { describe, expect, it } from 'vitest';
import { followAbort } from './abort.js';

describe('a controller that follows signals', () => {
  it('aborts with the first of them, for its reason', () => {
    const [one, other, own] = [new AbortController(), new AbortController(), new AbortController()];
    followAbort(own, [one.signal, other.signal]);
    expect(own.signal.aborted).toBe(false);
    other.abort('second thoughts');
    one.abort('too late');
    expect(own.signal.reason).toBe('second thoughts');
  });

  it('aborts at once when one of them already has', () => {
    const [one, own] = [new AbortController(), new AbortController()];
    one.abort('long ago');
    followAbort(own, [one.signal]);
    expect(own.signal.reason).toBe('long ago');
    expect(countAbortFollowers(one.signal)).toBe(0);
  });

  it('hears nothing more once it has stopped following, and leaves nothing behind', () => {
    const [one, own] = [new AbortController(), new AbortController()];
    const stop = followAbort(own, [one.signal]);
    stop();
    stop();
    expect(countAbortFollowers(one.signal)).toBe(0);
    one.abort();
    expect(own.signal.aborted).toBe(false);
  });

  it('costs a signal one listener, however many follow it, and none after the last', () => {
    const source = new AbortController();
    const own = Array.from({ length: 50 }, () => new AbortController());
    const stops = own.map((controller) => followAbort(controller, [source.signal]));
    expect(countAbortFollowers(source.signal)).toBe(1);
    for (const stop of stops.slice(1)) stop();
    source.abort('now');
    expect(own.filter(({ signal }) => signal.aborted)).toEqual(own.slice(0, 1));
    expect(countAbortFollowers(source.signal)).toBe(0);
  });

  it('stops following one task without letting go of the others', () => {
    const [source, a, b] = [new AbortController(), new AbortController(), new AbortController()];
    const stop = followAbort(a, [source.signal]);
    followAbort(b, [source.signal]);
    stop();
    source.abort('now');
    expect([a.signal.aborted, b.signal.aborted]).toEqual([false, true]);
  });
});
