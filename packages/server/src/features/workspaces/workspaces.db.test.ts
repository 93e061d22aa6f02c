import { STATUSES } from '@molecule/contract';
import { countAbortFollowers, waitFor } from '@molecule/testkit';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { insertWorkspace } from '../../../test/builders.js';
import { useTestDatabase } from '../../../test/database.js';
import { stopSignalOf } from '../../../test/ports.js';
import { createWorkspacesWorld, NO_TEMPLATES, type WorkspacesWorld } from '../../../test/workspaces-world.js';
import { PlatformUnavailableError } from '../../platform/errors.js';
import { readEvents } from '../../platform/event-log.js';
import { TRIGGERS } from './lifecycle.js';
import { writeBeats } from './liveness.store.js';
import { sweepOverdueStarts } from './provisioning-timeout.sweeper.js';
import { sweepSilence } from './silence.sweeper.js';
import type { Transition } from './transition.js';
import { workspaceReads } from './workspaces.views.js';

const database = useTestDatabase();
const never = new AbortController().signal;
let world: WorkspacesWorld;

beforeEach(async () => {
  world = createWorkspacesWorld(database.url);
  await world.ports.start();
});
afterEach(async () => {
  await world.close();
});
afterAll(() => {});

async function create(name: string, extra: Record<string, unknown> = {}): Promise<string> {
  const created = await world.workspaces.verbs.create({ name, runtime: 'echo', ...extra }, 'http://localhost');
  return created.id;
}

async function row(id: string) {
  return world.ports.lanes.control.selectFrom('workspaces').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
}

function events(id: string) {
  return readEvents(world.ports.lanes.control, { afterSeq: 0, limit: 100, workspaceId: id });
}

async function eventTypes(id: string): Promise<string[]> {
  return (await events(id)).map((event) => event.type);
}

/** The agent says it is there. */
async function register(id: string): Promise<void> {
  await world.ports.transact('control', (tx) =>
    world.ports.commit(tx, { transitions: [{ workspaceId: id, trigger: 'registered', online: {} }] }),
  );
}

/** What a changed secret or a silent agent asks for: a new generation. */
function restart(id: string) {
  return world.ports.transact('control', (tx) =>
    world.ports.commit(tx, { transitions: [{ workspaceId: id, trigger: 'start_requested' }] }),
  );
}

/** Until so many statements wait for a lock of somebody else. */
async function waitingForLocks(count: number): Promise<void> {
  await waitFor(async () => {
    const { rows } = await sql<{ waiting: number }>`
      select count(*)::int as waiting from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock'`.execute(world.ports.lanes.health);
    return (rows[0]?.waiting ?? 0) >= count;
  });
}

/** Ends the agent five times. The wait before the next start is cut short: delays are tested in crash-policy.test.ts. */
async function crashLoop(id: string, output: readonly string[]): Promise<void> {
  for (let crash = 1; crash <= 5; crash += 1) {
    await waitFor(async () => {
      await sql`update workspaces set due_at = now() where id = ${id} and due_at is not null`.execute(
        world.ports.lanes.control,
      );
      return (await row(id)).instance_state === 'running';
    });
    world.backend.crash(id, { code: 7, output });
    await waitFor(async () => (await row(id)).crash_count === crash);
  }
  expect((await row(id)).status).toBe('failed');
  expect(world.backend.calls.filter((call) => call === `start ${id}`)).toHaveLength(5);
}

async function started(id: string): Promise<void> {
  await waitFor(async () => (await row(id)).instance_state === 'running');
}

