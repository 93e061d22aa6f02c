// The files a check looks at: what git tracks or would track. Without git (a source archive) the tree is walked instead.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @typedef {{ path: string, text: string }} SourceFile  `path` is relative to the repository, with forward slashes.
 * @typedef {{ path: string, line: number, rule: string, message: string }} Violation
 */

const NOT_OURS = new Set(['node_modules', 'dist', 'dist-types', '.git', '.build', 'coverage']);

/** @param {string} root @returns {string[]} */
function listPaths(root) {
  const git = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const paths = git.status === 0 ? git.stdout.split('\0').filter(Boolean) : walk(root, '');
  return paths.filter((path) => isFile(join(root, path)) && !path.split('/').some((part) => NOT_OURS.has(part))).sort();
}

/** @param {string} root @param {(path: string) => boolean} wanted @returns {SourceFile[]} */
export function readFiles(root, wanted) {
  return listPaths(root)
    .filter(wanted)
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

/** A directory listing of tests, fixtures and suites: code that never runs in the product. */
export function isTestFile(/** @type {string} */ path) {
  return (
    /\.(test|suite|e2e|full|chaos)\.tsx?$/.test(path) ||
    /^packages\/[^/]+\/test\//.test(path) ||
    /^(e2e|chaos|bench)\//.test(path) ||
    path.startsWith('packages/testkit/')
  );
}

export const isTypeScript = (/** @type {string} */ path) => /\.(ts|tsx)$/.test(path) && !path.endsWith('.d.ts');

/** @param {readonly Violation[]} violations */
export function format(violations) {
  return violations.map((v) => `${v.path}:${v.line}  ${v.rule}: ${v.message}`).join('\n');
}

function isFile(/** @type {string} */ path) {
  return existsSync(path) && statSync(path).isFile();
}

/** @param {string} root @param {string} under @returns {string[]} */
function walk(root, under) {
  return readdirSync(join(root, under), { withFileTypes: true }).flatMap((entry) => {
    if (NOT_OURS.has(entry.name)) return [];
    const path = under === '' ? entry.name : `${under}/${entry.name}`;
    return entry.isDirectory() ? walk(root, path) : [path];
  });
}
