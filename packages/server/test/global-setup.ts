import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listTestDatabases } from '@molecule/testkit';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '../src/platform/postgres/index.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** A database with the right to create others; every test file clones its own from there. */
    adminDatabaseUrl: string;
  }
}

/** One Postgres for the whole run: the given one, or an embedded one without fsync that ends with the run. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.MOLECULE_TEST_DATABASE_URL;
  if (given !== undefined && given !== '') {
    project.provide('adminDatabaseUrl', given);
    return async () => {};
  }
  const dataDir = await mkdtemp(join(tmpdir(), 'molecule-test-'));
  const postgres = await startEmbeddedPostgres({
    dataDir,
    log: () => {},
    settings: {
      fsync: 'off',
      full_page_writes: 'off',
      synchronous_commit: 'off',
      autovacuum: 'off',
      max_connections: '200',
    },
  });
  project.provide('adminDatabaseUrl', postgres.url);
  return async () => {
    const kept = await listTestDatabases(postgres.url);
    await postgres.stop();
    if (kept.length === 0) {
      // Two places: where root may not use the temporary folder, the database files lie elsewhere.
      for (const dir of [postgres.dataDir, dataDir]) await rm(dir, { recursive: true, force: true });
      return;
    }
    console.error(
      `kept for inspection: ${kept.join(', ')} in the Postgres files at ${postgres.dataDir}. ` +
        'Set MOLECULE_TEST_DATABASE_URL to run against a server that stays up.',
    );
  };
}
