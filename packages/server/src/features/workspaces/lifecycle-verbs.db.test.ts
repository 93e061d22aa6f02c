import { STATUSES, type Status } from '@molecule/contract';
import { waitFor } from '@molecule/testkit';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { createWorkspacesWorld, NO_TEMPLATES, type WorkspacesWorld } from '../../../test/workspaces-world.js';
import { toError } from '../../platform/errors.js';
import { readEvents } from '../../platform/event-log.js';
import { AppError } from '../../platform/http/app-error.js';
import { sweepIdle } from './idle.sweeper.js';
import { writeBeats } from './liveness.store.js';

const database = useTestDatabase();
const stays = new AbortController().signal;
const TEMPLATES = ['writer', 'seo'];
let world: WorkspacesWorld;
/** Restarts that an agent is to be told about. */
let told: { workspaceId: string; generation: number; lastHeartbeatAt: Date | null }[];

beforeEach(async () => {
  told = [];
  world = createWorkspacesWorld(database.url, {
    restartContexts: { record: async (_tx, restart) => void told.push(restart) },
    sources: () => ({
      templates: {
        ...NO_TEMPLATES,
        find: (name) => (TEMPLATES.includes(name) ? { runtime: 'echo' } : null),
        isSafeName: (name) => !name.includes('/'),
        isKnown: (name) => TEMPLATES.includes(name),
        compose: async ({ template }) => ({
          files: [{ path: 'config.yaml', content: Buffer.from(`from: ${template}\n`) }],
          templateHash: template === null ? null : `hash of ${template}`,
        }),
      },
      secrets: {
        checkNames: () => {},
        writeWorkspaceSecrets: async () => {},
        readFor: async () => ({ values: {}, confidential: [] }),
      },
    }),
  });
  await world.ports.start();
});
afterEach(() => world.close());

async function create(name: string, extra: Record<string, unknown> = {}): Promise<string> {
  return (await world.workspaces.verbs.create({ name, runtime: 'echo', ...extra }, 'http://localhost')).id;
}

/** Started, registered, online. */
async function online(name: string, extra: Record<string, unknown> = {}): Promise<string> {
  const id = await create(name, extra);
  // And let go by the worker, which writes once more to do so.
  await waitFor(async () => {
    const { instance_state: state, lease_owner: owner } = await row(id);
    return state === 'running' && owner === null;
  });
  await register(id);
  return id;
}

async function register(id: string): Promise<void> {
  await world.ports.transact('control', (tx) =>
    world.ports.commit(tx, { transitions: [{ workspaceId: id, trigger: 'registered', online: {} }] }),
  );
}

async function row(id: string) {
  return world.ports.lanes.control.selectFrom('workspaces').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
}

async function settled(id: string): Promise<void> {
  await waitFor(async () => {
    const { generation, observed_generation: observed, lease_owner: worker } = await row(id);
    return generation === observed && worker === null;
  });
}

async function force(id: string, status: Status): Promise<void> {
  await sql`update workspaces set status = ${status}::workspace_status, last_sample_error = 'x' where id = ${id}`.execute(
    world.ports.lanes.control,
  );
}

async function work(id: string, activeTasks: number): Promise<void> {
  await sql`update workspace_liveness set active_tasks = ${activeTasks} where workspace_id = ${id}`.execute(
    world.ports.lanes.control,
  );
}

async function eventTypes(id: string): Promise<string[]> {
  const events = await readEvents(world.ports.lanes.control, { afterSeq: 0, limit: 100, workspaceId: id });
  return events.map((event) => event.type);
}

const verbs = () => world.workspaces.lifecycle;
const configOf = (id: string): string => String(world.backend.files.read(id, 'config.yaml') ?? '');
const startsOf = (id: string): number => world.backend.calls.filter((call) => call === `start ${id}`).length;

