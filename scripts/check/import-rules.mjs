// Who may import what. The layout of ARCHITECTURE.md, as data, held against every import in the tree.
import { posix } from 'node:path';
import { isTestFile } from './files.mjs';
import { importsOf, parse } from './syntax.mjs';

/** Which of our packages each package may name. Anything outside `packages/` drives the product as a user would. */
const MAY_USE_PACKAGES = {
  contract: [],
  testkit: ['contract'],
  server: ['contract', 'runtime'],
  runtime: ['contract'],
  // Only @molecule/runtime/outside: a command driven as an agent is present and reads its inbox as any agent outside does.
  cli: ['contract', 'runtime'],
  canvas: ['contract'],
};

/** Bare modules the wire definition may depend on: it is loaded by the browser, the CLI and agents alike. */
const CONTRACT_MODULES = ['typebox'];

const FEATURES = 'packages/server/src/features/';
const PLATFORM = 'packages/server/src/platform/';
const PROXY = 'packages/server/src/proxy/';
const PROVISIONERS = 'packages/server/src/provisioners/';

/** Who may reach the drivers: the one feature that owns lifecycle, the composition root, and tests of the whole app. */
const MAY_USE_PROVISIONERS = [
  `${FEATURES}workspaces/`,
  'packages/server/src/app.ts',
  PROVISIONERS,
  'packages/server/test/',
];

/** Files that may load the query builder or the driver at run time (types may be imported by any store's caller). */
const MAY_LOAD_SQL = [
  /\.(store|views|tables)\.ts$/,
  /^packages\/server\/src\/platform\//,
  /^packages\/server\/src\/database\.ts$/,
];

/** A relative import names the emitted file, so that Node runs what tsc wrote; assets keep their own extension. */
const RELATIVE_ENDINGS = /\.(js|mjs|json|css|svg|png|woff2|sql|md|html|ya?ml)$/;

/** @typedef {{ file: string, specifier: string, target: string | null, typeOnly: boolean, test: boolean }} Import */

/** Each rule answers with what is wrong, or null. @type {Record<string, (i: Import) => string | null>} */
const RULES = {
  'relative-js': ({ specifier, target }) => {
    if (target === null || RELATIVE_ENDINGS.test(withoutQuery(specifier))) return null;
    return `"${specifier}" must end in .js: Node does not guess extensions`;
  },

  'feature-door': ({ file, target }) => {
    const feature = featureOf(target);
    if (feature === null || featureOf(file) === feature) return null;
    if (target === `${FEATURES}${feature}/index`) return null;
    if (file === 'packages/server/src/database.ts' && target?.endsWith('.tables')) return null;
    return `import features/${feature} through its index.ts, not ${target}`;
  },

  'provisioners-by-workspaces-only': ({ file, target }) => {
    if (!target?.startsWith(PROVISIONERS) || MAY_USE_PROVISIONERS.some((start) => file.startsWith(start))) return null;
    return 'only features/workspaces and app.ts may import provisioners; ask the workspaces feature instead';
  },

  'platform-knows-no-business': ({ file, target, test }) => {
    if (!file.startsWith(PLATFORM) || test || target === null) return null;
    if (![FEATURES, PROXY, PROVISIONERS].some((start) => target.startsWith(start))) return null;
    return `platform may not import ${target}: the dependency points the other way`;
  },

  'proxy-has-no-sql': ({ file, specifier, target }) => {
    if (!file.startsWith(PROXY)) return null;
    if (!isModule(specifier, ['kysely', 'pg']) && !/\.(store|views|tables)$/.test(target ?? '')) return null;
    return `proxy may not touch storage ("${specifier}"): take what it needs as a function`;
  },

  'sql-modules-in-stores': ({ file, specifier, typeOnly, test }) => {
    if (!file.startsWith('packages/server/') || typeOnly || test || !isModule(specifier, ['kysely', 'pg'])) return null;
    if (MAY_LOAD_SQL.some((allowed) => allowed.test(file))) return null;
    return `"${specifier}" may be loaded only in *.store.ts, *.views.ts and platform/`;
  },

  'contract-depends-on-typebox-only': ({ file, specifier, target, test }) => {
    if (!file.startsWith('packages/contract/') || test || target !== null) return null;
    if (isModule(specifier, CONTRACT_MODULES)) return null;
    return `the contract may not depend on "${specifier}"`;
  },

  'nothing-imports-server': ({ file, specifier, target }) => {
    if (file.startsWith('packages/server/')) return null;
    if (!isModule(specifier, ['@molecule/server']) && !target?.startsWith('packages/server/')) return null;
    return 'nothing imports the server; talk to it over HTTP with the client of @molecule/contract';
  },

  'testkit-in-tests-only': ({ file, specifier, test }) => {
    if (test || !isModule(specifier, ['@molecule/testkit']) || file.startsWith('packages/testkit/')) return null;
    return '@molecule/testkit belongs in tests, suites, e2e, chaos and bench';
  },

  'package-dependencies': ({ file, specifier, test }) => {
    const from = packageOf(file);
    const to = /^@molecule\/([^/]+)/.exec(specifier)?.[1];
    if (from === null || to === undefined || to === from || (test && to === 'testkit')) return null;
    const allowed = /** @type {Record<string, string[]>} */ (MAY_USE_PACKAGES)[from];
    if (allowed === undefined)
      return `package ${from} is not in the dependency table of scripts/check/import-rules.mjs`;
    return allowed.includes(to) ? null : `package ${from} may not use @molecule/${to}`;
  },

  'no-reaching-across-packages': ({ file, specifier, target }) => {
    const to = packageOf(target);
    if (to === null || to === packageOf(file)) return null;
    return `"${specifier}" reaches into another package's files; import @molecule/${to}`;
  },
};

/** @param {readonly import('./files.mjs').SourceFile[]} files @returns {import('./files.mjs').Violation[]} */
export function checkImports(files) {
  return files.flatMap((file) => {
    const { program, line } = parse(file);
    return importsOf(program).flatMap(({ specifier, start, typeOnly }) => {
      const target = targetOf(file.path, specifier);
      const seen = { file: file.path, specifier, target, typeOnly, test: isTestFile(file.path) };
      return Object.entries(RULES).flatMap(([rule, judge]) => {
        const message = judge(seen);
        return message === null ? [] : [{ path: file.path, line: line(start), rule, message }];
      });
    });
  });
}

export const IMPORT_RULES = Object.keys(RULES);

/** The repository path a relative import points at, without extension; null for a module name. */
function targetOf(/** @type {string} */ file, /** @type {string} */ specifier) {
  if (!specifier.startsWith('.')) return null;
  return posix.join(posix.dirname(file), withoutQuery(specifier)).replace(/\.(js|ts|tsx)$/, '');
}

function withoutQuery(/** @type {string} */ specifier) {
  return specifier.replace(/\?.*$/, '');
}

/** @param {string} specifier @param {readonly string[]} names */
function isModule(specifier, names) {
  return names.some((name) => specifier === name || specifier.startsWith(`${name}/`));
}

function featureOf(/** @type {string | null} */ path) {
  if (!path?.startsWith(FEATURES)) return null;
  return path.slice(FEATURES.length).split('/')[0] ?? null;
}

function packageOf(/** @type {string | null} */ path) {
  return /^packages\/([^/]+)\//.exec(path ?? '')?.[1] ?? null;
}
