import { mkdir, rm } from 'node:fs/promises';
import { toError } from '../../../platform/errors.js';
import type { Logger } from '../../../platform/logger.js';
import type { Random } from '../../../platform/random.js';
import type { InstallableRuntime, RuntimeInstalls, RuntimeReadiness } from '../../runtime-installs.js';
import { hasCode } from '../folder-files.js';
import { InstallError, noSpace } from './install-error.js';
import { createInstallLock } from './install-lock.js';
import { INSTALL_LIMITS, type InstallLimits, type InstallPorts, installPackage } from './package-install.js';
import { createProgramLocator } from './program-locator.js';
import { endAllIn } from './program-run.js';
import { createRuntimeFolders } from './runtime-folders.js';
import type { RuntimePackage } from './runtime-packages.js';

export interface RuntimeInstallerOptions extends Pick<InstallPorts, 'environment' | 'table' | 'clock'> {
  /** `<data directory>/runtimes`. */
  readonly runtimesDir: string;
  readonly packages: readonly RuntimePackage[];
  /** False: nothing is downloaded, and a program in PATH stands in for what is not there. */
  readonly mayInstall: boolean;
  readonly random: Pick<Random, 'uuid'>;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly limits?: InstallLimits;
}

/** How an agent of a runtime is given its program. */
export interface RuntimeProgram {
  readonly path: string;
  readonly memoryFloorMb: number;
}

export interface RuntimeInstaller extends RuntimeInstalls {
  /** Null for a runtime that needs none; undefined when it is not there. */
  findProgram(runtime: string): Promise<RuntimeProgram | null | undefined>;
  /** Removes what killed servers left of their installs. Repeatable; leaves alone what a living one has under way. */
  sweep(): Promise<void>;
  /** Ends what is under way, and resolves when nothing of it runs any more. */
  close(): Promise<void>;
}

interface Attempt {
  note: string;
  bytes: number;
  forPerson: boolean;
  readonly askers: Set<string>;
  readonly cancel: AbortController;
  readonly over: Promise<void>;
}

/** Who waited for an attempt that failed and has not been told yet. */
interface Failed {
  readonly reason: string;
  readonly untold: Set<string>;
}

const LOCK_EVERY_MS = 500;

