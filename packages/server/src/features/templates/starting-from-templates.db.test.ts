import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '@molecule/testkit';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { createOrgsWorld, type OrgsWorld } from '../../../test/orgs-world.js';
import { readEvents } from '../../platform/event-log.js';

const database = useTestDatabase();
let world: OrgsWorld;

beforeEach(async () => {
  world = await createOrgsWorld(database.url);
  world.write('templates', {
    'writer/config.yaml': 'name: Writer\nruntime: echo\n',
    'writer/system-prompt.md': 'You write.\n',
  });
});
afterEach(() => world.close());

async function row(id: string) {
  return world.ports.lanes.control.selectFrom('workspaces').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
}

async function settled(id: string): Promise<void> {
  await waitFor(async () => {
    const { generation, observed_generation: observed } = await row(id);
    return generation === observed;
  });
}

async function running(fields: Record<string, unknown> = {}): Promise<string> {
  const { id } = await world.workspaces.verbs.create(
    { name: 'Ada', template: 'writer', ...fields },
    'http://localhost',
  );
  await settled(id);
  expect(world.backend.countRunning(id)).toBe(1);
  return id;
}

const deleteTemplate = (name: string): void => rmSync(join(world.folders.templates, name), { recursive: true });
const fileOf = (id: string, path: string): string | null =>
  world.backend.files.read(id, path)?.toString('utf8') ?? null;

describe('a workspace whose template has gone', () => {
  it('starts from the configuration on its volume, however it is started', async () => {
    const id = await running();
    world.backend.files.write(id, 'config.yaml', Buffer.from('runtime: echo\n# mine\n'));
    deleteTemplate('writer');
    await world.workspaces.lifecycle.restart(id, {});
    await settled(id);
    expect(await row(id)).toMatchObject({ last_sample_error: null, instance_state: 'running' });
    await world.workspaces.lifecycle.pause(id, new AbortController().signal);
    await world.workspaces.lifecycle.resume(id);
    await settled(id);
    expect(world.backend.countRunning(id)).toBe(1);
    expect(fileOf(id, 'config.yaml')).toBe('runtime: echo\n# mine\n');
  });

  it('is not kept from starting by a restart that asked for another one which went meanwhile', async () => {
    world.write('templates', { 'seo/config.yaml': 'runtime: echo\n' });
    const id = await running();
    await sql`update workspaces set pending_template = 'seo' where id = ${id}`.execute(world.ports.lanes.control);
    deleteTemplate('seo');
    await world.ports.transact('control', (tx) =>
      world.ports.commit(tx, { transitions: [{ workspaceId: id, trigger: 'start_requested' }] }),
    );
    world.workspaces.verbs.nudge();
    await settled(id);
    expect(await row(id)).toMatchObject({
      applied_template: 'writer',
      pending_template: null,
      last_sample_error: null,
    });
    expect(world.backend.countRunning(id)).toBe(1);
  });

  it('R3: never becomes an agent of its runtime in silence: without a default it fails and says what is missing', async () => {
    const stops = new AbortController().signal;
    const id = await running();
    await world.workspaces.lifecycle.pause(id, stops);
    deleteTemplate('writer');
    world.backend.files.remove(id, 'config.yaml');
    await world.workspaces.lifecycle.resume(id);
    await waitFor(async () => (await row(id)).status === 'failed');
    const failed = await row(id);
    expect(failed.failure_reason).toBe('config_missing');
    expect(failed.last_sample_error).toMatch(
      new RegExp(
        `^cannot start workspace ${id}: no config\\.yaml source and config volume is empty \\(emptied since it was first ` +
          `provisioned at \\d{4}-[^;]+; there is no template "writer" any more\\)`,
      ),
    );
    world.write('templates', { 'seo/config.yaml': 'runtime: echo\n# seo\n' });
    await world.workspaces.lifecycle.restart(id, { template: 'seo' });
    await settled(id);
    expect(world.backend.countRunning(id)).toBe(1);
    expect(fileOf(id, 'config.yaml')).toContain('# seo');
  });

  it('says that it was never provisioned when it never was', async () => {
    world.backend.setReachable(false);
    const { id } = await world.workspaces.verbs.create({ name: 'Ada', template: 'writer' }, 'http://localhost');
    await waitFor(async () => (await row(id)).instance_state === 'unknown');
    deleteTemplate('writer');
    world.backend.setReachable(true);
    await sql`update workspaces set due_at = now() where id = ${id}`.execute(world.ports.lanes.control);
    world.workspaces.verbs.nudge();
    await waitFor(async () => (await row(id)).status === 'failed');
    expect((await row(id)).last_sample_error).toContain(
      'config volume is empty (it was never provisioned; there is no',
    );
  });
});

