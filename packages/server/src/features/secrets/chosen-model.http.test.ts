import { readFileSync } from 'node:fs';
import { waitFor } from '@molecule/testkit';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { createOrgsWorld, type OrgsWorld } from '../../../test/orgs-world.js';
import { readEvents } from '../../platform/event-log.js';
import { workspaceReads } from '../workspaces/index.js';

const database = useTestDatabase();
let world: OrgsWorld;

beforeEach(async () => {
  world = await createOrgsWorld(database.url);
  await sql`delete from global_secrets`.execute(world.ports.lanes.control);
});
afterEach(async () => {
  await world.close();
});

const SLUG = 'minimax/MiniMax-M2.7';

async function create(extra: Record<string, unknown> = {}): Promise<string> {
  const { id } = await world.workspaces.verbs.create({ name: 'Ada', runtime: 'echo', ...extra }, 'http://localhost');
  return id;
}

async function startedWith(id: string, generation: number): Promise<Readonly<Record<string, string>>> {
  await waitFor(() => world.backend.findSpec(id)?.generation === generation && world.backend.countRunning(id) === 1);
  return world.backend.findSpec(id)?.env ?? {};
}

async function ownSecrets(id: string): Promise<Record<string, string>> {
  return { ...(await world.secrets.readValues(world.ports.lanes.control, id)) };
}

const shownModel = async (id: string) => (await workspaceReads.find(world.ports.lanes.control, id))?.model;

describe('the model chosen at creation', () => {
  it('R22: is kept with the provider its prefix names, and every kind of restart starts with both', async () => {
    const id = await create({ model: SLUG });
    expect(await ownSecrets(id)).toEqual({ MODEL_PROVIDER: SLUG, LLM_PROVIDER: 'minimax' });
    const chosen = { MODEL: SLUG, MODEL_PROVIDER: SLUG, LLM_PROVIDER: 'minimax' };
    expect(await startedWith(id, 1)).toMatchObject(chosen);
    const stays = new AbortController().signal;
    const { lifecycle } = world.workspaces;

    await lifecycle.restart(id, {});
    expect(await startedWith(id, 2)).toMatchObject(chosen);
    await world.call('PUT', `/workspaces/${id}/secrets`, { key: 'OTHER', value: 'x' });
    expect(await startedWith(id, 3)).toMatchObject(chosen);
    await lifecycle.pause(id, stays);
    await lifecycle.resume(id);
    expect(await startedWith(id, 5)).toMatchObject(chosen);
    world.backend.crash(id);
    expect(await startedWith(id, 5)).toMatchObject(chosen);
    expect(await ownSecrets(id)).toMatchObject({ MODEL_PROVIDER: SLUG, LLM_PROVIDER: 'minimax' });
  });

  it.each([
    ['sonnet', {}],
    ['nobody/model', {}],
    ['anthropic:claude-opus-4-7', {}],
    ['openai/gpt-5', { LLM_PROVIDER: 'openrouter' }],
  ])('R22: %s is kept with the provider %j', async (model, provider) => {
    expect(await ownSecrets(await create({ model }))).toEqual({ MODEL_PROVIDER: model, ...provider });
  });

  it('an explicit provider stays, a model among the secrets counts, and a template leaves no choice behind', async () => {
    const explicit = await create({ model: SLUG, secrets: { LLM_PROVIDER: 'custom' } });
    expect(await ownSecrets(explicit)).toEqual({ MODEL_PROVIDER: SLUG, LLM_PROVIDER: 'custom' });
    const bySecret = await create({ secrets: { MODEL_PROVIDER: 'sonnet' } });
    expect(await shownModel(bySecret)).toBe('sonnet');
    expect(await startedWith(bySecret, 1)).toMatchObject({ MODEL: 'sonnet' });
    world.write('templates', { 't/config.yaml': 'runtime: echo\nmodel: theirs\n' });
    const inherited = await create({ template: 't', runtime: undefined });
    expect(await ownSecrets(inherited)).toEqual({});
    expect(await startedWith(inherited, 1)).not.toHaveProperty('MODEL');
  });

  it('a model that cannot be stored as one refuses the whole creation', async () => {
    const refused = world.workspaces.verbs.create(
      { name: 'No', runtime: 'echo', secrets: { MODEL_PROVIDER: 'two\nlines' } },
      'http://localhost',
    );
    await expect(refused).rejects.toMatchObject({ code: 'invalid_request_body' });
  });
});

