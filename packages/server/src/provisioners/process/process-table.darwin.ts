import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ProcessFacts, ProcessTable } from './process-table.js';

const run = promisify(execFile);

const COLUMNS = 'pid=,pgid=,stat=,lstart=,command=';

/** Asks `ps`, which on macOS shows the environment (-E) of the caller's own processes after their command. */
export function createDarwinProcessTable(): ProcessTable {
  async function ask(args: readonly string[]): Promise<string> {
    const { stdout } = await run('/bin/ps', ['-wwE', ...args, '-o', COLUMNS], {
      // lstart is written in the caller's language otherwise.
      env: { LC_ALL: 'C' },
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  }

  return {
    async find(pid, envNames) {
      try {
        const [line = ''] = (await ask(['-p', String(pid)])).split('\n');
        return parsePsLine(line, envNames);
      } catch (error) {
        // ps answers an unknown pid with status 1 and nothing else.
        if (error instanceof Error && 'code' in error && error.code === 1) return null;
        throw error;
      }
    },
    async all(envNames) {
      return (await ask(['-ax']))
        .split('\n')
        .map((line) => parsePsLine(line, envNames))
        .filter((facts) => facts !== null);
    },
  };
}

const PS_LINE = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\w{3}\s+\w{3}\s+\d+\s+[\d:]+\s+\d{4})\s+(.*)$/;

/** Null for zombies, empty lines and the heading. */
export function parsePsLine(line: string, envNames: readonly string[]): ProcessFacts | null {
  const match = PS_LINE.exec(line);
  if (match === null) return null;
  const [, pid, groupId, state = '', startTime = '', command = ''] = match;
  if (state.startsWith('Z')) return null;
  return {
    pid: Number(pid),
    groupId: Number(groupId),
    sessionId: null,
    startTime: startTime.replace(/\s+/g, ' '),
    env: pickFromCommand(command, envNames),
  };
}

/** The environment follows the arguments, divided by spaces only; a value ends where the next NAME= begins. */
function pickFromCommand(command: string, names: readonly string[]): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const name of names) {
    const start = command.lastIndexOf(` ${name}=`);
    if (start === -1) continue;
    const rest = command.slice(start + name.length + 2);
    const end = rest.search(/ [A-Za-z_][A-Za-z0-9_]*=/);
    picked[name] = end === -1 ? rest.trimEnd() : rest.slice(0, end);
  }
  return picked;
}
