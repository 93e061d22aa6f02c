import { describe, expect, it } from 'vitest';
import { BACKOFF_MAX_MS, initialLink, type Link, type LinkEvent, stepLink } from './link.js';

const run = (from: Link, ...events: LinkEvent[]) =>
  events.reduce<{ link: Link; effects: readonly unknown[] }>(
    ({ link, effects }, event) => {
      const step = stepLink(link, event);
      return { link: step.link, effects: [...effects, ...step.effects] };
    },
    { link: from, effects: [] },
  );
const hello = (seq: number): LinkEvent => ({ type: 'hello', seq, version: '1', nowMs: 5 });
const closed = (fraction = 0): LinkEvent => ({ type: 'closed', unauthorised: false, fraction, nowMs: 9 });
const live = run(initialLink, { type: 'start' }, hello(10)).link;

it('reads the snapshot once, after the first hello', () => {
  expect(run(initialLink, { type: 'start' }, hello(10)).effects).toEqual([
    { type: 'connect', since: null },
    { type: 'readSnapshot' },
  ]);
});

describe('after a break', () => {
  it('resumes after the last seq it has seen and reads no snapshot', () => {
    const events: LinkEvent[] = [{ type: 'event', seq: 14, nowMs: 6 }, closed(), { type: 'retry' }, hello(20)];
    expect(run(live, ...events).effects).toEqual([
      { type: 'retryAfter', ms: 250 },
      { type: 'connect', since: 14 },
    ]);
  });

  it('reads the snapshot when the log no longer reaches back', () => {
    expect(run(live, closed(), { type: 'retry' }, hello(99), { type: 'resync', seq: 99 }).effects).toContainEqual({
      type: 'readSnapshot',
    });
  });

  it('reads the snapshot when the server answers from another database', () => {
    const { link, effects } = run(live, closed(), { type: 'retry' }, hello(3));
    expect([link.seq, effects.at(-1)]).toEqual([3, { type: 'readSnapshot' }]);
  });

  it('waits longer each time, spread by chance and bounded', () => {
    const waits = [0, 1, 2, 9, 40].map((attempt) => stepLink({ ...live, attempt }, closed(0.999)).effects[0]);
    const ms = waits.map((effect) => (effect?.type === 'retryAfter' ? effect.ms : -1));
    expect(ms).toEqual([500, 1000, 1999, 14993, 14993]);
    expect(Math.max(...ms)).toBeLessThanOrEqual(BACKOFF_MAX_MS);
    expect(stepLink({ ...live, attempt: 40 }, closed(0)).effects).toEqual([{ type: 'retryAfter', ms: 7500 }]);
  });

  it('a success ends the series of failures', () => {
    expect(run(live, closed(), { type: 'retry' }, closed(), { type: 'retry' }, hello(11)).link.attempt).toBe(0);
  });
});

it('a quiet connection was up to date until it broke', () => {
  expect(run(live, closed(), { type: 'retry' }, closed()).link.liveAtMs).toBe(9);
});

it('a transient event moves no cursor', () => {
  expect(run(live, { type: 'event', seq: null, nowMs: 7 }).link).toMatchObject({ seq: 10, liveAtMs: 7 });
});

it('coming back to the front of the browser never opens a second socket', () => {
  expect(run(live, { type: 'retry' }).effects).toEqual([]);
});

it('a refused login ends the attempts until it is started again', () => {
  const out = run(live, { type: 'closed', unauthorised: true, fraction: 0, nowMs: 9 }, { type: 'retry' });
  expect([out.link.phase, out.effects]).toEqual(['stopped', []]);
  expect(stepLink(out.link, { type: 'start' }).link.phase).toBe('connecting');
});
