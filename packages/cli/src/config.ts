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
  /** Where the token came from, so that a refusal can name what to correct. */
  readonly tokenFrom: 'MOLECULE_TOKEN' | 'server.json' | 'ADMIN_TOKEN' | 'none';
  /** Process of the server that wrote server.json; null when the address came from elsewhere. */
  readonly serverPid: number | null;
  /** What the snippets of a workspace set for the agent that is to work in it; absent when they are not set. */
  readonly agent?: AgentEnvironment;
  /** Where programs are looked for. */
  readonly path: string;
  /** Program and arguments of the person's editor. */
  readonly editor: readonly string[];
}

export interface AgentEnvironment {
  readonly id: string;
  readonly token: string;
  readonly platformUrl: string | null;
}

/** MOLECULE_URL and MOLECULE_TOKEN win; otherwise the running server's own note in the data directory. */
export function readCliEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const dataDir = dataDirOf(env);
  const editor = (env.VISUAL || env.EDITOR || 'vi').split(' ').filter((word) => word !== '');
  const agent = findAgent(env);
  const own = { path: env.PATH ?? '', editor, ...(agent ? { agent } : {}) };
  const note = readServerFile(serverFileOf(dataDir));
  const given = env.MOLECULE_URL?.trim().replace(/\/+$/, '');
  if (given) {
    // The token in server.json opens the local server. It must never travel to another one.
    const ownToken = note?.url === given ? note.token : null;
    return { dataDir, url: given, ...findToken(env, ownToken), from: 'MOLECULE_URL', serverPid: null, ...own };
  }
  const token = findToken(env, note?.token ?? null);
  if (note) return { dataDir, url: note.url, ...token, from: 'server.json', serverPid: note.pid, ...own };
  return { dataDir, url: null, ...token, from: 'none', serverPid: null, ...own };
}

/** What opens the platform; a command that works on other people's messages has no use for it. */
const TOKEN_VARIABLES: ReadonlySet<string> = new Set(['ADMIN_TOKEN', 'MOLECULE_TOKEN', 'MOLECULE_WORKSPACE_TOKEN']);

/** The environment of a command that is driven as an agent. */
export function readCommandEnvironment(env: NodeJS.ProcessEnv = process.env): Readonly<Record<string, string>> {
  const entries = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(entries.filter(([name]) => !TOKEN_VARIABLES.has(name)));
}

function findAgent(env: NodeJS.ProcessEnv): AgentEnvironment | null {
  const id = env.WORKSPACE_ID?.trim();
  const token = env.MOLECULE_WORKSPACE_TOKEN?.trim();
  if (!id || !token) return null;
  return { id, token, platformUrl: env.PLATFORM_URL?.trim().replace(/\/+$/, '') || null };
}

function findToken(env: NodeJS.ProcessEnv, noted: string | null): Pick<Environment, 'token' | 'tokenFrom'> {
  if (env.MOLECULE_TOKEN) return { token: env.MOLECULE_TOKEN, tokenFrom: 'MOLECULE_TOKEN' };
  if (noted) return { token: noted, tokenFrom: 'server.json' };
  if (env.ADMIN_TOKEN) return { token: env.ADMIN_TOKEN, tokenFrom: 'ADMIN_TOKEN' };
  return { token: null, tokenFrom: 'none' };
}

/** Why no server can be asked, and what to do; null when there is an address to try. */
export function addressFault(environment: Environment): string | null {
  const { url, dataDir } = environment;
  if (url === null) {
    return (
      `no server is known: there is no ${serverFileOf(dataDir)}, which a running server writes. Start one with ` +
      '"npm start". If one runs on another data directory, set MOLECULE_DATA_DIR to that; if elsewhere, set ' +
      'MOLECULE_URL and MOLECULE_TOKEN.'
    );
  }
  const protocol = URL.canParse(url) ? new URL(url).protocol : '';
  if (protocol === 'http:' || protocol === 'https:') return null;
  return `"${url}" is no URL: write MOLECULE_URL like http://127.0.0.1:8080`;
}

export function readVersion(): string {
  const file = new URL('../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version;
}

/** The note a running server leaves: its address, its process and what opens it. */
function serverFileOf(dataDir: string): string {
  return join(dataDir, 'server.json');
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
