import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { programName } from './program-name.js';

/** How the person calls this program; hints are written with it. */
export const PROGRAM = programName(process.argv[1], process.cwd(), process.env.PATH);

/** Where the server is and what opens it. This file is the only reader of the process environment in the CLI. */
export interface Environment {
  readonly dataDir: string;
  readonly url: string | null;
  readonly token: string | null;
  /** Where the address came from, for doctor and for errors. */
  readonly from: 'MOLECULE_URL' | 'server.json' | 'none';
  /** Process of the server that wrote server.json; null when the address came from elsewhere. */
  readonly serverPid: number | null;
}

/** MOLECULE_URL and MOLECULE_TOKEN win; otherwise the running server's own note in the data directory. */
export function readCliEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const dataDir = dataDirOf(env);
  const note = readServerFile(join(dataDir, 'server.json'));
  const given = env.MOLECULE_URL?.trim().replace(/\/+$/, '');
  if (given) {
    // The token in server.json opens the local server. It must never travel to another one.
    const ownToken = note?.url === given ? note.token : null;
    const token = env.MOLECULE_TOKEN || ownToken || env.ADMIN_TOKEN || null;
    return { dataDir, url: given, token, from: 'MOLECULE_URL', serverPid: null };
  }
  const token = env.MOLECULE_TOKEN || note?.token || env.ADMIN_TOKEN || null;
  if (note) return { dataDir, url: note.url, token, from: 'server.json', serverPid: note.pid };
  return { dataDir, url: null, token, from: 'none', serverPid: null };
}

function dataDirOf(env: NodeJS.ProcessEnv): string {
  if (env.MOLECULE_DATA_DIR) return resolve(env.MOLECULE_DATA_DIR);
  return process.getuid?.() === 0 ? '/var/lib/molecule' : join(homedir(), '.molecule');
}

interface ServerFile {
  readonly url: string;
  readonly token: string | null;
  readonly pid: number | null;
}

function readServerFile(path: string): ServerFile | null {
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as Readonly<Record<string, unknown>> | null;
    if (typeof value?.url !== 'string') return null;
    return {
      url: value.url,
      token: typeof value.token === 'string' ? value.token : null,
      pid: typeof value.pid === 'number' ? value.pid : null,
    };
  } catch {
    // Missing or unreadable is the same for the caller: no server is known, and "doctor" says so.
    return null;
  }
}