describe('the rows of these tests', () => {
  it('R40, B-32: lie in the Postgres of a real server, whose own rules refuse what must never be written', async () => {
    const id = await create('Ada');
    const db = world.ports.lanes.control;
    const { rows } = await sql<{ version: string }>`select version()`.execute(db);
    expect(rows[0]?.version).toMatch(/^PostgreSQL \d+/);
    for (const [change, code] of [
      ["status = 'failed', last_sample_error = null", '23514'],
      ["status = 'sleeping'", '22P02'],
      ['generation = null', '23502'],
      [`parent_id = '6a1b5f0e-9c3d-4e2f-8a7b-0123456789ab'`, '23503'],
    ]) {
      const write = sql.raw(`update workspaces set ${change} where id = '${id}'`).execute(db);
      await expect(write).rejects.toMatchObject({ code });
    }
  });
});

describe('restart', () => {
  it('R11: answers while the stop of the old instance still takes its time, and the pair runs to its end', async () => {
    const id = await online('Ada');
    const stops = world.backend.holdStops();
    expect(await verbs().restart(id, {})).toMatchObject({ kind: 'started' });
    expect((await row(id)).status).toBe('provisioning');
    stops.release();
    await settled(id);
    expect(startsOf(id)).toBe(2);
    expect(world.backend.countRunning(id)).toBe(1);
  });

  it('R4: leaves edits of the owner alone when no template is stored', async () => {
    const id = await online('Ada');
    world.backend.files.write(id, 'config.yaml', Buffer.from('mine\n'));
    const done = await verbs().restart(id, {});
    expect(done).toMatchObject({ source: { label: 'existing-volume', apply: null } });
    await settled(id);
    expect(configOf(id)).toBe('mine\n');
  });

  it('tells the instance it begins that it is one, and since when; no other start does', async () => {
    const id = await online('told');
    expect(told).toEqual([]);
    await verbs().restart(id, {});
    const { generation } = await row(id);
    expect(told).toEqual([{ workspaceId: id, generation, lastHeartbeatAt: null }]);
    const beatAt = new Date('2026-01-02T03:04:05.000Z');
    await sql`update workspace_liveness set last_heartbeat_at = ${beatAt} where workspace_id = ${id}`.execute(
      world.ports.lanes.control,
    );
    await verbs().restart(id, {});
    expect(told[1]).toEqual({ workspaceId: id, generation: generation + 1, lastHeartbeatAt: beatAt });
    await verbs().pause(id, stays);
    await verbs().resume(id);
    await register(id);
    await verbs().hibernate(id, false, stays);
    await verbs().wake([id]);
    await world.ports.transact('control', (tx) =>
      world.ports.commit(tx, { transitions: [{ workspaceId: id, trigger: 'start_requested' }] }),
    );
    const elsewhere = await create('elsewhere', { external: true });
    expect(await verbs().restart(elsewhere, {})).toEqual({ kind: 'external' });
    expect(told).toHaveLength(2);
  });

  it('R2: applies a template stored since, once; the next restart names it and keeps edits', async () => {
    const id = await online('Ada', { template: 'writer' });
    expect((await row(id)).applied_template).toBe('writer');
    await verbs().setTemplate(id, 'seo');
    expect(configOf(id)).toBe('from: writer\n');
    expect(await verbs().restart(id, {})).toMatchObject({ source: { label: 'seo', apply: 'seo' } });
    await settled(id);
    expect(configOf(id)).toBe('from: seo\n');
    world.backend.files.write(id, 'config.yaml', Buffer.from('mine\n'));
    expect(await verbs().restart(id, {})).toMatchObject({ source: { label: 'seo', apply: null } });
    await settled(id);
    expect(configOf(id)).toBe('mine\n');
    expect(await row(id)).toMatchObject({ applied_template: 'seo', pending_template: null });
  });

  it('R2: an edit made while the agent is still starting survives a restart that follows at once', async () => {
    const held = world.backend.holdStarts();
    const id = await create('Ada', { template: 'writer' });
    await waitFor(() => world.backend.findToken(id) !== null);
    world.backend.files.write(id, 'config.yaml', Buffer.from('mine\n'));
    expect(await verbs().restart(id, {})).toMatchObject({ source: { apply: null } });
    held.release();
    await settled(id);
    expect(configOf(id)).toBe('mine\n');
    expect(await row(id)).toMatchObject({ applied_template: 'writer', pending_template: null });
  });

  it('a start that fails after a template was asked for lays it over the folder when it succeeds', async () => {
    const id = await online('Ada', { template: 'writer' });
    world.backend.failNextStart(['no']);
    await verbs().restart(id, { template: 'seo' });
    await settled(id);
    expect(configOf(id)).toBe('from: seo\n');
    expect(await row(id)).toMatchObject({ applied_template: 'seo', pending_template: null });
  });

  it('R5: fills an emptied folder from the stored template and remembers which', async () => {
    const id = await online('Ada', { template: 'writer' });
    world.backend.files.remove(id, 'config.yaml');
    await verbs().restart(id, {});
    await settled(id);
    expect(configOf(id)).toBe('from: writer\n');
  });

  it('asks the agent to forget its conversations when told so, once, also when the first start of it fails', async () => {
    const id = await online('Ada');
    expect(await verbs().restart(id, {})).toMatchObject({ resets: false });
    await settled(id);
    expect(world.backend.countResets(id)).toBe(0);
    world.backend.failNextStart(['no']);
    expect(await verbs().restart(id, { reset: true })).toMatchObject({ resets: true });
    await settled(id);
    expect(world.backend.countResets(id)).toBe(2);
    expect(await row(id)).toMatchObject({ pending_reset: false });
    await verbs().restart(id, {});
    await settled(id);
    expect(world.backend.countResets(id)).toBe(2);
  });

  it('says truthfully that a runtime without conversations of its own forgets none', async () => {
    const id = await create('Ada', { runtime: 'openclaw' });
    expect(await verbs().restart(id, { reset: true })).toMatchObject({ resets: false });
    expect(await row(id)).toMatchObject({ pending_reset: false });
  });

  it('of an external workspace changes nothing', async () => {
    const id = await create('Elsewhere', { external: true });
    await settled(id);
    await waitFor(async () => (await row(id)).lease_owner === null);
    const before = await row(id);
    expect(await verbs().restart(id, {})).toEqual({ kind: 'external' });
    expect(await row(id)).toEqual(before);
  });

  it('is refused below a paused workspace, whose name the refusal tells', async () => {
    const lead = await online('Lead');
    const middle = await online('Middle', { parent_id: lead });
    const leaf = await online('Leaf', { parent_id: middle });
    await verbs().pause(lead, stays);
    await force(leaf, 'offline');
    await expect(verbs().restart(leaf, {})).rejects.toMatchObject({
      code: 'ancestor_paused',
      message: 'parent workspace "Middle" is paused — resume it first',
    });
  });

  it('many at once start one instance of the newest generation', async () => {
    const id = await online('Ada');
    await Promise.all(Array.from({ length: 20 }, () => verbs().restart(id, {})));
    await settled(id);
    expect(world.backend.countRunning(id)).toBe(1);
    expect(world.backend.findSpec(id)?.generation).toBe((await row(id)).generation);
  });
});

