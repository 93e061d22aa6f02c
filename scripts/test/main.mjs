// The whole of `npm test`, loaded once the Node version is known to be new enough.
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuilt } from '../lib/build.mjs';
import { ensureInstalled } from '../lib/install.mjs';
import { explain } from '../lib/refusal.mjs';
import { ROOT } from '../lib/root.mjs';
import { ensureBrowser } from './browser.mjs';
import { listTestFiles } from './files.mjs';
import { add, failuresOf, isGreen, NOTHING, summary, totalsOf } from './results.mjs';

/**
 * Cheapest first, so that a plain mistake is told before a browser starts. `folder` null: where the config looks. `full`:
 * run by `npm run test:full` alone, because it needs the network or more time than a test should take. `beside`: runs at
 * the same time as the kind before it: both mostly wait, for restarts and for pages.
 */
const KINDS = [
  { name: 'unit, database, http', config: 'vitest.config.ts', folder: null, ending: /\.test\.tsx?$/ },
  { name: 'end to end', config: 'vitest.e2e.config.ts', folder: 'e2e', ending: /\.e2e\.ts$/ },
  { name: 'chaos', config: 'vitest.e2e.config.ts', folder: 'chaos', ending: /\.chaos\.ts$/, beside: true },
  { name: 'real programs', config: 'vitest.e2e.config.ts', folder: 'e2e', ending: /\.full\.ts$/, full: true },
  {
    name: 'long chaos',
    config: 'vitest.e2e.config.ts',
    folder: 'chaos',
    ending: /\.full\.ts$/,
    full: true,
    limitMs: 20 * 60_000,
  },
];

/** A kind that hangs is ended and counted as a failure. Those of every run have to fit into 15 minutes together. */
const KIND_LIMIT_MS = 12 * 60_000;

const log = (/** @type {string} */ line) => process.stdout.write(`${line}\n`);
const mayInstall = !process.argv.includes('--no-install');
const isFull = process.argv.includes('--full');
const filters = process.argv.slice(2).filter((arg) => arg !== '--no-install' && arg !== '--full');

let totals = NOTHING;
/** @type {string[]} */
const failures = [];
let stopped = false;
try {
  await ensureInstalled({ log });
  const built = await build();
  const kinds = KINDS.filter(({ full = false }) => full === isFull);
  for (const together of inTurn(kinds.filter(({ folder }) => built || folder === null)))
    if (!stopped) for (const result of await Promise.all(together.map(runKind))) totals = add(totals, result);
  if (totals.passed + totals.failed === 0)
    log(`No test ran${filters.length > 0 ? ` for "${filters.join(' ')}"` : ''}.`);
} catch (error) {
  log(`\n${explain(error)}`);
  totals = add(totals, { ...NOTHING, failed: 1 });
}
process.exitCode = isGreen(totals) ? 0 : 1;
if (failures.length > 0) log(`\nFailed:\n${failures.join('\n')}`);
log(`\n${summary(totals)}`);

/** A build that fails is one failure. The tests beside the code run from its sources, so they still tell something. */
async function build() {
  try {
    await ensureBuilt({ log });
    return true;
  } catch (error) {
    log(`\n${explain(error)}\nTests of the built product are not run.`);
    totals = add(totals, { ...NOTHING, failed: 1 });
    return false;
  }
}

/** @param {typeof KINDS} kinds @returns {(typeof KINDS)[]} those that run at the same time, in their turns */
function inTurn(kinds) {
  /** @type {(typeof KINDS)[]} */
  const turns = [];
  for (const kind of kinds) {
    const before = turns.at(-1);
    if (kind.beside && before !== undefined) before.push(kind);
    else turns.push([kind]);
  }
  return turns;
}

/** One that cannot be run is one failure, and takes nothing from those beside it. @param {(typeof KINDS)[number]} kind */
async function runKind(kind) {
  try {
    return await runTests(kind);
  } catch (error) {
    log(`\n${kind.name}: ${explain(error)}`);
    return { ...NOTHING, failed: 1 };
  }
}

/** @param {(typeof KINDS)[number]} kind */
async function runTests({ name, config, folder, ending, full, beside, limitMs = KIND_LIMIT_MS }) {
  const files = listTestFiles(ROOT, folder, ending).filter(
    (path) => filters.length === 0 || filters.some((f) => path.includes(f)),
  );
  if (files.length === 0) return NOTHING;
  const meanwhile = beside ? ', printed when all of them have run' : '';
  log(`\n${name}: ${files.length} ${files.length === 1 ? 'file' : 'files'}${meanwhile}`);
  const directory = mkdtempSync(join(tmpdir(), 'molecule-test-'));
  try {
    const report = join(directory, 'report.json');
    const env = folder === 'e2e' && !full ? browserEnv() : {};
    const args = [...vitestArgs(config, report), ...(folder === null ? filters : files)];
    // Two kinds at once would print through each other.
    const printed = beside ? join(directory, 'printed.txt') : null;
    const exitCode = await runVitest(args, env, { printed, limitMs });
    if (printed !== null) process.stdout.write(readText(printed) ?? '');
    const text = readText(report);
    const result = totalsOf(text, exitCode, files.length);
    failures.push(...failuresOf(text));
    log(`${name}: ${summary(result)}`);
    return result;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** @param {string} config @param {string} report */
function vitestArgs(config, report) {
  // Two workers on a small machine; more than three only compete for one Postgres.
  const workers = Math.min(3, Math.max(2, availableParallelism()));
  const args = ['run', '--config', config, `--maxWorkers=${workers}`, '--silent=passed-only'];
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  return [...args, ...reporters];
}

/** Tests that need a browser skip themselves when this is empty, and vitest counts them. */
function browserEnv() {
  const browser = ensureBrowser({ install: mayInstall, log });
  if (browser.path !== null) return { MOLECULE_TEST_CHROMIUM: browser.path };
  log(`Browser tests are skipped: ${browser.reason}.`);
  return { MOLECULE_TEST_CHROMIUM: '' };
}

/**
 * @param {string[]} args
 * @param {Record<string, string>} env
 * @param {{ printed: string | null, limitMs: number }} how the file that takes what it prints (null: printed at once),
 *   and how long it may take
 * @returns {Promise<number>} the exit code
 */
function runVitest(args, env, { printed, limitMs }) {
  return new Promise((resolve, reject) => {
    const output = printed === null ? 'inherit' : openSync(printed, 'w');
    const child = spawn(process.execPath, [join(ROOT, 'node_modules/vitest/vitest.mjs'), ...args], {
      cwd: ROOT,
      env: { ...process.env, ...env },
      // Its own group: what a hung run has started ends with it.
      detached: true,
      stdio: ['ignore', output, output],
    });
    if (output !== 'inherit') closeSync(output);
    const endGroup = (/** @type {NodeJS.Signals} */ signal) => {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
        process.kill(-child.pid, signal);
    };
    const onSignal = (/** @type {NodeJS.Signals} */ signal) => {
      stopped = true;
      endGroup(signal);
    };
    const limit = setTimeout(() => {
      log(`Ended after ${limitMs / 60_000} minutes.`);
      endGroup('SIGKILL');
    }, limitMs);
    process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(limit);
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
      resolve(code ?? 1);
    });
  });
}

/** @param {string} path @returns {string | null} */
function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null; // A run that died wrote no report; its exit code says so.
  }
}
