import { parseArgs } from 'node:util';
import { ApiError, type Client, createClient, UnreachableError } from '@molecule/contract/client';
import {
  type Command,
  type Context,
  EXIT,
  type ExitCode,
  RefusedError,
  TimeoutError,
  UsageError,
  usageOf,
} from './command.js';
import { COMMANDS } from './commands/index.js';
import type { Environment } from './config.js';

export interface Terminal {
  out(text: string): void;
  error(text: string): void;
  readonly signal: AbortSignal;
}

/** Runs one command line. Never throws; the exit code tells what happened. */
export async function run(argv: readonly string[], environment: Environment, terminal: Terminal): Promise<ExitCode> {
  const json = argv.includes('--json');
  const words = argv.filter((word) => word !== '--json');
  try {
    if (words.length === 0 || words[0] === 'help' || words[0] === '--help' || words[0] === '-h') {
      terminal.out(`${help()}\n`);
      return EXIT.ok;
    }
    const command = findCommand(words);
    if (words.includes('--help') || words.includes('-h')) {
      terminal.out(`${describe(command)}\n`);
      return EXIT.ok;
    }
    const outcome = await command.run(
      toContext(command, words.slice(command.path.length), json, environment, terminal),
    );
    if (json) {
      if (outcome.data !== null) terminal.out(`${JSON.stringify(outcome.data)}\n`);
    } else if (outcome.text !== '') {
      terminal.out(`${outcome.text}\n`);
    }
    return outcome.exit ?? EXIT.ok;
  } catch (error) {
    return report(error, json, terminal);
  }
}

function findCommand(words: readonly string[]): Command {
  const command = COMMANDS.find(({ path }) => path.every((word, index) => words[index] === word));
  if (command) return command;
  const group = COMMANDS.filter(({ path }) => path[0] === words[0]);
  if (group.length > 0)
    throw new UsageError(`which of these?\n${group.map((member) => `  ${usageOf(member)}`).join('\n')}`);
  throw new UsageError(`there is no command "${words[0]}". "molecule help" lists them.`);
}

function toContext(
  command: Command,
  words: readonly string[],
  json: boolean,
  environment: Environment,
  terminal: Terminal,
): Context {
  const { args, flags } = parse(command, words);
  const required = command.args.filter((arg) => arg.required).length;
  if (args.length < required || args.length > command.args.length) throw new UsageError(`usage: ${usageOf(command)}`);
  let connection: Client | null = null;
  return {
    args,
    flags,
    json,
    environment,
    signal: terminal.signal,
    async client() {
      if (environment.url === null) {
        throw new UnreachableError('no server is known: start one with "npm start", or set MOLECULE_URL', false, null);
      }
      connection ??= createClient({ baseUrl: environment.url, token: () => environment.token });
      return connection;
    },
    say: (line) => {
      if (!json) terminal.out(`${line}\n`);
    },
    write: (text) => {
      if (!json) terminal.out(text);
    },
  };
}

function parse(
  command: Command,
  words: readonly string[],
): { args: string[]; flags: Record<string, string | boolean | undefined> } {
  const options = Object.fromEntries(
    Object.entries(command.flags).map(([name, flag]) => [
      name,
      {
        type: flag.kind === 'boolean' ? ('boolean' as const) : ('string' as const),
        ...(flag.short ? { short: flag.short } : {}),
      },
    ]),
  );
  try {
    const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true, strict: true });
    return { args: positionals, flags: values as Record<string, string | boolean | undefined> };
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : 'not understood'}\nusage: ${usageOf(command)}`);
  }
}

function report(error: unknown, json: boolean, terminal: Terminal): ExitCode {
  const { message, help, code, exit } = explain(error);
  if (json) terminal.error(`${JSON.stringify({ error: message, code, ...(help ? { help } : {}) })}\n`);
  else terminal.error(`${message}\n${help ? `${help}\n` : ''}`);
  return exit;
}

interface Explanation {
  readonly message: string;
  readonly help: string | null;
  readonly code: string;
  readonly exit: ExitCode;
}

function explain(error: unknown): Explanation {
  if (error instanceof UsageError) return { message: error.message, help: null, code: 'usage', exit: EXIT.usage };
  if (error instanceof RefusedError)
    return { message: error.message, help: error.help, code: 'refused', exit: EXIT.refused };
  if (error instanceof TimeoutError) return { message: error.message, help: null, code: 'timeout', exit: EXIT.timeout };
  if (error instanceof ApiError) {
    return { message: error.message, help: error.help, code: error.code, exit: EXIT.refused };
  }
  if (error instanceof UnreachableError) {
    const exit = error.timedOut ? EXIT.timeout : EXIT.unreachable;
    const help = error.timedOut ? null : 'Is the server running? "molecule doctor" looks for the reason.';
    return { message: error.message, help, code: error.timedOut ? 'timeout' : 'unreachable', exit };
  }
  if (error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError')) {
    return { message: 'no answer within the time allowed', help: null, code: 'timeout', exit: EXIT.timeout };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { message: `unexpected: ${message}`, help: null, code: 'internal', exit: EXIT.refused };
}

function help(): string {
  const width = Math.max(...COMMANDS.map((command) => command.path.join(' ').length));
  return [
    'molecule — organisations of AI agents',
    '',
    ...COMMANDS.map((command) => `  ${command.path.join(' ').padEnd(width)}  ${command.summary}`),
    '',
    'Every command takes --json and --help. The server is found by MOLECULE_URL and MOLECULE_TOKEN, else by the data',
    'directory. Exit codes: 0 ok, 1 refused, 2 usage, 3 unreachable, 4 timeout.',
  ].join('\n');
}

function describe(command: Command): string {
  const flags = Object.entries(command.flags).map(
    ([name, flag]) => `  --${name}${flag.short ? `, -${flag.short}` : ''}  ${flag.describe}`,
  );
  return [command.summary, '', `  ${usageOf(command)}`, ...(flags.length > 0 ? ['', ...flags] : [])].join('\n');
}
