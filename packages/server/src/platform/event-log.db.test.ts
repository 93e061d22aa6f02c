import type { NewEvent } from '@molecule/contract';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../test/database.js';
import { createDatabase, type DatabaseHandle, type Tx } from './db.js';
import { PlatformUnavailableError } from './errors.js';
import { appendEvents, horizonSeq, latestSeq, readEvents, sweepEvents } from './event-log.js';
import { createLogger } from './logger.js';

const WORKSPACE = '6f0d3a3e-8b0e-4a55-9d55-6b6f2f2f0001';
const paused = (name: string, workspaceId: string | null = WORKSPACE): NewEvent => ({
  type: 'WORKSPACE_PAUSED',
  workspaceId,
  payload: { name },
});

describe('the event log', () => {
  const testDatabase = useTestDatabase();
  let database: DatabaseHandle;
  beforeAll(() => {
    database = createDatabase({ url: testDatabase.url, logger: createLogger({ level: 'silent' }) });
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    await sql`truncate events`.execute(database.lanes.control);
    await sql`update event_counter set last_seq = 0`.execute(database.lanes.control);
  });

  const inTransaction = <T>(work: (tx: Tx) => Promise<T>): Promise<T> =>
    database.lanes.control.transaction().execute(work);
  const append = (...events: NewEvent[]): Promise<number[]> => inTransaction((tx) => appendEvents(tx, events));
  const seqs = async (afterSeq = 0): Promise<number[]> =>
    (await readEvents(database.lanes.health, { afterSeq, limit: 10_000 })).map((event) => event.seq);

  it('numbers events densely in the order given and returns what was written', async () => {
    expect(await append(paused('a'), paused('b', null))).toEqual([1, 2]);
    expect(await append()).toEqual([]);
    expect(await append(paused('c'))).toEqual([3]);
    const [first, second] = await readEvents(database.lanes.control, { afterSeq: 0, limit: 2 });
    expect(first).toEqual({
      seq: 1,
      type: 'WORKSPACE_PAUSED',
      workspaceId: WORKSPACE,
      payload: { name: 'a' },
      at: expect.any(Date),
    });
    expect(second).toMatchObject({ seq: 2, workspaceId: null });
  });

  it('pages by seq and filters by workspace', async () => {
    const other = '6f0d3a3e-8b0e-4a55-9d55-6b6f2f2f0002';
    await append(paused('a'), paused('b', other), paused('c'));
    expect(await seqs(1)).toEqual([2, 3]);
    const own = await readEvents(database.lanes.control, { afterSeq: 0, limit: 10, workspaceId: WORKSPACE });
    expect(own.map((event) => event.seq)).toEqual([1, 3]);
    const limited = await readEvents(database.lanes.control, { afterSeq: 0, limit: 1, workspaceId: other });
    expect(limited.map((event) => event.seq)).toEqual([2]);
  });

  it('leaves no gap when a transaction rolls back', async () => {
    await append(paused('a'));
    const failing = inTransaction(async (tx) => {
      expect(await appendEvents(tx, [paused('lost'), paused('lost')])).toEqual([2, 3]);
      throw new Error('changed my mind');
    });
    await expect(failing).rejects.toThrow('changed my mind');
    expect(await append(paused('b'))).toEqual([2]);
    expect(await seqs()).toEqual([1, 2]);
  });

  it('shows concurrent readers only gapless prefixes, however transactions overlap and fail', async () => {
    let writing = true;
    let longest = 0;
    const reader = (async () => {
      let afterSeq = 0;
      while (writing) {
        for (const seq of await seqs(afterSeq)) {
          expect(seq).toBe(afterSeq + 1);
          afterSeq = seq;
        }
        longest = Math.max(longest, afterSeq);
      }
    })();
    const writers = Array.from({ length: 60 }, (_, i) =>
      inTransaction(async (tx) => {
        await sql`select pg_sleep(${(i % 7) / 1_000})`.execute(tx);
        await appendEvents(
          tx,
          Array.from({ length: 1 + (i % 3) }, (_, n) => paused(`${i}-${n}`)),
        );
        if (i % 5 === 0) throw new Error('rolled back');
      }).then(
        () => 1 + (i % 3),
        () => 0,
      ),
    );
    const written = (await Promise.all(writers)).reduce<number>((sum, n) => sum + n, 0);
    writing = false;
    await reader;
    expect(longest).toBeGreaterThan(0);
    expect(await seqs()).toEqual(Array.from({ length: written }, (_, i) => i + 1));
    expect(await latestSeq(database.lanes.control)).toBe(written);
  });

  it('refuses a payload above 8 KiB with an error that names the event, and accepts one just below', async () => {
    const overhead = JSON.stringify({ name: '' }).length;
    expect(await append(paused('é'.repeat((8 * 1024 - overhead) / 2 - 1)))).toEqual([1]);
    await expect(append(paused('x'.repeat(8 * 1024)))).rejects.toThrow(
      /cannot log event WORKSPACE_PAUSED: its payload has 82\d\d bytes, the limit is 8192/,
    );
    expect(await seqs()).toEqual([1]);
  });

  it('stores characters that Postgres refuses as the replacement character', async () => {
    await append(paused('a\0b\ud800'));
    const [event] = await readEvents(database.lanes.control, { afterSeq: 0, limit: 1 });
    expect(event?.payload).toEqual({ name: 'a\ufffdb\ufffd' });
  });

  it('gives up with "unavailable" when the log stays locked', { timeout: 15_000 }, async () => {
    await database.lanes.work.transaction().execute(async (holder) => {
      await appendEvents(holder, [paused('holder')]);
      await expect(append(paused('waiter'))).rejects.toThrow(PlatformUnavailableError);
    });
    expect(await seqs()).toEqual([1]);
  });

  it('keeps a horizon from which a reader misses nothing, and removes only a prefix', async () => {
    await append(...Array.from({ length: 10 }, (_, i) => paused(`${i}`)));
    expect(await horizonSeq(database.lanes.control)).toBe(0);

    expect(await sweepEvents(database.lanes.work, { days: 30, rows: 4, limit: 5 })).toBe(5);
    expect(await sweepEvents(database.lanes.work, { days: 30, rows: 4, limit: 5 })).toBe(1);
    expect(await sweepEvents(database.lanes.work, { days: 30, rows: 4, limit: 5 })).toBe(0);
    expect(await seqs()).toEqual([7, 8, 9, 10]);
    expect(await horizonSeq(database.lanes.control)).toBe(6);

    // The clock of one commit was ahead: 8 looks older than 7.
    await sql`update events set at = now() - interval '31 days' where seq = 8`.execute(database.lanes.control);
    expect(await sweepEvents(database.lanes.work)).toBe(2);
    expect(await seqs()).toEqual([9, 10]);
    expect(await horizonSeq(database.lanes.control)).toBe(8);
  });

  it('remembers its end when everything was removed', async () => {
    await append(paused('a'), paused('b'));
    await sweepEvents(database.lanes.work, { days: 30, rows: 0, limit: 10 });
    expect(await seqs()).toEqual([]);
    expect(await latestSeq(database.lanes.control)).toBe(2);
    expect(await horizonSeq(database.lanes.control)).toBe(2);
    expect(await append(paused('c'))).toEqual([3]);
  });
});
