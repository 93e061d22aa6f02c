import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { waitFor } from '@molecule/testkit';
import { bareEnvironment } from './env.js';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface Finished {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Program {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  readonly finished: Promise<Finished>;
  /** Waits until what it printed matches, and resolves with the match. */
  says(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
}

export interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Runs it as another user; only root may. */
  readonly uid?: number;
}

/** Starts a program in a group of its own, without a shell and with nothing of our environment but PATH. */
export function startProgram(command: string, args: readonly string[], options: ProgramOptions = {}): Program {
  const child = spawn(command, args, {
    cwd: options.cwd ?? ROOT,
    env: { ...bareEnvironment('/nonexistent'), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  // Whoever waits for it hears of a failure; a test that only reads the output does not need to.
  finished.catch(() => {});
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    finished,
    async says(pattern, timeoutMs = 30_000) {
      const output = () => `${stdout}${stderr}`;
      const isOver = () => child.exitCode !== null || child.signalCode !== null;
      const what = `${command} ${args.join(' ')} to print ${String(pattern)}`;
      await waitFor(() => pattern.test(output()) || isOver(), { timeoutMs, what });
      // What it printed last may still be on its way when it has ended.
      if (isOver()) await finished;
      const match = pattern.exec(output());
      if (match === null) throw new Error(`waited for ${what}, but it ended:\n${output()}`);
      return match;
    },
  };
}

/** Runs `./molecule` to its end. */
export function molecule(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Finished> {
  return startMolecule(args, env).finished;
}

export function startMolecule(args: readonly string[], env: Readonly<Record<string, string>>): Program {
  return startProgram('./molecule', args, { env });
}
