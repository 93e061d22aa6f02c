import { type FileStat, UNLISTED } from './files.js';

/**
 * Files that are known by their paths, seen as the folders they make: what `list` answers. Null when the folder holds
 * nothing, which is all a folder made of paths can be.
 */
export function listTree(
  files: readonly { readonly path: string; readonly size: number }[],
  folder: string | null,
  depth: number,
): readonly FileStat[] | null {
  const prefix = folder === null ? '' : `${folder}/`;
  const inside = files.filter(({ path }) => path.startsWith(prefix));
  if (inside.length === 0) return null;
  const found = new Map<string, FileStat>();
  for (const { path, size } of inside) {
    const names = path.slice(prefix.length).split('/');
    for (let level = 1; level <= Math.min(names.length, depth); level += 1) {
      if (UNLISTED.has(names[level - 1] ?? '')) break;
      const at = names.slice(0, level).join('/');
      const isFile = level === names.length;
      found.set(at, { path: at, kind: isFile ? 'file' : 'folder', size: isFile ? size : 0, modifiedMs: 0 });
    }
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}