describe('an emptied configuration folder', () => {
  /** Ways in which an agent is started again. */
  const starts: Record<string, (id: string) => Promise<unknown>> = {
    restart: (id) => world.workspaces.lifecycle.restart(id, {}),
    'pause and resume': async (id) => {
      await world.workspaces.lifecycle.pause(id, new AbortController().signal);
      await world.workspaces.lifecycle.resume(id);
    },
    'a programmatic restart': (id) =>
      world.ports.transact('control', (tx) =>
        world.ports.commit(tx, { transitions: [{ workspaceId: id, trigger: 'start_requested' }] }),
      ),
    crash: async (id) => world.backend.crash(id),
  };

  it.each(Object.keys(starts))('R1: is filled again from the template of the workspace after %s', async (way) => {
    const id = await running();
    for (const path of world.backend.files.list(id)) world.backend.files.remove(id, path);
    await starts[way]?.(id);
    world.workspaces.verbs.nudge();
    await waitFor(() => fileOf(id, 'system-prompt.md') === 'You write.\n', { timeoutMs: 15_000 });
    await settled(id);
    expect(await row(id)).toMatchObject({ applied_template: 'writer', template: 'writer' });
  });

  it('of a workspace without a template is not filled with a default: it had a configuration of its own', async () => {
    const { id } = await world.workspaces.verbs.create({ name: 'Ada', runtime: 'echo' }, 'http://localhost');
    await settled(id);
    world.backend.files.remove(id, 'config.yaml');
    await world.workspaces.lifecycle.restart(id, {});
    await waitFor(async () => (await row(id)).status === 'failed');
    expect((await row(id)).last_sample_error).toContain(
      'config volume is empty (emptied since it was first provisioned',
    );
  });
});

