import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RefusedError } from '../../command.js';
import { createDraftName } from '../../random.js';
import { startTimeOf } from './process-start.js';

interface Holder {
  readonly pid: number;
  readonly startTime: string;
}

/** One process per workspace and machine: two would both work on the same message. Returns how to let go. */
export async function lockFolder(folder: string, name: string): Promise<() => Promise<void>> {
  const path = join(folder, 'pid');
  const own: Holder = { pid: process.pid, startTime: (await startTimeOf(process.pid)) ?? '' };
  const content = JSON.stringify(own);
  // It gets its name when it is whole: nobody reads half a lock and takes it for one of a dead process.
  const draft = join(folder, `pid-${createDraftName()}`);
  await writeFile(draft, content, { mode: 0o600 });
  try {
    if (!(await tryLink(draft, path))) {
      await clearAway(path, `${draft}.old`, name);
      if (!(await tryLink(draft, path))) throw takenNow(name);
    }
  } finally {
    await rm(draft, { force: true });
  }
  return async () => {
    if ((await readOrNull(path)) === content) await rm(path, { force: true });
  };
}

/**
 * Takes the lock of a process that is gone out of the way; refuses while it lives. Of two that find it at the same moment
 * one goes on; that a third comes in the instant in which a lock is put back is left to chance.
 */
async function clearAway(path: string, aside: string, name: string): Promise<void> {
  const text = await readOrNull(path);
  if (text === null) return;
  const holder = parseHolder(text);
  if (holder !== null && (await startTimeOf(holder.pid)) === holder.startTime) {
    throw new RefusedError(`${name} is driven by another process on this machine already (${holder.pid})`, {
      help: `End that one first, or give this one a workspace of its own with --name.`,
    });
  }
  if (!(await moved(path, aside))) return;
  try {
    if ((await readOrNull(aside)) === text) return;
    // Another process cleared it away meanwhile and this is its own lock.
    await tryLink(aside, path);
    throw takenNow(name);
  } finally {
    await rm(aside, { force: true });
  }
}

function takenNow(name: string): RefusedError {
  return new RefusedError(`${name} was taken by another process just now`);
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}

async function readOrNull(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

/** Null for what this program did not write: nobody holds it. */
function parseHolder(text: string): Holder | null {
  try {
    const value = JSON.parse(text) as Partial<Holder> | null;
    return typeof value?.pid === 'number' && typeof value.startTime === 'string'
      ? { pid: value.pid, startTime: value.startTime }
      : null;
  } catch {
    return null;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
