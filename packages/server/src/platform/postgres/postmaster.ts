import { type ChildProcess, spawn } from 'node:child_process';
import { open, rename, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Account } from './account.js';
import type { Binaries } from './binaries.js';
import { errorCode, PostgresStartError, toPermissionError } from './errors.js';
import { findPostmasterFile } from './postmaster-file.js';
import { findProcessIdentity, isPostmasterOf } from './process-identity.js';
import { toPostgresFlags } from './settings.js';
import { waitUntil } from './wait.js';

/** A running postmaster, started by us or by a server before us. */
export interface Postmaster {
  /** Its data directory, which tells it from another process that got the same pid later. */
  readonly data: string;
  readonly pid: number;
  readonly port: number;
}

export interface LaunchOptions {
  readonly binaries: Binaries;
  readonly data: string;
  readonly account: Account | null;
  /** The file that takes its output. */
  readonly logFile: string;
  /** The port to listen on; null takes a free one. */
  readonly port: number | null;
  readonly settings: Readonly<Record<string, string>>;
  readonly log: (line: string) => void;
}

/** The postmaster ended before it was ready. `isPassing` when trying again may help. */
export class PostmasterExit extends Error {
  readonly isPassing: boolean;

  constructor(reason: string, isPassing: boolean) {
    super(reason);
    this.name = 'PostmasterExit';
    this.isPassing = isPassing;
  }
}

/** Replaying the log after a crash is bounded by max_wal_size; on a slow disk it still takes its time. */
const RECOVERY_MS = 300_000;
const LOG_BYTES_MAX = 8 * 1024 * 1024;

/**
 * Starts a postmaster and resolves when it accepts connections. It leads a process group of its own: Ctrl-C in the
 * terminal must not end the database before the server has drained. Throws PostmasterExit when it ends early.
 */
export async function launchPostmaster(options: LaunchOptions): Promise<Postmaster> {
  const port = options.port ?? (await findFreePort());
  const logStart = await rotateLog(options.logFile);
  const child = await spawnPostmaster(options, port);
  const { pid } = child;
  if (pid === undefined) throw new Error('a spawned process has a pid');
  let isOver = false;
  let reports = 0;
  const hasExited = () => child.exitCode !== null || child.signalCode !== null;
  while (!isOver) {
    isOver = await waitUntil(async () => hasExited() || (await isReady(options.data, pid)), 10_000);
    if (isOver) break;
    reports += 1;
    options.log(`The database is still starting after ${reports * 10} s; it replays what it had not finished.`);
    if (reports * 10_000 >= RECOVERY_MS) {
      throw new PostgresStartError(
        'start_failed',
        `Postgres (pid ${pid}) did not become ready within ${RECOVERY_MS / 60_000} minutes.`,
        `Look at ${options.logFile}. It goes on recovering: run the same command again to wait for it.`,
      );
    }
  }
  if (hasExited()) throw await toExit(options.logFile, logStart);
  return { data: options.data, pid, port };
}

/** Fast shutdown: sessions are ended, committed work is on disk. Resolves when the postmaster is gone. */
export async function stopPostmaster(postmaster: Postmaster, log: (line: string) => void): Promise<void> {
  if (await endPostmaster(postmaster, 'SIGINT', 30_000)) return;
  log(
    `The database (pid ${postmaster.pid}) did not stop within 30 s; ending it at once. It recovers at its next start.`,
  );
  if (await endPostmaster(postmaster, 'SIGQUIT', 10_000)) return;
  throw new Error(`Postgres (pid ${postmaster.pid}) does not end. End it with: kill -KILL ${postmaster.pid}`);
}

/** Sends `signal` and says whether the postmaster was gone within `timeoutMs`. Never signals any other process. */
export async function endPostmaster(
  { data, pid }: Pick<Postmaster, 'data' | 'pid'>,
  signal: NodeJS.Signals,
  timeoutMs: number,
): Promise<boolean> {
  const identity = findProcessIdentity(pid);
  if (identity === null || !isPostmasterOf(pid, data)) return true;
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error;
  }
  return waitUntil(() => findProcessIdentity(pid) !== identity, timeoutMs);
}

async function spawnPostmaster(options: LaunchOptions, port: number): Promise<ChildProcess> {
  const { account, binaries, data } = options;
  const output = await open(options.logFile, 'a', 0o600).catch((error: unknown) => {
    throw toPermissionError(error, options.logFile);
  });
  try {
    const child = spawn(binaries.postgres, ['-D', data, ...toPostgresFlags(port, options.settings)], {
      ...(account === null ? {} : { uid: account.uid, gid: account.gid }),
      cwd: '/',
      detached: true,
      // The environment of the server holds keys; the database gets none of it.
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', output.fd, output.fd],
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    child.unref();
    return child;
  } catch (cause) {
    throw new PostgresStartError(
      'binaries_missing',
      `Cannot run ${binaries.postgres}: ${cause instanceof Error ? cause.message : String(cause)}.`,
      'Molecule brings Postgres for macOS and for Linux with glibc; elsewhere set DATABASE_URL to a Postgres 15 or newer.',
      { cause },
    );
  } finally {
    await output.close();
  }
}

async function isReady(data: string, pid: number): Promise<boolean> {
  const file = await findPostmasterFile(data);
  return file !== null && file.pid === pid && file.status === 'ready';
}

async function toExit(logFile: string, logStart: number): Promise<PostmasterExit> {
  const output = await readFrom(logFile, logStart);
  const reason = /(?:FATAL|PANIC): +(.*)/.exec(output)?.[1] ?? output.trim().split('\n').at(-1) ?? 'no output';
  const isPassing =
    /lock file "[^"]*" already exists|shared memory block|could not (?:create any TCP|bind)|in use/.test(output);
  return new PostmasterExit(reason, isPassing);
}

/** Keeps one old log beside the current one; answers where this run's output begins. */
async function rotateLog(logFile: string): Promise<number> {
  try {
    const { size } = await stat(logFile);
    if (size < LOG_BYTES_MAX) return size;
    await rename(logFile, `${logFile}.1`);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw toPermissionError(error, logFile);
  }
  return 0;
}

async function readFrom(path: string, start: number): Promise<string> {
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(16 * 1024);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, start);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('a TCP server has no port'));
        else resolve(address.port);
      });
    });
  });
}