describe('what is recorded of an applied template', () => {
  const reading = async (id: string) => {
    const { body } = await world.call('GET', '/workspaces');
    const { needs_restart, template_changed } = body.find((workspace: { id: string }) => workspace.id === id);
    return { needs_restart, template_changed };
  };

  it('is its name and the content of its folder, which counts only when it is asked for', async () => {
    const id = await running();
    expect(await row(id)).toMatchObject({
      applied_template: 'writer',
      applied_template_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(await reading(id)).toEqual({ needs_restart: false, template_changed: false });
    world.write('templates', { 'writer/system-prompt.md': 'You write well.\n' });
    world.templates.find('writer');
    expect(await reading(id)).toEqual({ needs_restart: false, template_changed: true });
    await world.workspaces.lifecycle.restart(id, {});
    await settled(id);
    expect(fileOf(id, 'system-prompt.md')).toBe('You write.\n');
    await world.workspaces.lifecycle.restart(id, { apply_template: true });
    await settled(id);
    expect(fileOf(id, 'system-prompt.md')).toBe('You write well.\n');
    expect(await reading(id)).toEqual({ needs_restart: false, template_changed: false });
  });

  it.each([
    ['whose first agent ended during boot', async () => world.backend.failNextStart(['no']), async () => {}],
    [
      'that lacked a variable at first',
      async () => {
        world.write('templates', {
          'writer/config.yaml': 'runtime: echo\nruntime_config: { required_env: [A_KEY] }\n',
        });
      },
      async (id: string) => {
        await waitFor(async () => (await row(id)).failure_reason === 'missing_env');
        await world.call('PUT', '/settings/secrets', { key: 'A_KEY', value: 'v' });
      },
    ],
  ])('is kept for a workspace %s: no restart lays it over edits', async (_, hinder, mend) => {
    await hinder();
    const { id } = await world.workspaces.verbs.create({ name: 'Ada', template: 'writer' }, 'http://localhost');
    await waitFor(() => fileOf(id, 'system-prompt.md') !== null);
    await mend(id);
    await waitFor(async () => (await row(id)).instance_state === 'running', { timeoutMs: 15_000 });
    await settled(id);
    expect(await row(id)).toMatchObject({ applied_template: 'writer', template: 'writer' });
    world.backend.files.write(id, 'system-prompt.md', Buffer.from('mine'));
    expect(await world.workspaces.lifecycle.restart(id, {})).toMatchObject({
      source: { label: 'writer', apply: null },
    });
    await settled(id);
    expect(fileOf(id, 'system-prompt.md')).toBe('mine');
  });

  it('is made up for when a server died before it could be noted', async () => {
    const id = await running();
    // As it is when the files were laid and the instance started, and the row heard of neither.
    await sql`
      update workspaces set applied_template = null, applied_template_hash = null, provisioned_at = null,
                            observed_generation = 0, due_at = now() where id = ${id}`.execute(
      world.ports.lanes.control,
    );
    world.workspaces.verbs.nudge();
    await waitFor(async () => (await row(id)).provisioned_at !== null);
    expect(await row(id)).toMatchObject({ applied_template: 'writer' });
    expect(await reading(id)).toEqual({ needs_restart: false, template_changed: false });
  });

  it('R2: another stored template waits through everything but a manual restart, and says so', async () => {
    world.write('templates', { 'seo/config.yaml': 'runtime: echo\n' });
    const id = await running();
    await world.workspaces.lifecycle.setTemplate(id, 'seo');
    expect(await reading(id)).toMatchObject({ needs_restart: true });
    await world.ports.transact('control', (tx) =>
      world.ports.commit(tx, { transitions: [{ workspaceId: id, trigger: 'start_requested' }] }),
    );
    world.workspaces.verbs.nudge();
    await settled(id);
    expect(await row(id)).toMatchObject({ applied_template: 'writer' });
    expect(await reading(id)).toMatchObject({ needs_restart: true });
    await world.workspaces.lifecycle.restart(id, {});
    await settled(id);
    expect(await row(id)).toMatchObject({ applied_template: 'seo' });
    expect(await reading(id)).toMatchObject({ needs_restart: false });
    const told = (await readEvents(world.ports.lanes.control, { afterSeq: 0, limit: 100, workspaceId: id })).flatMap(
      (event) => (event.type === 'WORKSPACE_UPDATED' ? [event.payload.changes] : []),
    );
    expect(told).toEqual([{ template: 'seo', needs_restart: true }, { needs_restart: false }]);
  });

  it('another runtime, tier or number of tasks waits for any start, and is then in config.yaml beside what was edited', async () => {
    const { patch } = world.workspaces.verbs;
    const id = await running();
    world.backend.files.write(id, 'config.yaml', Buffer.from('runtime: echo # edited\ntier: 3\nskills: []\n'));
    for (const [change, back] of [
      [{ runtime: 'llm' }, { runtime: 'echo' }],
      [{ tier: 2 }, { tier: 3 }],
      [{ max_concurrent_tasks: 4 }, { max_concurrent_tasks: -1 }],
    ] as const) {
      expect(await patch(id, change)).toEqual({ needsRestart: true });
      expect(await reading(id)).toMatchObject({ needs_restart: true });
      expect(await patch(id, back)).toEqual({ needsRestart: false });
      expect(await reading(id)).toMatchObject({ needs_restart: false });
    }
    await patch(id, { runtime: 'llm', tier: 2, max_concurrent_tasks: 4 });
    expect(await patch(id, { name: 'Beside' })).toEqual({ needsRestart: false });
    await world.ports.transact('control', (tx) =>
      world.ports.commit(tx, { transitions: [{ workspaceId: id, trigger: 'start_requested' }] }),
    );
    world.workspaces.verbs.nudge();
    await settled(id);
    expect(fileOf(id, 'config.yaml')).toBe('runtime: llm # edited\ntier: 2\nskills: []\nmax_concurrent_tasks: 4\n');
    expect(await reading(id)).toMatchObject({ needs_restart: false });
    // What is edited afterwards is not written over by the next start.
    world.backend.files.write(id, 'config.yaml', Buffer.from('runtime: echo\n'));
    await world.workspaces.lifecycle.restart(id, {});
    await settled(id);
    expect(fileOf(id, 'config.yaml')).toBe('runtime: echo\n');
  });

  it('what is changed while an agent is held waits for nothing: its next start takes it', async () => {
    const id = await running();
    await world.workspaces.lifecycle.pause(id, new AbortController().signal);
    expect(await world.workspaces.verbs.patch(id, { max_concurrent_tasks: 2 })).toEqual({ needsRestart: false });
    await world.workspaces.lifecycle.resume(id);
    await settled(id);
    expect(fileOf(id, 'config.yaml')).toContain('max_concurrent_tasks: 2');
  });

  it('another working folder waits for any start', async () => {
    const id = await running();
    await world.workspaces.verbs.patch(id, { workspace_dir: '/srv/elsewhere' });
    expect(await reading(id)).toMatchObject({ needs_restart: true });
    await world.workspaces.verbs.patch(id, { workspace_dir: null });
    expect(await reading(id)).toMatchObject({ needs_restart: false });
    await world.workspaces.verbs.patch(id, { workspace_dir: '/srv/elsewhere' });
    await world.workspaces.lifecycle.restart(id, {});
    await settled(id);
    expect(await reading(id)).toMatchObject({ needs_restart: false });
  });

  it('R3: template and runtime are two facts, and neither is ever taken from the other', async () => {
    const id = await running({ runtime: 'llm' });
    expect(await row(id)).toMatchObject({ template: 'writer', runtime: 'llm' });
    await world.workspaces.lifecycle.restart(id, { apply_template: true });
    await settled(id);
    expect(await row(id)).toMatchObject({ template: 'writer', runtime: 'llm', applied_template: 'writer' });
    await expect(world.workspaces.lifecycle.setTemplate(id, 'unknown')).rejects.toMatchObject({
      code: 'unknown_template',
    });
    const unknown = { name: 'Bea', runtime: 'echo', template: 'unknown' };
    await expect(world.workspaces.verbs.create(unknown, 'http://localhost')).rejects.toMatchObject({
      code: 'unknown_template',
    });
    expect(await row(id)).toMatchObject({ template: 'writer' });
  });
});

describe('files composed for a workspace', () => {
  it('lie over the template they were composed for and over no other', async () => {
    world.write('templates', { 'seo/config.yaml': 'runtime: echo\n# seo\n', 'seo/system-prompt.md': 'Seo.\n' });
    world.write('orgs', {
      'team/org.yaml': 'name: T\nworkspaces: [{ name: N, runtime: echo, template: writer, system_prompt: Mine. }]\n',
    });
    const [{ id }] = (await world.call('POST', '/org/import', { dir: 'team' })).body.workspaces;
    await settled(id);
    expect(fileOf(id, 'system-prompt.md')).toBe('Mine.');
    await world.workspaces.lifecycle.restart(id, { template: 'seo' });
    await settled(id);
    expect(fileOf(id, 'system-prompt.md')).toBe('Seo.\n');
    await world.workspaces.lifecycle.restart(id, { apply_template: true });
    await settled(id);
    expect(fileOf(id, 'system-prompt.md')).toBe('Mine.');
  });

  it('lie over any template when an earlier release wrote them', async () => {
    world.write('orgs', {
      'team/org.yaml': 'name: T\nworkspaces: [{ name: Old, runtime: echo, template: writer, system_prompt: Mine. }]\n',
    });
    const [{ id }] = (await world.call('POST', '/org/import', { dir: 'team' })).body.workspaces;
    await settled(id);
    // It knows nothing of the column.
    await sql`update workspaces set seeded_for = null where id = ${id}`.execute(world.ports.lanes.control);
    for (const path of world.backend.files.list(id)) world.backend.files.remove(id, path);
    await world.workspaces.lifecycle.restart(id, {});
    await settled(id);
    expect(fileOf(id, 'system-prompt.md')).toBe('Mine.');
  });

  it('rebuild_config lays the folder of the workspace below org-templates', async () => {
    world.write('templates', {
      'org-templates/ada/config.yaml': 'runtime: echo\n# rebuilt\n',
      'org-templates/ada/notes/a.md': 'a\n',
    });
    const { id } = await world.workspaces.verbs.create({ name: 'Ada', runtime: 'echo' }, 'http://localhost');
    await settled(id);
    expect(await world.workspaces.lifecycle.restart(id, {})).toMatchObject({ source: { label: 'existing-volume' } });
    expect(await world.workspaces.lifecycle.restart(id, { rebuild_config: true })).toMatchObject({
      source: { label: 'org-templates/ada', apply: 'org-templates/ada' },
    });
    await settled(id);
    expect(fileOf(id, 'config.yaml')).toContain('# rebuilt');
    expect(fileOf(id, 'notes/a.md')).toBe('a\n');
    expect(await row(id)).toMatchObject({ applied_template: 'org-templates/ada', template: null });
    // It is no template: it is not listed and cannot be stored.
    expect((await world.call('GET', '/templates')).body.map(({ id: name }: { id: string }) => name)).toEqual([
      'writer',
    ]);
    await expect(world.workspaces.lifecycle.setTemplate(id, 'org-templates/ada')).rejects.toMatchObject({
      code: 'invalid_template',
    });
  });
});
