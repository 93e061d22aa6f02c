import { type Command, usageOf } from './command.js';
import { PROGRAM } from './config.js';

/** The page of `./molecule help`. */
export function helpPage(commands: readonly Command[]): string {
  const width = Math.max(...commands.map((command) => command.path.join(' ').length));
  return [
    'Molecule — organisations of AI agents',
    '',
    `  ${PROGRAM} <command> …`,
    '',
    ...commands.map((command) => `  ${command.path.join(' ').padEnd(width)}  ${command.summary}`),
    '',
    'Every command takes --json and --help; --version prints the version. The server is found by MOLECULE_URL and MOLECULE_TOKEN, else by the data',
    'directory (MOLECULE_DATA_DIR). Exit codes: 0 ok, 1 refused, 2 usage, 3 unreachable, 4 timeout.',
  ].join('\n');
}

/** The page of `./molecule <command> --help`. */
export function commandPage(command: Command): string {
  const flags = Object.entries(command.flags).map(
    ([name, flag]) => `  --${name}${flag.short ? `, -${flag.short}` : ''}  ${flag.describe}`,
  );
  const alias = command.alias === undefined ? [] : [`  or ${PROGRAM} ${command.alias.join(' ')}`];
  return [command.summary, '', `  ${usageOf(command)}`, ...alias, ...(flags.length > 0 ? ['', ...flags] : [])].join(
    '\n',
  );
}

/** The same as data. */
export function helpData(commands: readonly Command[]): unknown {
  return {
    commands: commands.map((command) => ({
      command: command.path.join(' '),
      usage: usageOf(command),
      summary: command.summary,
      flags: command.flags,
    })),
  };
}
