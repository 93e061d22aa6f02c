import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { Clock } from '../clock.js';
import type { Answer } from './answer.js';

export interface CommandSpec {
  readonly program: string;
  readonly args: readonly string[];
  /** All of its environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The prompt goes to the input of the command, or stands as its last argument. */
  readonly promptAs: 'input' | 'argument';
  /** Null: it may take as long as it takes. */
  readonly timeoutMs: number | null;
}

/** As much as every door of the platform takes in one answer. */
const OUTPUT_BYTES_MAX = 200 * 1024;
const ERROR_LINES = 10;
const ERROR_BYTES_MAX = 64 * 1024;
const KILL_AFTER_MS = 5_000;
/** What it said itself has arrived by then. */
const OUTPUTS_AFTER_MS = 1_000;

/**
 * How a message reaches the command. One that begins with a dash would be read as an option, by which whoever writes could
 * change what the command does: it stands as an argument only behind a closing `--` of the command's own.
 */
export function wayOf({ promptAs, args }: CommandSpec, prompt: string): CommandSpec['promptAs'] {
  return prompt.startsWith('-') && args.at(-1) !== '--' ? 'input' : promptAs;
}

/**
 * Runs the command once. What it prints is the answer; when it fails, its last words are the reason. Ends it with all that
 * it started when the signal aborts or its time is up. Never throws.
 */
export function runCommand(spec: CommandSpec, prompt: string, clock: Clock, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve) => {
    const way = wayOf(spec, prompt);
    const child = begin(spec, way === 'argument' ? [...spec.args, prompt] : spec.args);
    if (child instanceof Error) {
      resolve(cannotRun(spec.program, child));
      return;
    }
    const output = collect(OUTPUT_BYTES_MAX, 'first');
    const errors = collect(ERROR_BYTES_MAX, 'last');
    let stoppedBecause: string | null = null;

    const killGroup = (name: NodeJS.Signals): void => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, name);
      } catch (error) {
        // It has just ended by itself.
        if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
      }
    };
    const stop = (why: string): void => {
      stoppedBecause ??= why;
      killGroup('SIGTERM');
      cancelKill = clock.after(KILL_AFTER_MS, () => killGroup('SIGKILL'));
    };
    let cancelKill = (): void => {};
    const onAbort = (): void => stop('it was stopped by whoever runs it');
    const cancelTimeout =
      spec.timeoutMs === null
        ? () => {}
        : clock.after(spec.timeoutMs, () => stop(`it took longer than ${(spec.timeoutMs ?? 0) / 1_000} s`));
    signal.addEventListener('abort', onAbort, { once: true });
    // Whoever leaves in a hurry leaves nothing behind that works on.
    const onExit = (): void => killGroup('SIGKILL');
    process.once('exit', onExit);

    const finish = (answer: Answer): void => {
      cancelTimeout();
      cancelKill();
      signal.removeEventListener('abort', onAbort);
      process.removeListener('exit', onExit);
      resolve(answer);
    };
    child.stdout.on('data', output.add);
    child.stderr.on('data', errors.add);
    child.once('error', (error) => finish(cannotRun(spec.program, error)));
    let cancelOutputs = (): void => {};
    let end: { readonly code: number | null; readonly signalName: string | null } | null = null;
    child.once('exit', (code, signalName) => {
      end = { code, signalName };
      // What ignored the order to end has nobody left to wait for.
      if (stoppedBecause !== null) killGroup('SIGKILL');
      // Something it left running may hold its outputs open for ever.
      cancelOutputs = clock.after(OUTPUTS_AFTER_MS, () => {
        child.stdout.destroy();
        child.stderr.destroy();
      });
    });
    child.once('close', (closeCode, closeSignal) => {
      cancelOutputs();
      const { code, signalName } = end ?? { code: closeCode, signalName: closeSignal };
      if (stoppedBecause !== null) finish({ failure: withLastWords(stoppedBecause, errors.text()) });
      else if (code === 0) finish({ text: output.text() });
      else finish({ failure: withLastWords(code === null ? `ended by ${signalName}` : `exit ${code}`, errors.text()) });
    });
    // A command that does not read its input is none the worse for it.
    child.stdin.on('error', () => {});
    child.stdin.end(way === 'input' ? prompt : '');
    if (signal.aborted) onAbort();
  });
}

/** Some refusals of the system are thrown and others come as an event. */
function begin({ program, env }: CommandSpec, args: readonly string[]): ChildProcessWithoutNullStreams | Error {
  try {
    // A group of its own: Ctrl-C in a terminal reaches this program alone, which then ends the command in order.
    return spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function cannotRun(program: string, error: Error): Answer {
  const missing = 'code' in error && error.code === 'ENOENT';
  return { failure: `${program} cannot be run: ${missing ? 'there is no such program' : error.message}` };
}

function withLastWords(what: string, errors: string): string {
  const lines = errors.split('\n').filter((line) => line.trim() !== '');
  return [what, ...lines.slice(-ERROR_LINES)].join('\n');
}

/** Keeps the first or the last bytes, and says that there were more. */
function collect(bytesMax: number, which: 'first' | 'last'): { add(chunk: Buffer): void; text(): string } {
  let kept = Buffer.alloc(0);
  let cut = false;
  return {
    add(chunk) {
      if (which === 'first' && kept.length >= bytesMax) {
        cut = true;
        return;
      }
      const all = Buffer.concat([kept, chunk]);
      cut ||= all.length > bytesMax;
      kept = which === 'first' ? all.subarray(0, bytesMax) : all.subarray(-bytesMax);
    },
    text() {
      // A character that was cut in two is left out.
      const text = kept.toString('utf8').replaceAll('\uFFFD', '').trim();
      return cut && which === 'first' ? `${text}\n… (the rest was too long)` : text;
    },
  };
}
