import { accessSync, constants, mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Of containers; elsewhere it is rarely there. */
const CONTAINER_FOLDER = '/configs';

/** The folder somebody named, the one of containers, or one in the home folder (contract memory-mcp-rest §6.2). */
export function findConfigsDir(wanted: string | null): string {
  const fallback = join(homedir(), '.molecule-workspace');
  const found = [wanted ?? CONTAINER_FOLDER, fallback].find(isWritable);
  if (found !== undefined) return found;
  try {
    mkdirSync(fallback, { recursive: true, mode: 0o700 });
  } catch {
    // Without a folder the cursor lives in memory; that is said when it is written.
  }
  return fallback;
}

export function readTokenFile(folder: string): string | null {
  try {
    return readFileSync(join(folder, '.auth_token'), 'utf8').trim() || null;
  } catch {
    // No file is the usual case: the token comes by its variable, and what is missing is told by the caller.
    return null;
  }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
