import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listTestDatabases } from '@molecule/testkit';
import type { TestProject } from 'vitest/node';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../src/platform/postgres/index.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** A database with the right to create others; every test file clones its own from there. */
    adminDatabaseUrl: string;
  }
}

/** The process id in the name tells a later run whether the one that made it still lives. */
const DIRECTORY = /^molecule-test-(\d+)-/;
/** A file in a kept directory that names where its Postgres files are. */
const KEPT_MARK = 'kept-for-inspection';
const KEPT_MAX = 3;

/** One Postgres for the whole run: the given one, or an embedded one without fsync that ends with the run. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.MOLECULE_TEST_DATABASE_URL;
  if (given !== undefined && given !== '') {
    project.provide('adminDatabaseUrl', given);
    return async () => {};
  }
  await removeOrphans();
  await removeOldKept();
  const dataDir = await mkdtemp(join(tmpdir(), `molecule-test-${process.pid}-`));
  const postgres = await start(dataDir);
  project.provide('adminDatabaseUrl', postgres.url);
  return async () => {
    const kept = await listTestDatabases(postgres.url);
    if (kept.length === 0) {
      await remove(postgres, dataDir);
      return;
    }
    await postgres.stop();
    await writeFile(join(dataDir, KEPT_MARK), postgres.dataDir);
    console.error(
      `kept for inspection: ${kept.join(', ')}, in the Postgres files at ${postgres.dataDir} (see ${dataDir}). ` +
        'Set MOLECULE_TEST_DATABASE_URL to run against a server that stays up.',
    );
  };
}

function start(dataDir: string): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({
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
}

/** Failed runs are looked at soon or never; each takes some 80 MB. */
async function removeOldKept(): Promise<void> {
  const kept: { dataDir: string; mark: string; atMs: number }[] = [];
  for (const name of await readdir(tmpdir())) {
    const dataDir = join(tmpdir(), name);
    const mark = join(dataDir, KEPT_MARK);
    if (DIRECTORY.test(name) && existsSync(mark)) kept.push({ dataDir, mark, atMs: (await stat(mark)).mtimeMs });
  }
  for (const { dataDir, mark } of kept.sort((a, b) => b.atMs - a.atMs).slice(KEPT_MAX)) {
    for (const dir of [await readFile(mark, 'utf8'), dataDir]) await rm(dir, { recursive: true, force: true });
  }
}

async function remove(postgres: EmbeddedPostgres, dataDir: string): Promise<void> {
  await postgres.stop();
  // Two places: where root may not use the temporary folder, the database files lie elsewhere.
  for (const dir of [postgres.dataDir, dataDir]) await rm(dir, { recursive: true, force: true });
}

/** A run that was killed could not stop its Postgres, which is detached; the next run takes it over to stop it. */
async function removeOrphans(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = DIRECTORY.exec(name)?.[1];
    const dataDir = join(tmpdir(), name);
    if (pid === undefined || isAlive(Number(pid)) || existsSync(join(dataDir, KEPT_MARK))) continue;
    try {
      await remove(await start(dataDir), dataDir);
    } catch (error) {
      console.error(`cannot remove the Postgres that a killed test run left in ${dataDir}:`, error);
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Not allowed to signal it means that it exists.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
