import { parseArgs } from 'node:util';
import { type Client, createClient } from '@molecule/contract/client';
import {
  type Ask,
  type Command,
  type Context,
  EXIT,
  type ExitCode,
  NoServerError,
  type Outcome,
  UsageError,
  usageOf,
} from './command.js';
import { COMMANDS } from './commands/index.js';
import { addressFault, type Environment, PROGRAM, readVersion } from './config.js';
import { explain } from './explain.js';
import { commandPage, helpData, helpPage } from './help.js';
import { toPrintable } from './printable.js';

export interface Terminal {
  out(text: string): void;
  error(text: string): void;
  /** Null where nobody sits at a keyboard. */
  readonly ask: Ask | null;
  readInput: Context['readInput'];
  /** Aborts when the person interrupts. */
  readonly signal: AbortSignal;
}

/** Runs one command line. Never throws; the exit code tells what happened. */
export async function run(argv: readonly string[], environment: Environment, terminal: Terminal): Promise<ExitCode> {
  const { words, json } = takeJson(argv);
  try {
    const outcome = await answer(words, json, environment, terminal);
    if (json) {
      if (outcome.data !== undefined) terminal.out(`${JSON.stringify(outcome.data)}\n`);
    } else if (outcome.text !== '') {
      terminal.out(`${toPrintable(outcome.text)}\n`);
    }
    return outcome.exit ?? EXIT.ok;
  } catch (error) {
    const { message, help, code, exit, fields } = explain(error, terminal.signal.aborted, environment);
    if (json) terminal.error(`${JSON.stringify({ ...fields, error: message, code, ...(help ? { help } : {}) })}\n`);
    else terminal.error(`${toPrintable([message, help].filter(Boolean).join('\n'))}\n`);
    return exit;
  }
}

/** `--json` may stand anywhere before a `--`, which makes everything behind it plain words. */
function takeJson(argv: readonly string[]): { words: string[]; json: boolean } {
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length;
  const before = argv.slice(0, end);
  return {
    words: [...before.filter((word) => word !== '--json'), ...argv.slice(end)],
    json: before.includes('--json'),
  };
}

async function answer(
  words: readonly string[],
  json: boolean,
  environment: Environment,
  terminal: Terminal,
): Promise<Outcome> {
  const [first] = words;
  if (first === undefined || first === '--help' || first === '-h' || (first === 'help' && words.length === 1)) {
    return { data: helpData(COMMANDS), text: helpPage(COMMANDS) };
  }
  if (first === '--version' || first === '-v') return { data: { version: readVersion() }, text: readVersion() };
  const asked = first === 'help' ? words.slice(1) : words;
  const command = findCommand(asked);
  const rest = asked.slice(command.path.length);
  const options = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest;
  if (first === 'help' || options.includes('--help') || options.includes('-h')) {
    return { data: helpData([command]), text: commandPage(command) };
  }
  return command.run(toContext(command, rest, json, environment, terminal));
}

function findCommand(words: readonly string[]): Command {
  const calls = (path: readonly string[]) => path.every((word, index) => words[index] === word);
  const command = COMMANDS.find(({ path, alias }) => calls(path) || (alias !== undefined && calls(alias)));
  if (command) return command;
  const group = COMMANDS.filter(({ path }) => path[0] === words[0]);
  if (group.length > 0) {
    const [noun = '', verb] = words;
    const question =
      verb === undefined || verb.startsWith('-')
        ? 'which of these?'
        : `there is no command "${noun} ${verb}"; those of ${noun} are`;
    throw new UsageError(`${question}\n${group.map((member) => `  ${usageOf(member)}`).join('\n')}`);
  }
  throw new UsageError(`there is no command "${words[0] ?? ''}". "${PROGRAM} help" lists them.`);
}

function toContext(
  command: Command,
  words: readonly string[],
  json: boolean,
  environment: Environment,
  terminal: Terminal,
): Context {
  const end = command.rest && words.includes('--') ? words.indexOf('--') : words.length;
  const rest = words.slice(end + 1);
  const { args, flags } = parse(command, words.slice(0, end));
  const required = command.args.filter((arg) => arg.required).length;
  if (args.length < required || args.length > command.args.length) {
    const last = command.args.at(-1);
    const unquoted = args.length > command.args.length && last?.text ? `put the ${last.name} in quotes\n` : '';
    throw new UsageError(`${unquoted}usage: ${usageOf(command)}`);
  }
  if (command.rest && rest.length === 0) {
    throw new UsageError(`the ${command.rest.name} behind "--" is missing\nusage: ${usageOf(command)}`);
  }
  const { ask } = terminal;
  let connection: Client | null = null;
  return {
    args,
    rest,
    flags,
    environment,
    signal: terminal.signal,
    readInput: (question) => terminal.readInput(toPrintable(question)),
    client() {
      const fault = addressFault(environment);
      if (fault !== null) throw new NoServerError(fault);
      connection ??= createClient({ baseUrl: environment.url ?? '', token: () => environment.token });
      return connection;
    },
    ask: json || ask === null ? null : (question) => ask(toPrintable(question)),
    note: (line) => {
      if (!json) terminal.error(`${toPrintable(line)}\n`);
    },
    write: (text) => {
      if (!json) terminal.out(toPrintable(text));
    },
    item: (text, value) => terminal.out(`${json ? JSON.stringify(value) : toPrintable(text)}\n`),
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
    return { args: positionals, flags: values };
  } catch (error) {
    throw new UsageError(`${explainParsing(error)}\nusage: ${usageOf(command)}`);
  }
}

/** Node's own words speak of positional arguments; a person wants to know which word is wrong. */
function explainParsing(error: unknown): string {
  if (!(error instanceof Error)) return 'not understood';
  const name = /'(?:-\w, )?(-[^' ]*)/.exec(error.message)?.[1] ?? '';
  const code = 'code' in error ? error.code : null;
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
    return `there is no option "${name}" here; a text that begins with a dash stands behind "--"`;
  }
  if (code !== 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE') return error.message;
  return error.message.includes('does not take') ? `"${name}" takes no value` : `"${name}" needs a value`;
}
