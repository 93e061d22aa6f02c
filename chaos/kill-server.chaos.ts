import { waitFor } from '@molecule/testkit';
import { afterEach, beforeEach, describe, expect, it, onTestFailed } from 'vitest';
import {
  gapsIn,
  readEvents,
  readReceived,
  readTurns,
  repeated,
  repeatedDelegations,
  strayAgents,
  waitUntilSettled,
} from './audit.js';
import { listAgents, listDatabaseProcesses, signalAll } from './process-audit.js';
import { createSeed } from './seed.js';
import { createMessage, importTeam, send, type Team, waitUntilOnline } from './team.js';
import { createWorkload, type Workload } from './workload.js';
import { canLookAtProcesses, createWorld, pause, type World } from './world.js';

const KILLS = 20;
/** Settling after every kill would spare the moments in which the last one is still being recovered from. */
const SETTLE_EVERY = 5;

describe.skipIf(!canLookAtProcesses)('the server killed with -9', () => {
  let world: World;

  beforeEach(async () => {
    world = await createWorld({ MOLECULE_PROVISION_CONCURRENCY: '4' });
    await world.start();
  });
  afterEach(() => world.dispose());

  it('twenty times during imports and delegations loses nothing, strands nobody and does nothing twice', async () => {
    const seed = createSeed();
    onTestFailed(() => console.log(`MOLECULE_CHAOS_SEED=${seed.value}\n${world.output()}`));
    const team = await importTeam(world.api, `team 0 of run ${seed.value}`, 2);
    await waitUntilOnline(world.api, [team.lead, ...team.members.map(({ id }) => id)]);
    const workload = createWorkload(world.api, team, seed);

    for (let kill = 1; kill <= KILLS; kill += 1) {
      let isOver = false;
      const acceptedBefore = acceptedBy(workload);
      const work = workload.run(() => isOver);
      // Every other blow falls blindly, perhaps into the recovery from the one before; the rest hit a server at work.
      if (kill % 2 === 0) await waitFor(() => acceptedBy(workload) > acceptedBefore, { timeoutMs: 20_000 });
      await pause(seed.integer(100, 1_200));
      isOver = true;
      await world.kill();
      await work;
      await world.start();
      await workload.repeatUnsure();
      if (kill % SETTLE_EVERY === 0) await expectAllWell(world, team, workload);
    }

    await expectAllWell(world, team, workload);
    expect(acceptedBy(workload), 'messages and delegations accepted').toBeGreaterThanOrEqual(KILLS / 2);
  }, 480_000);

  it('together with its database and every agent loses no accepted message', async () => {
    const team = await importTeam(world.api, 'Everything', 2);
    const ids = [team.lead, ...team.members.map(({ id }) => id)];
    await waitUntilOnline(world.api, ids);
    const before = (await listAgents(world.dataDir)).map(({ pid }) => pid);
    // A frozen member keeps the lead's turn open, so that the blow surely falls into the middle of it.
    const [member] = (await listAgents(world.dataDir)).filter(({ workspaceId }) => workspaceId === ids[1]);
    signalAll([member?.pid ?? 0], 'SIGSTOP');
    const message = createMessage(team.lead, 'survive this');
    const answer = send(world.api, message);
    await waitFor(async () => (await readReceived(world.api, ids[1] ?? '')).length === 1);

    const database = await listDatabaseProcesses(world.dataDir);
    await world.kill();
    signalAll([...database, ...before], 'SIGKILL');
    expect((await answer).kind).toBe('unsure');
    await world.start();

    const workspaces = await waitUntilSettled(world.api);
    expect(workspaces.map(({ status }) => status)).toEqual(['online', 'online', 'online']);
    expect(await strayAgents(world.dataDir, workspaces)).toEqual([]);
    const [row] = await readReceived(world.api, team.lead);
    expect(row).toMatchObject({ message_id: message.id, status: 'ok' });
    expect(JSON.stringify(row?.response_body)).toContain('Demo reply from Everything lead');
    // What the lead had asked before the blow is answered too, and its second run did not ask again.
    const asked = await readReceived(world.api, ids[1] ?? '');
    expect(asked.map(({ status }) => status)).toEqual(['ok']);
    expect(await readTurns(world.dataDir, ids[1] ?? '')).toHaveLength(1);
    expect(gapsIn(await readEvents(world.api))).toEqual([]);
  }, 120_000);
});

function acceptedBy(workload: Workload): number {
  return workload.accepted.size + workload.delegated.size;
}

async function expectAllWell(world: World, team: Team, workload: Workload): Promise<void> {
  const { api, dataDir } = world;
  const workspaces = await waitUntilSettled(api);
  expect(await strayAgents(dataDir, workspaces)).toEqual([]);
  const names = workspaces.map(({ name }) => name);
  expect(repeated(names), 'workspaces imported twice').toEqual([]);
  const expected = workload.teams().flatMap((name) => [`${name} lead`, `${name} member 1`]);
  expect(expected.filter((name) => !names.includes(name), 'imports that were answered and are gone')).toEqual([]);

  const events = await readEvents(api);
  expect(gapsIn(events)).toEqual([]);
  expect(repeatedDelegations(events)).toEqual([]);

  const ids = [team.lead, ...team.members.map(({ id }) => id)];
  const received = new Map(await Promise.all(ids.map(async (id) => [id, await readReceived(api, id)] as const)));
  for (const [id, rows] of received) {
    const messages = rows.filter(({ method }) => method !== 'delegate_result');
    expect(repeated(messages.map(({ message_id }) => message_id ?? '')), `messages logged twice at ${id}`).toEqual([]);
    const failed = messages.filter(({ status }) => status !== 'ok');
    expect(failed.map(({ error_detail }) => error_detail).filter((detail) => !detail)).toEqual([]);
    const turns = await readTurns(dataDir, id);
    expect(repeated(turns), `messages run twice by ${id}`).toEqual([]);
    for (const message of messages.filter(({ status }) => status === 'ok')) {
      const text = textOf(message.request_body);
      expect(turns, `answered without having been run: ${text}`).toContain(text);
    }
  }
  for (const [message] of workload.accepted) {
    const rows = received.get(message.target)?.filter(({ message_id }) => message_id === message.id);
    expect(rows, `accepted message "${message.text}"`).toHaveLength(1);
  }
  for (const [{ text, caller }, delegationId] of workload.delegated) {
    const { body } = await api.call('getDelegation', { params: { id: caller, delegationId } });
    expect(body.status, `delegation "${text}"`).toMatch(/^(completed|failed)$/);
  }
}

/** The text of a stored message/send. */
function textOf(body: unknown): string {
  const { params } = body as { params: { message: { parts: readonly { text: string }[] } } };
  return params.message.parts[0]?.text ?? '';
}