describe('pause and resume', () => {
  it('hold and start a whole tree; children paused before by themselves come along', async () => {
    const lead = await online('Lead');
    const child = await online('Child', { parent_id: lead });
    const grandchild = await online('Grandchild', { parent_id: child });
    expect(await verbs().pause(grandchild, stays)).toEqual({ count: 1, stopFailures: 0 });
    expect(await verbs().pause(lead, stays)).toEqual({ count: 2, stopFailures: 0 });
    for (const id of [lead, child, grandchild]) {
      expect(await row(id)).toMatchObject({ status: 'paused', url: null });
      expect(world.backend.countRunning(id)).toBe(0);
    }
    await expect(verbs().pause(lead, stays)).rejects.toMatchObject({ code: 'workspace_not_pausable' });
    await expect(verbs().resume(child)).rejects.toMatchObject({ code: 'ancestor_paused' });
    expect(await verbs().resume(lead)).toEqual({ count: 3 });
    for (const id of [lead, child, grandchild]) await settled(id);
    expect(world.backend.countRunning(grandchild)).toBe(1);
    await expect(verbs().resume(lead)).rejects.toMatchObject({ code: 'workspace_not_paused' });
  });

  it('an external agent that is resumed is awaited, and never started here', async () => {
    const id = await create('Elsewhere', { external: true });
    await verbs().pause(id, stays);
    await verbs().resume(id);
    await settled(id);
    expect((await row(id)).status).toBe('awaiting_agent');
  });

  it('a stop that fails is told with the count, and tried again until it succeeds', async () => {
    const id = await online('Ada');
    world.backend.setReachable(false);
    expect(await verbs().pause(id, stays)).toEqual({ count: 1, stopFailures: 1 });
    expect((await row(id)).status).toBe('paused');
    world.backend.setReachable(true);
    await waitFor(async () => world.backend.countRunning(id) === 0, { timeoutMs: 15_000 });
  });
});

