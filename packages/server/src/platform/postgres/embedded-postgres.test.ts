import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EmbeddedPostgres, PostgresStartError, startEmbeddedPostgres } from './index.js';
import { findProcessIdentity } from './process-identity.js';
import { waitUntil } from './wait.js';

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;

let base: string;
let dataDir: string;
let systemDir: string;
let lines: string[];
const running: EmbeddedPostgres[] = [];
const children: ChildProcess[] = [];

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'molecule-pg-'));
  await chmod(base, 0o755);
  dataDir = join(base, 'data');
  systemDir = join(base, 'system');
  lines = [];
});

afterEach(async () => {
  for (const postgres of running.splice(0)) await postgres.stop();
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(base, { recursive: true, force: true });
});

async function start(directory = dataDir): Promise<EmbeddedPostgres> {
  const settings = { fsync: 'off' };
  const log = (line: string) => lines.push(line);
  const postgres = await startEmbeddedPostgres({ dataDir: directory, systemDir, settings, log });
  running.push(postgres);
  return postgres;
}

async function refusal(promise: Promise<unknown>): Promise<PostgresStartError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof PostgresStartError)) throw new Error(`expected a refusal, got ${String(error)}`);
  return error;
}

async function query(postgres: EmbeddedPostgres, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows.flat();
  } finally {
    await client.end();
  }
}

function postmasterPid(data: string): number {
  return Number.parseInt(readFileSync(join(data, 'postmaster.pid'), 'utf8'), 10);
}

async function killHard(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL');
  expect(await waitUntil(() => findProcessIdentity(pid) === null, 5_000)).toBe(true);
}

/** Another server process on the same data directory; resolves with what its start printed. */
async function startElsewhere(prologue = ''): Promise<{ child: ChildProcess; answer: Record<string, string> }> {
  const source = `
    const { startEmbeddedPostgres } = await import(${JSON.stringify(new URL('./index.ts', import.meta.url).href)});
    ${prologue}
    const options = ${JSON.stringify({ dataDir, systemDir, settings: { fsync: 'off' } })};
    try {
      const { dataDir, url } = await startEmbeddedPostgres({ ...options, log: () => {} });
      console.log(JSON.stringify({ dataDir, url }));
      setInterval(() => {}, 60_000);
    } catch (error) {
      console.log(JSON.stringify({ code: error.code, message: error.message, help: error.help }));
    }`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const [text] = await once(child.stdout, 'data');
  return { child, answer: JSON.parse(String(text)) };
}

describe('embedded Postgres', () => {
  it('creates a database on first use and finds its rows again after a restart, in under 500 ms', async () => {
    const first = await start();
    await query(first, 'create table kept (id int)');
    await query(first, 'insert into kept values (7)');
    let second = first;
    let fastestMs = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 3; round += 1) {
      await second.stop();
      const startedAt = performance.now();
      second = await start();
      fastestMs = Math.min(fastestMs, performance.now() - startedAt);
    }
    expect(fastestMs).toBeLessThan(500);
    expect(second.dataDir).toBe(first.dataDir);
    expect(await query(second, 'select id from kept')).toEqual([7]);
  });

  it('listens on loopback only, asks for a password, and sorts the same on every machine', async () => {
    const postgres = await start();
    expect(
      await query(
        postgres,
        `select current_setting(name) from unnest(array[
      'listen_addresses', 'unix_socket_directories', 'server_encoding', 'fsync']) name`,
      ),
    ).toEqual(['127.0.0.1', '', 'UTF8', 'off']);
    expect(
      await query(postgres, 'select datlocprovider, datlocale from pg_database where datname = current_database()'),
    ).toEqual(['b', 'C.UTF-8']);
    expect((await stat(join(dataDir, 'pg', 'password'))).mode & 0o777).toBe(0o600);
    const stranger = new Client({ connectionString: postgres.url.replace(/:[^:@]+@/, ':guess@') });
    await expect(stranger.connect()).rejects.toMatchObject({ code: '28P01' });
  });

  it('runs in a process group of its own, so that Ctrl-C does not reach it', async () => {
    const { dataDir: data } = await start();
    const pid = postmasterPid(data);
    // Signal 0 to a group succeeds only when a group with that number exists, that is, when the postmaster leads one.
    expect(process.kill(-pid, 0)).toBe(true);
  });

  it('stops twice without harm and frees the data directory', async () => {
    const postgres = await start();
    const pid = postmasterPid(postgres.dataDir);
    await Promise.all([postgres.stop(), postgres.stop()]);
    expect(findProcessIdentity(pid)).toBeNull();
    expect(existsSync(join(dataDir, 'pg', 'owner.json'))).toBe(false);
  });
});

