import { realpathSync } from 'node:fs';
import { isAbsolute, resolve, sep } from 'node:path';

/**
 * `userPath` below `root` as an absolute path, or null when it is empty, absolute or leads outside (contract lifecycle
 * §12.4). Lexical: nothing is read, so what it names need not exist. `base` is where relative steps begin; it defaults
 * to the root itself.
 */
export function resolveInsideRoot(root: string, userPath: string, base: string = root): string | null {
  if (userPath === '' || userPath.includes('\0') || isAbsolute(userPath)) return null;
  const top = resolve(root);
  const target = resolve(base, userPath);
  return isSameOrBelow(top, target) ? target : null;
}

/**
 * The real path of an existing file or folder when it lies inside the real `root`, else null: a symlink may stand
 * anywhere on the way, so only the resolved path tells. Null as well when it does not exist or cannot be read.
 */
export function findRealPathInside(root: string, path: string): string | null {
  const top = findRealPath(root);
  const target = findRealPath(path);
  return top !== null && target !== null && isSameOrBelow(top, target) ? target : null;
}

function isSameOrBelow(top: string, target: string): boolean {
  // With the separator, or /foo would hold /foobar.
  return target === top || target.startsWith(top.endsWith(sep) ? top : top + sep);
}

function findRealPath(path: string): string | null {
  try {
    return realpathSync(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error) return null;
    throw error;
  }
}
