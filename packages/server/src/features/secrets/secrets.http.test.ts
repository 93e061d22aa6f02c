import { waitFor } from '@molecule/testkit';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { createOrgsWorld, type OrgsWorld } from '../../../test/orgs-world.js';
import { readEvents } from '../../platform/event-log.js';
import { createSecrets, SecretsKeyError } from './index.js';

const database = useTestDatabase();
let world: OrgsWorld;

beforeEach(async () => {
  world = await createOrgsWorld(database.url);
  await sql`delete from global_secrets`.execute(world.ports.lanes.control);
});
afterEach(async () => {
  await world.close();
});

async function create(name: string, extra: Record<string, unknown> = {}): Promise<string> {
  const { id } = await world.workspaces.verbs.create({ name, runtime: 'echo', ...extra }, 'http://localhost');
  return id;
}

async function generation(id: string): Promise<number> {
  const row = await world.ports.lanes.control
    .selectFrom('workspaces')
    .select('generation')
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  return row.generation;
}

async function startedWith(id: string, atGeneration: number) {
  await waitFor(() => world.backend.findSpec(id)?.generation === atGeneration && world.backend.countRunning(id) === 1);
  return world.backend.findSpec(id)?.env;
}

async function secretEvents(key: string) {
  const events = await readEvents(world.ports.lanes.control, { afterSeq: 0, limit: 1_000 });
  return events.filter(
    (event) => event.type === 'SECRET_CHANGED' && JSON.stringify(event.payload).includes(`"${key}"`),
  );
}

