import { listTestDatabases } from '@molecule/testkit';
import pg from 'pg';
import { describe, expect, inject, it } from 'vitest';
import { createTestDatabase } from './database.js';

describe('a test database', () => {
  it('is migrated, its own, and gone after drop', async () => {
    const [one, two] = await Promise.all([createTestDatabase(), createTestDatabase()]);
    expect(one.url).not.toBe(two.url);
    const client = new pg.Client({ connectionString: one.url });
    await client.connect();
    const { rows } = await client.query('select count(*)::int as n from schema_migrations');
    expect(rows[0].n).toBeGreaterThan(0);
    await client.end();
    await one.drop();
    await two.drop();
    const left = await listTestDatabases(inject('adminDatabaseUrl'));
    for (const { url } of [one, two]) expect(left).not.toContain(new URL(url).pathname.slice(1));
  });

  it('fails a test that leaves a connection open, naming it', async () => {
    const database = await createTestDatabase();
    const client = new pg.Client({ connectionString: database.url, application_name: 'forgotten' });
    client.on('error', () => {});
    await client.connect();
    await expect(database.drop()).rejects.toThrow('test left 1 database connections open: forgotten');
  });
});