describe.each([
  ['model', 'MODEL_PROVIDER'],
  ['provider', 'LLM_PROVIDER'],
])('the %s of a workspace', (noun, secret) => {
  const path = (id: string) => `/workspaces/${id}/${noun}`;

  it('is read, written and cleared, and each change starts the agent again (contract §4.7, §4.8)', async () => {
    const id = await create();
    await startedWith(id, 1);
    expect(await world.call('GET', path(id))).toEqual({ status: 200, body: { [noun]: '', source: 'default' } });
    expect(await world.call('PUT', path(id), { [noun]: '' })).toEqual({ status: 200, body: { status: 'cleared' } });
    expect(await world.call('PUT', path(id), { [noun]: 'gemini' })).toEqual({
      status: 200,
      body: { status: 'saved', [noun]: 'gemini' },
    });
    expect(await startedWith(id, 2)).toMatchObject({ [secret]: 'gemini' });
    // The same again changes nothing.
    await world.call('PUT', path(id), { [noun]: 'gemini' });
    expect(await world.call('GET', path(id))).toEqual({
      status: 200,
      body: { [noun]: 'gemini', source: 'workspace_secrets' },
    });
    const listed = await world.call('GET', `/workspaces/${id}/secrets`);
    expect(listed.body.map((row: { key: string }) => row.key)).toEqual([secret]);
    expect(await world.call('PUT', path(id), { [noun]: '' })).toEqual({ status: 200, body: { status: 'cleared' } });
    expect(await startedWith(id, 3)).not.toHaveProperty(secret);
    expect(world.backend.findSpec(id)?.env).not.toHaveProperty('MODEL');
  });

  it('that a shared secret decides is shown with that source, until the workspace has its own', async () => {
    const id = await create();
    await world.call('PUT', '/settings/secrets', { key: secret, value: 'shared' });
    const shared = { [noun]: 'shared', source: 'global_secrets' };
    expect((await world.call('GET', path(id))).body).toEqual(shared);
    await waitFor(async () => world.backend.findSpec(id)?.env[secret] === 'shared');
    await world.call('PUT', path(id), { [noun]: 'own' });
    expect((await world.call('GET', path(id))).body).toEqual({ [noun]: 'own', source: 'workspace_secrets' });
    await world.call('PUT', path(id), { [noun]: '' });
    expect((await world.call('GET', path(id))).body).toEqual(shared);
    await world.call('DELETE', `/settings/secrets/${secret}`);
    expect((await world.call('GET', path(id))).body).toEqual({ [noun]: '', source: 'default' });
  });

  it.each<[string, unknown]>([
    ['a number', { [noun]: 1 }],
    ['nothing', {}],
    ['two lines', { [noun]: 'a\nb' }],
    ['blanks', { [noun]: '  ' }],
    ['more than 100 bytes', { [noun]: 'é'.repeat(51) }],
  ])('is not %s', async (_, body) => {
    const id = await create();
    expect(await world.call('PUT', path(id), body)).toMatchObject({
      status: 400,
      body: { error: 'invalid request body' },
    });
    expect((await world.call('GET', path(id))).body).toEqual({ [noun]: '', source: 'default' });
  });

  it('is asked for by an id in lower case with hyphens only, and of a workspace that exists', async () => {
    const id = await create();
    for (const odd of [id.toUpperCase(), id.replaceAll('-', ''), 'nope']) {
      expect(await world.call('GET', path(odd))).toMatchObject({
        status: 400,
        body: { error: 'invalid workspace ID' },
      });
      expect(await world.call('PUT', path(odd), { [noun]: 'x' })).toMatchObject({ status: 400 });
    }
    const unknown = world.ports.random.uuid();
    expect(await world.call('PUT', path(unknown), { [noun]: 'x' })).toMatchObject({ status: 404 });
    expect(await world.call('PUT', path(unknown), { [noun]: '' })).toMatchObject({ status: 404 });
  });

  it('that cannot be decrypted is said to be so, and can be set again', async () => {
    const id = await create();
    await world.call('PUT', path(id), { [noun]: 'gemini' });
    await sql`update workspace_secrets set encrypted_value = '\\x00' where workspace_id = ${id}`.execute(
      world.ports.lanes.control,
    );
    expect(await world.call('GET', path(id))).toMatchObject({ status: 500, body: { error: 'failed to decrypt' } });
    await world.call('PUT', path(id), { [noun]: 'gemini' });
    expect((await world.call('GET', path(id))).body).toMatchObject({ [noun]: 'gemini' });
  });

  it('a dry run tells whose agent would start again, and changes nothing', async () => {
    const id = await create();
    await startedWith(id, 1);
    expect(await world.call('PUT', `${path(id)}?dry_run=true`, { [noun]: 'gemini' })).toEqual({
      status: 200,
      body: { status: 'dry_run', changes: true, would_restart: [{ id, name: 'Ada' }] },
    });
    expect((await world.call('PUT', `${path(id)}?dry_run=true`, { [noun]: '' })).body).toEqual({
      status: 'dry_run',
      changes: false,
      would_restart: [],
    });
    expect((await world.call('GET', path(id))).body).toMatchObject({ source: 'default' });
    expect(world.backend.findSpec(id)?.generation).toBe(1);
  });
});

