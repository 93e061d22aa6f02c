import { createFakeClock } from '@molecule/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BatcherOptions, createBatcher } from './batcher.js';
import { PlatformUnavailableError } from './errors.js';

/** A batcher whose runs end only when released, and that records every call. */
function controlled(options: Partial<BatcherOptions<string, string>> = {}) {
  const calls: { items: readonly string[]; finish(error?: Error): void }[] = [];
  const batcher = createBatcher<string, string>({
    name: 'test',
    run: (items) =>
      new Promise((resolve, reject) => {
        const finish = (error?: Error): void => (error ? reject(error) : resolve(items.map((item) => `done ${item}`)));
        calls.push({ items, finish });
      }),
    ...options,
  });
  return { batcher, calls };
}

/** Two turns of the event loop: what is settled in one is acted on in the next. */
const turn = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));

describe('the batcher', () => {
  it('sends the first item at once and gathers what arrives while two batches are in flight', async () => {
    const { batcher, calls } = controlled();
    const results: Promise<string>[] = [];
    for (const item of ['a', 'b', 'c', 'd']) {
      results.push(batcher.submit(item, 1));
      await turn();
    }
    expect(calls.map((call) => call.items)).toEqual([['a'], ['b']]);
    calls[0]?.finish();
    await turn();
    expect(calls[2]?.items).toEqual(['c', 'd']);
    calls[1]?.finish();
    calls[2]?.finish();
    expect(await Promise.all(results)).toEqual(['done a', 'done b', 'done c', 'done d']);
  });

  it('with overlap sends one batch at a time, and a further one only past what takes too long', async () => {
    const clock = createFakeClock();
    const { batcher, calls } = controlled({ overlap: { afterMs: 50, clock } });
    const results: Promise<string>[] = [];
    for (const item of ['a', 'b', 'c']) {
      results.push(batcher.submit(item, 1));
      await turn();
    }
    expect(calls.map((call) => call.items)).toEqual([['a']]);
    await clock.advance(49);
    await turn();
    expect(calls).toHaveLength(1);
    await clock.advance(1);
    await turn();
    expect(calls.map((call) => call.items)).toEqual([['a'], ['b', 'c']]);
    results.push(batcher.submit('d', 1));
    await turn();
    expect(calls).toHaveLength(2);
    // The one that passed has ended: the next may pass as well, though the first is still held.
    calls[1]?.finish();
    await turn();
    expect(calls.map((call) => call.items)).toEqual([['a'], ['b', 'c'], ['d']]);
    for (const call of calls) call.finish();
    expect(await Promise.all(results)).toEqual(['done a', 'done b', 'done c', 'done d']);
    await batcher.drain();
  });

  it('ends a batch at its number of items and at its bytes', async () => {
    const { batcher, calls } = controlled({ maxItems: 3, maxBytes: 100, inFlightMax: 10 });
    const sizes = [1, 1, 1, 1, 60, 60, 500, 1];
    const all = Promise.all(sizes.map((bytes, i) => batcher.submit(`${i}`, bytes)));
    await turn();
    expect(calls.map((call) => call.items)).toEqual([['0', '1', '2'], ['3', '4'], ['5'], ['6'], ['7']]);
    for (const call of calls) call.finish();
    expect(await all).toHaveLength(8);
  });

  it('never has two batches with one key in flight, and lets other keys pass', async () => {
    const { batcher, calls } = controlled({ partitionKey: (item) => item[0] ?? '' });
    const first = batcher.submit('a1', 1);
    await turn();
    const rest = Promise.all(['a2', 'b1', 'a3'].map((item) => batcher.submit(item, 1)));
    await turn();
    expect(calls.map((call) => call.items)).toEqual([['a1'], ['b1']]);
    calls[1]?.finish();
    await turn();
    expect(calls).toHaveLength(2);
    calls[0]?.finish();
    await turn();
    expect(calls[2]?.items).toEqual(['a2', 'a3']);
    calls[2]?.finish();
    expect(await first).toBe('done a1');
    expect(await rest).toEqual(['done a2', 'done b1', 'done a3']);
  });

  it('fails a poisoned item alone', async () => {
    const seen: string[][] = [];
    const batcher = createBatcher<string, string>({
      name: 'test',
      run: async (items) => {
        seen.push([...items]);
        if (items.includes('bad')) throw new Error('violates check');
        return items.map((item) => item.toUpperCase());
      },
    });
    const results = await Promise.allSettled(['a', 'bad', 'b'].map((item) => batcher.submit(item, 1)));
    expect(results).toEqual([
      { status: 'fulfilled', value: 'A' },
      { status: 'rejected', reason: new Error('violates check') },
      { status: 'fulfilled', value: 'B' },
    ]);
    expect(seen).toEqual([['a', 'bad', 'b'], ['a'], ['bad'], ['b']]);
  });

  it.each(['ECONNRESET', '57P01', '57014'])(
    'answers "unavailable" to the whole batch on %s, without retrying',
    async (code) => {
      const { batcher, calls } = controlled();
      const all = Promise.allSettled(['a', 'b'].map((item) => batcher.submit(item, 1)));
      await turn();
      calls[0]?.finish(Object.assign(new Error('no answer'), { code }));
      for (const result of await all) {
        expect(result).toMatchObject({ status: 'rejected', reason: expect.any(PlatformUnavailableError) });
      }
      expect(calls).toHaveLength(1);
    },
  );

  it('answers "unavailable" to the rest when the connection fails between single retries', async () => {
    let runs = 0;
    const batcher = createBatcher<string, string>({
      name: 'test',
      run: async (items) => {
        runs += 1;
        if (runs === 1) throw new Error('violates check');
        if (runs === 3) throw new PlatformUnavailableError('gone');
        return items;
      },
    });
    const results = await Promise.allSettled(['a', 'b', 'c'].map((item) => batcher.submit(item, 1)));
    expect(results[0]).toEqual({ status: 'fulfilled', value: 'a' });
    for (const result of results.slice(1)) {
      expect(result).toMatchObject({ status: 'rejected', reason: expect.any(PlatformUnavailableError) });
    }
    expect(runs).toBe(3);
  });

  it('treats a wrong number of outputs as a defect and never writes the items again', async () => {
    let runs = 0;
    const batcher = createBatcher<string, string>({
      name: 'test',
      run: async () => {
        runs += 1;
        return ['only one'];
      },
    });
    const results = await Promise.allSettled(['a', 'b'].map((item) => batcher.submit(item, 1)));
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected']);
    expect(runs).toBe(1);
  });

  it('sends the next batch before the last one is answered, and ends a wait for all of them after their answers', async () => {
    const order: string[] = [];
    const batcher = createBatcher<string, string>({
      name: 'order',
      maxItems: 1,
      inFlightMax: 1,
      async run(items) {
        order.push(`run ${items.join()}`);
        return items;
      },
    });
    const answered = (item: string) => batcher.submit(item, 1).then(() => order.push(`answered ${item}`));
    const drained = batcher.drain().then(() => order.push('drained'));
    await Promise.all([answered('a'), answered('b'), drained]);
    expect(order).toEqual(['run a', 'run b', 'answered a', 'answered b', 'drained']);
  });

  it('drains at once when idle, else when everything has been answered', async () => {
    const { batcher, calls } = controlled({ maxItems: 1, inFlightMax: 1 });
    await batcher.drain();
    const answered: string[] = [];
    const submitted = ['a', 'b'].map(async (item) => answered.push(await batcher.submit(item, 1)));
    let drained = false;
    const draining = batcher.drain().then(() => {
      drained = true;
    });
    await turn();
    calls[0]?.finish();
    await turn();
    expect(drained).toBe(false);
    calls[1]?.finish();
    await draining;
    await Promise.all(submitted);
    expect(answered).toEqual(['done a', 'done b']);
  });

  it('keeps its promises for any traffic', async () => {
    const item = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd'),
      bytes: fc.integer({ min: 1, max: 60 }),
      poisoned: fc.boolean(),
      pause: fc.boolean(),
    });
    const limits = fc.record({
      maxItems: fc.integer({ min: 1, max: 5 }),
      maxBytes: fc.integer({ min: 1, max: 120 }),
      inFlightMax: fc.integer({ min: 1, max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(item, { maxLength: 40 }),
        limits,
        async (traffic, { maxItems, maxBytes, inFlightMax }) => {
          type Item = (typeof traffic)[number] & { index: number };
          const applied: Item[] = [];
          const keysInFlight = new Map<string, number>();
          let inFlight = 0;
          const batcher = createBatcher<Item, number>({
            name: 'property',
            maxItems,
            maxBytes,
            inFlightMax,
            partitionKey: (entry) => entry.key,
            run: async (items) => {
              inFlight += 1;
              const keys = new Set(items.map((entry) => entry.key));
              for (const key of keys) keysInFlight.set(key, (keysInFlight.get(key) ?? 0) + 1);
              expect(inFlight).toBeLessThanOrEqual(inFlightMax);
              expect(Math.max(...keysInFlight.values())).toBe(1);
              expect(items.length).toBeLessThanOrEqual(maxItems);
              const bytes = items.reduce((sum, entry) => sum + entry.bytes, 0);
              expect(items.length === 1 || bytes <= maxBytes).toBe(true);
              await turn();
              inFlight -= 1;
              for (const key of keys) keysInFlight.set(key, 0);
              if (items.some((entry) => entry.poisoned)) throw new Error('poisoned');
              applied.push(...items);
              return items.map((entry) => entry.index);
            },
          });
          const results: Promise<PromiseSettledResult<number>[]>[] = [];
          for (const [index, entry] of traffic.entries()) {
            results.push(Promise.allSettled([batcher.submit({ ...entry, index }, entry.bytes)]));
            if (entry.pause) await turn();
          }
          await batcher.drain();
          const outcomes = (await Promise.all(results)).flat();
          expect(outcomes).toEqual(
            traffic.map((entry, index) =>
              entry.poisoned
                ? { status: 'rejected', reason: new Error('poisoned') }
                : { status: 'fulfilled', value: index },
            ),
          );
          // Every sound item took effect exactly once, and within a key in order of arrival.
          for (const key of ['a', 'b', 'c', 'd']) {
            const order = applied.filter((entry) => entry.key === key).map((entry) => entry.index);
            const sent = traffic.flatMap((entry, index) => (entry.key === key && !entry.poisoned ? [index] : []));
            expect(order).toEqual(sent);
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});
