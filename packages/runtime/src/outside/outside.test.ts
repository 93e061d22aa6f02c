import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createFakeClock, type FakeClock, waitFor } from '@molecule/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPlatformClient, type PlatformClient } from '../platform/platform-client.js';
import type { Cursor } from './cursor.js';
import { createInboxPoller, type PollerEvent } from './inbox-poller.js';
import { toInboxMessage } from './inbox-row.js';
import { createPresence, type Presence, type PresenceEvent } from './presence.js';

interface Asked {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: IncomingMessage['headers'];
}

type Reply = { readonly status: number; readonly body?: unknown; readonly headers?: Record<string, string> };

const ME = '6a1b5f0e-9c3d-4e2f-8a7b-0123456789ab';
const noChance = { uuid: () => ME, fraction: () => 1 };

let asked: Asked[];
let answer: (request: Asked) => Reply | 'hold';
let client: PlatformClient;
let clock: FakeClock;
let stop: AbortController;
let close: () => void;

beforeEach(async () => {
  asked = [];
  stop = new AbortController();
  clock = createFakeClock();
  answer = () => ({ status: 200, body: { status: 'ok' } });
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    request.on('end', () => respond(request, text, response));
  });
  const respond = (request: IncomingMessage, text: string, response: ServerResponse): void => {
    const url = new URL(request.url ?? '', 'http://x');
    const seen = {
      path: url.pathname,
      query: url.searchParams,
      body: text ? JSON.parse(text) : {},
      headers: request.headers,
    };
    asked.push(seen);
    const reply = answer(seen);
    if (reply === 'hold') return;
    response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
    response.end(JSON.stringify(reply.body ?? {}));
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  client = createPlatformClient({
    baseUrl,
    workspaceId: ME,
    token: 'test',
    headers: { origin: baseUrl },
    onUnauthorized: () => {},
  });
  close = () => {
    server.closeAllConnections();
    server.close();
  };
});
afterEach(() => {
  stop.abort();
  close();
});

/** Lets what is on its way to the server and back happen, then moves the time. */
async function pass(ms: number): Promise<void> {
  await clock.advance(ms);
}

describe('an agent that says it is there', () => {
  let told: PresenceEvent[];
  let presence: Presence;
  let wallOffset: number;
  beforeEach(() => {
    told = [];
    wallOffset = 0;
    presence = createPresence({
      client,
      // The wall may jump by itself: a corrected clock, or a machine that slept while its timers stood still.
      clock: { ...clock, now: () => new Date(clock.now().getTime() + wallOffset) },
      random: noChance,
      workspaceId: ME,
      card: { name: 'me', skills: [] },
      facts: () => ({ active_tasks: asked.length }),
      onSecret: () => {},
      tell: (event) => void told.push(event),
    });
  });
  const beats = () => asked.filter(({ path }) => path === '/registry/heartbeat');
  const kinds = () => told.map(({ kind }) => kind);
  const begin = async () => {
    presence.run(stop.signal).catch((error: unknown) => told.push({ kind: 'unavailable', reason: String(error) }));
    await waitFor(() => beats().length === 1);
    await waitFor(() => told.length > 0 && clock.pendingCount() > 0);
  };

  it('M-25: registers for poll mode, then beats every 20 s, each with its Origin', async () => {
    await begin();
    expect(asked[0]).toMatchObject({
      path: '/registry/register',
      body: { id: ME, url: '', agent_card: { name: 'me', skills: [] }, delivery_mode: 'poll' },
      headers: { authorization: 'Bearer test', origin: expect.stringContaining('http://127.0.0.1') },
    });
    await pass(19_000);
    expect(beats()).toHaveLength(1);
    await pass(1_500);
    await waitFor(() => beats().length === 2);
    // What a beat tells is asked anew each time.
    expect(beats().map(({ body }) => body.active_tasks)).toEqual([1, 2]);
    for (const { headers } of asked) expect(headers.origin).toBe(asked[0]?.headers.origin);
    expect(kinds()).toEqual(['registered', 'online']);
  });

  it('counts refusals without a success in between; trouble of the platform does not count', async () => {
    await begin();
    // Each with the wait after the one before it.
    const steps = [
      [401, 20_000],
      [503, 20_000],
      [429, 1_000],
      [403, 2_000],
      [401, 20_000],
    ] as const;
    for (const [index, [status, waitMs]] of steps.entries()) {
      answer = () => ({ status, body: { error: 'no', code: 'x' } });
      await pass(waitMs);
      await waitFor(() => told.length === 3 + index);
      await waitFor(() => clock.pendingCount() > 0);
    }
    const refused = told.filter((event) => event.kind === 'refused').map(({ count }) => count);
    expect(refused).toEqual([1, 2, 3]);
    answer = () => ({ status: 200, body: { status: 'ok' } });
    await pass(20_000);
    await waitFor(() => kinds().at(-1) === 'online');
  });

  it('beats at once after the machine has slept, and is not shaken by a clock that is set back', async () => {
    await begin();
    wallOffset = 3 * 3_600_000;
    await pass(5_000);
    await waitFor(() => beats().length === 2);
    expect(told).toContainEqual({ kind: 'awake', sleptMs: 3 * 3_600_000 });
    await waitFor(() => clock.pendingCount() > 0);
    wallOffset = -3_600_000;
    await pass(15_000);
    expect(beats()).toHaveLength(2);
    await pass(6_000);
    await waitFor(() => beats().length === 3);
  });

  it('comes back when the network does, soon after a short loss and patiently after a long one', async () => {
    await begin();
    answer = () => ({ status: 502 });
    presence.beatSoon();
    await waitFor(() => kinds().at(-1) === 'unavailable');
    await waitFor(() => clock.pendingCount() > 0);
    await pass(1_000);
    await waitFor(() => beats().length === 3);
    await waitFor(() => clock.pendingCount() > 0);
    await pass(1_000);
    expect(beats()).toHaveLength(3);
    await pass(1_000);
    await waitFor(() => beats().length === 4);
  });
});

