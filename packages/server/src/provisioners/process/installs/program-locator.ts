import { rm } from 'node:fs/promises';
import type { Logger } from '../../../platform/logger.js';
import type { Random } from '../../../platform/random.js';
import { askVersion, findInPath, type InstallPorts } from './package-install.js';
import type { RuntimeFolders } from './runtime-folders.js';
import type { RuntimePackage } from './runtime-packages.js';

export interface LocatorDeps {
  readonly folders: RuntimeFolders;
  readonly ports: Pick<InstallPorts, 'environment' | 'table' | 'clock'>;
  /** False: a program in PATH that answers stands in for one that is not installed. */
  readonly mayInstall: boolean;
  readonly random: Pick<Random, 'uuid'>;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

/** Where the program of a runtime lies now; null when it is not there. */
export type ProgramLocator = (
  pkg: RuntimePackage,
) => Promise<{ readonly program: string; readonly from: 'disk' | 'path' } | null>;

export function createProgramLocator(deps: LocatorDeps): ProgramLocator {
  const { folders, ports, random, log } = deps;
  /** What PATH held, per runtime: a program there is asked for its version once. */
  const inPath = new Map<string, Promise<string | null>>();

  async function lookInPath(pkg: RuntimePackage): Promise<string | null> {
    const program = await findInPath(pkg.program, ports.environment.PATH ?? '');
    if (program === null) return null;
    const folder = await folders.createStage(pkg.runtime, `look-${random.uuid()}`);
    try {
      const answer = await askVersion(program, folder, ports, new AbortController().signal);
      const fields = { runtime: pkg.runtime, program, version: answer.text.trim().slice(0, 100) };
      if (answer.ok) log.info(fields, 'a program in PATH serves the runtime');
      else log.warn({ ...fields, reason: answer.reason }, 'the program in PATH does not serve the runtime');
      return answer.ok ? program : null;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  return async function locate(pkg) {
    const installed = await folders.findInstalled(pkg);
    if (installed !== null) return { program: installed.program, from: 'disk' };
    if (deps.mayInstall) return null;
    const known = inPath.get(pkg.runtime) ?? lookInPath(pkg);
    inPath.set(pkg.runtime, known);
    const program = await known;
    // One that was not there may be put there.
    if (program === null) inPath.delete(pkg.runtime);
    return program === null ? null : { program, from: 'path' };
  };
}
