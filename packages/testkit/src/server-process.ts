import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitFor } from './wait-for.js';

const MAIN = fileURLToPath(new URL('../../server/dist/main.js', import.meta.url));
const PACKAGE = fileURLToPath(new URL('../../../package.json', import.meta.url));

/** How `npm start` runs node, so that what is tested and measured is what runs. */
function nodeFlags(): readonly string[] {
  const { scripts } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { scripts: { start: string } };
  const flags = /^exec node ((?:--\S+ )*)scripts\/start\.mjs$/.exec(scripts.start)?.[1];
  if (flags === undefined) throw new Error(`"npm start" is written in a way that is not understood: ${scripts.start}`);
  return flags.split(' ').filter((flag) => flag !== '');
}

export interface ServerProcess {
  readonly url: string;
  /** The admin token. */
  readonly token: string;
  readonly pid: number;
  readonly dataDir: string;
  /** Everything it printed so far. */
  output(): string;
  /** Ends it as an operator would and waits; rejects when it does not end in order. */
  stop(): Promise<void>;
  /** kill -9: no farewell. Resolves when the process is gone; database and agents live on. */
  kill(): Promise<void>;
}

export interface ServerProcessOptions {
  /** Default: a fresh temporary folder. Hand over the one of an earlier server to be its successor. */
  readonly dataDir?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** Default: the built server. */
  readonly main?: string;
}

/** A data directory that `removeDataDir` deletes. */
export function createDataDir(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'molecule-data-'));
}

export async function removeDataDir(dataDir: string): Promise<void> {
  const pointer = await readFile(join(dataDir, 'pg', 'location.json'), 'utf8').catch(() => null);
  // Started by root in a folder the database's user cannot enter, the database lies elsewhere.
  const elsewhere = pointer === null ? null : (JSON.parse(pointer) as { directory?: unknown }).directory;
  for (const path of [dataDir, elsewhere]) {
    if (typeof path === 'string') await rm(path, { recursive: true, force: true });
  }
}

/**
 * Starts the built server as a real process on a free port, with nothing of our environment but PATH and HOME, and
 * waits until it serves. Throws with its output: at once when it ends, after `timeoutMs`, asking it to end, when it
 * does not come up.
 */
export async function startServerProcess(options: ServerProcessOptions = {}): Promise<ServerProcess> {
  const dataDir = options.dataDir ?? (await createDataDir());
  const child = spawn(process.execPath, [...nodeFlags(), options.main ?? MAIN], {
    env: {
      PATH: process.env.PATH ?? '',
      HOME: dataDir,
      PORT: '0',
      LOG_LEVEL: 'warn',
      RATE_LIMIT: '1000000',
      // Nothing that a test forgot to name is fetched over the network.
      MOLECULE_RUNTIME_INSTALLS: 'off',
      ...options.env,
      MOLECULE_DATA_DIR: dataDir,
    },
    cwd: dataDir,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const note = await waitForNote(child, dataDir, () => output, options.timeoutMs ?? 60_000);
  return {
    ...note,
    pid: child.pid ?? 0,
    dataDir,
    output: () => output,
    async stop() {
      const code = await end(child, 'SIGTERM');
      if (code !== 0) throw new Error(`the server ended with ${String(code)}:\n${output}`);
    },
    async kill() {
      await end(child, 'SIGKILL');
    },
  };
}

async function waitForNote(
  child: ChildProcess,
  dataDir: string,
  output: () => string,
  timeoutMs: number,
): Promise<{ url: string; token: string }> {
  const found = await waitFor(
    // An answer, not a throw: waiting goes on after a throw.
    async () => (hasEnded(child) ? 'ended' : readNote(dataDir, child.pid ?? 0)),
    { timeoutMs, what: 'the server to serve' },
  ).catch((error: unknown) => {
    child.kill('SIGTERM');
    throw new Error(`the server did not come up:\n${output()}`, { cause: error });
  });
  if (found === 'ended') {
    // What it printed last may still be on its way.
    await waitFor(() => child.stdout?.readableEnded && child.stderr?.readableEnded, { timeoutMs: 1_000 }).catch(
      () => {},
    );
    const how = child.signalCode ?? `code ${child.exitCode}`;
    throw new Error(`the server did not start, it ended with ${how}:\n${output()}`);
  }
  return found;
}

/** The note of this very process: after kill -9 the note of its predecessor is still there. */
async function readNote(dataDir: string, pid: number): Promise<{ url: string; token: string } | null> {
  const text = await readFile(join(dataDir, 'server.json'), 'utf8').catch(() => null);
  if (text === null) return null;
  const note = JSON.parse(text) as { url?: unknown; token?: unknown; pid?: unknown };
  if (note.pid !== pid || typeof note.url !== 'string') return null;
  return { url: note.url, token: typeof note.token === 'string' ? note.token : '' };
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  return new Promise((resolve) => {
    if (hasEnded(child)) {
      resolve(child.exitCode);
      return;
    }
    child.once('exit', (code) => resolve(code));
    child.kill(signal);
  });
}
