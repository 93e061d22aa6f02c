import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { Clock } from '../../clock.js';

export type JsonObject = Readonly<Record<string, unknown>>;

/** One run of an agent program for one message. */
export interface ProgramRun {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What it reads from its standard input, which is then closed. */
  readonly input: string;
  /** How long it may be silent, asked anew each time it is. */
  readonly patienceMs: () => number;
}

/** How it ended, and the last of what it said besides its lines of JSON. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: string | null;
  readonly lastWords: readonly string[];
  /** Lines that were no JSON objects. */
  readonly garbage: number;
  /** Set when it was ended from here, other than by the turn's signal. */
  readonly stoppedBecause: 'silent' | 'flooding' | null;
}

/** The operating system refused to run it. */
export class ProgramRefused extends Error {}

// A tool result may hold a whole file; anything beyond is not a line of the protocol.
const LINE_CHARS_MAX = 32 * 1024 * 1024;
const LAST_WORDS_MAX = 12;
const WORDS_CHARS_MAX = 400;
const GRACE_MS = 1_000;

/**
 * Runs a program that speaks JSON lines and yields them as they come. Its end is the return value. When the turn is
 * aborted, or the caller leaves, the program and its group are ended, and this resolves once it is gone.
 */
export async function* runProgram(
  run: ProgramRun,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<JsonObject, ProgramEnd, void> {
  signal.throwIfAborted();
  const child = await start(run);
  const output = createOutput();
  let stoppedBecause: ProgramEnd['stoppedBecause'] = null;
  let cancelKill: () => void = () => undefined;

  let isStopped = false;
  let hasExited = false;
  function stop(): void {
    isStopped = true;
    endGroup(child, hasExited ? 'SIGKILL' : 'SIGTERM');
    cancelKill();
    cancelKill = clock.after(GRACE_MS, () => endGroup(child, 'SIGKILL'));
  }

  let heardAtMs = clock.monotonicMs();
  let cancelWatch: () => void = () => undefined;
  function watch(): void {
    const leftMs = run.patienceMs() - (clock.monotonicMs() - heardAtMs);
    if (leftMs > 0) cancelWatch = clock.after(Math.min(leftMs, run.patienceMs()), watch);
    else {
      stoppedBecause = 'silent';
      stop();
    }
  }
  watch();

  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    heardAtMs = clock.monotonicMs();
    if (!output.push(text) && stoppedBecause === null) {
      stoppedBecause = 'flooding';
      stop();
    }
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => output.note(text));
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once('exit', (code, endedBy) => {
      hasExited = true;
      // What it started and what did not heed the order has nobody to end it any more.
      if (isStopped) endGroup(child, 'SIGKILL');
      // Something it left running may hold its outputs open; what it said itself has arrived by then.
      const cancel = clock.after(GRACE_MS, () => child.stdout.destroy());
      child.stdout.once('close', () => {
        cancel();
        output.end();
        resolve({ code, signal: endedBy });
      });
      if (child.stdout.closed) child.stdout.emit('close');
    });
  });
  const abort = (): void => stop();
  signal.addEventListener('abort', abort, { once: true });
  // It may end before it has read everything, which its end then explains.
  child.stdin.on('error', () => undefined);
  child.stdin.end(run.input);
  let isOver = false;
  try {
    yield* output.lines();
    const end = await ended;
    isOver = true;
    signal.throwIfAborted();
    return { ...end, stoppedBecause, ...output.rest() };
  } finally {
    signal.removeEventListener('abort', abort);
    cancelWatch();
    if (!isOver) {
      stop();
      await ended;
    }
    cancelKill();
    child.stderr.destroy();
  }
}

/** In a group of its own, so that it can be ended with what it starts. */
function start({ argv, env }: ProgramRun): Promise<ChildProcessWithoutNullStreams> {
  const [file = '', ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
    child.once('spawn', () => resolve(child));
    child.once('error', (error) => reject(new ProgramRefused(error.message, { cause: error })));
  });
}

function endGroup({ pid }: ChildProcessWithoutNullStreams, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody of the group is left.
  }
}

/** Collects what the program says: whole lines of JSON to be read in order, and the last of everything else. */
function createOutput() {
  const queue: JsonObject[] = [];
  let wake: () => void = () => undefined;
  let isEnded = false;
  let pending = '';
  let garbage = 0;
  const lastWords: string[] = [];

  function say(line: string): void {
    if (line.trim() === '') return;
    lastWords.push(line.trim().slice(0, WORDS_CHARS_MAX));
    if (lastWords.length > LAST_WORDS_MAX) lastWords.shift();
  }

  function take(line: string): void {
    if (line.trim() === '') return;
    const value = parseObject(line);
    if (value !== null) queue.push(value);
    else {
      garbage += 1;
      say(line);
    }
  }

  let pendingWords = '';
  return {
    /** False when it cannot be a line any more. */
    push(text: string): boolean {
      const lines = (pending + text).split('\n');
      pending = lines.pop() ?? '';
      for (const line of lines) take(line);
      wake();
      if (pending.length <= LINE_CHARS_MAX) return true;
      pending = '';
      return false;
    },
    note(text: string): void {
      const lines = (pendingWords + text).split('\n');
      pendingWords = (lines.pop() ?? '').slice(-WORDS_CHARS_MAX);
      for (const line of lines) say(line);
    },
    end(): void {
      take(pending);
      pending = '';
      isEnded = true;
      wake();
    },
    async *lines(): AsyncGenerator<JsonObject, void, void> {
      for (;;) {
        for (let line = queue.shift(); line !== undefined; line = queue.shift()) yield line;
        if (isEnded) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    rest() {
      say(pendingWords);
      return { lastWords, garbage };
    },
  };
}

function parseObject(line: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : null;
  } catch {
    // Programs print warnings among their lines; they are counted, and kept as last words.
    return null;
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function textAt(value: JsonObject, name: string): string | null {
  const found = value[name];
  return typeof found === 'string' ? found : null;
}

export function objectAt(value: JsonObject, name: string): JsonObject {
  const found = value[name];
  return isObject(found) ? found : {};
}

export function objectsAt(value: JsonObject, name: string): readonly JsonObject[] {
  const found = value[name];
  return Array.isArray(found) ? found.filter(isObject) : [];
}
