import type { EventFrame } from '@molecule/contract';
import { beforeEach, expect, it, vi } from 'vitest';
import { createFakeServer, type FakeServer, refusal } from '../testing/fake-server.js';
import { createManualClock, type ManualClock } from '../testing/manual-clock.js';
import { buildRow, type PlayedLog, playLog } from '../testing/played-log.js';
import { type ActivityLog, type ActivityQuery, createActivityLog } from './activity-log.js';

const path = 'GET /workspaces/lead/activity';

let played: PlayedLog;
let server: FakeServer;
let clock: ManualClock;
let hear: (frames: readonly EventFrame[]) => void;
let loseTrack: () => void;
let log: ActivityLog;
let stop: () => void;

function open(query: Omit<ActivityQuery, 'id'> = {}): void {
  const feed = {
    subscribe: (listener: typeof hear) => {
      hear = listener;
      return () => {};
    },
    onGap: (listener: () => void) => {
      loseTrack = listener;
      return () => {};
    },
  };
  log = createActivityLog({ client: server.client, clock, feed }, { id: 'lead', ...query });
  stop = log.start();
}

beforeEach(() => {
  played = playLog();
  server = createFakeServer({ [path]: (request) => played.answer(request) });
  clock = createManualClock();
});

const seconds = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => buildRow(from + at));
const ids = () => log.store.getState().rows.map((row) => row.id);
const settled = () => vi.waitFor(() => expect(log.store.getState()).toMatchObject({ reading: false, problem: null }));
const read = async (count: number) => {
  await vi.waitFor(() => expect(ids()).toHaveLength(count));
  await settled();
};
const logged = (id: string): EventFrame =>
  ({
    event: 'ACTIVITY_LOGGED',
    workspace_id: 'lead',
    timestamp: '',
    payload: { activity_id: id },
  }) as unknown as EventFrame;
const news = async (...names: string[]) => {
  hear(names.map(logged));
  clock.advance(300);
  await vi.waitFor(() => expect(names.every((id) => ids().includes(id))).toBe(true));
};

it('reads back page by page until an empty one, although pages are cut by their size', async () => {
  played.rows.push(...seconds(0, 7));
  played.cutAfter = 3;
  open();
  // A short page, and one row more to see whether there is any.
  await read(4);
  expect(log.store.getState().history).toBe('partial');
  log.readOlder();
  await read(7);
  await vi.waitFor(() => expect(log.store.getState().history).toBe('complete'));
  expect(ids()).toEqual(['r6', 'r5', 'r4', 'r3', 'r2', 'r1', 'r0']);
});

it('what comes by itself is fresh until the reader lets it in', async () => {
  played.rows.push(buildRow(1));
  open();
  await read(1);
  played.rows.push(buildRow(2));
  await news('r2');
  expect(ids()).toEqual(['r2', 'r1']);
  expect([...log.store.getState().fresh]).toEqual(['r2']);
  log.reveal();
  expect(log.store.getState().fresh.size).toBe(0);
});

it('a burst larger than a page leaves no gap', async () => {
  played.rows.push(buildRow(1));
  open();
  await read(1);
  played.rows.push(...seconds(2, 252));
  await news('r251');
  await read(251);
  expect(log.store.getState().fresh.size).toBe(250);
});

it('a row far back that ends is read again, and is not fresh', async () => {
  played.rows.push(...seconds(1, 151));
  open();
  await read(100);
  log.readOlder();
  await read(150);
  played.rows[0] = buildRow(1, { status: 'error', error_detail: 'no ink' });
  hear([logged('r1')]);
  clock.advance(300);
  await vi.waitFor(() => expect(log.store.getState().rows.at(-1)?.error_detail).toBe('no ink'));
  expect(log.store.getState().fresh.size).toBe(0);
});

