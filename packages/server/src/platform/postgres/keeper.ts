import type { Client } from 'pg';
import type { Account } from './account.js';
import { adoptPostmaster } from './adopt.js';
import type { Binaries } from './binaries.js';
import { PostgresStartError } from './errors.js';
import { openOwnerSession } from './owner-session.js';
import { launchPostmaster, type Postmaster, PostmasterExit, stopPostmaster } from './postmaster.js';
import { pause } from './wait.js';

export interface KeeperOptions {
  readonly binaries: Binaries;
  readonly data: string;
  readonly account: Account | null;
  readonly logFile: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly password: string;
  readonly dataDir: string;
  readonly log: (line: string) => void;
}

/** A postmaster that is brought back on the same port whenever it dies while we live. */
export interface Keeper {
  readonly port: number;
  stop(): Promise<void>;
}

interface Running {
  readonly postmaster: Postmaster;
  readonly session: Client;
}

const ATTEMPTS_MAX = 20;
const ATTEMPT_PAUSE_MS = 500;
const RESTART_PAUSE_MAX_MS = 30_000;

export async function startKeeper(options: KeeperOptions): Promise<Keeper> {
  const stopping = new AbortController();
  let stopped: Promise<void> | null = null;
  let running = await bringUp(options, null, stopping.signal);
  const { port } = running.postmaster;
  let restart: Promise<void> = Promise.resolve();

  // The owner session ends exactly when the database or our claim on it is gone, whoever started the postmaster.
  const watch = (session: Client) => {
    session.once('end', () => {
      if (!stopping.signal.aborted) restart = bringBack();
    });
  };

  const bringBack = async () => {
    options.log('The database went away; starting it again.');
    for (let pauseMs = 250; !stopping.signal.aborted; pauseMs = Math.min(pauseMs * 2, RESTART_PAUSE_MAX_MS)) {
      try {
        running = await bringUp(options, port, stopping.signal);
        watch(running.session);
        options.log('The database is back.');
        return;
      } catch (error) {
        options.log(`The database does not start: ${error instanceof Error ? error.message : String(error)}`);
        await pause(pauseMs, stopping.signal);
      }
    }
  };

  watch(running.session);
  const stop = async () => {
    stopping.abort();
    await restart;
    await running.session.end();
    await stopPostmaster(running.postmaster, options.log);
  };
  return {
    port,
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };
}

/** One postmaster, adopted or started, with our session on it. `port` null takes any free port. */
async function bringUp(options: KeeperOptions, port: number | null, signal: AbortSignal): Promise<Running> {
  const { postmaster, isOurs } = await findOrLaunch(options, port, signal);
  try {
    return { postmaster, session: await openOwnerSession(postmaster, options.password, options.dataDir) };
  } catch (error) {
    // An adopted one may belong to the server that refused us.
    if (isOurs) await stopPostmaster(postmaster, options.log);
    throw error;
  }
}

async function findOrLaunch(
  options: KeeperOptions,
  port: number | null,
  signal: AbortSignal,
): Promise<{ postmaster: Postmaster; isOurs: boolean }> {
  for (let attempt = 1; ; attempt += 1) {
    const adopted = await adoptPostmaster(options);
    if (adopted !== null) return { postmaster: adopted, isOurs: false };
    try {
      return { postmaster: await launchPostmaster({ ...options, port }), isOurs: true };
    } catch (error) {
      if (!(error instanceof PostmasterExit)) throw error;
      // What is left of a killed postmaster needs a moment to leave; a port may have been taken meanwhile.
      if (!error.isPassing || signal.aborted || attempt === ATTEMPTS_MAX) throw toStartError(error, options.logFile);
      await pause(ATTEMPT_PAUSE_MS, signal);
    }
  }
}

function toStartError(exit: PostmasterExit, logFile: string): PostgresStartError {
  const help = /No space left/.test(exit.message)
    ? 'Free some space on the disk of the data directory.'
    : `${logFile} has the details.`;
  return new PostgresStartError('start_failed', `Postgres ended while starting: ${exit.message}.`, help, {
    cause: exit,
  });
}
