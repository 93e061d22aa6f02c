import { waitFor } from '@molecule/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { type RealApp, startRealApp } from '../../../test/real-app.js';

const database = useTestDatabase();
let app: RealApp;
beforeAll(async () => {
  app = await startRealApp(database.url);
});
afterAll(() => app.close());

interface Member {
  readonly id: string;
  readonly token: string;
}

async function create(name: string, parent: string | null): Promise<Member> {
  const { body } = await app.call('POST', '/workspaces', { name, external: true, parent_id: parent });
  await app.call('PUT', `/workspaces/${body.id}/layout`, { x: 1, y: 2 });
  return { id: body.id, token: body.connection.auth_token };
}

/** A lead with a child and a grandchild, which the worker has seen and has let go again. */
async function createTree(): Promise<readonly Member[]> {
  const lead = await create('Lead', null);
  const child = await create('Child', lead.id);
  const tree = [lead, child, await create('Grandchild', child.id)];
  const busy = sql<{ id: string }>`
    select id from workspaces where observed_generation <> generation or lease_owner is not null`;
  await waitFor(async () => (await busy.execute(app.app.ports.lanes.control)).rows.length === 0, {
    what: 'the worker to have looked at the new workspaces',
    timeoutMs: 20_000,
  });
  return tree;
}

/** Everything that a delete changes, and what the agents themselves can still do. */
async function stateOf(tree: readonly Member[]): Promise<unknown> {
  const ids = tree.map(({ id }) => id);
  const read = async (table: 'workspaces' | 'canvas_layouts' | 'events' | 'workspace_auth_tokens', column: string) =>
    (
      await sql`select * from ${sql.table(table)} where ${sql.ref(column)} = any(${ids}::uuid[]) order by ${sql.ref(column)}`.execute(
        app.app.ports.lanes.control,
      )
    ).rows;
  const doors = [];
  for (const { id, token } of tree) {
    doors.push((await app.call('GET', `/workspaces/${id}/activity`, undefined, token)).status);
  }
  const [workspaces, layouts, events] = [
    await read('workspaces', 'id'),
    await read('canvas_layouts', 'workspace_id'),
    await read('events', 'workspace_id'),
  ];
  return { workspaces, layouts, events, doors };
}

/** Each breaks one step of a delete; the last word of it mends that. */
const FAULTS: readonly [string, (grandchild: string) => string, string][] = [
  [
    'the descendants cannot be read',
    () => 'alter table workspaces rename column parent_id to parent_gone',
    'alter table workspaces rename column parent_gone to parent_id',
  ],
  [
    'one descendant cannot be changed',
    (grandchild) => `
      create function refuse_change() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
      create trigger refuse_change before update on workspaces for each row
        when (old.id = '${grandchild}') execute function refuse_change()`,
    'drop function refuse_change cascade',
  ],
  [
    'the events cannot be written',
    () => `
      create function refuse_change() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
      create trigger refuse_change before insert on events for each row
        when (new.type = 'WORKSPACE_REMOVED') execute function refuse_change()`,
    'drop function refuse_change cascade',
  ],
];

describe('a delete that cannot be done whole', () => {
  it.each(FAULTS)('D7: changes nothing and says so when %s', async (_, fault, mend) => {
    const tree = await createTree();
    const [lead, , grandchild] = tree;
    if (!lead || !grandchild) throw new Error('no tree');
    const before = await stateOf(tree);
    const db = app.app.ports.lanes.control;
    await sql.raw(fault(grandchild.id)).execute(db);
    try {
      const answer = await app.call('DELETE', `/workspaces/${lead.id}?confirm=true`);
      expect(answer).toMatchObject({ status: 500, body: { error: expect.stringMatching(/\S/) } });
    } finally {
      await sql.raw(mend).execute(db);
    }
    expect(await stateOf(tree)).toEqual(before);
    expect(await app.call('DELETE', `/workspaces/${lead.id}?confirm=true`)).toMatchObject({
      status: 200,
      body: { status: 'removed', cascade_deleted: 2 },
    });
  });
});