it('a row that changes again while it is read is read again', async () => {
  let readsOfOne = 0;
  server = createFakeServer({
    [path]: (request) => {
      const answer = played.answer(request);
      if (request.url.searchParams.get('limit') === '1' && ++readsOfOne === 1) {
        played.rows[0] = buildRow(1, { summary: 'the last word' });
        hear([logged('r1')]);
      }
      return answer;
    },
  });
  played.rows.push(...seconds(1, 151));
  open();
  await read(100);
  log.readOlder();
  await read(150);
  readsOfOne = 0;
  played.rows[0] = buildRow(1, { summary: 'not the last word' });
  hear([logged('r1')]);
  clock.advance(300);
  await vi.waitFor(() => expect(log.store.getState().rows.at(-1)?.summary).toBe('not the last word'));
  clock.advance(300);
  await vi.waitFor(() => expect(log.store.getState().rows.at(-1)?.summary).toBe('the last word'));
});

it('a delegation that ends changes the row of its task', async () => {
  const task = buildRow(1, { activity_type: 'delegation', status: 'pending', request_body: { delegation_id: 'd' } });
  played.rows.push(task);
  open();
  await read(1);
  played.rows[0] = { ...task, status: 'completed' };
  const complete = { event: 'DELEGATION_COMPLETE', workspace_id: 'lead', payload: { delegation_id: 'd' } };
  hear([complete as unknown as EventFrame]);
  clock.advance(300);
  await vi.waitFor(() => expect(log.store.getState().rows[0]?.status).toBe('completed'));
});

it('events of other agents, and those that write no row, read nothing', async () => {
  played.rows.push(buildRow(1));
  open();
  await read(1);
  const before = server.requests.length;
  hear([{ ...logged('x'), workspace_id: 'writer' }]);
  hear([{ event: 'TASK_UPDATED', workspace_id: 'lead', payload: {} } as unknown as EventFrame]);
  clock.advance(10_000);
  expect(server.requests).toHaveLength(before);
});

it('when events were missed, it reads what came and what had not ended', async () => {
  played.rows.push(...seconds(2, 152), buildRow(1, { status: 'pending' }));
  open();
  await read(100);
  log.readOlder();
  await read(151);
  played.rows[150] = buildRow(1, { status: 'completed' });
  played.rows.push(buildRow(200));
  loseTrack();
  clock.advance(300);
  await vi.waitFor(() => expect(ids()[0]).toBe('r200'));
  expect(log.store.getState().rows.at(-1)?.status).toBe('completed');
});

it('a look at the past begins where it was asked for and hears nothing', async () => {
  played.rows.push(...seconds(1, 9));
  hear = () => {
    throw new Error('it listens');
  };
  open({ until: buildRow(4).created_at });
  await read(3);
  expect(ids()).toEqual(['r3', 'r2', 'r1']);
  expect(() => hear([])).toThrow('it listens');
});

it('a read that failed says why and is done again on demand; what it should have told is not lost', async () => {
  played.rows.push(buildRow(1));
  server.answers[path] = () => refusal(503, 'platform_unavailable', 'down');
  open();
  await vi.waitFor(() => expect(log.store.getState().problem?.retryable).toBe(true));
  server.answers[path] = (request) => played.answer(request);
  log.retry();
  await read(1);
  played.rows.push(buildRow(2));
  server.answers[path] = () => refusal(503, 'platform_unavailable', 'down');
  hear([logged('r2')]);
  clock.advance(300);
  await vi.waitFor(() => expect(log.store.getState().problem).not.toBeNull());
  server.answers[path] = (request) => played.answer(request);
  log.retry();
  await read(2);
});

it('the server narrows by kind, source and peer', async () => {
  open({ type: 'delegation', source: 'agent', peer_id: 'writer' });
  await vi.waitFor(() => expect(log.store.getState().history).toBe('complete'));
  expect(server.requests[0]).toBe(
    'GET /workspaces/lead/activity?type=delegation&source=agent&peer_id=writer&limit=100',
  );
});

it('after it was ended it neither reads nor changes', async () => {
  open();
  await vi.waitFor(() => expect(log.store.getState().history).toBe('complete'));
  hear([logged('r1')]);
  stop();
  const before = server.requests.length;
  clock.advance(10_000);
  expect(server.requests).toHaveLength(before);
});