describe('secrets', () => {
  it('a global secret reaches the agents it concerns, and only those start again (contract §4.6)', async () => {
    const plain = await create('Plain');
    const overriding = await create('Overriding', { secrets: { SHARED: 'mine' } });
    const external = await create('External', { runtime: 'external' });
    await startedWith(plain, 1);
    await startedWith(overriding, 1);
    const before = await world.call('PUT', '/settings/secrets', { key: 'OTHER_KEY', value: 'x' });
    expect(before.status).toBe(200);
    await startedWith(plain, 2);

    const saved = await world.call('PUT', '/settings/secrets', { key: 'SHARED', value: 'theirs' });
    expect(saved.body).toMatchObject({ status: 'saved', key: 'SHARED', scope: 'global' });
    expect(await startedWith(plain, 3)).toMatchObject({ SHARED: 'theirs', OTHER_KEY: 'x' });
    expect(await generation(overriding)).toBe(2);
    expect(await startedWith(overriding, 2)).toMatchObject({ SHARED: 'mine' });
    expect(await generation(external)).toBe(1);
    expect(await secretEvents('SHARED')).toMatchObject([
      { workspaceId: null, payload: { key: 'SHARED', scope: 'global', deleted: false } },
    ]);

    const same = await world.call('POST', '/admin/secrets', { key: 'SHARED', value: 'theirs' });
    expect(same.body).toEqual({ status: 'saved', key: 'SHARED', scope: 'global', restarts: 0 });
    expect(await generation(plain)).toBe(3);
    expect(await secretEvents('SHARED')).toHaveLength(1);

    const deleted = await world.call('DELETE', '/settings/secrets/SHARED');
    expect(deleted.body).toMatchObject({ status: 'deleted', key: 'SHARED', scope: 'global' });
    expect(await startedWith(plain, 4)).not.toHaveProperty('SHARED');
    expect(await world.call('DELETE', '/admin/secrets/SHARED')).toMatchObject({
      status: 404,
      body: { error: 'secret not found' },
    });
  });

  it('a workspace secret starts that one agent again', async () => {
    const one = await create('One');
    const two = await create('Two');
    await startedWith(one, 1);
    const saved = await world.call('PUT', `/workspaces/${one}/secrets`, { key: 'OWN', value: '1' });
    expect(saved).toEqual({ status: 200, body: { status: 'saved', key: 'OWN' } });
    expect(await startedWith(one, 2)).toMatchObject({ OWN: '1' });
    expect(await generation(two)).toBe(1);
    await world.call('POST', `/workspaces/${one}/secrets`, { key: 'OWN', value: '1' });
    expect(await generation(one)).toBe(2);
    const deleted = await world.call('DELETE', `/workspaces/${one}/secrets/OWN`);
    expect(deleted).toEqual({ status: 200, body: { status: 'deleted', key: 'OWN' } });
    expect(await startedWith(one, 3)).not.toHaveProperty('OWN');
  });

  it('a paused workspace stays paused', async () => {
    const id = await create('Paused');
    await startedWith(id, 1);
    await sql`update workspaces set status = 'paused', desired = 'stopped' where id = ${id}`.execute(
      world.ports.lanes.control,
    );
    await world.call('PUT', '/settings/secrets', { key: 'FOR_ALL', value: 'x' });
    expect(await generation(id)).toBe(1);
  });

  it('lists show names by key, the workspace before the global ones it does not hide, and never a value', async () => {
    const id = await create('Lister', { secrets: { B_OWN: 'topsecret-1', SHARED: 'topsecret-2' } });
    for (const key of ['SHARED', 'A_GLOBAL', 'Z_GLOBAL']) {
      await world.call('PUT', '/settings/secrets', { key, value: 'topsecret-3' });
    }
    const own = await world.call('GET', `/workspaces/${id}/secrets`);
    expect(own.body.map((row: { key: string; scope: string }) => `${row.scope}:${row.key}`)).toEqual([
      'workspace:B_OWN',
      'workspace:SHARED',
      'global:A_GLOBAL',
      'global:Z_GLOBAL',
    ]);
    const all = await world.call('GET', '/settings/secrets');
    expect(all.body).toEqual((await world.call('GET', '/admin/secrets')).body);
    expect(all.body[0]).toEqual({
      key: 'A_GLOBAL',
      has_value: true,
      scope: 'global',
      created_at: expect.stringMatching(/^\d{4}-.*Z$/),
      updated_at: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect(JSON.stringify([own.body, all.body])).not.toContain('topsecret');
    const { rows } = await sql<{ stored: Buffer }>`
      select encrypted_value as stored from global_secrets
      union all select encrypted_value from workspace_secrets`.execute(world.ports.lanes.control);
    expect(rows.length).toBeGreaterThan(3);
    for (const { stored } of rows) expect(stored.includes('topsecret')).toBe(false);
  });

  it('the agent reads all its values, the global ones under its own (contract §4.3)', async () => {
    const id = await create('Reader', { secrets: { OWN: '1', SHARED: 'mine' } });
    await world.call('PUT', '/settings/secrets', { key: 'SHARED', value: 'theirs' });
    await world.call('PUT', '/settings/secrets', { key: 'GLOBAL', value: '2' });
    expect(await world.call('GET', `/workspaces/${id}/secrets/values`)).toEqual({
      status: 200,
      body: { OWN: '1', SHARED: 'mine', GLOBAL: '2' },
    });
    expect(await world.call('GET', `/workspaces/${id.toUpperCase()}/secrets/values`)).toMatchObject({
      status: 400,
      body: { error: 'invalid workspace ID' },
    });
  });

  it('values of which one cannot be decrypted are not given at all, and the broken ones are named (contract §4.3)', async () => {
    const id = await create('Broken reader', { secrets: { OWN: 'value-own', GOOD: 'value-good' } });
    await world.call('PUT', '/settings/secrets', { key: 'GLOBAL', value: 'value-global' });
    const db = world.ports.lanes.control;
    await sql`update workspace_secrets set encrypted_value = '\\x00' where key = 'OWN'`.execute(db);
    await sql`update global_secrets set encryption_version = 9 where key = 'GLOBAL'`.execute(db);
    const { status, body } = await world.call('GET', `/workspaces/${id}/secrets/values`);
    expect({ status, body }).toMatchObject({
      status: 500,
      body: {
        error: 'one or more secrets failed to decrypt; refusing to return partial bundle',
        failed_keys: ['global:GLOBAL', 'workspace:OWN'],
      },
    });
    expect(JSON.stringify(body)).not.toContain('value-');
  });

  it('a list whose global half cannot be read shows the half of the workspace (contract §4.2)', async () => {
    const id = await create('Half', { secrets: { OWN: '1' } });
    const db = world.ports.lanes.control;
    await sql`alter table global_secrets rename to global_secrets_away`.execute(db);
    try {
      const { status, body } = await world.call('GET', `/workspaces/${id}/secrets`);
      expect({ status, keys: body.map((row: { key: string }) => row.key) }).toEqual({ status: 200, keys: ['OWN'] });
    } finally {
      await sql`alter table global_secrets_away rename to global_secrets`.execute(db);
    }
  });

  it('an agent below a paused workspace is not started by a change (contract §2.3)', async () => {
    const lead = await create('Held lead');
    const below = await create('Below', { parent_id: lead });
    const deeper = await create('Deeper', { parent_id: below });
    await sql`update workspaces set status = 'paused', desired = 'stopped' where id = ${lead}`.execute(
      world.ports.lanes.control,
    );
    await world.call('PUT', '/settings/secrets', { key: 'FOR_ALL_BELOW', value: 'x' });
    await world.call('PUT', `/workspaces/${deeper}/secrets`, { key: 'OWN', value: 'x' });
    expect([await generation(below), await generation(deeper)]).toEqual([1, 1]);
  });

  it('ten writers of one workspace take turns', async () => {
    const id = await create('Busy');
    const replies = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        world.call('PUT', `/workspaces/${id}/secrets`, { key: `KEY_${index}`, value: 'x' }),
      ),
    );
    expect(replies.map((reply) => reply.status)).toEqual(Array.from({ length: 10 }, () => 200));
    await startedWith(id, 11);
  });

  describe('a dry run', () => {
    const nothing = { status: 'dry_run', changes: false, would_restart: [] };

    it('of a global secret names whom it concerns, judges as the write would, and changes nothing', async () => {
      await sql`update workspaces set status = 'removed', removed_at = now()`.execute(world.ports.lanes.control);
      const plain = await create('Plain');
      const hiding = await create('Hiding', { secrets: { SHARED: 'mine' } });
      await create('External', { runtime: 'external' });
      await startedWith(plain, 1);
      await startedWith(hiding, 1);
      const before = await readEvents(world.ports.lanes.control, { afterSeq: 0, limit: 1_000 });
      const concerns = { status: 'dry_run', changes: true, would_restart: [{ id: plain, name: 'Plain' }] };
      for (const [method, path] of [
        ['PUT', '/settings/secrets'],
        ['POST', '/settings/secrets'],
        ['POST', '/admin/secrets'],
      ] as const) {
        const reply = await world.call(method, `${path}?dry_run=true`, { key: 'SHARED', value: 'x' });
        expect(reply).toEqual({ status: 200, body: concerns });
      }
      expect(await world.call('PUT', '/settings/secrets?dry_run=true', { key: 'PATH', value: 'x' })).toMatchObject({
        status: 400,
      });
      expect(await world.call('DELETE', '/settings/secrets/SHARED?dry_run=true')).toMatchObject({ status: 404 });
      expect((await world.call('GET', '/settings/secrets')).body).toEqual([]);
      expect(await readEvents(world.ports.lanes.control, { afterSeq: 0, limit: 1_000 })).toEqual(before);
      expect([await generation(plain), await generation(hiding)]).toEqual([1, 1]);

      await world.call('PUT', '/settings/secrets', { key: 'SHARED', value: 'x' });
      expect((await world.call('PUT', '/settings/secrets?dry_run=true', { key: 'SHARED', value: 'x' })).body).toEqual(
        nothing,
      );
      for (const path of ['/settings/secrets/SHARED', '/admin/secrets/SHARED']) {
        expect((await world.call('DELETE', `${path}?dry_run=true`)).body).toEqual(concerns);
      }
      expect((await world.call('GET', '/settings/secrets')).body).toHaveLength(1);
    });

    it('of a secret of one workspace names that one, or nobody', async () => {
      const id = await create('One', { secrets: { OWN: '1' } });
      const path = `/workspaces/${id}/secrets`;
      const concerns = { status: 'dry_run', changes: true, would_restart: [{ id, name: 'One' }] };
      for (const method of ['PUT', 'POST'] as const) {
        expect((await world.call(method, `${path}?dry_run=true`, { key: 'OWN', value: '2' })).body).toEqual(concerns);
        expect((await world.call(method, `${path}?dry_run=true`, { key: 'OWN', value: '1' })).body).toEqual(nothing);
      }
      expect((await world.call('DELETE', `${path}/OWN?dry_run=true`)).body).toEqual(concerns);
      expect(await world.call('DELETE', `${path}/NONE?dry_run=true`)).toMatchObject({ status: 404 });
      expect(await world.secrets.readValues(world.ports.lanes.control, id)).toEqual({ OWN: '1' });
      expect(await generation(id)).toBe(1);
      const held = await create('Held');
      await sql`update workspaces set status = 'paused', desired = 'stopped' where id = ${held}`.execute(
        world.ports.lanes.control,
      );
      const preview = await world.call('PUT', `/workspaces/${held}/secrets?dry_run=true`, { key: 'A', value: 'x' });
      expect(preview.body).toEqual({ status: 'dry_run', changes: true, would_restart: [] });
    });
  });

  it.each([
    [{ key: 'PATH', value: 'x' }, 400, 'secret name not allowed'],
    [{ key: 'has space', value: 'x' }, 400, 'secret name not allowed'],
    [{ key: 'EMPTY', value: '' }, 400, 'invalid request body'],
    [{ key: 'NUL', value: 'a\0b' }, 400, 'invalid request body'],
    [{ key: 'NUMBER', value: 1 }, 400, 'invalid request body'],
    [{ key: 'OPENAI_BASE_URL', value: '127.0.0.1:11434' }, 400, 'invalid request body'],
    [{ key: '', value: 'x' }, 400, 'invalid request body'],
  ])('refuses %j', async (body, status, error) => {
    expect(await world.call('PUT', '/settings/secrets', body)).toMatchObject({ status, body: { error } });
    const id = await create('Refuser');
    expect(await world.call('PUT', `/workspaces/${id}/secrets`, body)).toMatchObject({ status, body: { error } });
    expect(await generation(id)).toBe(1);
  });

  it('refuses ids that are none and workspaces that do not exist', async () => {
    const body = { key: 'A', value: 'x' };
    expect(await world.call('PUT', '/workspaces/nope/secrets', body)).toMatchObject({
      status: 400,
      body: { error: 'invalid workspace ID' },
    });
    const unknown = world.ports.random.uuid();
    expect(await world.call('PUT', `/workspaces/${unknown}/secrets`, body)).toMatchObject({ status: 404 });
  });

  it('ten writers of one key end with one of their values and one row', async () => {
    const values = Array.from({ length: 10 }, (_, index) => `value-${index}`);
    await Promise.all(values.map((value) => world.call('PUT', '/settings/secrets', { key: 'RACED', value })));
    const env = await world.secrets.readFor(world.ports.lanes.control, world.ports.random.uuid());
    expect(values).toContain(env.values.RACED);
  });

  it('a start with an unreadable secret fails with the names and never the values', async () => {
    const id = await create('Unlucky', { secrets: { BROKEN: 'value' } });
    await startedWith(id, 1);
    await sql`update workspace_secrets set encrypted_value = '\\x00' where workspace_id = ${id}`.execute(
      world.ports.lanes.control,
    );
    await expect(world.secrets.readFor(world.ports.lanes.control, id)).rejects.toMatchObject({
      failure: { reason: 'secret_unreadable', text: expect.stringContaining('BROKEN (workspace)') },
    });
    // Setting it again is the remedy the text names.
    await world.call('PUT', `/workspaces/${id}/secrets`, { key: 'BROKEN', value: 'value' });
    expect(await startedWith(id, 2)).toMatchObject({ BROKEN: 'value' });
  });

  it('an old plaintext value is encrypted when it is set again, even to the same text', async () => {
    await sql`
      insert into global_secrets (key, encrypted_value, encryption_version) values ('OLD', 'plain'::bytea, 0)`.execute(
      world.ports.lanes.control,
    );
    expect(await world.secrets.findGlobalNames(world.ports.lanes.control, ['OLD', 'ABSENT'])).toEqual(new Set(['OLD']));
    await world.call('PUT', '/settings/secrets', { key: 'OLD', value: 'plain' });
    const row = await world.ports.lanes.control
      .selectFrom('global_secrets')
      .selectAll()
      .where('key', '=', 'OLD')
      .executeTakeFirstOrThrow();
    expect(row.encryption_version).toBe(2);
    expect(row.encrypted_value.includes('plain')).toBe(false);
  });

  it('a server with another key refuses to serve and says what to do (design §5)', async () => {
    const db = world.ports.lanes.control;
    await world.secrets.verifyKey(db);
    await world.secrets.verifyKey(db);
    const other = createSecrets({ ...world.ports, key: 'another-key-of-exactly-32-bytes!', backends: [] });
    await expect(other.verifyKey(db)).rejects.toThrow(SecretsKeyError);
    await expect(other.verifyKey(db)).rejects.toThrow('SECRETS_ENCRYPTION_KEY');
  });
});