describe('an agent that reads its inbox', () => {
  let place: string | null;
  let taken: string[];
  let told: PollerEvent[];
  const cursor: Cursor = {
    read: async () => place,
    async write(id) {
      place = id;
    },
    async clear() {
      place = null;
    },
  };
  const row = (seq: number) => ({
    id: `row-${seq}`,
    seq,
    activity_type: 'a2a_receive',
    created_at: '2026-01-01T00:00:00Z',
  });
  const begin = (more: object = {}) => {
    const poller = createInboxPoller({
      client,
      clock,
      random: noChance,
      workspaceId: ME,
      cursor,
      take: async (rows) => void taken.push(...rows.map(({ id }) => id)),
      tell: (event) => void told.push(event),
      ...more,
    });
    poller.run(stop.signal).catch((error: unknown) => told.push({ kind: 'trouble', reason: String(error) }));
    return poller;
  };
  beforeEach(() => {
    place = null;
    taken = [];
    told = [];
  });

  it('begins with the last ten minutes, sorts them, and goes on from the last one', async () => {
    answer = ({ query }) => (query.has('since_id') ? 'hold' : { status: 200, body: [row(3), row(1), row(2)] });
    begin();
    await waitFor(() => asked.length === 2);
    expect(taken).toEqual(['row-1', 'row-2', 'row-3']);
    expect(asked.map(({ query }) => [query.get('since_secs'), query.get('since_id'), query.get('wait')])).toEqual([
      ['600', null, '20'],
      [null, 'row-3', '20'],
    ]);
  });

  it('begins as far back as it is told, with every row of all pages, oldest first', async () => {
    answer = ({ query }) => {
      if (query.get('since_secs') === '3600') return { status: 200, body: [row(1), row(2)] };
      return query.get('since_id') === 'row-2' ? { status: 200, body: [row(3)] } : 'hold';
    };
    begin({ backlogSeconds: 3_600 });
    await waitFor(() => asked.length === 3);
    expect(taken).toEqual(['row-1', 'row-2', 'row-3']);
  });

  it('starts over when its place is gone, and keeps its place in any other trouble', async () => {
    place = 'row-9';
    const replies: Reply[] = [
      { status: 500 },
      { status: 429, headers: { 'retry-after': '7' } },
      { status: 400, body: { error: 'odd' } },
      { status: 410, body: { error: 'cursor' } },
    ];
    answer = () => replies.shift() ?? 'hold';
    begin();
    for (const [waitMs, count] of [
      [1_000, 2],
      [7_000, 3],
      [4_000, 5],
    ] as const) {
      await waitFor(() => clock.pendingCount() > 0);
      await pass(waitMs - 500);
      expect(asked.length).toBeLessThan(count);
      await pass(500);
      await waitFor(() => asked.length === count);
    }
    expect(told.map(({ kind }) => kind)).toEqual(['trouble', 'trouble', 'trouble', 'cursor_lost']);
    expect(asked.map(({ query }) => query.get('since_id'))).toEqual(['row-9', 'row-9', 'row-9', 'row-9', null]);
  });

  it('M-35: rows that could not be taken are read again, for its place has not moved past them', async () => {
    const rows = [row(1), row(2)];
    answer = ({ query }) => (query.has('since_id') ? 'hold' : { status: 200, body: rows });
    const broken = async () => Promise.reject(new Error('the disk is full'));
    begin({ take: broken });
    await waitFor(() => told.length > 0);
    expect(told).toEqual([{ kind: 'trouble', reason: expect.stringContaining('the disk is full') }]);
    expect(place).toBeNull();
    begin();
    await waitFor(() => asked.at(-1)?.query.get('since_id') === 'row-2');
    expect(taken).toEqual(['row-1', 'row-2']);
    expect(place).toBe('row-2');
  });

  it('asks every 5 s where the server does not wait, and at once after an interruption', async () => {
    place = 'row-1';
    answer = () => ({ status: 200, body: [] });
    const poller = begin();
    await waitFor(() => clock.pendingCount() > 0);
    await pass(4_900);
    expect(asked).toHaveLength(1);
    await pass(200);
    await waitFor(() => asked.length === 2);
    answer = () => 'hold';
    await waitFor(() => clock.pendingCount() > 0);
    poller.interrupt();
    await waitFor(() => asked.length === 3);
    // The request that hangs since before the sleep is given up.
    poller.interrupt();
    await waitFor(() => asked.length === 4);
    expect(told).toEqual([]);
  });
});

