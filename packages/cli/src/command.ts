import type { Client } from '@molecule/contract/client';
import { type Environment, PROGRAM } from './config.js';

/** The closed list of outcomes; scripts rely on them. */
export const EXIT = { ok: 0, refused: 1, usage: 2, unreachable: 3, timeout: 4 } as const;
/** 128 + SIGINT, as shells expect of a program that was interrupted. */
export const EXIT_INTERRUPTED = 130;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT] | typeof EXIT_INTERRUPTED;

/** The command was not understood. The message says how it is written. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

interface RefusalOptions {
  /** What to do next, for people. */
  readonly help?: string;
  /** What a script may want to know besides the sentence; printed with --json. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** Something was understood and cannot be done. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly help: string | null;
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(message: string, options: RefusalOptions = {}) {
    super(message);
    this.help = options.help ?? null;
    this.fields = options.fields ?? {};
  }
}

/** There is no address at which a server could be asked. The message says what to set. */
export class NoServerError extends Error {
  override readonly name = 'NoServerError';
}

/** It took longer than the person allowed. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
}

export interface Flag {
  readonly kind: 'boolean' | 'text';
  readonly short?: string;
  readonly describe: string;
}

export interface Context {
  readonly args: readonly string[];
  /** The words behind `--`, of a command that takes them. */
  readonly rest: readonly string[];
  readonly flags: Readonly<Record<string, string | boolean | undefined>>;
  readonly environment: Environment;
  /** Throws a NoServerError when no server is known; called on first use, so that help and doctor work without one. */
  client(): Client;
  /** Writes what is going on to the error stream, so that the output stays what was asked for; silent with --json. */
  note(line: string): void;
  /** Writes a piece of text as it comes, without a line break; silent with --json. */
  write(text: string): void;
  /** Writes one item of an endless list: its text, or its value as a line of JSON. */
  item(text: string, value: unknown): void;
  /** Puts a question to the person. Null where nobody could answer: no terminal, or --json. */
  readonly ask: Ask | null;
  /** What is piped in, without the line break at its end; on a terminal one line, which is not shown. */
  readInput(question: string): Promise<string>;
  /** Aborts when the person interrupts. */
  readonly signal: AbortSignal;
}

/** Resolves with the line that was typed; empty at the end of the input. */
export type Ask = (question: string) => Promise<string>;

/** What a command found: the same value as JSON and as text, so that the two cannot disagree. */
export interface Outcome {
  /** Printed with --json; absent when everything went out item by item. */
  readonly data?: unknown;
  /** Printed without --json, unless empty. */
  readonly text: string;
  readonly exit?: ExitCode;
}

interface Arg {
  readonly name: string;
  readonly required: boolean;
  /** Free text, which a shell splits unless it is quoted. */
  readonly text?: true;
}

export interface Command {
  /** Words that call it: `['ws', 'ls']`. */
  readonly path: readonly string[];
  /** Other words for it, as many as in its path, because people try them first. */
  readonly alias?: readonly string[];
  readonly args: readonly Arg[];
  readonly flags: Readonly<Record<string, Flag>>;
  /** Everything behind `--` is another program's command line, handed on as it is; required. */
  readonly rest?: { readonly name: string };
  readonly summary: string;
  run(context: Context): Promise<Outcome>;
}

/** `./molecule ws rm <name> [--yes]` */
export function usageOf(command: Command): string {
  const args = command.args.map((arg) => (arg.required ? `<${arg.name}>` : `[${arg.name}]`));
  const flags = Object.entries(command.flags).map(([name, flag]) =>
    flag.kind === 'boolean' ? `[--${name}]` : `[--${name} <value>]`,
  );
  const rest = command.rest ? ['--', `<${command.rest.name} …>`] : [];
  return [PROGRAM, ...command.path, ...args, ...flags, ...rest].join(' ');
}

/** Reads a flag that takes a whole number; throws a UsageError for anything else. */
export function readCount(flag: string, value: string | boolean | undefined, fallback: number, max: number): number {
  if (value === undefined) return fallback;
  const count = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : 0;
  if (count < 1 || count > max) throw new UsageError(`--${flag} takes a whole number from 1 to ${max}`);
  return count;
}
