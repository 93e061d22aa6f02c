import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import type { Clock } from '../../platform/clock.js';
import { DriverError } from '../provisioner.js';

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface AgentProcess {
  readonly pid: number;
  /** Resolves, never rejects, when it has ended. */
  readonly ended: Promise<ProcessExit>;
  /** Aborts at the same moment, with an AgentEnded as its reason. */
  readonly endedSignal: AbortSignal;
}

export class AgentEnded extends Error {
  readonly exit: ProcessExit;

  constructor(exit: ProcessExit) {
    super('The agent ended before it was ready.');
    this.exit = exit;
  }
}

/**
 * Starts a program in a session of its own, so that Ctrl-C in the server's terminal does not reach it, with both outputs
 * on `logFd`. Rejects with DriverError when the system refuses; then nothing was started.
 */
export async function spawnAgent(options: {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly logFd: number;
}): Promise<AgentProcess> {
  const [file = '', ...args] = options.argv;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: options.cwd,
      env: options.env,
      detached: true,
      stdio: ['ignore', options.logFd, options.logFd],
    });
    const end = new AbortController();
    const ended = new Promise<ProcessExit>((resolveEnded) => {
      child.once('exit', (code, signal) => {
        end.abort(new AgentEnded({ code, signal }));
        resolveEnded({ code, signal });
      });
    });
    // The server may end while agents live (kill -9 aside, `close` promises it), so they must not hold it.
    child.unref();
    child.once('error', (error) => reject(refusedStart(error)));
    child.once('spawn', () => resolve({ pid: child.pid ?? 0, ended, endedSignal: end.signal }));
  });
}

/** Codes of the system that pass by themselves: too many processes, no memory, too many open files. */
const PASSING: ReadonlySet<unknown> = new Set(['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE']);

function refusedStart(error: Error): DriverError {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'unknown reason';
  const isPassing = PASSING.has(code);
  return new DriverError(
    isPassing ? 'unavailable' : 'rejected',
    `Cannot start the agent: the operating system refused to run its program (${code}).`,
    { retryable: isPassing, cause: error },
  );
}

const POLL_FIRST_MS = 20;
const POLL_MAX_MS = 200;

/**
 * Resolves with the port once `findPort` names one that accepts connections. Rejects with DriverError `timeout`, or with
 * the reason of `signal`.
 */
export async function waitUntilReady(options: {
  readonly findPort: () => Promise<number | null>;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}): Promise<number> {
  const { clock, timeoutMs, signal } = options;
  const deadlineMs = clock.monotonicMs() + timeoutMs;
  for (let pauseMs = POLL_FIRST_MS; ; pauseMs = Math.min(pauseMs * 1.5, POLL_MAX_MS)) {
    signal.throwIfAborted();
    const port = await options.findPort();
    if (port !== null && (await accepts(port, clock))) return port;
    const leftMs = deadlineMs - clock.monotonicMs();
    if (leftMs <= 0) {
      throw new DriverError('timeout', `Its agent did not become ready within ${timeoutMs / 1_000} s.`, {
        retryable: true,
      });
    }
    await clock.sleep(Math.min(pauseMs, leftMs), signal);
  }
}

const CONNECT_MS = 1_000;

async function accepts(port: number, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const cancelTimeout = clock.after(CONNECT_MS, () => settle(false));
    function settle(isAccepted: boolean): void {
      cancelTimeout();
      socket.destroy();
      resolve(isAccepted);
    }
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}