describe('a row of the inbox', () => {
  const row = {
    id: '1a1b5f0e-9c3d-4e2f-8a7b-0123456789ab',
    workspace_id: ME,
    activity_type: 'a2a_receive',
    source_id: null,
    target_id: ME,
    method: 'message/send',
    summary: 'in short',
    duration_ms: null,
    status: 'ok',
    error_detail: null,
    created_at: '2026-01-01T00:00:00Z',
    seq: 1,
    message_id: null,
  };
  const read = (more: object) => toInboxMessage({ ...row, ...more }, ME, 'https://p');
  const peer = '2a1b5f0e-9c3d-4e2f-8a7b-0123456789ab';

  it.each([
    ['what it said itself', { method: 'notify' }],
    ['what it reported about itself', { source_id: ME }],
    ['what has its answer', { response_body: { result: {} } }],
    ['what has failed', { status: 'error' }],
    ['a task that was reported done', { source_id: '2a1b5f0e-9c3d-4e2f-8a7b-0123456789ab', duration_ms: 7 }],
    ['what is no message', { activity_type: 'agent_log' }],
  ])('M-33: %s is no message to it', (_, more) => {
    expect(read(more)).toBeNull();
  });

  it('M-33: the outcome of its own task is, whatever it carries', () => {
    const result = { source_id: peer, method: 'delegate_result', response_body: { text: 'x' }, status: 'error' };
    expect(read(result)).toMatchObject({ kind: 'delegation_result', peer_id: peer });
    expect(read({ ...result, source_id: ME })).toMatchObject({ kind: 'delegation_result' });
  });

  it('keys that say nothing are left out', () => {
    expect(read({})).toEqual({
      activity_id: row.id,
      text: 'in short',
      peer_id: '',
      kind: 'canvas_user',
      method: 'message/send',
      created_at: row.created_at,
    });
  });

  it.each([
    [
      {
        params: {
          message: {
            parts: [
              { kind: 'text', text: 'a' },
              { type: 'text', text: 'b' },
            ],
          },
        },
      },
      'a\nb',
    ],
    [{ params: { parts: [{ text: 'c' }] } }, 'c'],
    [{ parts: [{ kind: 'text', text: 'd' }] }, 'd'],
    [{ params: { message: { parts: [{ kind: 'file', file: {} }] } } }, 'in short'],
  ])('M-34: the text of %j is found', (request_body, text) => {
    expect(read({ request_body })?.text).toBe(text);
  });

  it('without any text it says so', () => {
    expect(read({ summary: null })?.text).toBe('(empty A2A message)');
  });
});
