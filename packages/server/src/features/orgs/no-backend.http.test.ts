import { waitFor } from '@molecule/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { createOrgsWorld, type OrgsWorld } from '../../../test/orgs-world.js';
import { readEvents } from '../../platform/event-log.js';

describe('a server without the backend of its workspaces', () => {
  const database = useTestDatabase();
  let world: OrgsWorld;
  beforeAll(async () => {
    world = await createOrgsWorld(database.url, { noBackend: true });
  });
  afterAll(() => world.close());

  const REASON = 'No backend "fake" is configured on this server. Configured: "external".';

  const find = (name: string) =>
    world.ports.lanes.control
      .selectFrom('workspaces')
      .select(['id', 'status', 'failure_reason', 'last_sample_error', 'due_at'])
      .where('name', '=', name)
      .executeTakeFirstOrThrow();

  async function expectFailed(name: string): Promise<void> {
    const row = await waitFor(async () => {
      const found = await find(name);
      return found.status === 'provisioning' ? null : found;
    });
    expect(row).toMatchObject({
      status: 'failed',
      failure_reason: 'no_backend',
      last_sample_error: REASON,
      due_at: null,
    });
    const events = await readEvents(world.ports.lanes.control, { afterSeq: 0, limit: 10, workspaceId: row.id });
    expect(events.map(({ type, payload }) => [type, payload])).toEqual([
      ['WORKSPACE_PROVISIONING', expect.objectContaining({ name })],
      ['WORKSPACE_PROVISION_FAILED', { error: REASON, reason: 'no_backend' }],
    ]);
  }

  it('D11, R45: fails each imported workspace with the reason, and leaves the external ones be', async () => {
    const template = {
      name: 'Bare',
      workspaces: [
        { name: 'Lead', runtime: 'echo', children: [{ name: 'Child', runtime: 'llm' }] },
        { name: 'Far', external: true, url: 'https://agent.example.com' },
        { name: 'Waiting', runtime: 'external' },
      ],
    };
    const { status, body } = await world.call('POST', '/org/import', { template });
    expect([status, body.count]).toEqual([201, 4]);
    await expectFailed('Lead');
    await expectFailed('Child');
    expect(await find('Far')).toMatchObject({ status: 'online', last_sample_error: null });
    expect(await find('Waiting')).toMatchObject({ status: 'awaiting_agent', last_sample_error: null });
  });

  it('R7, R45: fails a created workspace with the reason', async () => {
    await world.workspaces.verbs.create({ name: 'Alone', runtime: 'echo' }, 'http://localhost');
    await expectFailed('Alone');
  });

  it('leaves what it could not start alone when a secret changes (contract §2.3)', async () => {
    const { id } = await world.workspaces.verbs.create({ name: 'Alone', runtime: 'echo' }, 'http://localhost');
    await expectFailed('Alone');
    const preview = await world.call('PUT', `/workspaces/${id}/model?dry_run=true`, { model: 'sonnet' });
    expect(preview.body).toEqual({ status: 'dry_run', changes: true, would_restart: [] });
    expect(await world.call('PUT', `/workspaces/${id}/model`, { model: 'sonnet' })).toMatchObject({ status: 200 });
    expect((await world.call('PUT', '/settings/secrets', { key: 'ANY', value: 'x' })).body).toMatchObject({
      restarts: 0,
    });
    const events = await readEvents(world.ports.lanes.control, { afterSeq: 0, limit: 100, workspaceId: id });
    expect(events.filter(({ type }) => type === 'WORKSPACE_PROVISION_FAILED')).toHaveLength(1);
  });
});
