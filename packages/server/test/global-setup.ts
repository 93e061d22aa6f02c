import { existsSync } from 'node:fs';
import { lstat, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
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

async function remove(postgres: EmbeddedPostgres, dataDir: string): Promise<void> {
  await postgres.stop();
  // Two places: where root may not use the temporary folder, the database files lie elsewhere.
  for (const dir of [postgres.dataDir, dataDir]) await rm(dir, { recursive: true, force: true });
}

/** A run that was killed could not stop its Postgres, which is detached; the next run takes it over to stop it. */
async function removeOrphans(): Promise<void> {
  for (const { dataDir, pid } of await ownDirectories()) {
    if (isAlive(pid) || existsSync(join(dataDir, KEPT_MARK))) continue;
    try {
      await remove(await start(dataDir), dataDir);
    } catch (error) {
      console.error(`cannot remove the Postgres that a killed test run left in ${dataDir}:`, error);
    }
  }
}

/** Failed runs are looked at soon or never; each takes some 80 MB. */
async function removeOldKept(): Promise<void> {
  const kept: { dataDir: string; databaseDir: string; atMs: number }[] = [];
  for (const { dataDir } of await ownDirectories()) {
    const mark = join(dataDir, KEPT_MARK);
    // None: not kept, or just removed by another run.
    const entry = await stat(mark).catch(() => null);
    if (entry !== null) kept.push({ dataDir, databaseDir: await readFile(mark, 'utf8'), atMs: entry.mtimeMs });
  }
  for (const { dataDir, databaseDir } of kept.sort((a, b) => b.atMs - a.atMs).slice(KEPT_MAX)) {
    for (const dir of [databaseDir, dataDir]) await rm(dir, { recursive: true, force: true });
  }
}

/** Directories of earlier runs of this user. Anyone may write to the temporary folder, so names alone prove nothing. */
async function ownDirectories(): Promise<{ dataDir: string; pid: number }[]> {
  const own: { dataDir: string; pid: number }[] = [];
  for (const name of await readdir(tmpdir())) {
    const pid = DIRECTORY.exec(name)?.[1];
    if (pid === undefined) continue;
    const dataDir = join(tmpdir(), name);
    // Another run may remove its directory between the listing and this look.
    const entry = await lstat(dataDir).catch(() => null);
    if (entry?.isDirectory() && entry.uid === process.getuid?.()) own.push({ dataDir, pid: Number(pid) });
  }
  return own;
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
