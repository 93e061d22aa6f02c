import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from './lock.mjs';
import { npmCi } from './npm-ci.mjs';
import { toWriteRefusal } from './refusal.mjs';
import { ROOT } from './root.mjs';

const MODULES = join(ROOT, 'node_modules');
const STAMP = join(MODULES, '.molecule-stamp');

/**
 * Makes node_modules what package-lock.json says. Does nothing, in a millisecond, when the lockfile is the one last
 * installed for this Node. An install that a person made with npm is recognised and left alone.
 */
export async function ensureInstalled({ log }) {
  const wanted = describeWanted();
  if (isStamped(wanted)) return;
  await withLock(log, async () => {
    if (isStamped(wanted)) return; // Another script installed while this one waited.
    if (!isInstalledByHand(wanted)) {
      log('Installing dependencies from the lockfile. The first time takes about a minute.');
      await npmCi(log);
    }
    writeStamp(wanted);
  });
}

/** Packages with native parts are chosen by platform, and some by the Node release. */
function describeWanted() {
  const lockfile = createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex');
  return { lockfile, platform: `${process.platform}-${process.arch}-node-${process.versions.node.split('.')[0]}` };
}

function findStamp() {
  const text = findText(STAMP);
  if (text === null) return null;
  const [lockfile, platform] = text.trim().split(' ');
  return { lockfile, platform };
}

function isStamped(wanted) {
  const stamp = findStamp();
  return stamp !== null && stamp.lockfile === wanted.lockfile && stamp.platform === wanted.platform;
}

function writeStamp({ lockfile, platform }) {
  try {
    writeFileSync(STAMP, `${lockfile} ${platform}\n`);
  } catch (error) {
    throw toWriteRefusal(error, MODULES);
  }
}

/** Whether npm's own record of node_modules fits the lockfile. It does not tell for which platform it was made. */
function isInstalledByHand(wanted) {
  const stamp = findStamp();
  return (stamp === null || stamp.platform === wanted.platform) && isRecorded();
}

function isRecorded() {
  const record = findText(join(MODULES, '.package-lock.json'));
  if (record === null) return false;
  const wanted = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(record).packages;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true;
    const found = installed[path];
    // Optional packages for other platforms are not installed; the ones for ours are.
    if (found === undefined) return entry.optional === true && !isForThisPlatform(entry);
    return found.version === entry.version && found.integrity === entry.integrity;
  });
}

function isForThisPlatform({ os, cpu, libc }) {
  if (os === undefined && cpu === undefined && libc === undefined) return false;
  return (os?.includes(process.platform) ?? true) && (cpu?.includes(process.arch) ?? true) && libc === undefined;
}

function findText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    throw error;
  }
}