it('a changed model is shown and told, also when it is changed as the secret it is', async () => {
  const id = await create({ model: 'sonnet' });
  await world.call('PUT', `/workspaces/${id}/model`, { model: 'opus' });
  expect(await shownModel(id)).toBe('opus');
  await world.call('PUT', `/workspaces/${id}/secrets`, { key: 'MODEL_PROVIDER', value: 'haiku' });
  expect(await shownModel(id)).toBe('haiku');
  await world.call('DELETE', `/workspaces/${id}/secrets/MODEL_PROVIDER`);
  expect(await shownModel(id)).toBeNull();
  expect((await world.call('GET', `/workspaces/${id}/model`)).body).toEqual({ model: '', source: 'default' });
  const events = await readEvents(world.ports.lanes.control, { afterSeq: 0, limit: 1_000, workspaceId: id });
  expect(events.flatMap((event) => (event.type === 'WORKSPACE_UPDATED' ? [event.payload.changes] : []))).toEqual([
    { model: 'opus' },
    { model: 'haiku' },
    { model: null },
  ]);
});

it('model and provider are no secrets: a log that names them stays readable', async () => {
  const id = await create({ model: SLUG, secrets: { A_KEY: 'value-of-a-key' } });
  await startedWith(id, 1);
  expect(world.backend.findSpec(id)?.secretNames).toEqual(['A_KEY']);
});

it('a model chosen before it was kept as a secret is found there after the migration', async () => {
  const id = await create({ model: 'sonnet' });
  const db = world.ports.lanes.control;
  // As an earlier release left it.
  await sql`delete from workspace_secrets where workspace_id = ${id}`.execute(db);
  const migration = new URL('../../../migrations/0009_chosen_models.sql', import.meta.url);
  await sql.raw(readFileSync(migration, 'utf8')).execute(db);
  expect((await world.call('GET', `/workspaces/${id}/model`)).body).toEqual({
    model: 'sonnet',
    source: 'workspace_secrets',
  });
});
