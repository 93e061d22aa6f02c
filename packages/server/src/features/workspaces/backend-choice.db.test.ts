import { waitFor } from '@molecule/testkit';
import { sql } from 'kysely';
import { afterEach, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { createWorkspacesWorld, type WorkspacesWorld } from '../../../test/workspaces-world.js';
import { createSystemClock } from '../../platform/clock.js';
import { createFakeBackend, type FakeBackend } from '../../provisioners/fake/fake.driver.js';
import { createProvisioner } from '../../provisioners/shared-semantics.js';

const database = useTestDatabase();
const never = new AbortController().signal;
let world: WorkspacesWorld;
let second: FakeBackend;
afterEach(() => world.close());

type Kind = 'fake' | 'second' | 'external';
type Verbs = WorkspacesWorld['workspaces'];

async function open(configured: readonly Kind[]): Promise<void> {
  second = createFakeBackend({ clock: createSystemClock(), kind: 'second' });
  world = createWorkspacesWorld(database.url, {
    noBackend: !configured.includes('fake'),
    moreBackends: configured.includes('second') ? [createProvisioner(second.createDriver())] : [],
  });
}

/** A workspace that belongs to a backend, not started yet: nothing runs before `ports.start`. */
async function create(kind: Kind): Promise<string> {
  const runtime = kind === 'external' ? 'external' : 'echo';
  const { id } = await world.workspaces.verbs.create({ name: kind, runtime }, 'http://x');
  await sql`update workspaces set backend = ${kind} where id = ${id}`.execute(world.ports.lanes.control);
  return id;
}

function row(id: string) {
  return world.ports.lanes.control.selectFrom('workspaces').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
}

async function settled(id: string) {
  return waitFor(async () => {
    const found = await row(id);
    return found.observed_generation === found.generation && found.due_at === null ? found : null;
  });
}

/** What each backend was asked to do for the workspace. */
function askedOf(id: string): Record<'fake' | 'second', readonly string[]> {
  const of = ({ control }: FakeBackend) =>
    control.calls.filter((call) => call.endsWith(id)).map((call) => call.split(' ')[0] ?? '');
  return { fake: of(world.host.machine), second: of(second) };
}

async function online(id: string): Promise<void> {
  await sql`update workspaces set status = 'online' where id = ${id}`.execute(world.ports.lanes.control);
}

/** Every verb that reaches a backend, from a workspace that runs, and what its backend does for it. */
const VERBS: readonly [string, (verbs: Verbs, id: string) => Promise<unknown>, readonly string[]][] = [
  ['restart', ({ lifecycle }, id) => lifecycle.restart(id, {}), ['stop', 'start']],
  ['pause', ({ lifecycle }, id) => lifecycle.pause(id, never), ['stop']],
  ['resume', ({ lifecycle }, id) => lifecycle.resume(id), ['start']],
  ['hibernate', async ({ lifecycle }, id) => online(id).then(() => lifecycle.hibernate(id, true, never)), ['stop']],
  ['wake', ({ lifecycle }, id) => lifecycle.wake([id]), ['start']],
  ['remove', ({ verbs }, id) => verbs.remove(id, { confirm: true, purge: true }, never), ['stop', 'destroy']],
];

const SETS: readonly (readonly Kind[])[] = [
  ['fake', 'external'],
  ['second', 'external'],
  ['fake', 'second', 'external'],
  ['external'],
];
const COMBINATIONS = SETS.flatMap((configured) =>
  (['fake', 'second', 'external'] as const).map((own) => ({ configured, own })),
);
const MANAGED = COMBINATIONS.filter(({ own }) => own !== 'external');

describe('which backend a verb reaches', () => {
  it.each(MANAGED.filter(({ own, configured }) => configured.includes(own)))(
    'R6: with $configured, every verb on a workspace of $own reaches that one and no other',
    async ({ own, configured }) => {
      await open(configured);
      const id = await create(own);
      await world.ports.start();
      expect(await settled(id)).toMatchObject({ instance_state: 'running', host_id: world.host.id });
      const done: string[] = ['start'];
      for (const [verb, call, expected] of VERBS) {
        await call(world.workspaces, id);
        if (verb !== 'remove') await settled(id);
        done.push(...expected);
        const other = own === 'fake' ? 'second' : 'fake';
        expect({ verb, ...askedOf(id) }).toEqual({ verb, [own]: done, [other]: [] });
      }
    },
  );

  it.each(MANAGED.filter(({ own, configured }) => !configured.includes(own)))(
    'R6, R45: with $configured, a workspace of $own is refused or failed by name, and no other backend stands in',
    async ({ own, configured }) => {
      await open(configured);
      const id = await create(own);
      await world.ports.start();
      const reason = `No backend "${own}" is configured on this server.`;
      await waitFor(async () => (await row(id)).status === 'failed');
      expect(await row(id)).toMatchObject({
        failure_reason: 'no_backend',
        last_sample_error: expect.stringContaining(reason),
      });
      const help = expect.stringContaining(reason);
      await expect(world.workspaces.lifecycle.restart(id, {})).rejects.toMatchObject({
        code: 'provisioner_not_available',
        help,
      });
      expect(await world.workspaces.lifecycle.pause(id, never)).toEqual({ count: 1, stopFailures: 0 });
      await expect(world.workspaces.lifecycle.resume(id)).rejects.toMatchObject({ code: 'provisioner_not_available' });
      expect(await world.workspaces.verbs.remove(id, { confirm: true, purge: true }, never)).toMatchObject({
        kind: 'purged',
      });
      expect(askedOf(id)).toEqual({ fake: [], second: [] });
    },
  );

  it.each([{ configured: ['fake', 'second', 'external'] as const }, { configured: ['external'] as const }])(
    'R6: with $configured, no verb on an external workspace reaches a backend that runs anything',
    async ({ configured }) => {
      await open(configured);
      const id = await create('external');
      await world.ports.start();
      expect(await world.workspaces.lifecycle.restart(id, {})).toEqual({ kind: 'external' });
      expect(await world.workspaces.lifecycle.pause(id, never)).toEqual({ count: 1, stopFailures: 0 });
      expect(await world.workspaces.lifecycle.resume(id)).toEqual({ count: 1 });
      expect(await world.workspaces.verbs.remove(id, { confirm: true, purge: true }, never)).toMatchObject({
        kind: 'purged',
      });
      expect(askedOf(id)).toEqual({ fake: [], second: [] });
    },
  );
});