describe('hibernation', () => {
  it('stops the instance once, however many ask at the same time', async () => {
    const id = await online('Ada');
    const answers = await Promise.all(Array.from({ length: 10 }, () => verbs().hibernate(id, false, stays)));
    expect(new Set(answers)).toEqual(new Set(['hibernated']));
    expect(await row(id)).toMatchObject({ status: 'hibernated', url: null });
    expect((await eventTypes(id)).filter((type) => type === 'WORKSPACE_HIBERNATED')).toHaveLength(1);
  });

  it('of an agent at work is refused with the number of its tasks, unless forced', async () => {
    const id = await online('Ada');
    await work(id, 2);
    await expect(verbs().hibernate(id, false, stays)).rejects.toMatchObject({
      code: 'workspace_busy',
      fields: { active_tasks: 2 },
    });
    expect((await row(id)).status).toBe('online');
    expect(await verbs().hibernate(id, true, stays)).toBe('hibernated');
    expect(world.backend.countRunning(id)).toBe(0);
  });

  it('that cannot stop the instance says so, and goes on trying', async () => {
    const id = await online('Ada');
    world.backend.setReachable(false);
    await expect(verbs().hibernate(id, false, stays)).rejects.toMatchObject({ code: 'hibernation_failed' });
    expect((await row(id)).status).toBe('hibernating');
    world.backend.setReachable(true);
    await waitFor(async () => (await row(id)).status === 'hibernated', { timeoutMs: 15_000 });
  });

  it('D3: a waiting message wakes it, also while it is still being stopped', async () => {
    const id = await online('Ada');
    await verbs().hibernate(id, false, stays);
    await verbs().wake([id]);
    await settled(id);
    expect(await row(id)).toMatchObject({ status: 'provisioning', desired: 'running' });
    expect(world.backend.countRunning(id)).toBe(1);
  });

  it.each(STATUSES.filter((status) => status !== 'hibernated' && status !== 'hibernating'))(
    'a waiting message leaves one that is %s alone',
    async (status) => {
      const id = await online('Ada');
      await settled(id);
      await force(id, status);
      const before = await row(id);
      await verbs().wake([id]);
      expect(await row(id)).toEqual(before);
    },
  );

  it('D4, D22: comes by itself after the time without a task that its owner allows, and only then', async () => {
    const [sleepy, busy, fresh, never] = [
      await online('Sleepy'),
      await online('Busy'),
      await online('Fresh'),
      await online('Never'),
    ];
    const db = world.ports.lanes.control;
    for (const id of [sleepy, busy, fresh]) await world.workspaces.verbs.patch(id, { hibernation_idle_minutes: 5 });
    await sql`update workspace_liveness set idle_since = now() - interval '6 minutes' where workspace_id = any(${[sleepy, busy, never]}::uuid[])`.execute(
      db,
    );
    await sql`update workspace_liveness set idle_since = now() where workspace_id = ${fresh}`.execute(db);
    await work(busy, 1);
    await sweepIdle(world.ports);
    await settled(sleepy);
    expect((await row(sleepy)).status).toBe('hibernated');
    for (const id of [busy, fresh, never]) expect((await row(id)).status).toBe('online');
  });
});

