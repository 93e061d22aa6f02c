import { afterAll, beforeAll, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { type RealApp, startRealApp } from '../../../test/real-app.js';
import { createSystemClock } from '../../platform/clock.js';
import { createExternalDriver } from '../../provisioners/external/external.driver.js';
import { createProvisionerRegistry } from '../../provisioners/registry.js';
import { createProvisioner } from '../../provisioners/shared-semantics.js';
import { sweepOrphans } from './orphans.sweeper.js';

const database = useTestDatabase();
let app: RealApp;
beforeAll(async () => {
  app = await startRealApp(database.url);
});
afterAll(() => app.close());

it('R19, B-01: an external agent keeps its token over a restart and an orphan sweep, and is no suspect', async () => {
  const { body } = await app.call('POST', '/workspaces', { name: 'Elsewhere', external: true });
  const token: string = body.connection.auth_token;
  const state = () => app.call('GET', `/workspaces/${body.id}/state`, undefined, token);
  const rowBefore = await state();
  expect(rowBefore).toMatchObject({ status: 200 });
  expect(await app.call('POST', `/workspaces/${body.id}/restart`)).toMatchObject({ body: { status: 'noop' } });
  const external = createProvisioner(createExternalDriver({ clock: createSystemClock() }));
  const deps = {
    ...app.app.ports,
    provisioners: createProvisionerRegistry([external]),
    hostId: app.app.ports.random.uuid(),
  };
  await sweepOrphans(deps, new AbortController().signal);
  expect((await state()).body).toEqual(rowBefore.body);
  expect(await app.call('GET', '/admin/orphans')).toMatchObject({ status: 200, body: [] });
});

it('the list of orphans is read in pages by an administrator only', async () => {
  expect(await app.call('GET', '/admin/orphans?limit=1&after=0')).toMatchObject({ status: 200, body: [] });
  expect(await app.call('GET', '/admin/orphans?limit=none')).toMatchObject({ status: 400 });
  expect(await app.call('GET', '/admin/orphans', undefined, 'wrong')).toMatchObject({ status: 401 });
});
