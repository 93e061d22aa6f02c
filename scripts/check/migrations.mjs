// Migrations are forward only: once released a file never changes, and every number is used once.
import { spawnSync } from 'node:child_process';

export const MIGRATIONS = 'packages/server/migrations/';
const NAME = /^(\d{4})_[a-z0-9]+(?:[_-][a-z0-9]+)*\.sql$/;

/** @typedef {import('./files.mjs').SourceFile} SourceFile */

/**
 * @param {readonly SourceFile[]} files what the tree holds
 * @param {{ name: string, files: readonly SourceFile[], newestMayChange: boolean }[]} baselines states that already exist
 *   elsewhere. The newest file of an unreleased baseline is still being written and may change.
 * @returns {import('./files.mjs').Violation[]}
 */
export function checkMigrations(files, baselines) {
  return [...namesOf(files), ...files.flatMap(contentOf), ...baselines.flatMap((baseline) => editsOf(files, baseline))];
}

/** @param {readonly SourceFile[]} files */
function namesOf(files) {
  const seen = new Map();
  return files.flatMap(({ path }) => {
    const name = path.slice(MIGRATIONS.length);
    const number = NAME.exec(name)?.[1];
    if (number === undefined) return [problem(path, 1, `"${name}" is not NNNN_slug.sql`)];
    const earlier = seen.get(number);
    seen.set(number, name);
    return earlier === undefined ? [] : [problem(path, 1, `number ${number} is already used by ${earlier}`)];
  });
}

/** @param {SourceFile} file */
function contentOf({ path, text }) {
  return text.split('\n').flatMap((raw, index) => {
    const statement = raw.replace(/--.*$/, '');
    if (/\btimestamp\b(?!\s+with\s+time\s+zone)/i.test(statement)) {
      return [problem(path, index + 1, 'times are timestamptz')];
    }
    if (/^\s*(begin|commit|rollback)\s*;/i.test(statement)) {
      return [problem(path, index + 1, 'the migrator opens the transaction; a file may not')];
    }
    return [];
  });
}

/** @param {readonly SourceFile[]} files @param {{ name: string, files: readonly SourceFile[], newestMayChange: boolean }} baseline */
function editsOf(files, baseline) {
  const now = new Map(files.map(({ path, text }) => [path, text]));
  const newest = baseline.newestMayChange
    ? baseline.files
        .map(({ path }) => path)
        .sort()
        .at(-1)
    : undefined;
  return baseline.files.flatMap(({ path, text }) => {
    if (path === newest || now.get(path) === text) return [];
    const what = now.has(path) ? 'changed' : 'removed';
    return [problem(path, 1, `${what} since ${baseline.name}; write a new migration instead`)];
  });
}

/** @param {string} path @param {number} line @param {string} message */
function problem(path, line, message) {
  return { path, line, rule: 'migrations', message };
}

/**
 * The states others may already have applied: the last release (nothing may change any more) and the shared main branch
 * (its newest file may still be corrected). Until either exists, migrations are drafts.
 */
export function baselinesOf(/** @type {string} */ root) {
  const release = git(root, ['describe', '--tags', '--abbrev=0', '--match', 'v*']);
  const shared = git(root, ['merge-base', 'HEAD', 'origin/main']);
  return [
    { name: release, newestMayChange: false },
    { name: shared, newestMayChange: true },
  ].flatMap(({ name, newestMayChange }) =>
    name === null ? [] : [{ name, newestMayChange, files: filesAt(root, name) }],
  );
}

/** @param {string} root @param {string} commit */
function filesAt(root, commit) {
  const listed = git(root, ['ls-tree', '-r', '--name-only', commit, '--', MIGRATIONS]) ?? '';
  return listed
    .split('\n')
    .filter((path) => path.endsWith('.sql'))
    .map((path) => ({ path, text: gitRaw(root, ['show', `${commit}:${path}`]) ?? '' }));
}

/** @param {string} root @param {string[]} args */
function git(root, args) {
  return gitRaw(root, args)?.trim() ?? null;
}

/** @param {string} root @param {string[]} args @returns {string | null} null when git or the revision is not there */
function gitRaw(root, args) {
  const result = spawnSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 });
  return result.status === 0 ? result.stdout : null;
}
