import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './root.mjs';

/** Neither sources of a build nor reasons to repeat one. */
const IGNORED_FOLDERS = new Set(['node_modules', 'dist', 'dist-types', '.build', 'coverage']);
const IGNORED_FILE = /\.(?:test|suite)\.tsx?$/;

/**
 * The files below `paths` (files or folders, relative to the repository; missing ones are skipped), each with its size
 * and time of change. `quick` is cheap to compute and changes whenever a file was written; `content()` reads the files
 * and changes only when they differ, which a fresh checkout or a touched file does not.
 */
export function fingerprint(paths, root = ROOT) {
  const files = paths.flatMap((path) => listFiles(root, path)).sort((a, b) => (a.path < b.path ? -1 : 1));
  return {
    quick: hash(files.map(({ path, size, mtimeMs }) => `${path} ${size} ${mtimeMs}`)),
    content: () => hash(files.map(({ path }) => `${path} ${hash([readFileSync(join(root, path))])}`)),
  };
}

function listFiles(root, path) {
  const stats = statSync(join(root, path), { throwIfNoEntry: false });
  if (stats === undefined) return [];
  if (!stats.isDirectory()) return [{ path, size: stats.size, mtimeMs: stats.mtimeMs }];
  return readdirSync(join(root, path), { withFileTypes: true }).flatMap((entry) => {
    const child = `${path}/${entry.name}`;
    if (entry.isDirectory()) return IGNORED_FOLDERS.has(entry.name) ? [] : listFiles(root, child);
    if (!entry.isFile() || IGNORED_FILE.test(entry.name)) return [];
    const { size, mtimeMs } = lstatSync(join(root, child));
    return [{ path: child, size, mtimeMs }];
  });
}

function hash(parts) {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part).update('\n');
  return sum.digest('hex');
}
