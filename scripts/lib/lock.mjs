import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { toWriteRefusal } from './refusal.mjs';
import { STATE_DIR } from './root.mjs';

const REFRESH_MS = 2_000;
const POLL_MS = 200;
/** A lock seen unrefreshed for this long has lost its holder, even if the pid was given to another process. */
const STALE_MS = 20_000;

/**
 * Runs `work` while no other script of this clone installs or builds. Waits for the one that does; a holder that was
 * killed is replaced.
 */
export async function withLock(log, work, { folder = STATE_DIR, staleMs = STALE_MS } = {}) {
  const path = join(folder, 'lock');
  const content = `${process.pid} ${randomUUID()}`;
  await acquire(path, content, { folder, staleMs, log });
  const refresh = setInterval(() => touch(path), REFRESH_MS);
  try {
    return await work();
  } finally {
    clearInterval(refresh);
    if (findHolder(path)?.content === content) rmSync(path, { force: true });
  }
}

async function acquire(path, content, { folder, staleMs, log }) {
  const draft = `${path}.${content.replace(' ', '-')}`;
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(draft, content);
  } catch (error) {
    throw toWriteRefusal(error, folder);
  }
  try {
    let seen = null;
    let unchangedMs = 0;
    while (!linkOnce(draft, path)) {
      const holder = findHolder(path);
      if (holder === null) continue;
      if (seen === null)
        log(`Waiting for another npm command in this folder (pid ${holder.pid}) to finish installing.`);
      // Counted in our own polls, not by the clock: after a suspended laptop wakes up, every lock looks old.
      const isSame = seen !== null && seen.content === holder.content && seen.mtimeMs === holder.mtimeMs;
      unchangedMs = isSame ? unchangedMs + POLL_MS : 0;
      seen = holder;
      if (!isAlive(holder.pid) || unchangedMs >= staleMs) removeStale(path, holder);
      else await sleep(POLL_MS);
    }
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
    const content = readFileSync(path, 'utf8');
    return { content, pid: Number.parseInt(content, 10), mtimeMs: statSync(path).mtimeMs };
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}

/** Moves the lock away and looks again: between our look and our move another waiter may have taken it. */
function removeStale(path, holder) {
  const aside = `${path}.stale-${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  if (findHolder(aside)?.content !== holder.content) linkOnce(aside, path);
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
