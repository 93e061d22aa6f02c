import { posix } from 'node:path';

/** Where no agent works (contract lifecycle §1.8). */
const SYSTEM_FOLDERS = ['/etc', '/var', '/proc', '/sys', '/dev', '/boot', '/sbin', '/bin', '/lib', '/usr'];

/** Whether an absolute path is the root, or is or lies in a folder of the system. Lexical: give it a resolved path to be sure. */
export function isSystemPath(path: string): boolean {
  const clean = posix.normalize(path);
  return clean === '/' || SYSTEM_FOLDERS.some((folder) => clean === folder || clean.startsWith(`${folder}/`));
}