describe('workspaces on a real database', () => {
  it('one is found with all that a list says of it', async () => {
    const id = await create('Solo');
    const { control } = world.ports.lanes;
    const [listed] = await workspaceReads.list(control);
    expect(await workspaceReads.find(control, id)).toStrictEqual(listed);
  });

  it('R15, B-22: every status the code knows can be written', async () => {
    const { rows } = await sql<{ name: string }>`
      select unnest(enum_range(null::workspace_status))::text as name`.execute(world.ports.lanes.control);
    expect(rows.map((found) => found.name).sort()).toEqual([...STATUSES].sort());
    const id = await create('Written');
    await started(id);
    for (const status of STATUSES) {
      await sql`update workspaces set status = ${status}::workspace_status, last_sample_error = 'x' where id = ${id}`.execute(
        world.ports.lanes.control,
      );
      expect((await row(id)).status).toBe(status);
    }
  });

  it('a created workspace is started once, with a token of its generation', async () => {
    const id = await create('Ada');
    await started(id);
    await register(id);
    const stored = await row(id);
    expect(stored.status).toBe('online');
    expect(stored.observed_generation).toBe(stored.generation);
    expect(stored.url).toMatch(/^http/);
    expect(world.issued.filter((entry) => entry.startsWith(id))).toEqual([`${id}#1`]);
    expect(await eventTypes(id)).toEqual(['WORKSPACE_PROVISIONING', 'WORKSPACE_ONLINE']);
  });

  it('design §10: a runtime that is not installed fails at once with the reason', async () => {
    const id = await create('Grace', { runtime: 'openclaw' });
    await waitFor(async () => (await row(id)).status === 'failed');
    expect((await row(id)).last_sample_error).toBe(
      'Runtime openclaw is not installed on this server. Pick claude-code, codex, llm or echo.',
    );
    expect(await eventTypes(id)).toEqual(['WORKSPACE_PROVISIONING', 'WORKSPACE_PROVISION_FAILED']);
  });

  it.each([
    ['a database that is away for a moment', new PlatformUnavailableError('the database is away')],
    ['a transaction that collides with another', Object.assign(new Error('deadlock detected'), { code: '40P01' })],
  ])('%s during a start does not fail the workspace', async (_, error) => {
    let reads = 0;
    const other = createWorkspacesWorld(database.url, {
      sources: () => ({
        templates: NO_TEMPLATES,
        secrets: {
          checkNames: () => {},
          writeWorkspaceSecrets: async () => {},
          readFor: async () => {
            reads += 1;
            if (reads === 1) throw error;
            return { values: {}, confidential: [] };
          },
        },
      }),
    });
    await world.ports.supervisor.stop(1_000);
    await other.ports.start();
    try {
      const { id } = await other.workspaces.verbs.create({ name: 'Patient', runtime: 'echo' }, 'http://localhost');
      await waitFor(async () => (await row(id)).instance_state === 'running', { timeoutMs: 10_000 });
      expect(reads).toBe(2);
      expect(await eventTypes(id)).toEqual(['WORKSPACE_PROVISIONING']);
    } finally {
      await other.close();
    }
  });

  it('starting leaves nothing behind on the signal by which the server stops', async () => {
    const stopping = await stopSignalOf(world.ports.supervisor);
    const ids = await Promise.all(Array.from({ length: 12 }, (_, n) => create(`Many ${n}`)));
    for (const id of ids) await started(id);
    await expect.poll(() => countAbortFollowers(stopping)).toBe(0);
  });

  it('R14, B-23: the database refuses a failure without a reason', async () => {
    const id = await create('Edsger');
    await expect(
      sql`update workspaces set status = 'failed', last_sample_error = null where id = ${id}`.execute(
        world.ports.lanes.control,
      ),
    ).rejects.toThrow(/workspaces_failed_has_reason/);
  });

  it('a crash is reported, and the agent is started again', async () => {
    const id = await create('Barbara');
    await started(id);
    await register(id);
    world.backend.crash(id, { code: 1, output: ['boom'] });
    await waitFor(async () => (await eventTypes(id)).includes('WORKSPACE_OFFLINE'));
    await waitFor(async () => (await eventTypes(id)).filter((type) => type === 'WORKSPACE_PROVISIONING').length === 2);
    await started(id);
    expect((await row(id)).crash_count).toBe(1);
  });

  it('a last line that is cut beside a character of many bytes does not keep a crash from being noticed', async () => {
    const id = await create('Emoji');
    await started(id);
    world.backend.crash(id, { code: 1, output: [`${'x'.repeat(499)}😀`] });
    await waitFor(async () => (await row(id)).crash_count === 1);
    expect((await row(id)).last_sample_error).toMatch(/x…$/);
  });

  it('five ends within ten minutes are a crash loop, with its last output', async () => {
    const id = await create('Donald');
    await crashLoop(id, ['cannot find my keys']);
    const stored = await row(id);
    expect(stored.failure_reason).toBe('crash_loop');
    expect(stored.last_sample_error).toContain('cannot find my keys');
  });

  it.each([
    ['forty long lines', Array.from({ length: 40 }, (_, line) => `${line} ${'x'.repeat(1_900)}`)],
    ['no ASCII', Array.from({ length: 40 }, (_, line) => `${line} ${'鍵が見つからない😀'.repeat(40)}`)],
    ['colours and quotes', Array.from({ length: 40 }, (_, line) => `\u001b[31m"${line}"\u001b[0m`.repeat(100))],
  ])('a crash loop is recorded whatever the agent wrote: %s', async (name, output) => {
    const id = await create(name);
    await crashLoop(id, output);
    const stored = await row(id);
    const failure = (await events(id)).at(-1)?.payload as { error: string; log_tail: string };
    expect(stored.failure_reason).toBe('crash_loop');
    expect(stored.last_sample_error).toBe(`${failure.error}\n\n${failure.log_tail}`);
    expect(failure.error).toMatch(/with code 7.* is not started again\.$/);
    expect(failure.log_tail.startsWith('…')).toBe(true);
    expect(output.join('\n').endsWith(failure.log_tail.slice(1))).toBe(true);
    expect(Buffer.byteLength(JSON.stringify(failure))).toBeGreaterThan(7_000);
  });

  it('a start that is refused for good fails at once, in the words of the agent', async () => {
    world.backend.failNextStart(['loading', 'config.yaml:3 is no YAML', ''], { retryable: false });
    const id = await create('Misconfigured');
    await waitFor(async () => (await row(id)).status === 'failed');
    await waitFor(async () => (await row(id)).observed_generation === 1);
    expect(await row(id)).toMatchObject({ failure_reason: 'start_failed', crash_count: 0, due_at: null });
    expect((await events(id)).at(-1)?.payload).toMatchObject({
      error: expect.stringMatching(/exited with code 1\. It last said: config\.yaml:3 is no YAML$/),
    });
    expect(world.backend.calls.filter((call) => call === `start ${id}`)).toHaveLength(1);
  });

  it('the platform is told what the exit codes of its runtime mean', async () => {
    const id = await create('Revoked');
    await started(id);
    world.backend.crash(id, { code: 76 });
    await waitFor(async () => (await row(id)).crash_count === 1);
    expect((await events(id)).find((event) => event.type === 'WORKSPACE_OFFLINE')?.payload).toEqual({
      reason: 'The agent process ended with code 76: this server no longer accepted its token.',
    });
  });

  it('a start that is refused for good is recorded whatever the agent wrote', async () => {
    const output = Array.from({ length: 40 }, () => 'ключ не найден '.repeat(30));
    world.backend.failNextStart(output, { retryable: false });
    const id = await create('Unbootable');
    await waitFor(async () => (await row(id)).status === 'failed');
    const stored = await row(id);
    expect(stored.failure_reason).toBe('start_failed');
    expect(stored.last_sample_error?.endsWith('ключ не найден '.repeat(30))).toBe(true);
  });

  it('delete removes the whole tree, stops every instance and settles before it answers', async () => {
    const lead = await create('Lead');
    const child = await create('Child', { parent_id: lead });
    const grandchild = await create('Grandchild', { parent_id: child });
    for (const id of [lead, child, grandchild]) await started(id);
    const asked = await world.workspaces.verbs.remove(lead, { confirm: false, purge: false }, never);
    expect(asked).toEqual({ kind: 'confirmation_required', children: [{ id: child, name: 'Child' }] });
    expect((await row(lead)).status).toBe('provisioning');

    const removed = await world.workspaces.verbs.remove(lead, { confirm: true, purge: false }, never);
    expect(removed).toEqual({ kind: 'removed', cascadeDeleted: 2 });
    for (const id of [lead, child, grandchild]) {
      expect(await row(id)).toMatchObject({ status: 'removed', instance_state: 'gone', instance: null });
    }
    expect(await world.workspaces.verbs.remove(lead, { confirm: true, purge: false }, never)).toEqual({
      kind: 'removed',
      cascadeDeleted: 0,
    });
  });

  it('a child that is created while its lead is being removed does not stay behind', async () => {
    const lead = await create('Leaving');
    await started(lead);
    const other = createWorkspacesWorld(database.url);
    let created = '';
    let removal: Promise<unknown> = Promise.resolve();
    await other.ports.transact('control', async (tx) => {
      // The creation holds the lead, as the verb does, and has not committed when the delete looks at the tree.
      await sql`select from workspaces where id = ${lead} for update`.execute(tx);
      removal = world.workspaces.verbs.remove(lead, { confirm: true, purge: false }, never);
      await waitingForLocks(1);
      created = other.ports.random.uuid();
      await sql`
        insert into workspaces (id, name, parent_id, awareness_namespace, spec, backend)
        select ${created}, 'Newcomer', id, '', spec, backend from workspaces where id = ${lead}`.execute(tx);
    });
    await removal;
    expect((await row(created)).status).toBe('removed');
    await other.close();
  });

  it('D26: a stop that fails is told, and a repeated delete tries again', async () => {
    const id = await create('Stubborn');
    const child = await create('Stubborn child', { parent_id: id });
    for (const one of [id, child]) await started(one);
    world.backend.setReachable(false);
    await expect(world.workspaces.verbs.remove(id, { confirm: true, purge: false }, never)).rejects.toMatchObject({
      code: 'stop_failed',
      fields: { removed_count: 2, stop_failures: 2 },
    });
    expect((await row(id)).status).toBe('removed');
    world.backend.setReachable(true);
    expect(await world.workspaces.verbs.remove(id, { confirm: true, purge: false }, never)).toMatchObject({
      kind: 'removed',
    });
    for (const one of [id, child]) expect((await row(one)).instance_state).toBe('gone');
  });

  it('an instance that no configured backend can stop is told as a failed stop, until one can', async () => {
    const setBackend = (id: string, backend: string) =>
      world.ports.lanes.control.updateTable('workspaces').set({ backend }).where('id', '=', id).execute();
    const id = await create('Left behind');
    await started(id);
    const { backend } = await row(id);
    await setBackend(id, 'elsewhere');
    await expect(world.workspaces.verbs.remove(id, { confirm: true, purge: true }, never)).rejects.toMatchObject({
      code: 'stop_failed',
      message: expect.stringContaining('No backend "elsewhere" is configured on this server.'),
      fields: { removed_count: 1, stop_failures: 1 },
    });
    expect(await row(id)).toMatchObject({ status: 'removed', instance_state: 'unknown', instance: expect.anything() });
    await setBackend(id, backend);
    await world.workspaces.verbs.remove(id, { confirm: true, purge: false }, never);
    expect(await row(id)).toMatchObject({ instance_state: 'gone', instance: null });
    expect(world.backend.countRunning(id)).toBe(0);
  });

  it('a workspace of an unknown backend that never started is deleted like any other', async () => {
    const id = await insertWorkspace(world.ports.lanes.control, { status: 'provisioning', backend: 'elsewhere' });
    await waitFor(async () => (await row(id)).failure_reason === 'no_backend');
    expect(await world.workspaces.verbs.remove(id, { confirm: true, purge: true }, never)).toMatchObject({
      kind: 'purged',
    });
  });

  it('purge deletes what the workspace owns and keeps its history', async () => {
    const id = await create('Gone');
    await started(id);
    expect(await world.workspaces.verbs.remove(id, { confirm: true, purge: true }, never)).toEqual({
      kind: 'purged',
      cascadeDeleted: 0,
    });
    const left = await world.ports.lanes.control.selectFrom('workspaces').select('id').where('id', '=', id).execute();
    expect(left).toEqual([]);
    expect(await eventTypes(id)).toContain('WORKSPACE_REMOVED');
  });

  it('a delete does not wait for a start that hangs', async () => {
    const held = world.backend.holdStarts();
    const id = await create('Slow');
    await waitFor(() => world.backend.calls.includes(`start ${id}`));
    const removal = await world.workspaces.verbs.remove(id, { confirm: true, purge: false }, never);
    held.release();
    expect(removal).toMatchObject({ kind: 'removed' });
    expect(await row(id)).toMatchObject({ instance_state: 'gone' });
  });

  it('R42: whatever arrives late, a removed workspace stays removed and nothing is started', async () => {
    const id = await create('Late');
    await started(id);
    await register(id);
    // Its backend is away, so that the agent outlives the removal and has an end of its own to report.
    world.backend.setReachable(false);
    const removal = world.workspaces.verbs.remove(id, { confirm: true, purge: false }, never);
    await expect(removal).rejects.toMatchObject({ code: 'stop_failed' });
    const { ports } = world;
    await register(id);
    const [beat] = await writeBeats(ports.lanes.control, [{ id, hash: null }], true);
    expect(beat?.kind).toBe('refused');
    const late = TRIGGERS.filter((trigger) => !trigger.endsWith('_requested'));
    for (const trigger of late) {
      const transition = { workspaceId: id, trigger, why: 'late', failure: { reason: 'start_failed', text: 'late' } };
      const { outcomes } = await ports.transact('control', (tx) =>
        ports.commit(tx, { transitions: [transition as Transition] }),
      );
      expect(outcomes).toMatchObject([{ kind: 'ignored', status: 'removed' }]);
    }
    await expect(restart(id)).rejects.toMatchObject({ code: 'workspace_not_found' });
    world.backend.crash(id, { code: 1, output: ['late'] });
    await sql`update workspaces set status_changed_at = now() - interval '1 hour' where id = ${id}`.execute(
      ports.lanes.control,
    );
    const everything = { ...ports, provisioners: { all: [], find: () => ({ ok: false, reason: 'away' }) as const } };
    await sweepSilence({ ...everything, managedSilenceSeconds: 1, externalSilenceSeconds: 1 }, 3_600);
    await sweepOverdueStarts({ ...everything, limitSecondsOf: () => 1 }, 3_600);
    world.backend.setReachable(true);
    // Reported ends are worked on in the background: when this one has been, so has the one above.
    await world.workspaces.verbs.remove(id, { confirm: true, purge: false }, never);
    const after = await create('After');
    await started(after);
    world.backend.crash(after);
    await waitFor(async () => (await row(after)).crash_count === 1);
    await started(after);
    expect(await row(id)).toMatchObject({ status: 'removed', crash_count: 0, instance_state: 'gone', due_at: null });
    expect((await eventTypes(id)).at(-1)).toBe('WORKSPACE_REMOVED');
    expect(world.backend.calls.filter((call) => call === `start ${id}`)).toHaveLength(1);
    expect(world.backend.countRunning(id)).toBe(0);
  });

  it('R42: a removal among restarts wins, and nothing runs afterwards', async () => {
    const id = await create('Contested');
    await started(id);
    const restarts = () => Array.from({ length: 5 }, () => restart(id));
    const removal = () => world.workspaces.verbs.remove(id, { confirm: true, purge: false }, never);
    await Promise.allSettled([...restarts(), removal(), ...restarts()]);
    expect(await row(id)).toMatchObject({ status: 'removed', instance_state: 'gone', instance: null });
    expect(world.backend.countRunning(id)).toBe(0);
  });

  it('an instance of an older generation is not listened to', async () => {
    const id = await create('Twice');
    await started(id);
    await restart(id);
    const { outcomes } = await world.ports.transact('control', (tx) =>
      world.ports.commit(tx, {
        transitions: [{ workspaceId: id, generation: 1, trigger: 'registered', online: {} }],
      }),
    );
    expect(outcomes).toEqual([{ kind: 'stale', status: 'provisioning', generation: 2 }]);
  });

  it('ten restarts at once end in exactly one running instance of the newest generation', async () => {
    const id = await create('Busy');
    await started(id);
    await Promise.all(Array.from({ length: 10 }, () => restart(id)));
    await waitFor(async () => {
      const stored = await row(id);
      return stored.observed_generation === stored.generation && stored.instance_state === 'running';
    });
    const stored = await row(id);
    expect(stored.instance).toMatchObject({ generation: stored.generation });
  });

  it('a cycle in parent_id is refused and changes nothing', async () => {
    const a = await create('A');
    const b = await create('B', { parent_id: a });
    const c = await create('C', { parent_id: b });
    await expect(world.workspaces.verbs.patch(a, { parent_id: c })).rejects.toMatchObject({ code: 'parent_cycle' });
    await expect(world.workspaces.verbs.patch(a, { parent_id: a })).rejects.toMatchObject({ code: 'parent_cycle' });
    expect((await row(a)).parent_id).toBeNull();
  });

  it.each([
    ['each other', 0],
    ["each other's children", 1],
  ])('of two that move below %s at once, one is moved and one is refused', async (_, depth) => {
    const a = await create('A');
    const b = await create('B');
    const below = { a: [a, await create('A1', { parent_id: a })], b: [b, await create('B1', { parent_id: b })] };
    const move = (id: string, parentId = '') => world.workspaces.verbs.patch(id, { parent_id: parentId });
    const other = createWorkspacesWorld(database.url);
    let moves: Promise<PromiseSettledResult<unknown>[]> = Promise.resolve([]);
    await other.ports.transact('control', async (tx) => {
      // Both have begun before either can go on.
      await sql`select from workspaces where id in (${a}, ${b}) order by id for update`.execute(tx);
      moves = Promise.allSettled([move(a, below.b[depth]), move(b, below.a[depth])]);
      await waitingForLocks(2);
    });
    const outcomes = (await moves).map((move) => (move.status === 'fulfilled' ? 'moved' : move.reason.code));
    expect(new Set(outcomes)).toEqual(new Set(['moved', 'parent_cycle']));
    expect([await row(a), await row(b)].filter((moved) => moved.parent_id === null)).toHaveLength(1);
    await other.close();
  });

  it('who runs an agent is decided when it is created: its runtime neither becomes external nor stops being it', async () => {
    const managed = await create('Managed');
    const external = await create('Elsewhere', { external: true, url: 'https://agent.example.com' });
    const { patch } = world.workspaces.verbs;
    await expect(patch(managed, { runtime: 'external', name: 'Moved' })).rejects.toMatchObject({
      code: 'invalid_field',
      message: 'runtime cannot become external: this server runs the workspace',
    });
    await expect(patch(external, { runtime: 'echo' })).rejects.toMatchObject({
      code: 'invalid_field',
      message: 'runtime cannot change from external: the workspace is run elsewhere',
    });
    expect(await row(managed)).toMatchObject({ runtime: 'echo', name: 'Managed' });
    expect(await row(external)).toMatchObject({ runtime: 'external', backend: 'external' });
    await patch(managed, { runtime: 'llm' });
    await patch(external, { runtime: 'external', name: 'Still elsewhere' });
    expect(await row(managed)).toMatchObject({ runtime: 'llm' });
    expect(await row(external)).toMatchObject({ runtime: 'external', name: 'Still elsewhere' });
  });

  it('a folder too long for any system, and for an event, is refused and changes nothing', async () => {
    const id = await create('Deep');
    const refused = { code: 'invalid_workspace_directory' };
    for (const dir of [`/srv/${'x'.repeat(9_000)}`, `/srv/${'"'.repeat(4_000)}`]) {
      await expect(world.workspaces.verbs.patch(id, { workspace_dir: dir })).rejects.toMatchObject(refused);
    }
    expect((await row(id)).spec.workspace_dir).toBeNull();
    const longest = { name: '"'.repeat(255), role: '"'.repeat(1_000), workspace_dir: `/${'x'.repeat(4_095)}` };
    await expect(world.workspaces.verbs.patch(id, longest)).resolves.toEqual({ needsRestart: true });
  });

  it('an instance that was still booting when its server ended is started afresh, never adopted without an address', async () => {
    const id = await create('Halfway');
    await started(id);
    const { machine } = world.host;
    const createDriver: typeof machine.createDriver = () => {
      const driver = machine.createDriver();
      let ready = false;
      return {
        ...driver,
        inspect: async (...asked) => {
          const seen = await driver.inspect(...asked);
          return seen.state === 'running' && !ready ? { ...seen, record: { ...seen.record, url: null } } : seen;
        },
        start: async (...asked) => {
          ready = true;
          return driver.start(...asked);
        },
      };
    };
    await sql`update workspaces set url = null, observed_generation = 0 where id = ${id}`.execute(
      world.ports.lanes.control,
    );
    await world.close();
    world = createWorkspacesWorld(database.url, { host: { ...world.host, machine: { ...machine, createDriver } } });
    await world.ports.start();
    await waitFor(async () => (await row(id)).observed_generation === 1);
    expect((await row(id)).url).toMatch(/^http/);
    expect(world.backend.countRunning(id)).toBe(1);
  });

  it('a hibernation that is cut off between stopping and saying so is finished by the next claim', async () => {
    const db = world.ports.lanes.control;
    await sql`create sequence cut_off`.execute(db);
    await sql`
      create function cut_off_once() returns trigger language plpgsql as $$
      begin
        if new.status = 'hibernated' and nextval('cut_off') = 1 then raise exception 'cut off'; end if;
        return new;
      end $$`.execute(db);
    await sql`create trigger cut_off before update on workspaces for each row execute function cut_off_once()`.execute(
      db,
    );
    const id = await create('Sleepy');
    await started(id);
    await register(id);
    await world.ports.transact('control', (tx) =>
      world.ports.commit(tx, { transitions: [{ workspaceId: id, trigger: 'hibernate_requested' }] }),
    );
    await waitFor(async () => (await row(id)).status === 'hibernated', { timeoutMs: 10_000 });
    await waitFor(async () => (await row(id)).instance_state === 'stopped');
    expect(await row(id)).toMatchObject({ status: 'hibernated', observed_generation: 2 });
    await sql`drop trigger cut_off on workspaces`.execute(db);
  });

  it('two servers on one database start a workspace once', async () => {
    const other = createWorkspacesWorld(database.url);
    await other.ports.start();
    try {
      const ids = await Promise.all(Array.from({ length: 10 }, (_, index) => create(`Shared ${index}`)));
      for (const id of ids) await started(id);
      for (const id of ids) {
        const starts = [...world.backend.calls, ...other.backend.calls].filter((call) => call === `start ${id}`);
        expect(starts).toHaveLength(1);
      }
    } finally {
      await other.close();
    }
  });
});
