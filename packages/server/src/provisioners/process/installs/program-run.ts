import { spawn } from 'node:child_process';
import type { Clock } from '../../../platform/clock.js';
import { describeExit } from '../../describe-exit.js';
import { untilAborted } from '../../until-aborted.js';
import { hasCode } from '../folder-files.js';
import { type ProcessTable, RUN_DIR_VARIABLE } from '../process-table.js';
import { terminate } from '../termination.js';

export interface ProgramRun {
  readonly argv: readonly string[];
  /** A folder of its own: every process that was started for it is known by this and ended with it. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface ProgramEnd {
  /** Null when it ended with 0; else how, for people. */
  readonly failure: string | null;
  /** The end of both outputs. */
  readonly output: string;
}

/** The program itself was not found. */
export class ProgramMissing extends Error {}

const OUTPUT_CHARS_MAX = 8_000;

/**
 * Runs a program to its end. Rejects with ProgramMissing, or with the reason of `signal` once nothing of it runs any more.
 */
export async function runProgram(
  run: ProgramRun,
  ports: { readonly table: ProcessTable; readonly clock: Clock },
  signal: AbortSignal,
): Promise<ProgramEnd> {
  signal.throwIfAborted();
  const [file = '', ...args] = run.argv;
  const child = spawn(file, args, {
    cwd: run.folder,
    env: { ...run.env, [RUN_DIR_VARIABLE]: run.folder },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString('utf8')).slice(-OUTPUT_CHARS_MAX);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const closed = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
  });
  const ended = new Promise<string | null>((resolve, reject) => {
    child.once('error', (error) => reject(hasCode(error, 'ENOENT') ? new ProgramMissing(file) : error));
    child.once('exit', (code, endedBy) => resolve(code === 0 ? null : describeExit({ code, signal: endedBy })));
  });
  let failure: string | null;
  try {
    failure = await untilAborted(ended, signal);
  } finally {
    // What it left behind goes with it, and may hold its outputs open.
    await endAllIn(run.folder, ports);
  }
  await closed;
  return { failure, output };
}

/** Ends whatever was ever started for a folder, also by a server that is gone. */
export async function endAllIn(
  folder: string,
  { table, clock }: { readonly table: ProcessTable; readonly clock: Clock },
): Promise<void> {
  await terminate({ identity: null, runDir: folder, ownsGroup: false }, { table, clock, graceMs: 0 });
}