describe('after a kill -9', () => {
  it('of everything, starts again with what was committed', async () => {
    const { child, answer } = await startElsewhere();
    const data = answer.dataDir ?? '';
    await query({ url: answer.url ?? '' } as EmbeddedPostgres, 'create table kept (id int)');
    child.kill('SIGKILL');
    await killHard(postmasterPid(data));

    const postgres = await start();
    expect(await query(postgres, 'select count(*)::int from kept')).toEqual([0]);
  });

  it('of the server alone, takes over the Postgres that still runs', async () => {
    const { child, answer } = await startElsewhere();
    const pid = postmasterPid(answer.dataDir ?? '');
    child.kill('SIGKILL');
    await once(child, 'exit');

    const postgres = await start();
    expect(postgres.url).toBe(answer.url);
    expect(postmasterPid(postgres.dataDir)).toBe(pid);
    expect(lines.join('\n')).toContain('still running');
    await postgres.stop();
    expect(findProcessIdentity(pid)).toBeNull();
  });

  it('of Postgres alone, brings it back under the same address', async () => {
    const postgres = await start();
    const before = postmasterPid(postgres.dataDir);
    await query(postgres, 'create table kept (id int)');
    process.kill(before, 'SIGKILL');

    expect(await waitUntil(() => lines.includes('The database is back.'), 15_000)).toBe(true);
    expect(await query(postgres, 'select count(*)::int from kept')).toEqual([0]);
    expect(postmasterPid(postgres.dataDir)).not.toBe(before);
  });

  it('with a postmaster.pid that names somebody else, leaves that process alone and starts', async () => {
    const first = await start();
    await first.stop();
    const stranger = spawn('sleep', ['60']);
    children.push(stranger);
    await writeFile(
      join(first.dataDir, 'postmaster.pid'),
      `${stranger.pid}\n${first.dataDir}\n1700000000\n5432\n\n127.0.0.1\n`,
    );

    const second = await start();
    expect(await query(second, 'select 1')).toEqual([1]);
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
  });

  it('gives the data directory to a new server although the old pid lives on in another process', async () => {
    await mkdir(join(dataDir, 'pg'), { recursive: true });
    await writeFile(join(dataDir, 'pg', 'owner.json'), JSON.stringify({ pid: process.pid, started: 'earlier' }));
    const postgres = await start();
    expect(await query(postgres, 'select 1')).toEqual([1]);
  });
});

describe('one clear sentence, with the remedy', () => {
  it('when another live server owns the data directory, which goes on undisturbed', async () => {
    const postgres = await start();
    const { answer } = await startElsewhere();
    expect(answer.code).toBe('owned_by_other_server');
    expect(answer.message).toContain(`pid ${process.pid}`);
    expect(answer.help).toContain('MOLECULE_DATA_DIR');
    expect(await query(postgres, 'select 1')).toEqual([1]);
  });

  it('when the owner file was lost, because the session lock still tells', async () => {
    const postgres = await start();
    await rm(join(dataDir, 'pg', 'owner.json'));
    const { answer } = await startElsewhere();
    expect(answer.code).toBe('owned_by_other_server');
    expect(await query(postgres, 'select 1')).toEqual([1]);
  });

  it('when another major version of Postgres wrote the database: it names the export command', async () => {
    const postgres = await start();
    await postgres.stop();
    await writeFile(join(postgres.dataDir, 'PG_VERSION'), '17\n');
    const error = await refusal(start());
    expect(error.code).toBe('major_version_mismatch');
    expect(error.message).toContain('Postgres 17');
    expect(error.help).toContain('pg_dump');
    expect(await readFile(join(postgres.dataDir, 'PG_VERSION'), 'utf8')).toBe('17\n');
  });

  it('when the password does not belong to the database', async () => {
    const postgres = await start();
    await postgres.stop();
    await writeFile(join(dataDir, 'pg', 'password'), 'another\n');
    const error = await refusal(start());
    expect(error.code).toBe('start_failed');
    expect(error.help).toContain('password');
    expect(existsSync(join(postgres.dataDir, 'postmaster.pid'))).toBe(false);
  });

  it('when the data directory is a file', async () => {
    await writeFile(dataDir, '');
    expect((await refusal(start())).code).toBe('no_permission');
  });

  it.runIf(isRoot)('when the user may not write the data directory', async () => {
    await mkdir(dataDir, { mode: 0o755 });
    const { answer } = await startElsewhere(`process.setgid(${NOBODY}); process.setuid(${NOBODY});`);
    expect(answer.code).toBe('no_permission');
    expect(answer.message).toContain(dataDir);
  });
});

describe.runIf(isRoot)('started by root', () => {
  it('runs as somebody else, in the data directory itself when that user can enter it', async () => {
    await mkdir(dataDir, { mode: 0o755 });
    const postgres = await start();
    expect(postgres.dataDir).toBe(join(dataDir, 'pg', 'data'));
    expect((await stat(postgres.dataDir)).uid).not.toBe(0);
    expect((await stat(`/proc/${postmasterPid(postgres.dataDir)}`)).uid).not.toBe(0);
  });

  it('lays the database elsewhere when a closed parent keeps that user out, and finds it again', async () => {
    const closed = join(base, 'closed');
    await mkdir(closed, { mode: 0o700 });
    const first = await start(join(closed, 'data'));
    expect(first.dataDir.startsWith(join(systemDir, 'pg-'))).toBe(true);
    await query(first, 'create table kept (id int)');
    await first.stop();

    const pointer: unknown = JSON.parse(await readFile(join(closed, 'data', 'pg', 'location.json'), 'utf8'));
    expect(pointer).toEqual({ directory: first.dataDir });
    const second = await start(join(closed, 'data'));
    expect(await query(second, 'select count(*)::int from kept')).toEqual([0]);
  });

  it('keeps the user of a database that an ordinary user created', async () => {
    await mkdir(dataDir, { mode: 0o755 });
    await chown(dataDir, NOBODY, NOBODY);
    const { child, answer } = await startElsewhere(`process.setgid(${NOBODY}); process.setuid(${NOBODY});`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const postgres = await start();
    expect(postgres.url).toBe(answer.url);
    await postgres.stop();
    const again = await start();
    expect((await stat(`/proc/${postmasterPid(again.dataDir)}`)).uid).toBe(NOBODY);
  });
});
