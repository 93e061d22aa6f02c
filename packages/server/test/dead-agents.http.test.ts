import { createFakeAgent, waitFor } from '@molecule/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSystemClock } from '../src/platform/clock.js';
import { createExternalDriver } from '../src/provisioners/external/external.driver.js';
import { createFakeBackend, type FakeBackend } from '../src/provisioners/fake/fake.driver.js';
import { createProvisioner } from '../src/provisioners/shared-semantics.js';
import { useTestDatabase } from './database.js';
import { toEnvelope } from './messages-world.js';
import { type RealApp, startRealApp } from './real-app.js';

/** Every server here has all of them, and starts new workspaces on one. */
const KINDS = ['first', 'second'] as const;

describe.each(KINDS)('an agent of the backend "%s" that dies', (own) => {
  const database = useTestDatabase();
  let app: RealApp;
  let backends: Record<(typeof KINDS)[number], FakeBackend>;

  beforeAll(async () => {
    const clock = createSystemClock();
    backends = {
      first: createFakeBackend({ clock, kind: 'first' }),
      second: createFakeBackend({ clock, kind: 'second' }),
    };
    const managed = Object.values(backends).map((backend) => createProvisioner(backend.createDriver()));
    app = await startRealApp(database.url, {
      provisioners: [...managed, createProvisioner(createExternalDriver({ clock }))],
      defaultBackend: own,
    });
  });
  afterAll(() => app.close());

  const statusOf = async (id: string): Promise<string> => (await app.call('GET', `/workspaces/${id}`)).body.status;
  const activityOf = async (id: string) => (await app.call('GET', `/workspaces/${id}/activity?type=a2a_receive`)).body;

  /** Its instance says that it is there, and is reached where the test wants it. */
  async function comeOnline(id: string, url: string): Promise<void> {
    const { control } = backends[own];
    await waitFor(() => control.countRunning(id) === 1, { timeoutMs: 30_000, what: 'an instance' });
    const card = { id, agent_card: { name: 'agent' } };
    await waitFor(
      async () => {
        const { status } = await app.call('POST', '/registry/register', card, control.findToken(id) ?? '');
        return status === 200 && (await statusOf(id)) === 'online';
      },
      { timeoutMs: 30_000, what: 'the agent to be online' },
    );
    await sql`update workspaces set url = ${url}, url_from = 'driver' where id = ${id}`.execute(
      app.app.ports.lanes.control,
    );
  }

  it('B-47: is started again there and nowhere else, and gets the message that found it dead, once', async () => {
    const { control } = backends[own];
    const id: string = (await app.call('POST', '/workspaces', { name: 'mortal', runtime: 'echo' })).body.id;
    const dead = await createFakeAgent();
    await comeOnline(id, dead.url);
    await dead.close();
    control.crash(id);
    const reply = await app.call('POST', `/workspaces/${id}/a2a`, toEnvelope('anybody there?', 'm-1'));
    expect(reply).toMatchObject({ status: 202, body: { queued: true, message_id: 'm-1' } });

    const starts = () => control.calls.filter((call) => call === `start ${id}`).length;
    await waitFor(() => starts() >= 2, { timeoutMs: 30_000, what: 'another start' });
    const successor = await createFakeAgent({ kind: 'answer', text: 'here I am' });
    try {
      await comeOnline(id, successor.url);
      await waitFor(async () => (await activityOf(id))[0].duration_ms > 0, {
        timeoutMs: 60_000,
        what: 'the message to be answered',
      });
      expect(await activityOf(id)).toMatchObject([{ message_id: 'm-1', status: 'ok' }]);
      const told = successor.received.filter(({ messageId }) => messageId === 'm-1');
      expect(told.map(({ text }) => text)).toEqual(['anybody there?']);
    } finally {
      await successor.close();
    }
    const { calls } = backends[own === 'first' ? 'second' : 'first'].control;
    expect(calls.filter((call) => call.endsWith(id))).toEqual([]);
  });

  it('B-47: one that no backend runs is 502 at once, and nothing is started for it', async () => {
    const created = await app.call('POST', '/workspaces', { name: 'elsewhere', external: true });
    const id: string = created.body.id;
    const dead = await createFakeAgent();
    const card = { id, url: dead.url, agent_card: { name: 'elsewhere' }, delivery_mode: 'push' };
    const token: string = created.body.connection.auth_token;
    expect(await app.call('POST', '/registry/register', card, token)).toMatchObject({ status: 200 });
    await dead.close();
    const reply = await app.call('POST', `/workspaces/${id}/a2a`, toEnvelope('anybody there?', 'm-2'));
    expect(reply).toMatchObject({ status: 502, body: { error: 'failed to reach workspace agent' } });
    expect(await activityOf(id)).toMatchObject([{ message_id: 'm-2', status: 'error' }]);
    expect(await statusOf(id)).toBe('online');
    for (const { control } of Object.values(backends)) {
      expect(control.calls.filter((call) => call.endsWith(id))).toEqual([]);
    }
  });
});
