import type { Status } from '@molecule/contract';
import { waitFor } from '@molecule/testkit';
import { sql } from 'kysely';
import { afterEach, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { createWorkspacesWorld, type WorkspacesWorld } from '../../../test/workspaces-world.js';
import { readEvents } from '../../platform/event-log.js';
import { createLogger } from '../../platform/logger.js';
import type { Provisioner } from '../../provisioners/provisioner.js';
import { sweepLostHosts } from './hosts.sweeper.js';
import { sweepOverdueStarts } from './provisioning-timeout.sweeper.js';
import { sweepSilence } from './silence.sweeper.js';
import type { Transition } from './transition.js';

const database = useTestDatabase();
const worlds: WorkspacesWorld[] = [];

function open(given: Parameters<typeof createWorkspacesWorld>[1] = {}): WorkspacesWorld {
  const world = createWorkspacesWorld(database.url, given);
  worlds.push(world);
  return world;
}

afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

async function create(world: WorkspacesWorld, name: string, extra: Record<string, unknown> = {}): Promise<string> {
  return (await world.workspaces.verbs.create({ name, runtime: 'echo', ...extra }, 'http://localhost')).id;
}

async function row(world: WorkspacesWorld, id: string) {
  return world.ports.lanes.control.selectFrom('workspaces').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
}

async function age(world: WorkspacesWorld, id: string, minutes: number): Promise<void> {
  await sql`update workspaces set status_changed_at = now() - ${minutes}::integer * interval '1 minute' where id = ${id}`.execute(
    world.ports.lanes.control,
  );
}

async function lastEvent(world: WorkspacesWorld, id: string) {
  const events = await readEvents(world.ports.lanes.control, { afterSeq: 0, limit: 100, workspaceId: id });
  return events.at(-1);
}

/** Puts a workspace online without its worker: the sweeps alone are under test. */
async function online(world: WorkspacesWorld, id: string): Promise<void> {
  await world.ports.transact('control', (tx) =>
    world.ports.commit(tx, { transitions: [{ workspaceId: id, trigger: 'registered', online: {} }] }),
  );
}

function silence(world: WorkspacesWorld, provisioners: Parameters<typeof sweepSilence>[0]['provisioners']) {
  return sweepSilence({ ...world.ports, provisioners, ...SILENCE_LIMITS }, 3_600);
}

const SILENCE_LIMITS = { managedSilenceSeconds: 180, externalSilenceSeconds: 90 } as const;

/** A backend that finds every agent running. */
const allRunning = {
  all: [],
  find: () => ({
    ok: true,
    provisioner: { inspect: async () => ({ state: 'running', record: {} }) } as unknown as Provisioner,
  }),
} satisfies Parameters<typeof sweepSilence>[0]['provisioners'];

describe('the provisioning-timeout sweep', () => {
  it('waits as long as the limit of the runtime, and names it when it gives up', async () => {
    const world = open();
    const limitSecondsOf = () => 1_200;
    const young = await create(world, 'Young');
    const old = await create(world, 'Old');
    await age(world, young, 11);
    await age(world, old, 21);
    await sweepOverdueStarts({ ...world.ports, limitSecondsOf }, 3_600);
    expect((await row(world, young)).status).toBe('provisioning');
    expect(await row(world, old)).toMatchObject({ status: 'failed', failure_reason: 'start_timeout' });
    expect(await lastEvent(world, old)).toMatchObject({
      type: 'WORKSPACE_PROVISION_FAILED',
      payload: { timeout_secs: 1_200, runtime: 'echo', source: 'provision_timeout_sweep' },
    });
  });

  it('a server that was down for a night lets its starts have their time', async () => {
    const world = open();
    const id = await create(world, 'Overnight');
    await age(world, id, 600);
    await sweepOverdueStarts({ ...world.ports, limitSecondsOf: () => 600 }, 0);
    expect((await row(world, id)).status).toBe('provisioning');
    await sweepOverdueStarts({ ...world.ports, limitSecondsOf: () => 600 }, 610);
    expect((await row(world, id)).status).toBe('failed');
  });

  it('a restart of what is still starting has the whole time again', async () => {
    const world = open();
    const id = await create(world, 'Again');
    await age(world, id, 11);
    await world.ports.transact('control', (tx) =>
      world.ports.commit(tx, { transitions: [{ workspaceId: id, trigger: 'start_requested' }] }),
    );
    await sweepOverdueStarts({ ...world.ports, limitSecondsOf: () => 600 }, 3_600);
    expect(await row(world, id)).toMatchObject({ status: 'provisioning', generation: 2 });
    await age(world, id, 11);
    await sweepOverdueStarts({ ...world.ports, limitSecondsOf: () => 600 }, 3_600);
    expect(await row(world, id)).toMatchObject({ status: 'failed', failure_reason: 'start_timeout' });
  });

  it.each([
    ['nothing was started', 'none', 1, 'The agent could not be started within 600 s.'],
    ['what was started has ended', 'gone', 1, 'The agent could not be started within 600 s.'],
    ['only the instance before the restart runs', 'running', 0, 'The agent could not be started within 600 s.'],
    [
      'it runs',
      'running',
      1,
      'The agent was started but never called /registry/register within 600 s. Look at its log.',
    ],
    [
      'its backend cannot tell',
      'unknown',
      0,
      'The agent never called /registry/register within 600 s, and its backend cannot tell whether it runs.',
    ],
  ] as const)('D19: the sentence claims what is known: %s', async (name, state, observed, sentence) => {
    const world = open();
    const id = await create(world, name);
    // The record of an instance outlives it: only its state says whether one runs.
    await world.ports.lanes.control
      .updateTable('workspaces')
      .set({ instance: JSON.stringify({ kind: 'fake' }), instance_state: state, observed_generation: observed })
      .where('id', '=', id)
      .execute();
    await age(world, id, 11);
    await sweepOverdueStarts({ ...world.ports, limitSecondsOf: () => 600 }, 3_600);
    expect((await row(world, id)).last_sample_error).toBe(sentence);
  });
});

describe('the silence sweep', () => {
  it('R17, B-21, M-24: a silent external workspace waits for its agent again, without any backend', async () => {
    const world = open();
    const id = await create(world, 'Far', { external: true, url: 'https://agent.example.com' });
    await age(world, id, 3);
    await silence(world, { all: [], find: () => ({ ok: false, reason: 'none' }) });
    expect((await row(world, id)).status).toBe('awaiting_agent');
  });

  it('a beat that is young enough protects it', async () => {
    const world = open();
    const id = await create(world, 'Near', { external: true, url: 'https://agent.example.com' });
    await age(world, id, 3);
    await sql`update workspace_liveness set last_heartbeat_at = now() where workspace_id = ${id}`.execute(
      world.ports.lanes.control,
    );
    await silence(world, { all: [], find: () => ({ ok: false, reason: 'none' }) });
    expect((await row(world, id)).status).toBe('online');
  });

  it('R43: a backend that cannot tell leads to nothing', async () => {
    const world = open();
    const id = await create(world, 'Hidden');
    await online(world, id);
    await age(world, id, 4);
    const unknown = {
      ...world.host.machine.createDriver(),
      inspect: async () => ({ state: 'unknown', reason: 'away' }),
    };
    await silence(world, { all: [], find: () => ({ ok: true, provisioner: unknown as never }) });
    expect((await row(world, id)).status).toBe('online');
  });

  it('a managed agent that hangs is replaced by one of a new generation', async () => {
    const world = open();
    const id = await create(world, 'Hung');
    await online(world, id);
    await age(world, id, 4);
    await silence(world, allRunning);
    expect(await row(world, id)).toMatchObject({ status: 'provisioning', generation: 2, desired: 'running' });
  });

  describe('what happens while the backend is asked counts', () => {
    const apply = (world: WorkspacesWorld, transition: Transition) =>
      world.ports.transact('control', (tx) => world.ports.commit(tx, { transitions: [transition] }));
    const cases: [what: string, status: Status, happen: (world: WorkspacesWorld, id: string) => Promise<unknown>][] = [
      [
        'an agent that crash-looped stays failed',
        'failed',
        (world, workspaceId) => {
          const failure = { reason: 'crash_loop', text: 'It ended five times.' } as const;
          return apply(world, { workspaceId, trigger: 'crash_looped', failure });
        },
      ],
      [
        'one whose end was reported waits for as long as its crashes ask',
        'offline',
        (world, workspaceId) => apply(world, { workspaceId, trigger: 'instance_ended', why: 'It ended.' }),
      ],
      [
        'one that is heard again goes on',
        'online',
        (world, id) =>
          sql`update workspace_liveness set last_heartbeat_at = now() where workspace_id = ${id}`.execute(
            world.ports.lanes.control,
          ),
      ],
    ];
    it.each(cases)('%s', async (_, status, happen) => {
      const world = open();
      const id = await create(world, 'Meanwhile');
      await online(world, id);
      await age(world, id, 4);
      const inspect = async () => {
        await happen(world, id);
        return { state: 'absent' };
      };
      await silence(world, { all: [], find: () => ({ ok: true, provisioner: { inspect } as unknown as Provisioner }) });
      expect(await row(world, id)).toMatchObject({ status, generation: 1 });
    });
  });

  it('a server that ends in the middle leaves no agent offline that nobody would start again', async () => {
    const world = open();
    const id = await create(world, 'Half');
    await online(world, id);
    await age(world, id, 4);
    let transactions = 0;
    const transact: typeof world.ports.transact = (lane, work) => {
      transactions += 1;
      return transactions === 1 ? world.ports.transact(lane, work) : Promise.reject(new Error('killed'));
    };
    await sweepSilence({ ...world.ports, transact, provisioners: allRunning, ...SILENCE_LIMITS }, 3_600).catch(
      () => undefined,
    );
    const after = await row(world, id);
    expect(after.observed_generation).toBeLessThan(after.generation);
    expect(after.status).toBe('provisioning');
  });

  it('silence that nobody was there to hear does not count', async () => {
    const world = open();
    const id = await create(world, 'Patient');
    await online(world, id);
    await age(world, id, 30);
    const sweep = (listeningSeconds: number) =>
      sweepSilence({ ...world.ports, provisioners: allRunning, ...SILENCE_LIMITS }, listeningSeconds);
    await sweep(0);
    await sweep(175);
    expect((await row(world, id)).status).toBe('online');
    await sweep(185);
    expect((await row(world, id)).status).toBe('provisioning');
  });
});

describe('hosts', () => {
  it('what ran on a host that fell silent is reported as gone, with the reason', async () => {
    const world = open();
    const id = await create(world, 'Stranded');
    await online(world, id);
    const hostId = world.ports.random.uuid();
    await sql`insert into server_hosts (id, name, seen_at) values (${hostId}, 'attic', now() - interval '6 minutes')`.execute(
      world.ports.lanes.control,
    );
    await sql`update workspaces set host_id = ${hostId} where id = ${id}`.execute(world.ports.lanes.control);
    await sweepLostHosts({ ...world.ports, hostId });
    expect((await row(world, id)).status).toBe('online');
    await sweepLostHosts({ ...world.ports, hostId: world.host.id });
    const stored = await row(world, id);
    expect(stored.status).toBe('offline');
    expect(stored.last_sample_error).toMatch(/^host_gone: the server on host attic/);
  });

  it('what ran on a host that is forgotten by now is reported as gone as well', async () => {
    const world = open();
    const id = await create(world, 'Stranded for long');
    await online(world, id);
    const hostId = world.ports.random.uuid();
    await sql`update workspaces set host_id = ${hostId} where id = ${id}`.execute(world.ports.lanes.control);
    await sweepLostHosts({ ...world.ports, hostId: world.host.id });
    const stored = await row(world, id);
    expect(stored.status).toBe('offline');
    expect(stored.last_sample_error).toMatch(new RegExp(`^host_gone: the server on host ${hostId}`));
  });

  it('the next server on a host adopts what still runs and starts what does not', async () => {
    const first = open();
    await first.ports.start();
    const alive = await create(first, 'Alive');
    const dead = await create(first, 'Dead');
    for (const id of [alive, dead]) {
      await waitFor(async () => (await row(first, id)).instance_state === 'running');
      await online(first, id);
    }
    worlds.splice(worlds.indexOf(first), 1);
    // As after kill -9: no orderly stop, the loops and connections simply end, and one agent dies meanwhile.
    await first.close();
    first.backend.crash(dead);

    const lines: string[] = [];
    const logger = createLogger({ level: 'info', destination: { write: (line) => lines.push(line) } });
    const second = open({ host: first.host, logger });
    await second.ports.start();
    await second.workspaces.resume();
    await waitFor(async () => (await row(second, dead)).status === 'provisioning');
    await waitFor(async () => (await row(second, dead)).instance_state === 'running');
    await waitFor(async () => (await row(second, alive)).due_at === null);
    const starts = (id: string) => second.backend.calls.filter((call) => call === `start ${id}`).length;
    expect(starts(alive)).toBe(1);
    expect(starts(dead)).toBe(2);
    expect((await row(second, alive)).status).toBe('online');
    const said = lines.filter((line) => line.includes('"msg":"starting instance"')).join('');
    expect(said).toContain(dead);
    expect(said).not.toContain(alive);
  });

  it('the next server at another address starts the agents again with it, instead of leaving them to look for the old one', async () => {
    const first = open();
    await first.ports.start();
    const id = await create(first, 'Moved');
    await waitFor(async () => (await row(first, id)).instance_state === 'running');
    await online(first, id);
    worlds.splice(worlds.indexOf(first), 1);
    await first.close();

    const moved = 'http://127.0.0.1:2';
    const second = open({ host: first.host, platformUrl: moved });
    await second.ports.start();
    await second.workspaces.resume();
    await waitFor(async () => second.backend.findSpec(id)?.platformUrl === moved);
    await waitFor(async () => (await row(second, id)).instance_state === 'running');
    expect(second.backend.countRunning(id)).toBe(1);
    expect(await row(second, id)).toMatchObject({ status: 'provisioning', crash_count: 0 });
  });

  it('an orderly stop says so on the rows, and the next start takes them up', async () => {
    const first = open();
    await first.ports.start();
    const id = await create(first, 'Overnight');
    await waitFor(async () => (await row(first, id)).instance_state === 'running');
    await online(first, id);
    await first.workspaces.standDown();
    expect(first.backend.countRunning(id)).toBe(0);
    expect(await row(first, id)).toMatchObject({ status: 'offline', desired: 'running' });
    worlds.splice(worlds.indexOf(first), 1);
    await first.close();

    const second = open({ host: first.host });
    await second.ports.start();
    await second.workspaces.resume();
    await waitFor(async () => (await row(second, id)).instance_state === 'running');
    expect(second.backend.countRunning(id)).toBe(1);
  });
});
