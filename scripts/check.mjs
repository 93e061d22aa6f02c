// `npm run check`: everything a reviewer should not have to look for. One line per check, full output of what failed.
//   node scripts/check.mjs            all checks
//   node scripts/check.mjs types lint the named ones
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
if (!existsSync(join(root, 'node_modules', 'oxc-parser'))) {
  console.error('Cannot check: the dependencies are not installed. Run "npm install" (or "npm test", which does it).');
  process.exit(1);
}

const { checkAmbient } = await import('./check/ambient-rules.mjs');
const { format, isTypeScript, readFiles } = await import('./check/files.mjs');
const { checkImports } = await import('./check/import-rules.mjs');
const { checkLinks } = await import('./check/link-rules.mjs');
const { MIGRATIONS, baselinesOf, checkMigrations } = await import('./check/migrations.mjs');
const { MANIFEST, checkRequirements, citationsIn, countStates, isCitingFile } = await import(
  './check/requirements.mjs'
);
const { TABLE_OWNERS } = await import('./check/table-owners.mjs');
const { checkOwned, checkTables } = await import('./check/table-rules.mjs');
const { checkText } = await import('./check/text-rules.mjs');

/** @typedef {{ ok: boolean, output: string, note?: string }} Outcome */

const bin = (/** @type {string} */ name) => join(root, 'node_modules', '.bin', name);
const linted = ['packages', 'scripts', 'e2e', 'chaos', 'bench'].filter((folder) => existsSync(join(root, folder)));

/**
 * Checks of one lane run one after the other, lanes beside each other: two lanes, because the machine that matters has
 * two cores. The linter follows the compiler in its lane, since it reads the declarations of the other packages.
 * @type {Record<string, () => Promise<Outcome>>[]}
 */
const lanes = [
  {
    types: () => run(bin('tsc'), ['-b']),
    'test types': () => run(bin('tsc'), ['-p', 'tsconfig.tests.json', '--noEmit']),
    'lint (type-aware)': () =>
      run(bin('oxlint'), ['--deny-warnings', '--report-unused-disable-directives', '--format=unix', ...linted]),
    'dead code': () => run(bin('knip'), ['--no-progress', '--no-config-hints']),
  },
  {
    'format and lint': () => run(bin('biome'), ['ci', '--no-errors-on-unmatched', '--colors=off', '.']),
    imports: () => rules(checkImports(sources()), `${sources().length} files`),
    'environment, time, chance': () => rules(checkAmbient(sources())),
    'table ownership': () =>
      rules([...checkTables(sources(), TABLE_OWNERS), ...checkOwned(migrations(), TABLE_OWNERS)]),
    migrations: () => rules(checkMigrations(migrations(), baselinesOf(root)), `${migrations().length} files`),
    'text and credentials': () => rules(checkText(readFiles(root, isText))),
    links: () =>
      rules(
        checkLinks(
          readFiles(root, (path) => path.endsWith('.md')),
          (path) => existsSync(join(root, path)),
        ),
      ),
    requirements: checkManifest,
    'generated files': async () =>
      existsSync(join(root, 'scripts/gen.mjs'))
        ? run(process.execPath, ['scripts/gen.mjs', '--check'])
        : { ok: true, output: '', note: 'no generator' },
  },
];

const wanted = process.argv.slice(2);
const known = lanes.flatMap((lane) => Object.keys(lane));
const unknown = wanted.filter((name) => !known.some((check) => check.includes(name)));
if (unknown.length > 0) {
  console.error(`No check is called "${unknown.join('", "')}". There are: ${known.join(', ')}.`);
  process.exit(2);
}

/** @type {{ name: string, output: string }[]} */
const failures = [];
let ran = 0;
await Promise.all(lanes.map(runLane));

for (const { name, output } of failures) console.log(`\n--- ${name} ---\n${output.trimEnd()}`);
console.log(failures.length === 0 ? `\nAll ${ran} checks pass.` : `\n${failures.length} of ${ran} checks failed.`);
process.exitCode = failures.length === 0 ? 0 : 1;

async function runLane(/** @type {Record<string, () => Promise<Outcome>>} */ lane) {
  for (const [name, check] of Object.entries(lane)) {
    if (wanted.length > 0 && !wanted.some((word) => name.includes(word))) continue;
    const started = performance.now();
    // A check that crashes has not passed: its stack is its output.
    const outcome = await check().catch((error) => ({
      ok: false,
      output: String(error?.stack ?? error),
      note: 'crashed',
    }));
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    ran += 1;
    if (!outcome.ok) failures.push({ name, output: outcome.output });
    const note = outcome.note ? `  (${outcome.note})` : '';
    console.log(`${outcome.ok ? 'ok    ' : 'FAILED'}  ${name.padEnd(26)} ${seconds.padStart(5)} s${note}`);
  }
}

function sources() {
  return readFiles(root, (path) => isTypeScript(path) && /^(packages|e2e|chaos|bench)\//.test(path));
}

function migrations() {
  return readFiles(root, (path) => path.startsWith(MIGRATIONS) && path.endsWith('.sql'));
}

function isText(/** @type {string} */ path) {
  return !/\.(png|jpe?g|gif|ico|woff2?|gz|tgz|zip|pdf)$/.test(path);
}

async function checkManifest() {
  const { REQUIREMENTS } = await import(pathToFileURL(join(root, MANIFEST)).href);
  return rules(checkRequirements(REQUIREMENTS, citationsIn(readFiles(root, isCitingFile))), countStates(REQUIREMENTS));
}

/** @param {import('./check/files.mjs').Violation[]} violations @param {string} [note] @returns {Promise<Outcome>} */
async function rules(violations, note) {
  const found = violations.length === 0 ? note : `${violations.length} violation${violations.length === 1 ? '' : 's'}`;
  return { ok: violations.length === 0, output: format(violations), ...(found === undefined ? {} : { note: found }) };
}

/** @param {string} command @param {string[]} args @returns {Promise<Outcome>} */
function run(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    /** @type {string[]} */
    const output = [];
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => output.push(text));
    child.on('error', (error) => resolve({ ok: false, output: `${command} did not start: ${error.message}` }));
    child.on('close', (code) => resolve({ ok: code === 0, output: output.join('') }));
  });
}
