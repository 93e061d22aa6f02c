import { access, constants, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { followAbort } from '@molecule/contract/abort';
import type { Clock } from '../../../platform/clock.js';
import { hasCode } from '../folder-files.js';
import type { ProcessTable } from '../process-table.js';
import { folderBytes } from './folder-bytes.js';
import { explainNpm, InstallError, noSpace } from './install-error.js';
import { ProgramMissing, runProgram } from './program-run.js';
import type { RuntimePackage } from './runtime-packages.js';

export interface InstallPorts {
  /** PATH, HOME and what npm needs to reach its registry; nothing of the server's own. */
  readonly environment: Readonly<Record<string, string>>;
  readonly table: ProcessTable;
  readonly clock: Clock;
  readonly limits: InstallLimits;
}

export interface InstallLimits {
  readonly totalMs: number;
  /** Without a single byte more. */
  readonly stallMs: number;
  readonly lookEveryMs: number;
}

export const INSTALL_LIMITS: InstallLimits = { totalMs: 60 * 60_000, stallMs: 5 * 60_000, lookEveryMs: 1_000 };

const VERSION_MS = 30_000;
const CACHE = '.npm-cache';

/**
 * Fills an empty folder with one package and proves that its program runs: answers the program's path relative to it.
 * Throws InstallError, or the reason of `signal`; then the folder may hold anything and nothing of the attempt runs.
 */
export async function installPackage(
  pkg: RuntimePackage,
  stage: string,
  ports: InstallPorts,
  onProgress: (bytes: number) => void,
  signal: AbortSignal,
): Promise<string> {
  const nodeMajor = Number(process.versions.node.split('.')[0]);
  if (nodeMajor < pkg.minNode) {
    const have = `it needs Node ${pkg.minNode} or newer, and this server runs on ${process.versions.node}`;
    throw new InstallError(pkg, have, 'Start the server with a newer Node');
  }
  await underWatch(pkg, stage, ports, onProgress, signal, (watched) => runNpm(pkg, stage, ports, watched));
  const program = await findProgram(pkg, stage);
  await checkVersion(pkg, stage, program, ports, signal);
  await rm(join(stage, CACHE), { recursive: true, force: true });
  return program;
}

async function runNpm(pkg: RuntimePackage, stage: string, ports: InstallPorts, signal: AbortSignal): Promise<void> {
  const argv = [
    'npm',
    'install',
    '--prefix',
    stage,
    // Its own, so that an interrupted download leaves nothing elsewhere and its growth can be seen.
    '--cache',
    join(stage, CACHE),
    '--ignore-scripts',
    '--include=optional',
    '--engine-strict=false',
    '--no-save',
    '--no-package-lock',
    '--no-audit',
    '--no-fund',
    '--no-update-notifier',
    '--global=false',
    '--loglevel=error',
    `${pkg.package}@${pkg.version}`,
  ];
  try {
    const { failure, output } = await runProgram({ argv, folder: stage, env: ports.environment }, ports, signal);
    if (failure !== null) throw explainNpm(pkg, failure, output);
  } catch (error) {
    if (error instanceof ProgramMissing) {
      throw new InstallError(pkg, 'npm was not found in the PATH of the server', 'Install npm, which comes with Node');
    }
    if (hasCode(error, 'ENOSPC')) throw noSpace(pkg);
    throw error;
  }
}

/** Ends `work` when it takes too long, or when the folder has not grown for too long. */
async function underWatch(
  pkg: RuntimePackage,
  stage: string,
  { clock, limits }: InstallPorts,
  onProgress: (bytes: number) => void,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const ender = new AbortController();
  const unfollow = followAbort(ender, [signal]);
  const over = new AbortController();
  const tooLong = (what: string): InstallError =>
    new InstallError(pkg, what, 'Check the connection of the server to the npm registry');
  async function watch(): Promise<void> {
    const startedMs = clock.monotonicMs();
    let bytes = 0;
    let grownAtMs = startedMs;
    while (!over.signal.aborted) {
      await clock.sleep(limits.lookEveryMs, over.signal);
      const nowMs = clock.monotonicMs();
      const seen = await folderBytes(stage);
      if (seen !== bytes) {
        bytes = seen;
        grownAtMs = nowMs;
        onProgress(bytes);
      }
      if (nowMs - grownAtMs > limits.stallMs)
        ender.abort(tooLong(`nothing arrived for ${Math.round(limits.stallMs / 1_000)} s`));
      if (nowMs - startedMs > limits.totalMs)
        ender.abort(tooLong(`it was not finished within ${Math.round(limits.totalMs / 60_000)} minutes`));
    }
  }
  const watching = watch().catch((error: unknown) => {
    if (!over.signal.aborted) ender.abort(error);
  });
  try {
    await work(ender.signal);
  } finally {
    over.abort(new Error('the install is over'));
    unfollow();
    await watching;
  }
}

async function findProgram(pkg: RuntimePackage, stage: string): Promise<string> {
  for (const place of pkg.places) {
    const program = join('node_modules', place);
    if (await isThere(join(stage, program), constants.R_OK)) return program;
  }
  throw new InstallError(
    pkg,
    `${pkg.package}@${pkg.version} brought no program ${pkg.program} for ${process.platform} on ${process.arch}`,
    'Choose another runtime, or run this server on a platform the package supports',
  );
}

async function checkVersion(
  pkg: RuntimePackage,
  stage: string,
  program: string,
  ports: InstallPorts,
  signal: AbortSignal,
): Promise<void> {
  const answer = await askVersion(join(stage, program), stage, ports, signal);
  if (answer.ok && answer.text.includes(pkg.version)) return;
  const said = answer.ok ? `says it is "${answer.text.trim().slice(0, 100)}"` : answer.reason;
  throw new InstallError(
    pkg,
    `the program ${pkg.program} of ${pkg.package}@${pkg.version} does not work on this machine: it ${said}`,
    'Choose another runtime, or find out what it lacks',
    answer.text,
  );
}

/** What a program answers to `--version`. `folder` is one of its own, as for {@link runProgram}. */
export async function askVersion(
  program: string,
  folder: string,
  ports: Pick<InstallPorts, 'environment' | 'table' | 'clock'>,
  signal: AbortSignal,
): Promise<{ readonly text: string } & ({ readonly ok: true } | { readonly ok: false; readonly reason: string })> {
  const ender = new AbortController();
  const unfollow = followAbort(ender, [signal]);
  const cancel = ports.clock.after(VERSION_MS, () => ender.abort(new Error(`gave no version in ${VERSION_MS} ms`)));
  try {
    const argv = [...toArgv(program), '--version'];
    const env = { ...ports.environment, HOME: folder, DISABLE_AUTOUPDATER: '1' };
    const { failure, output } = await runProgram({ argv, folder, env }, ports, ender.signal);
    return failure === null
      ? { ok: true, text: output }
      : { ok: false, reason: `${failure} when asked for its version`, text: output };
  } catch (error) {
    signal.throwIfAborted();
    return { ok: false, reason: ender.signal.aborted ? 'gave no version' : 'cannot be run', text: String(error) };
  } finally {
    cancel();
    unfollow();
  }
}

/** How a program is run: JavaScript by the Node that runs the server, wherever its first line would look for one. */
function toArgv(program: string): readonly string[] {
  return /\.[cm]?js$/.test(program) ? [process.execPath, program] : [program];
}

/** The first program of this name in a PATH; null when there is none. */
export async function findInPath(name: string, path: string): Promise<string | null> {
  for (const folder of path.split(delimiter)) {
    const candidate = join(folder, name);
    if (folder !== '' && (await isThere(candidate, constants.X_OK))) return candidate;
  }
  return null;
}

function isThere(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
