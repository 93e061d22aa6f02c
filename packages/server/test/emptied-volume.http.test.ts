import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '@molecule/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProcessWorld, type ProcessWorld } from '../src/provisioners/process/process-world.suite.js';
import { useTestDatabase } from './database.js';
import { type RealApp, startRealApp } from './real-app.js';

/** The whole server with real agent processes, whose configuration folder somebody empties on the disk. */
describe('a configuration folder emptied on the disk', () => {
  const database = useTestDatabase();
  let machine: ProcessWorld;
  let app: RealApp;
  beforeAll(async () => {
    machine = await createProcessWorld();
    const provisioner = machine.createProvisioner({ commandFor: () => machine.commandOf('agent') });
    app = await startRealApp(database.url, { provisioners: [provisioner], defaultBackend: 'process' });
  });
  afterAll(async () => {
    await app.close();
    await machine.cleanup();
  });

  const row = (id: string) =>
    app.app.ports.lanes.control.selectFrom('workspaces').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  const configs = (id: string): string => join(machine.workspacesDir, id, 'configs');
  const empty = (id: string): void => {
    for (const name of readdirSync(configs(id))) rmSync(join(configs(id), name), { recursive: true });
  };
  const running = (id: string) =>
    waitFor(async () => {
      const { generation, observed_generation: observed, instance_state: state } = await row(id);
      return generation === observed && state === 'running';
    });
  async function create(fields: object): Promise<string> {
    const { body } = await app.call('POST', '/workspaces', { name: 'Ada', runtime: 'echo', ...fields });
    await running(body.id);
    return body.id;
  }

  it('R5: is filled from the template, whole, before the agent starts', async () => {
    const id = await create({ template: 'writer' });
    const before = readdirSync(configs(id)).sort();
    expect(before).toEqual(expect.arrayContaining(['.auth_token', '.provisioned', 'config.yaml', 'system-prompt.md']));
    empty(id);
    await app.call('POST', `/workspaces/${id}/restart`);
    await running(id);
    expect(readdirSync(configs(id)).sort()).toEqual(before);
  });

  it('R5: fails a workspace that has nothing to be filled from, says since when, and a template brings it back', async () => {
    const id = await create({});
    const since = (await row(id)).provisioned_at?.toISOString();
    empty(id);
    await app.call('POST', `/workspaces/${id}/restart`);
    await waitFor(async () => (await row(id)).status === 'failed');
    expect((await row(id)).last_sample_error).toContain(
      `cannot start workspace ${id}: no config.yaml source and config volume is empty (emptied since it was first provisioned at ${since})`,
    );
    expect(readdirSync(configs(id))).not.toContain('config.yaml');
    const reply = await app.call('POST', `/workspaces/${id}/restart`, { template: 'writer' });
    expect(reply.body).toMatchObject({ config_dir: 'writer', template_applied: true });
    await running(id);
    expect(readdirSync(configs(id))).toContain('system-prompt.md');
    expect((await row(id)).provisioned_at?.toISOString()).toBe(since);
  });

  it('is told from one that was never used by the mark in it, should the row have forgotten', async () => {
    const id = await create({});
    const mark = readFileSync(join(configs(id), '.provisioned'), 'utf8').trim();
    rmSync(join(configs(id), 'config.yaml'));
    await app.app.ports.lanes.control
      .updateTable('workspaces')
      .set({ provisioned_at: null })
      .where('id', '=', id)
      .execute();
    await app.call('POST', `/workspaces/${id}/restart`);
    await waitFor(async () => (await row(id)).status === 'failed');
    expect((await row(id)).last_sample_error).toContain(`emptied since it was first provisioned at ${mark}`);
  });
});