describe('idleness', () => {
  async function idleSince(id: string): Promise<Date | null> {
    const { idle_since: since } = await world.ports.lanes.control
      .selectFrom('workspace_liveness')
      .select('idle_since')
      .where('workspace_id', '=', id)
      .executeTakeFirstOrThrow();
    return since;
  }
  /** Development mode lets a beat without a token in, for a workspace that never had one. */
  const beat = (id: string, activeTasks: number) =>
    writeBeats(world.ports.lanes.control, [{ id, hash: null, activeTasks }], true);

  it('D4: counts from the end of work, and no later beat of an idle agent moves it', async () => {
    const id = await create('Elsewhere', { external: true });
    await beat(id, 1);
    expect(await idleSince(id)).toBeNull();
    await beat(id, 0);
    const since = await idleSince(id);
    expect(since).not.toBeNull();
    await beat(id, 0);
    expect(await idleSince(id)).toEqual(since);
    await beat(id, 2);
    expect(await idleSince(id)).toBeNull();
  });
});

describe('collapse', () => {
  it('D8: removes everything below, and says which children those were', async () => {
    const lead = await online('Lead');
    const child = await online('Child', { parent_id: lead });
    const grandchild = await online('Grandchild', { parent_id: child });
    expect(await verbs().collapse(lead, stays)).toEqual({ names: ['Child'], stopFailures: 0 });
    for (const id of [child, grandchild]) {
      expect((await row(id)).status).toBe('removed');
      expect(world.backend.countRunning(id)).toBe(0);
    }
    expect(world.backend.countRunning(lead)).toBe(1);
    expect((await eventTypes(lead)).at(-1)).toBe('WORKSPACE_COLLAPSED');
  });
});

describe('every verb against every status', () => {
  const outcomes: Record<Status, Record<'restart' | 'pause' | 'resume' | 'hibernate', string>> = {
    provisioning: {
      restart: 'provisioning',
      pause: 'paused',
      resume: 'workspace_not_paused',
      hibernate: 'workspace_not_hibernatable',
    },
    online: { restart: 'provisioning', pause: 'paused', resume: 'workspace_not_paused', hibernate: 'hibernated' },
    degraded: { restart: 'provisioning', pause: 'paused', resume: 'workspace_not_paused', hibernate: 'hibernated' },
    offline: {
      restart: 'provisioning',
      pause: 'paused',
      resume: 'workspace_not_paused',
      hibernate: 'workspace_not_hibernatable',
    },
    awaiting_agent: {
      restart: 'awaiting_agent',
      pause: 'paused',
      resume: 'workspace_not_paused',
      hibernate: 'workspace_not_hibernatable',
    },
    paused: {
      restart: 'provisioning',
      pause: 'workspace_not_pausable',
      resume: 'provisioning',
      hibernate: 'workspace_not_hibernatable',
    },
    hibernating: { restart: 'provisioning', pause: 'paused', resume: 'workspace_not_paused', hibernate: 'hibernating' },
    hibernated: { restart: 'provisioning', pause: 'paused', resume: 'workspace_not_paused', hibernate: 'hibernated' },
    failed: {
      restart: 'provisioning',
      pause: 'paused',
      resume: 'workspace_not_paused',
      hibernate: 'workspace_not_hibernatable',
    },
    removed: {
      restart: 'workspace_not_found',
      pause: 'workspace_not_pausable',
      resume: 'workspace_not_paused',
      hibernate: 'workspace_not_hibernatable',
    },
  };
  const run = {
    restart: (id: string) => verbs().restart(id, {}),
    pause: (id: string) => verbs().pause(id, stays),
    resume: (id: string) => verbs().resume(id),
    hibernate: (id: string) => verbs().hibernate(id, false, stays),
  };
  const cases = STATUSES.flatMap((status) =>
    Object.entries(outcomes[status]).map(([verb, outcome]) => ({ status, verb: verb as keyof typeof run, outcome })),
  );

  it.each(cases)('$verb of one that is $status: $outcome', async ({ status, verb, outcome }) => {
    const id = await online('Ada');
    await settled(id);
    await force(id, status);
    const code = await run[verb](id).then(
      () => null,
      (error: unknown) => (error instanceof AppError ? error.code : toError(error).message),
    );
    const after = await row(id);
    expect(code ?? after.status).toBe(outcome);
    if (code !== null) expect(after.status).toBe(status);
  });
});
