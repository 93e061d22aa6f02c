import { cleanFilePath, FILE_ROOTS, type FileRoot } from '@molecule/contract';
import { UsageError } from '../../command.js';

export const ROOT_FLAG = {
  kind: 'text',
  describe: `folder of the agent: ${FILE_ROOTS.map((root) => root.slice(1)).join(', ')} (default configs)`,
} as const;

/** `home` and `/home` are the same to a person. */
export function readRoot(given: string | boolean | undefined): FileRoot {
  if (given === undefined) return '/configs';
  const found = FILE_ROOTS.find((root) => root === given || root.slice(1) === given);
  if (found === undefined)
    throw new UsageError(`--root is one of ${FILE_ROOTS.map((root) => root.slice(1)).join(', ')}`);
  return found;
}

/** A path the server will take, before anything is asked or opened. */
export function readPath(given: string | undefined): string {
  const path = cleanFilePath(given ?? '');
  if (path === null) throw new UsageError(`"${given ?? ''}" is no path of a file: write it relative, without ".."`);
  return path;
}
