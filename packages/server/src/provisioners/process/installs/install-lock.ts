import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Random } from '../../../platform/random.js';
import { hasCode } from '../folder-files.js';
import type { ProcessTable } from '../process-table.js';

export interface InstallLock {
  /** Null while another living process has it. */
  tryTake(folder: string): Promise<{ release(): Promise<void> } | null>;
}

/**
 * One install of a runtime at a time per data directory, also between server processes. It saves a second download and
 * no more: what is installed stays right without it, because a version gets its name in one step. So the rare race of two
 * processes that find the lock of a dead one at the same moment is allowed to end in two installs.
 */
export function createInstallLock(table: ProcessTable, random: Pick<Random, 'uuid'>): InstallLock {
  return {
    async tryTake(folder) {
      const own = await table.find(process.pid, []);
      const content = JSON.stringify({ pid: process.pid, startTime: own?.startTime ?? '' });
      const path = join(folder, '.lock');
      const draft = join(folder, `.lock-${random.uuid()}`);
      await writeFile(draft, content, { mode: 0o600 });
      try {
        if (await tryLink(draft, path)) return { release: () => rm(path, { force: true }) };
        if (await isHeld(path, content)) return null;
        // Left by a process that is gone.
        await rename(path, `${draft}.old`).catch((error: unknown) => {
          if (!hasCode(error, 'ENOENT')) throw error;
        });
        return (await tryLink(draft, path)) ? { release: () => rm(path, { force: true }) } : null;
      } finally {
        await rm(draft, { force: true });
        await rm(`${draft}.old`, { force: true });
      }
    },
  };

  async function isHeld(path: string, ownContent: string): Promise<boolean> {
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if (hasCode(error, 'ENOENT')) return '';
      throw error;
    });
    const holder = parseHolder(text);
    if (holder === null) return false;
    // Another installer of this very process, as tests have them, is alive by definition.
    if (text === ownContent) return true;
    return (await table.find(holder.pid, []))?.startTime === holder.startTime;
  }
}

async function tryLink(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

function parseHolder(text: string): { readonly pid: number; readonly startTime: string } | null {
  try {
    const value = JSON.parse(text) as { readonly pid?: unknown; readonly startTime?: unknown };
    return typeof value.pid === 'number' && typeof value.startTime === 'string'
      ? { pid: value.pid, startTime: value.startTime }
      : null;
  } catch {
    // Gone meanwhile, or spoilt: nobody holds it.
    return null;
  }
}
