import type { EventFrame } from '@molecule/contract';
import { beforeEach, expect, it } from 'vitest';
import { FakeSocket } from '../testing/fake-socket.js';
import { createManualClock, type ManualClock } from '../testing/manual-clock.js';
import type { Link } from './link.js';
import { createSocket } from './socket.js';

let sockets: FakeSocket[];
let batches: (readonly EventFrame[])[];
let links: Link[];
let snapshots: number;
let clock: ManualClock;

const start = () => {
  const live = createSocket({
    clock,
    open: (since) => {
      const socket = new FakeSocket(since);
      sockets.push(socket);
      return socket.asWebSocket();
    },
    onLink: (link) => links.push(link),
    onFrames: (frames) => batches.push(frames),
    onSnapshotNeeded: () => {
      snapshots += 1;
    },
  });
  live.start();
  return live;
};
const newest = () => {
  const socket = sockets.at(-1);
  if (!socket) throw new Error('no socket was opened');
  return socket;
};
const event = (seq: number) => ({ event: 'WORKSPACE_ONLINE', workspace_id: 'w', timestamp: '', payload: {}, seq });
beforeEach(() => {
  sockets = [];
  batches = [];
  links = [];
  snapshots = 0;
  clock = createManualClock();
});

it('hands on everything that arrived before a paint at once, in order', () => {
  start();
  newest().say({ hello: true, seq: 1, version: '1' });
  for (const seq of [2, 3, 4]) newest().say(event(seq));
  expect(batches).toEqual([]);
  clock.paint();
  expect(batches.map((batch) => batch.map((frame) => frame.seq))).toEqual([[2, 3, 4]]);
  expect(links.at(-1)?.seq).toBe(4);
});

it('applies what came before a break, then resumes right after it', () => {
  start();
  newest().say({ hello: true, seq: 1, version: '1' });
  newest().say(event(7));
  newest().drop();
  expect(batches).toHaveLength(1);
  clock.advance(1_000);
  expect(newest().since).toBe(7);
});

it('reads the snapshot again when the server cannot resume', () => {
  start();
  newest().say({ hello: true, seq: 1, version: '1' });
  newest().say({ resync: true, seq: 900 });
  expect(snapshots).toBe(2);
});

it('ignores frames that are no JSON or of no known kind', () => {
  start();
  for (const frame of ['<html>', '1', '{}', '{"event":5,"payload":{}}']) newest().say(frame);
  clock.paint();
  expect(batches).toEqual([]);
});

it('a socket that was replaced has no say any more', () => {
  const live = start();
  const old = newest();
  old.drop();
  live.retryNow();
  expect(sockets).toHaveLength(2);
  old.say(event(5));
  old.drop();
  clock.paint();
  expect(batches).toEqual([]);
  expect(links.at(-1)?.phase).toBe('connecting');
});

it('a session that ended stops the attempts', () => {
  start();
  newest().drop(1008);
  expect(links.at(-1)?.phase).toBe('stopped');
  clock.advance(60_000);
  expect(sockets).toHaveLength(1);
});
