import type { Client } from '@molecule/contract/client';
import type { Environment } from './config.js';

/** The closed list of exit codes; scripts rely on them. */
export const EXIT = { ok: 0, refused: 1, usage: 2, unreachable: 3, timeout: 4 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The command was not understood. The message says how it is written. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Something was understood and cannot be done. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly help: string | null;

  constructor(message: string, help: string | null = null) {
    super(message);
    this.help = help;
  }
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
  readonly flags: Readonly<Record<string, string | boolean | undefined>>;
  readonly json: boolean;
  readonly environment: Environment;
  /** Connects on first use, so that help and doctor work without a server. */
  client(): Promise<Client>;
  /** Writes a line for people; silent with --json. */
  say(line: string): void;
  /** Writes without a line break, for streams; silent with --json. */
  write(text: string): void;
  readonly signal: AbortSignal;
}

/** What a command found: the same value as JSON and as text, so that the two cannot disagree. */
export interface Outcome {
  readonly data: unknown;
  readonly text: string;
  readonly exit?: ExitCode;
}

export interface Command {
  /** Words that call it: `['ws', 'ls']`. */
  readonly path: readonly string[];
  readonly args: readonly { readonly name: string; readonly required: boolean }[];
  readonly flags: Readonly<Record<string, Flag>>;
  readonly summary: string;
  run(context: Context): Promise<Outcome>;
}

/** `molecule ws rm <name> [--yes]` */
export function usageOf(command: Command): string {
  const args = command.args.map((arg) => (arg.required ? `<${arg.name}>` : `[${arg.name}]`));
  const flags = Object.entries(command.flags).map(([name, flag]) =>
    flag.kind === 'boolean' ? `[--${name}]` : `[--${name} <value>]`,
  );
  return ['molecule', ...command.path, ...args, ...flags].join(' ');
}
