// The browser that end-to-end tests drive: found, or installed from Debian, or missing and said so.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const MAC = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/**
 * The path of a Chromium, or null with the reason why there is none.
 * @param {{ install: boolean, log: (line: string) => void }} options
 * @returns {{ path: string } | { path: null, reason: string }}
 */
export function ensureBrowser({ install, log }) {
  const asked = process.env.MOLECULE_TEST_CHROMIUM;
  if (asked)
    return isRunnable(asked)
      ? { path: asked }
      : { path: null, reason: `MOLECULE_TEST_CHROMIUM=${asked} cannot be run` };
  const found = findBrowser();
  if (found !== null) return { path: found };
  if (!install) return { path: null, reason: 'no Chromium found, and --no-install was given' };
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) {
    return { path: null, reason: 'no Chromium found; install it, or name one in MOLECULE_TEST_CHROMIUM' };
  }
  log('Installing chromium with apt-get; the browser tests need it.');
  const failed = aptInstall(['chromium', 'fonts-liberation']);
  const installed = findBrowser();
  if (installed !== null) return { path: installed };
  return { path: null, reason: `chromium could not be installed: ${failed ?? 'apt-get put it in no known place'}` };
}

function findBrowser() {
  const folders = (process.env.PATH ?? '').split(':').filter(Boolean);
  const candidates = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [...candidates, ...(process.platform === 'darwin' ? MAC : [])].find(isRunnable) ?? null;
}

function isRunnable(/** @type {string} */ path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // Absent or not executable: both mean "not this one".
  }
}

/** The last line of what went wrong, or null. @param {string[]} packages @returns {string | null} */
function aptInstall(packages) {
  const options = { encoding: 'utf8', timeout: 5 * 60_000, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  const install = () =>
    spawnSync('apt-get', ['install', '-y', '--no-install-recommends', ...packages], { ...options, encoding: 'utf8' });
  if (install().status === 0) return null;
  // A fresh image has no package lists.
  spawnSync('apt-get', ['update'], options);
  const again = install();
  if (again.status === 0) return null;
  return (again.stderr || again.error?.message || 'apt-get failed').trim().split('\n').at(-1) ?? null;
}