/** Programs of runtimes on this machine: each version once per data directory, whoever asks and however many. */
export function createRuntimeInstaller(options: RuntimeInstallerOptions): RuntimeInstaller {
  const { packages, clock, table, log, random } = options;
  const ports: InstallPorts = { ...options, limits: options.limits ?? INSTALL_LIMITS };
  const folders = createRuntimeFolders(options.runtimesDir);
  const lock = createInstallLock(table, random);
  const attempts = new Map<string, Attempt>();
  const failures = new Map<string, Failed>();
  const locate = createProgramLocator({ folders, ports, mayInstall: options.mayInstall, random, log });
  const ended = new Set<string>();
  let isClosed = false;

  const find = (runtime: string): RuntimePackage | undefined => packages.find((pkg) => pkg.runtime === runtime);

  async function request(runtime: string, asker: string | null): Promise<RuntimeReadiness> {
    const pkg = find(runtime);
    if (pkg === undefined || (await locate(pkg)) !== null) return { state: 'ready' };
    if (!options.mayInstall) return { state: 'refused', reason: refusal(pkg) };
    const failed = failures.get(runtime);
    if (asker !== null && failed?.untold.delete(asker)) return { state: 'failed', reason: failed.reason };
    const attempt = attempts.get(runtime) ?? start(pkg);
    if (asker === null) attempt.forPerson = true;
    else attempt.askers.add(asker);
    return { state: 'installing', note: attempt.note };
  }

  function start(pkg: RuntimePackage): Attempt {
    if (isClosed) throw new Error('the installer is closed');
    const cancel = new AbortController();
    let isOver: () => void = () => undefined;
    const over = new Promise<void>((resolve) => {
      isOver = resolve;
    });
    const attempt: Attempt = {
      note: `Installing ${pkg.runtime} ${pkg.version}…`,
      bytes: 0,
      forPerson: false,
      askers: new Set(),
      cancel,
      over,
    };
    attempts.set(pkg.runtime, attempt);
    failures.delete(pkg.runtime);
    run(pkg, attempt)
      .catch((error: unknown) => settleFailure(pkg, attempt, error))
      .finally(() => {
        attempts.delete(pkg.runtime);
        ended.add(pkg.runtime);
        isOver();
      });
    return attempt;
  }

  function settleFailure(pkg: RuntimePackage, attempt: Attempt, error: unknown): void {
    const fields = { runtime: pkg.runtime, version: pkg.version };
    if (attempt.cancel.signal.aborted) {
      log.info({ ...fields, reason: toError(attempt.cancel.signal.reason).message }, 'an install was given up');
      return;
    }
    const known = error instanceof InstallError ? error : hasCode(error, 'ENOSPC') ? noSpace(pkg) : null;
    log.warn({ ...fields, err: error, output: known?.output }, 'a runtime could not be installed');
    const reason =
      known?.message ?? `Cannot install ${pkg.runtime} ${pkg.version}. The log of the server has the cause.`;
    failures.set(pkg.runtime, { reason, untold: attempt.askers });
  }

  async function run(pkg: RuntimePackage, attempt: Attempt): Promise<void> {
    const { signal } = attempt.cancel;
    const fields = { runtime: pkg.runtime, version: pkg.version };
    await mkdir(folders.folderOf(pkg.runtime), { recursive: true, mode: 0o700 });
    const held = await takeLock(pkg, attempt);
    if (held === null) return;
    try {
      await sweepStages(pkg.runtime);
      const startedMs = clock.monotonicMs();
      log.info({ ...fields, package: pkg.package, download_mb: pkg.downloadMb }, 'installing a runtime');
      const stage = await folders.createStage(pkg.runtime, random.uuid());
      try {
        const onProgress = (bytes: number): void => {
          attempt.bytes = bytes;
          attempt.note = `Installing ${pkg.runtime} ${pkg.version}… ${percent(bytes, pkg)} %`;
        };
        const program = await installPackage(pkg, stage, ports, onProgress, signal);
        signal.throwIfAborted();
        const installedAt = clock.now().toISOString();
        await folders.publish(stage, pkg, {
          package: pkg.package,
          version: pkg.version,
          program,
          installedAt,
        });
      } finally {
        await rm(stage, { recursive: true, force: true });
      }
      log.info({ ...fields, seconds: Math.round((clock.monotonicMs() - startedMs) / 1_000) }, 'installed a runtime');
    } finally {
      await held.release();
    }
  }

  /** Null when it has been installed by somebody else meanwhile. */
  async function takeLock(pkg: RuntimePackage, attempt: Attempt) {
    for (;;) {
      const held = await lock.tryTake(folders.folderOf(pkg.runtime));
      if ((await folders.findInstalled(pkg)) !== null) {
        await held?.release();
        return null;
      }
      if (held !== null) return held;
      attempt.note = `Another server of this data directory installs ${pkg.runtime} ${pkg.version}…`;
      await clock.sleep(LOCK_EVERY_MS, attempt.cancel.signal);
    }
  }

  /** What a killed server left: its npm may still be writing there. Only whoever has the lock may do this. */
  async function sweepStages(runtime: string): Promise<void> {
    for (const stage of await folders.listStages(runtime)) {
      await endAllIn(stage, ports);
      await rm(stage, { recursive: true, force: true });
    }
  }

  async function describe(pkg: RuntimePackage): Promise<InstallableRuntime> {
    const [versions, located] = await Promise.all([folders.listVersions(pkg.runtime), locate(pkg)]);
    const attempt = attempts.get(pkg.runtime);
    const there = located?.from === 'path' ? 'from_path' : 'installed';
    return {
      runtime: pkg.runtime,
      package: pkg.package,
      version: pkg.version,
      state: attempt === undefined ? (located === null ? 'missing' : there) : 'installing',
      note: attempt?.note ?? null,
      versions: versions.map(({ version, bytes, installedAt }) => ({ version, bytes, installedAt })),
      downloadMb: pkg.downloadMb,
      lastFailure: attempt === undefined ? (failures.get(pkg.runtime)?.reason ?? null) : null,
    };
  }

  async function giveUp(runtime: string): Promise<void> {
    const attempt = attempts.get(runtime);
    attempt?.cancel.abort(new Error('the program was removed, or the server stops'));
    await attempt?.over;
  }

  return {
    request,
    begin: (runtime) => request(runtime, null),
    active: () => [...attempts].map(([runtime, { note, bytes }]) => ({ runtime, note, bytes })),
    takeEnded() {
      const taken = [...ended];
      ended.clear();
      return taken;
    },
    abandon(runtime) {
      const attempt = attempts.get(runtime);
      if (attempt?.forPerson === false) attempt.cancel.abort(new Error('nobody waits for it'));
    },
    list: () => Promise.all(packages.map(describe)),
    async remove(runtime) {
      const pkg = find(runtime);
      if (pkg === undefined) throw new Error(`no package of runtime ${runtime}`);
      await giveUp(runtime);
      for (const { version } of await folders.listVersions(runtime)) await folders.removeVersion(runtime, version);
      failures.delete(runtime);
      return describe(pkg);
    },
    async findProgram(runtime) {
      const pkg = find(runtime);
      if (pkg === undefined) return null;
      const located = await locate(pkg);
      return located === null ? undefined : { path: located.program, memoryFloorMb: pkg.memoryFloorMb };
    },
    async sweep() {
      for (const { runtime } of packages) {
        if ((await folders.listStages(runtime)).length === 0) continue;
        const held = await lock.tryTake(folders.folderOf(runtime));
        if (held === null) continue;
        try {
          await sweepStages(runtime);
        } finally {
          await held.release();
        }
      }
    },
    async close() {
      isClosed = true;
      await Promise.all([...attempts.keys()].map(giveUp));
    },
  };
}

/** Of what lies on disk just before the end: the download and what was unpacked from it. In steps: each is an event. */
function percent(bytes: number, { downloadMb, diskMb }: RuntimePackage): number {
  const part = bytes / ((downloadMb + diskMb) * 1_048_576);
  return Math.min(95, Math.floor(part * 20) * 5);
}

function refusal({ runtime, package: name, version, program }: RuntimePackage): string {
  return (
    `Runtime ${runtime} is not installed on this server, which may not install anything (MOLECULE_RUNTIME_INSTALLS=off). ` +
    `Put the program ${program} of ${name}@${version} into the PATH of the server, or allow installs, then restart the agent.`
  );
}
