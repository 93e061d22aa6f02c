import { createFakeClock } from '@molecule/testkit';
import { expect, it } from 'vitest';
import type { PlatformFailure } from '../platform/platform-client.js';
import { createConnection } from './connection.js';

type Answer = 'ok' | PlatformFailure;
const unavailable: PlatformFailure = { kind: 'unavailable', reason: 'refused', retryAfterMs: null, rateLimited: false };

/** A connection over a scripted platform: each call takes the next answer, the last one repeats. */
function setUp(...answers: Answer[]) {
  const clock = createFakeClock();
  const calls: { name: string; atMs: number; body: unknown }[] = [];
  const turns = { running: 0, log: [] as string[] };
  const exits: { code: number; reason: string }[] = [];
  const secrets: string[] = [];
  const contacts: number[] = [];
  let next: Answer[] = answers;
  let hold: Promise<void> | null = null;
  const connection = createConnection({
    clock,
    random: { uuid: () => 'id', fraction: () => 1 },
    log: { info: () => {}, warn: () => {}, error: () => {} },
    client: {
      async attempt(run) {
        // The only thing the connection does with the client is to call these two routes.
        const value = await run({
          call: async (name: string, input: { body: unknown }) => {
            calls.push({ name, atMs: clock.monotonicMs(), body: input.body });
            return { status: 200, body: { platform_inbound_secret: 'secret' } };
          },
        } as never);
        await hold;
        const answer = (next.length > 1 ? next.shift() : next[0]) ?? 'ok';
        return answer === 'ok' ? { kind: 'ok', value } : answer;
      },
    },
    registration: () => ({ id: 'w', agent_card: {}, url: 'http://127.0.0.1:1', delivery_mode: 'push' }),
    heartbeat: () => ({ workspace_id: 'w', active_tasks: turns.running }),
    onLive: () => contacts.push(clock.monotonicMs()),
    onInboundSecret: (secret) => secrets.push(secret),
    turns: {
      finish: () => turns.log.push('finish'),
      resume: () => turns.log.push('resume'),
      abort: () => turns.log.push('abort'),
      isIdle: () => turns.running === 0,
    },
    exit: (code, reason) => exits.push({ code, reason }),
  });
  connection.start();
  return {
    clock,
    connection,
    calls,
    turns,
    exits,
    secrets,
    contacts,
    answer: (...then: Answer[]) => {
      next = then;
    },
    holdAnswers: () => {
      let release = () => {};
      hold = new Promise((resolve) => {
        release = () => {
          hold = null;
          resolve();
        };
      });
      return () => release();
    },
    names: () => calls.map((call) => call.name),
  };
}

it('registers, beats at once, then every 30 s, and passes the inbound secret on', async () => {
  const { clock, calls, connection, secrets, contacts } = setUp('ok');
  await clock.advance(60_000);
  expect(calls.map(({ name, atMs }) => [name, atMs])).toEqual([
    ['register', 0],
    ['heartbeat', 0],
    ['heartbeat', 30_000],
    ['heartbeat', 60_000],
  ]);
  expect(connection.state()).toBe('live');
  expect(secrets[0]).toBe('secret');
  expect(contacts).toEqual([0]);
});

it('tells a change of activity at once, and many changes in a moment once more', async () => {
  const { clock, connection, calls, turns } = setUp('ok');
  await clock.advance(1_000);
  turns.running = 1;
  for (let i = 0; i < 50; i += 1) connection.activityChanged();
  await clock.advance(0);
  expect(calls.at(-1)).toMatchObject({ name: 'heartbeat', atMs: 1_000, body: { active_tasks: 1 } });
  const before = calls.length;
  turns.running = 0;
  for (let i = 0; i < 50; i += 1) connection.activityChanged();
  await clock.advance(1_000);
  expect(calls.length).toBe(before + 1);
  expect(calls.at(-1)).toMatchObject({ body: { active_tasks: 0 } });
});

