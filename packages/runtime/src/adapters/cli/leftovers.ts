import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Log, reasonOf } from '../../log.js';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Files for one turn that outlived an agent which was killed in the middle of it. Only for a folder of this agent alone,
 * and before its first turn. What cannot be removed is told and hinders nothing.
 */
export function removeLeftovers(
  folder: string,
  { before, behind }: { readonly before: string; readonly behind: string },
  log: Pick<Log, 'warn'>,
): void {
  const isLeftover = (name: string): boolean =>
    name.startsWith(before) && name.endsWith(behind) && UUID.test(name.slice(before.length, -behind.length));
  try {
    for (const name of readdirSync(folder).filter(isLeftover)) rmSync(join(folder, name), { force: true });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
    log.warn('leftovers_not_removed', { folder, reason: reasonOf(error) });
  }
}
