import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { type RealApp, startRealApp } from '../../../test/real-app.js';
import { createSystemClock } from '../../platform/clock.js';
import { specOf } from '../../provisioners/conformance/provisioner.suite.js';
import { createExternalDriver } from '../../provisioners/external/external.driver.js';
import { createProcessWorld, type ProcessWorld } from '../../provisioners/process/process-world.suite.js';
import type { Provisioner } from '../../provisioners/provisioner.js';
import { createProvisionerRegistry } from '../../provisioners/registry.js';
import { createProvisioner } from '../../provisioners/shared-semantics.js';
import { sweepOrphans } from './orphans.sweeper.js';

const database = useTestDatabase();
const never = new AbortController().signal;
let app: RealApp;
/** This server's machine, and a data directory of somebody else on it. */
let ours: ProcessWorld;
let theirs: ProcessWorld;
let backends: readonly Provisioner[];
beforeAll(async () => {
  [ours, theirs] = [await createProcessWorld(), await createProcessWorld()];
  backends = [ours.createProvisioner(), createProvisioner(createExternalDriver({ clock: createSystemClock() }))];
  app = await startRealApp(database.url, { provisioners: backends, defaultBackend: 'process' });
});
afterAll(async () => {
  await app.close();
  await Promise.all([ours.cleanup(), theirs.cleanup()]);
});

it('R19, B-01, M-21: an external agent keeps its token over a restart and an orphan sweep, which ends orphans of this server only', async () => {
  const { body } = await app.call('POST', '/workspaces', { name: 'Elsewhere', external: true });
  const token: string = body.connection.auth_token;
  const state = () => app.call('GET', `/workspaces/${body.id}/state`, undefined, token);
  const rowBefore = await state();
  expect(rowBefore).toMatchObject({ status: 200 });
  expect(await app.call('POST', `/workspaces/${body.id}/restart`)).toMatchObject({ body: { status: 'noop' } });
  const orphan = app.app.ports.random.uuid();
  await ours.createProvisioner().ensure(specOf(1, { workspaceId: orphan }), null, never);
  // The external agent itself runs on this machine, as somebody else's process.
  await theirs.createProvisioner().ensure(specOf(1, { workspaceId: body.id }), null, never);

  const { ports } = app.app;
  const deps = { ...ports, provisioners: createProvisionerRegistry(backends), hostId: ports.random.uuid() };
  await sweepOrphans(deps, never);
  // As if the cycles between had passed.
  await sql`update orphan_instances set first_seen_at = now() - interval '5 minutes'`.execute(ports.lanes.control);
  await sweepOrphans(deps, never);

  expect(await ours.processes()).toEqual([]);
  expect(await theirs.processes()).toHaveLength(1);
  expect((await state()).body).toEqual(rowBefore.body);
  const { body: orphans } = await app.call('GET', '/admin/orphans');
  expect(new Set(orphans.map((one: { workspace_id: string }) => one.workspace_id))).toEqual(new Set([orphan]));
});

it('the list of orphans is read in pages by an administrator only', async () => {
  expect((await app.call('GET', '/admin/orphans?limit=1')).body.length).toBeLessThanOrEqual(1);
  expect(await app.call('GET', '/admin/orphans?limit=1&after=1000000')).toMatchObject({ status: 200, body: [] });
  expect(await app.call('GET', '/admin/orphans?limit=none')).toMatchObject({ status: 400 });
  expect(await app.call('GET', '/admin/orphans', undefined, 'wrong')).toMatchObject({ status: 401 });
});
