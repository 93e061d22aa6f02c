import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, PostgresStartError, toPermissionError } from './errors.js';
import { findProcessIdentity } from './process-identity.js';

/** Held by the one server that uses a data directory. */
export interface OwnerFile {
  /** Lets another server use the directory. May be called twice. */
  release(): Promise<void>;
}

/**
 * Claims `<home>/owner.json` for this process. A file whose process is gone, or whose pid now belongs to another run,
 * is replaced. Throws `owned_by_other_server` while its process lives. The file decides before Postgres runs; the
 * session lock (`owner-session.ts`) is what makes two owners impossible.
 */
export async function claimOwnerFile(home: string, dataDir: string): Promise<OwnerFile> {
  const path = join(home, 'owner.json');
  const content = `${JSON.stringify({ pid: process.pid, started: findProcessIdentity(process.pid) })}\n`;
  const draft = `${path}.${process.pid}`;
  try {
    await writeFile(draft, content, { mode: 0o600 });
    while (!(await linkOnce(draft, path))) {
      const found = await findText(path);
      if (found === null) continue;
      const owner = parseOwner(found);
      if (owner !== null && isAlive(owner)) throw toOwnedError(dataDir, owner.pid);
      await discard(path, found);
    }
  } catch (error) {
    throw toPermissionError(error, path);
  } finally {
    await rm(draft, { force: true });
  }
  return {
    async release() {
      if ((await findText(path)) === content) await rm(path, { force: true });
    },
  };
}

export function toOwnedError(dataDir: string, pid: number | null): PostgresStartError {
  const who = pid === null ? 'another Molecule server' : `another Molecule server (pid ${pid})`;
  return new PostgresStartError(
    'owned_by_other_server',
    `The data directory ${dataDir} is in use by ${who}.`,
    `Stop that server${pid === null ? '' : ` (kill ${pid})`}, or set MOLECULE_DATA_DIR (and PORT) to run a second one beside it.`,
  );
}

/** A link appears with its whole content or not at all: no reader ever sees an empty file. */
async function linkOnce(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Moves a stale file away; gives it back when another server replaced it between our look and our move. */
async function discard(path: string, stale: string): Promise<void> {
  const aside = `${path}.stale-${process.pid}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  if ((await findText(aside)) !== stale) await linkOnce(aside, path);
  await rm(aside, { force: true });
}

async function findText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

function parseOwner(text: string): { pid: number; started: string } | null {
  try {
    const owner: unknown = JSON.parse(text);
    if (typeof owner !== 'object' || owner === null || !('pid' in owner) || !('started' in owner)) return null;
    if (typeof owner.pid !== 'number' || typeof owner.started !== 'string') return null;
    return { pid: owner.pid, started: owner.started };
  } catch {
    return null; // A file we did not write claims nothing.
  }
}

function isAlive(owner: { pid: number; started: string }): boolean {
  return findProcessIdentity(owner.pid) === owner.started;
}
