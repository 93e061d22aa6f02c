import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { RuntimeEnv } from '../../env.js';
import { StartupError } from '../../exit.js';

/** The argument vector a program begins with. JavaScript is run by the Node that runs the agent. */
export function findProgram(env: Pick<RuntimeEnv, 'program' | 'variables'>, name: string): readonly string[] {
  const path = env.program ?? findInPath(name, env.variables.PATH ?? '');
  if (path === null) {
    throw new StartupError(
      `The program ${name} was not found: neither its path was given nor is it in PATH. Restart the agent from its server.`,
    );
  }
  return /\.[cm]?js$/.test(path) ? [process.execPath, path] : [path];
}

function findInPath(name: string, path: string): string | null {
  for (const folder of path.split(delimiter)) {
    if (folder === '') continue;
    try {
      accessSync(join(folder, name), constants.X_OK);
      return join(folder, name);
    } catch {
      // The next folder.
    }
  }
  return null;
}
