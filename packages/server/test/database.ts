import { fileURLToPath } from 'node:url';
import { cloneTestDatabase, type TestDatabase } from '@molecule/testkit';
import { afterAll, afterEach, beforeAll, inject } from 'vitest';
import { migrate } from '../src/platform/migrate.js';

export const MIGRATIONS_FOLDER = fileURLToPath(new URL('../migrations', import.meta.url));

/** A migrated database of its own, for a test that manages its lifetime itself. `folder` replaces our migrations. */
export function createTestDatabase(folder: string = MIGRATIONS_FOLDER): Promise<TestDatabase> {
  return cloneTestDatabase({
    adminUrl: inject('adminDatabaseUrl'),
    migrationsFolder: folder,
    migrate: async (url) => {
      await migrate({ url, folder });
    },
  });
}

/**
 * One migrated database for the tests of this file or `describe`. It is dropped at the end, and kept, with its URL
 * printed, when one of them failed. Close every connection in an `afterAll` or `afterEach` registered later: what is
 * still open at the end fails the file.
 */
export function useTestDatabase(): { readonly url: string } {
  let database: TestDatabase | null = null;
  let failed: string | null = null;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') failed = task.name;
  });
  afterAll(async () => {
    if (failed === null) await database?.drop();
    else database?.keep(`failed: ${failed}`);
  });

  return {
    get url() {
      if (database === null) throw new Error('the test database exists only while tests and hooks run');
      return database.url;
    },
  };
}
