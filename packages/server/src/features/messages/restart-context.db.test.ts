import { RESTART_CONTEXT_CALLER } from '@molecule/contract/restart-context';
import { createFakeAgent, type FakeAgent, waitFor } from '@molecule/testkit';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { createMessagesWorld, type MessagesWorld, toEnvelope } from '../../../test/messages-world.js';
import { createRestartContexts, describeRestart } from './restart-context.js';

/** No loop runs by itself here: each test moves the one it is about. */
describe('what an agent is told about a restart', () => {
  const database = useTestDatabase();
  let world: MessagesWorld;
  let agent: FakeAgent;
  let names: string[];

  beforeEach(async () => {
    world = await createMessagesWorld(database.url);
    agent = await createFakeAgent({ kind: 'answer', text: 'Noted.' });
    names = ['A_KEY', 'B_KEY'];
  });
  afterEach(async () => {
    await agent.close();
    await world.ports.lanes.work.deleteFrom('messages').execute();
    await world.close();
  });

  const db = () => world.ports.lanes.work;
  const queue = () => world.messages.loops.queue.runOnce();
  const restart = (workspaceId: string, generation: number) =>
    world.ports.transact('control', (tx) =>
      createRestartContexts({ ...world.ports, secrets: { listNames: async () => names } }).record(tx, {
        workspaceId,
        generation,
        lastHeartbeatAt: null,
      }),
    );
  const setGeneration = (id: string, generation: number) =>
    sql`update workspaces set generation = ${generation} where id = ${id}`.execute(db());
  const rows = (target: string) =>
    db().selectFrom('messages').selectAll().where('target_id', '=', target).orderBy('seq').execute();
  const states = async (target: string) => (await rows(target)).map(({ state }) => state);
  const texts = () => agent.received.map(({ text }) => text);

  it('reaches the instance it is about and none before it, as the platform, and is in no log', async () => {
    const target = await world.addWorkspace({ url: agent.url });
    await setGeneration(target, 1);
    await restart(target, 2);
    const before = (await world.events()).length;
    await queue();
    expect(await states(target)).toEqual(['queued']);
    await setGeneration(target, 2);
    await queue();
    await waitFor(async () => (await states(target))[0] === 'completed');
    const [received] = agent.received;
    expect(received?.text).toContain('Environment variables now available: A_KEY, B_KEY');
    expect(received?.headers['x-workspace-id']).toBe(RESTART_CONTEXT_CALLER);
    expect(received?.body).toMatchObject({
      method: 'message/send',
      params: {
        message: {
          role: 'user',
          metadata: { source: 'platform', kind: 'restart_context', layer: 1, restart_context: true },
        },
      },
    });
    expect(await rows(target)).toMatchObject([{ kind: 'system', caller_id: null, attempts: 1 }]);
    expect(await world.activities(target)).toEqual([]);
    expect(await world.events()).toHaveLength(before);
  });

  it('two restarts before it comes online are told in one message, that of the newer', async () => {
    const target = await world.addWorkspace({ url: agent.url });
    await restart(target, 2);
    names = ['NEWER_KEY'];
    await restart(target, 3);
    await setGeneration(target, 3);
    await queue();
    await waitFor(async () => (await states(target))[1] === 'completed');
    await queue();
    expect(texts()).toEqual([expect.stringContaining('NEWER_KEY')]);
    expect(await rows(target)).toMatchObject([{ state: 'canceled', reason: 'superseded' }, { state: 'completed' }]);
  });

  it('a start of another kind that comes after the restart is not told', async () => {
    const target = await world.addWorkspace({ url: agent.url });
    await restart(target, 2);
    await setGeneration(target, 3);
    await queue();
    expect(await states(target)).toEqual(['queued']);
    expect(agent.received).toEqual([]);
  });

  it('goes before what waited through the restart, and takes no place of it', async () => {
    const target = await world.addWorkspace({ url: agent.url, status: 'offline' });
    await world.send(target, toEnvelope('asked before', 'w-1'));
    await setGeneration(target, 2);
    await restart(target, 2);
    // Not counted with what people wait for.
    expect(await world.send(target, toEnvelope('asked after', 'w-2'))).toMatchObject({ json: { queue_depth: 2 } });
    await sql`update workspaces set status = 'online' where id = ${target}`.execute(db());
    agent.behave({ kind: 'hold', text: 'Noted.' });
    await queue();
    await agent.receivedCount(1);
    await queue();
    expect(texts()).toEqual([expect.stringContaining('restarted')]);
    agent.behave({ kind: 'answer', text: 'done' });
    agent.release();
    world.ports.supervisor.start();
    await waitFor(async () => (await states(target)).every((state) => state === 'completed'));
    expect(texts().slice(1)).toEqual(['asked before', 'asked after']);
  });

  it('an agent that does not take it gets its work all the same', async () => {
    const target = await world.addWorkspace({ url: agent.url, status: 'offline' });
    await world.send(target, toEnvelope('work', 'r-1'));
    await setGeneration(target, 2);
    await restart(target, 2);
    await sql`update workspaces set status = 'online' where id = ${target}`.execute(db());
    agent.behave(({ text }) =>
      text === 'work' ? { kind: 'answer', text: 'done' } : { kind: 'json', status: 500, body: { error: 'no idea' } },
    );
    await queue();
    await waitFor(async () => (await states(target))[1] === 'failed');
    await queue();
    await waitFor(async () => (await states(target))[0] === 'completed');
    expect(await world.activities(target)).toHaveLength(1);
  });

  it('an agent that says nothing holds its work up no longer than the message waits', async () => {
    const target = await world.addWorkspace({ url: agent.url, status: 'offline' });
    await world.send(target, toEnvelope('work', 's-1'));
    await setGeneration(target, 2);
    await restart(target, 2);
    await sql`update workspaces set status = 'online' where id = ${target}`.execute(db());
    agent.behave(({ text }) => (text === 'work' ? { kind: 'answer', text: 'done' } : { kind: 'hold', text: 'late' }));
    await queue();
    await agent.receivedCount(1);
    expect(await states(target)).toEqual(['queued', 'working']);
    await sql`update messages set deadline = now() where kind = 'system'`.execute(db());
    await queue();
    await waitFor(async () => (await states(target))[0] === 'completed');
    await world.messages.loops.overdue.runOnce();
    expect(await states(target)).toEqual(['completed', 'failed']);
    agent.release();
  });

  it('comes too late for an agent that takes longer to start than it waits', async () => {
    const target = await world.addWorkspace({ url: agent.url });
    await setGeneration(target, 2);
    await restart(target, 2);
    const [row] = await rows(target);
    const waits = (row?.deadline?.getTime() ?? 0) - (row?.created_at.getTime() ?? 0);
    expect(waits).toBe(30_000);
    await sql`update messages set deadline = now()`.execute(db());
    await queue();
    expect(agent.received).toEqual([]);
    await world.messages.loops.overdue.runOnce();
    expect(await rows(target)).toMatchObject([{ state: 'failed', reason: 'deadline_exceeded' }]);
    expect(await world.activities(target)).toEqual([]);
  });

  it('wakes nobody, costs nothing, and lies in no inbox', async () => {
    const asleep = await world.addWorkspace({ status: 'hibernated' });
    const poor = await world.addWorkspace({ url: agent.url, budget: { limit: 1, spent: 2 } });
    const polling = await world.addWorkspace({ deliveryMode: 'poll' });
    for (const id of [asleep, poor, polling]) {
      await setGeneration(id, 2);
      await restart(id, 2);
    }
    await queue();
    await waitFor(async () => (await states(poor))[0] === 'completed');
    expect(world.woken).toEqual([]);
    expect(await states(asleep)).toEqual(['queued']);
    expect(await states(polling)).toEqual(['canceled']);
    expect(await world.activities(polling)).toEqual([]);
  });
});

describe('the words', () => {
  const at = new Date('2026-03-01T12:00:00.000Z');

  it('name when, since when, and what there is to work with', () => {
    const lastHeartbeatAt = new Date('2026-03-01T09:54:31.000Z');
    expect(describeRestart({ at, lastHeartbeatAt, names: ['A', 'B'] }).split('\n')).toEqual([
      '[Platform] Your workspace was restarted.',
      'Restarted at: 2026-03-01T12:00:00.000Z',
      'Previous session ended: 2026-03-01T09:54:31.000Z (2h 5m ago)',
      'Environment variables now available: A, B',
      expect.stringContaining('no answer is needed'),
    ]);
  });

  it('say so when there was no session before, and no variable', () => {
    const text = describeRestart({ at, lastHeartbeatAt: null, names: [] });
    expect(text).toContain('Previous session: none is on record.');
    expect(text).toContain('Environment variables now available: none');
  });
});