it('a change while a beat is in flight is told after it', async () => {
  const { clock, connection, calls, turns, holdAnswers } = setUp('ok');
  await clock.advance(1_000);
  const release = holdAnswers();
  connection.activityChanged();
  turns.running = 2;
  connection.activityChanged();
  await clock.advance(0);
  const inFlight = calls.length;
  release();
  await clock.advance(250);
  expect(calls.length).toBe(inFlight + 1);
  expect(calls.at(-1)).toMatchObject({ body: { active_tasks: 2 } });
});

it('retries registration with growing waits until the platform is there', async () => {
  const { clock, calls, answer, connection } = setUp(unavailable);
  await clock.advance(3_500);
  answer('ok');
  await clock.advance(10_000);
  expect(calls.filter((call) => call.name === 'register').map((call) => call.atMs)).toEqual([0, 1_000, 3_000, 7_000]);
  expect(connection.state()).toBe('live');
});

it('comes back after an outage with a heartbeat, without registering again', async () => {
  const { clock, answer, connection, names, contacts } = setUp('ok');
  await clock.advance(0);
  answer(unavailable, unavailable, 'ok');
  await clock.advance(40_000);
  expect(connection.state()).toBe('live');
  expect(names().filter((name) => name === 'register')).toHaveLength(1);
  expect(contacts).toHaveLength(2);
});

it('a rate limit is waited out exactly as long as the platform says', async () => {
  const { clock, calls } = setUp(
    { kind: 'unavailable', reason: 'slow down', retryAfterMs: 12_000, rateLimited: true },
    'ok',
  );
  await clock.advance(11_999);
  expect(calls).toHaveLength(1);
  await clock.advance(1);
  expect(calls[1]).toMatchObject({ name: 'register', atMs: 12_000 });
});

it('after ten minutes without contact it finishes its turn and leaves with 75', async () => {
  const { clock, connection, turns, exits, answer } = setUp('ok');
  await clock.advance(0);
  turns.running = 1;
  answer(unavailable);
  await clock.advance(10 * 60_000);
  expect(connection.state()).toBe('unreachable');
  expect(turns.log).toEqual(['finish']);
  expect(exits).toEqual([]);
  turns.running = 0;
  connection.idle();
  expect(exits).toMatchObject([{ code: 75 }]);
  expect(clock.pendingCount()).toBe(0);
});

it('a platform that returns while the last turn runs keeps the agent', async () => {
  const { clock, connection, turns, exits, answer } = setUp('ok');
  await clock.advance(0);
  turns.running = 1;
  answer(unavailable);
  await clock.advance(10 * 60_000);
  answer('ok');
  await clock.advance(60_000);
  expect(connection.state()).toBe('live');
  expect(turns.log).toEqual(['finish', 'resume']);
  connection.idle();
  expect(exits).toEqual([]);
});

it('a refusal is contact: a platform that says no is not lost', async () => {
  const { clock, exits, names } = setUp({ kind: 'refused', status: 400, reason: 'agent card too large' });
  await clock.advance(20 * 60_000);
  expect(exits).toEqual([]);
  expect(names().length).toBeGreaterThan(20);
});

it('a 401 met by any call ends work at once and leaves with 76', async () => {
  const { clock, connection, turns, exits } = setUp('ok');
  await clock.advance(0);
  turns.running = 1;
  connection.unauthorized('invalid workspace token');
  expect(turns.log).toEqual(['abort']);
  expect(exits).toMatchObject([{ code: 76, reason: expect.stringContaining('invalid workspace token') }]);
  connection.unauthorized('again');
  await clock.advance(60_000);
  expect(exits).toHaveLength(1);
  expect(clock.pendingCount()).toBe(0);
});

it('a stop waits for the running turn, then exits 0', async () => {
  const { clock, connection, turns, exits } = setUp('ok');
  await clock.advance(0);
  turns.running = 1;
  connection.stop();
  connection.stop();
  expect(turns.log).toEqual(['finish']);
  turns.running = 0;
  connection.idle();
  expect(exits).toMatchObject([{ code: 0 }]);
});
