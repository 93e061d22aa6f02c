import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { toWriteRefusal } from './refusal.mjs';
import { STATE_DIR } from './root.mjs';

const REFRESH_MS = 2_000;
/** A holder that has not refreshed its lock for this long is gone, even if its pid was given to another process. */
const STALE_MS = 20_000;

/**
 * Runs `work` while no other script of this clone installs or builds. Waits for the one that does; a holder that was
 * killed is replaced.
 */
export async function withLock(log, work) {
  const path = join(STATE_DIR, 'lock');
  await acquire(path, log);
  const refresh = setInterval(() => touch(path), REFRESH_MS);
  try {
    return await work();
  } finally {
    clearInterval(refresh);
    rmSync(path, { force: true });
  }
}

async function acquire(path, log) {
  const draft = `${path}.${process.pid}`;
  try {
    mkdirSync(STATE_DIR, { recursive: true });
    writeFileSync(draft, String(process.pid));
  } catch (error) {
    throw toWriteRefusal(error, STATE_DIR);
  }
  try {
    for (let isFirst = true; !linkOnce(draft, path); isFirst = false) {
      const holder = findHolder(path);
      if (holder === null) continue;
      if (holder.isStale) {
        removeStale(path, holder);
        continue;
      }
      if (isFirst) log(`Waiting for another npm command in this folder (pid ${holder.pid}) to finish installing.`);
      await sleep(200);
    }
    // The link shares the draft's clock, which may be old after a long wait.
    touch(path);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** The lock appears with its content or not at all. */
function linkOnce(draft, path) {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw toWriteRefusal(error, path);
  }
}

function findHolder(path) {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    const ageMs = Date.now() - statSync(path).mtimeMs;
    return { pid, isStale: !isAlive(pid) || ageMs > STALE_MS };
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}

/** Moves the lock away and looks again: between our look and our move another waiter may have taken it. */
function removeStale(path, holder) {
  const aside = `${path}.stale-${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  if (Number(readFileSync(aside, 'utf8')) !== holder.pid) linkOnce(aside, path);
  rmSync(aside, { force: true });
}

function isAlive(pid) {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function touch(path) {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
}
