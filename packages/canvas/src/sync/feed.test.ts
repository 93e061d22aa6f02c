import { beforeEach, expect, it, vi } from 'vitest';
import { buildWorkspace } from '../model/builders.js';
import { createFleetStore, type FleetStore } from '../state/fleet-store.js';
import { createFakeServer, type FakeServer, json, refusal } from '../testing/fake-server.js';
import { FakeSocket } from '../testing/fake-socket.js';
import { createManualClock, type ManualClock } from '../testing/manual-clock.js';
import { createFeed, type Feed } from './feed.js';

const list = 'GET /workspaces';
const lead = buildWorkspace({ id: 'lead' });

let server: FakeServer;
let clock: ManualClock;
let fleet: FleetStore;
let sockets: FakeSocket[];
let feed: Feed;

beforeEach(() => {
  server = createFakeServer({ [list]: () => json([lead]) });
  clock = createManualClock();
  fleet = createFleetStore();
  sockets = [];
  feed = createFeed({
    client: server.client,
    clock,
    fleet,
    openSocket: (since) => {
      const socket = new FakeSocket(since);
      sockets.push(socket);
      return socket.asWebSocket();
    },
  });
  feed.start();
});

const hello = (seq = 5) => sockets.at(-1)?.say({ hello: true, seq, version: '1' });
const say = (event: string, id: string, payload: unknown, seq = 6) => {
  sockets.at(-1)?.say({ event, workspace_id: id, timestamp: '2026-03-01T10:00:00.000Z', payload, seq });
  clock.paint();
};
const ready = () => vi.waitFor(() => expect(fleet.getState().snapshot.state).toBe('ready'));
const status = (id: string) => fleet.getState().fleet.agents.get(id)?.status;

it('says so when events are not coming, and only then', () => {
  const gaps = vi.fn();
  feed.onGap(gaps);
  hello(5);
  expect(gaps).toHaveBeenCalledTimes(1);
  say('WORKSPACE_OFFLINE', 'lead', {}, 6);
  sockets.at(-1)?.drop();
  clock.advance(1_000);
  hello(8);
  expect(gaps).toHaveBeenCalledTimes(1);
  sockets.at(-1)?.say({ resync: true, seq: 900 });
  expect(gaps).toHaveBeenCalledTimes(2);
});

it('an event that overtakes the snapshot is not lost', async () => {
  let answer: (response: Response) => void = () => {};
  server.answers[list] = () => new Promise((resolve) => (answer = resolve));
  hello();
  say('WORKSPACE_OFFLINE', 'lead', {});
  await vi.waitFor(() => expect(server.requests).toHaveLength(1));
  answer(json([lead]));
  await ready();
  expect(status('lead')).toBe('offline');
});

it('a burst of new agents costs one snapshot', async () => {
  hello();
  await ready();
  for (const id of ['a', 'b', 'c']) say('WORKSPACE_PROVISIONING', id, { name: id, tier: 1, runtime: 'llm' });
  expect(status('c')).toBe('provisioning');
  clock.advance(200);
  await vi.waitFor(() => expect(server.requests).toHaveLength(2));
});

it('a failed snapshot says why, and is tried again until it stands', async () => {
  server.answers[list] = () => refusal(503, 'platform_unavailable', 'down');
  hello();
  await vi.waitFor(() => expect(fleet.getState().snapshot.state).toBe('failed'));
  server.answers[list] = () => json([lead]);
  clock.advance(1_000);
  await ready();
  expect(status('lead')).toBe('online');
});

it('after a break nothing is read again that the log can tell', async () => {
  hello();
  await ready();
  say('WORKSPACE_OFFLINE', 'lead', {}, 8);
  sockets.at(-1)?.drop();
  clock.advance(1_000);
  expect(sockets.at(-1)?.since).toBe(8);
  hello(12);
  expect(server.requests).toHaveLength(1);
  expect(fleet.getState().link.phase).toBe('live');
});

it('a delegation that ended fades by itself', async () => {
  hello();
  await ready();
  say('DELEGATION_SENT', 'lead', { delegation_id: 'd', target_id: 'x', task_preview: '' });
  say('DELEGATION_COMPLETE', 'lead', { delegation_id: 'd', target_id: 'x', response_preview: '' });
  expect(fleet.getState().fleet.flights.size).toBe(1);
  clock.advance(3_000);
  expect(fleet.getState().fleet.flights.size).toBe(0);
});

it('a heartbeat changes one agent and leaves layout and summaries as they are', async () => {
  hello();
  await ready();
  const before = fleet.getState();
  say('WORKSPACE_HEARTBEAT', 'lead', { active_tasks: 1, uptime_seconds: 9 });
  const after = fleet.getState();
  expect(after.fleet.agents.get('lead')?.active_tasks).toBe(1);
  expect([after.placed === before.placed, after.teams === before.teams]).toEqual([true, true]);
});
