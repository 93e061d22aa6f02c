import { access, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RESET_SESSION_FILE } from '@molecule/contract/runtime-files';
import type { RuntimeEnv } from './env.js';
import { StartupError } from './exit.js';
import { replaceFile } from './journal/durable-file.js';
import { reasonOf } from './log.js';

/** How the process driver learns where a fresh agent listens (design §6). */
export interface ReadyNote {
  readonly port: number;
  readonly url: string;
  readonly pid: number;
  /** When this process started, ISO. */
  readonly startTime: string;
  readonly instanceId: string | null;
}

const readyPath = (env: RuntimeEnv) => join(env.runDir, 'ready.json');
/** Its name is the contract's (lifecycle §21.1), and it lies with the configuration: a new volume is a first start. */
const initialPromptPath = (env: RuntimeEnv) => join(env.configsDir, '.initial_prompt_done');
const secretPath = (env: RuntimeEnv) => join(env.configsDir, '.platform_inbound_secret');

/** Which sessions of an agent program belong to which conversations. */
export const sessionsPath = (env: Pick<RuntimeEnv, 'runDir'>) => join(env.runDir, 'sessions.json');

export const journalPath = (env: RuntimeEnv) => join(env.runDir, 'journal.jsonl');

/** Whether whoever started this agent wants it to forget its conversations. `done` takes the wish away. */
export function resetRequest(env: RuntimeEnv): { exists(): Promise<boolean>; done(): Promise<void> } {
  const path = join(env.runDir, RESET_SESSION_FILE);
  return { exists: () => exists(path), done: () => rm(path, { force: true }) };
}

/** Written as soon as the agent listens, in one step: the driver never reads half of it. */
export async function writeReadyNote(env: RuntimeEnv, note: ReadyNote): Promise<void> {
  await replaceFile(readyPath(env), `${JSON.stringify(note)}\n`);
}

/** An orderly exit leaves no note behind that could be taken for a live agent's. */
export async function removeReadyNote(env: RuntimeEnv): Promise<void> {
  await rm(readyPath(env), { force: true });
}

/** The workspace's bearer. A file and never a variable: the environment is inherited and shown by tools. */
export async function readToken(env: RuntimeEnv): Promise<string> {
  const path = join(env.configsDir, '.auth_token');
  let token: string;
  try {
    token = (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw new StartupError(
      `Cannot read this workspace's token: ${reasonOf(error)}. Restart the workspace from its platform.`,
    );
  }
  if (token === '') throw new StartupError(`${path} is empty. Restart the workspace from its platform.`);
  return token;
}

/** With it goes all that an agent program could remember a conversation by. */
export async function forgetSessions(env: RuntimeEnv): Promise<void> {
  await rm(sessionsPath(env), { force: true });
}

/** What the platform must present to talk to this agent; null until the first registration. */
export async function findInboundSecret(env: RuntimeEnv): Promise<string | null> {
  try {
    return (await readFile(secretPath(env), 'utf8')).trim() || null;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

export async function storeInboundSecret(env: RuntimeEnv, secret: string): Promise<void> {
  await replaceFile(secretPath(env), `${secret}\n`);
}

/** Whether the owner's initial prompt was said to this workspace. `write` resolves once it is on disk. */
export function initialPromptMarker(env: RuntimeEnv): { exists(): Promise<boolean>; write(): Promise<void> } {
  return {
    exists: () => exists(initialPromptPath(env)),
    write: () => replaceFile(initialPromptPath(env), ''),
  };
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
