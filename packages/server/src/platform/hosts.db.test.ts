import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { useTestDatabase } from '../../test/database.js';
import { createTestPorts } from '../../test/ports.js';
import { announceHost, findOtherHost } from './hosts.js';

const database = useTestDatabase();

it('a host that has not been seen for months is forgotten, so that replaced servers do not add up', async () => {
  const ports = createTestPorts(database.url);
  const db = ports.lanes.health;
  const own = { id: ports.random.uuid(), name: 'own' };
  const silentFor = async (name: string, age: string): Promise<void> => {
    await sql`insert into server_hosts (id, name, seen_at)
      values (${ports.random.uuid()}, ${name}, now() - ${age}::interval)`.execute(db);
  };
  await silentFor('replaced', '91 days');
  await silentFor('on holiday', '89 days');
  await silentFor('neighbour', '1 second');
  await announceHost({ db, supervisor: ports.supervisor }, own);
  ports.supervisor.start();
  const names = async () =>
    (await db.selectFrom('server_hosts').select('name').orderBy('name').execute()).map((h) => h.name);
  await expect.poll(names).toEqual(['neighbour', 'on holiday', 'own']);
  expect((await findOtherHost(db, own))?.name).toBe('neighbour');
  await ports.close();
});
