import type { NewEvent } from '@molecule/contract';
import { waitFor } from '@molecule/testkit';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../test/database.js';
import { createSystemClock } from './clock.js';
import { createDatabase, type DatabaseHandle } from './db.js';
import { createEventFeed, type EventFeed, type TransientEvent } from './event-feed.js';
import { appendEvents, latestSeq, readEvents } from './event-log.js';
import { createLogger } from './logger.js';
import { createRandom } from './random.js';
import { createSupervisor } from './supervisor.js';

const WORKSPACE = '6f0d3a3e-8b0e-4a55-9d55-6b6f2f2f0001';
const paused = (name: string): NewEvent => ({ type: 'WORKSPACE_PAUSED', workspaceId: WORKSPACE, payload: { name } });

describe('the event feed', () => {
  const testDatabase = useTestDatabase();
  const replicas: { feed: EventFeed; stop(): Promise<void> }[] = [];
  let database: DatabaseHandle;

  beforeAll(() => {
    database = createDatabase({ url: testDatabase.url, logger: createLogger({ level: 'silent' }) });
  });
  afterAll(() => database.close());
  afterEach(async () => {
    for (const replica of replicas.splice(0)) await replica.stop();
  });

  async function replica(): Promise<{ feed: EventFeed; seen: number[] }> {
    const logger = createLogger({ level: 'silent' });
    const clock = createSystemClock();
    const supervisor = createSupervisor({ clock, logger, random: createRandom() });
    const feed = createEventFeed({ url: testDatabase.url, clock, supervisor, logger });
    replicas.push({
      feed,
      stop: async () => {
        await supervisor.stop(1_000);
        await feed.close();
      },
    });
    await feed.start();
    supervisor.start();
    const seen: number[] = [];
    feed.subscribe((events) => seen.push(...events.map((event) => event.seq)));
    return { feed, seen };
  }

  const append = (...events: NewEvent[]): Promise<number[]> =>
    database.lanes.control.transaction().execute((tx) => appendEvents(tx, events));
  const cut = () =>
    sql`select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and application_name = 'molecule-listen'`.execute(database.lanes.health);
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

  it('delivers every event once, in order, to every subscriber of every replica', async () => {
    const [one, two] = [await replica(), await replica()];
    const again: number[] = [];
    one.feed.subscribe((events) => again.push(...events.map((event) => event.seq)));
    const before = await latestSeq(database.lanes.health);
    await Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        await append(paused(`${i}a`), paused(`${i}b`));
        (i % 2 === 0 ? one : two).feed.notifyCommitted();
      }),
    );
    const expected = range(before + 1, before + 80);
    await waitFor(() => one.seen.length >= 80 && two.seen.length >= 80 && again.length >= 80);
    expect(one.seen).toEqual(expected);
    expect(two.seen).toEqual(expected);
    expect(again).toEqual(expected);
  });

  it('reaches another replica well before its poll', async () => {
    const [one, two] = [await replica(), await replica()];
    await append(paused('first'));
    one.feed.notifyCommitted();
    await waitFor(() => two.seen.length === 1);
    const startedMs = performance.now();
    await append(paused('second'));
    one.feed.notifyCommitted();
    await waitFor(() => two.seen.length === 2);
    expect(performance.now() - startedMs).toBeLessThan(500);
  });

  it('finds by its poll what nobody announced', async () => {
    const { seen } = await replica();
    const [seq] = await append(paused('silent'));
    await waitFor(() => seen.length > 0);
    expect(seen).toEqual([seq]);
  });

  it('misses and repeats nothing when its connection is cut', async () => {
    const { feed, seen } = await replica();
    const before = await latestSeq(database.lanes.health);
    for (let i = 0; i < 6; i += 1) {
      await append(paused(`${i}`));
      feed.notifyCommitted();
      if (i % 2 === 0) await cut();
    }
    await waitFor(() => seen.length >= 6, { timeoutMs: 15_000 });
    expect(seen).toEqual(range(before + 1, before + 6));
  });

  it('joins replay and live without a gap or a repeat', async () => {
    const { feed } = await replica();
    const since = await latestSeq(database.lanes.health);
    const writer = (async () => {
      for (let i = 0; i < 30; i += 1) {
        await append(paused(`${i}`));
        feed.notifyCommitted();
      }
    })();
    await waitFor(async () => (await latestSeq(database.lanes.health)) > since + 5);
    const live: number[] = [];
    const { afterSeq } = feed.subscribe((events) => live.push(...events.map((event) => event.seq)));
    const replay = (await readEvents(database.lanes.health, { afterSeq: since, limit: 1_000 }))
      .map((event) => event.seq)
      .filter((seq) => seq <= afterSeq);
    await writer;
    await waitFor(() => replay.length + live.length >= 30);
    expect([...replay, ...live]).toEqual(range(since + 1, since + 30));
  });

  it('goes on for the others when a subscriber throws, and stops for one that closed', async () => {
    const { feed, seen } = await replica();
    const closed: number[] = [];
    feed.subscribe(() => {
      throw new Error('bad subscriber');
    });
    const subscription = feed.subscribe((events) => closed.push(...events.map((event) => event.seq)));
    const late: number[] = [];
    feed.subscribe((events) => late.push(...events.map((event) => event.seq)));
    await append(paused('a'));
    feed.notifyCommitted();
    await waitFor(() => late.length === 1);
    subscription.close();
    await append(paused('b'));
    feed.notifyCommitted();
    await waitFor(() => late.length === 2);
    expect(seen).toEqual(late);
    expect(closed).toEqual(late.slice(0, 1));
  });

  it('shows transient events at once here, soon elsewhere, once each, and does not record them', async () => {
    const [one, two] = [await replica(), await replica()];
    const [here, there]: [TransientEvent[], TransientEvent[]] = [[], []];
    one.feed.subscribeTransient((event) => here.push(event));
    two.feed.subscribeTransient((event) => there.push(event));
    const before = await latestSeq(database.lanes.health);
    for (let n = 0; n < 50; n += 1) {
      one.feed.publishTransient({
        type: 'TASK_UPDATED',
        workspaceId: WORKSPACE,
        payload: { current_task: `step ${n} "\n\0`, active_tasks: n },
      });
    }
    expect(here).toHaveLength(50);
    await waitFor(() => there.length >= 50);
    expect(there).toEqual(here);
    expect(here.map((event) => event.payload.active_tasks)).toEqual(range(0, 49));
    expect(await latestSeq(database.lanes.health)).toBe(before);
  });

  it('refuses a transient event that fits no notification', async () => {
    const { feed } = await replica();
    const payload = { current_task: 'x'.repeat(8_000), active_tasks: 1 };
    expect(() => feed.publishTransient({ type: 'TASK_UPDATED', workspaceId: WORKSPACE, payload })).toThrow(
      /cannot publish TASK_UPDATED: \d+ bytes exceed/,
    );
  });
});
