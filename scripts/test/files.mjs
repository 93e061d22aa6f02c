// Which test files there are, without asking vitest: an absent kind is not started at all.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const SKIPPED = new Set(['node_modules', 'dist', 'dist-types']);

/**
 * @param {string} root
 * @param {string | null} folder null: everywhere tests live beside code
 * @param {RegExp} ending
 * @returns {string[]} paths relative to the root
 */
export function listTestFiles(root, folder, ending) {
  const folders = folder === null ? ['packages', 'scripts'] : [folder];
  return folders
    .filter((name) => existsSync(join(root, name)))
    .flatMap((name) => walk(root, name).filter((path) => ending.test(path)));
}

/** @param {string} root @param {string} under @returns {string[]} */
function walk(root, under) {
  return readdirSync(join(root, under), { withFileTypes: true }).flatMap((entry) => {
    if (SKIPPED.has(entry.name)) return [];
    const path = `${under}/${entry.name}`;
    return entry.isDirectory() ? walk(root, path) : [path];
  });
}
