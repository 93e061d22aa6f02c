import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { packMoleculeMcp } from './mcp-package.mjs';
import { ROOT } from './root.mjs';
import { run, runNode } from './run.mjs';

/** What changes every build: versions of the tools and the shared compiler options. */
const SHARED = ['package-lock.json', 'tsconfig.base.json', 'scripts/lib/steps.mjs'];
const PACKAGES = ['contract', 'runtime', 'server', 'cli'];

/**
 * @typedef {object} Step
 * @property {string} name      the name of its stamp
 * @property {string} what      for "Cannot build …"
 * @property {string[]} inputs  files and folders that make it run again
 * @property {string[]} outputs files that must exist afterwards
 * @property {() => boolean} isNeeded
 * @property {() => Promise<{code: number, output: string}>} run
 */

const BUNDLE_FLAGS = ['--bundle', '--platform=node', '--format=esm', '--target=node20', '--conditions=molecule-source'];
const BANNER =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";
// Executed, not run by Node: where install scripts are allowed, esbuild replaces this file by its native program.
const ESBUILD = join(ROOT, 'node_modules/esbuild/bin/esbuild');

/** Independent of each other: each reads sources only, so they run side by side. @type {Step[]} */
export const STEPS = [
  {
    name: 'packages',
    what: 'the server',
    inputs: [...SHARED, ...PACKAGES.flatMap(compilerInputs)],
    outputs: ['packages/contract/dist/index.js', 'packages/server/dist/main.js', 'packages/cli/dist/main.js'],
    isNeeded: () => true,
    run: () => runNode(['node_modules/typescript/bin/tsc', '-b', ...PACKAGES.map((name) => `packages/${name}`)]),
  },
  {
    name: 'canvas',
    what: 'the canvas',
    inputs: [...SHARED, 'packages/canvas', 'packages/contract/src', 'packages/contract/package.json'],
    outputs: ['packages/canvas/dist/index.html'],
    isNeeded: () => existsSync(join(ROOT, 'packages/canvas/index.html')),
    run: () => runNode(['node_modules/vite/bin/vite.js', 'build', ...VITE_FLAGS]),
  },
  {
    name: 'runtime',
    what: 'the agent runtime',
    inputs: [...SHARED, ...['contract', 'runtime'].flatMap(compilerInputs)],
    outputs: ['packages/runtime/dist/bundle/main.js', 'packages/runtime/dist/bundle/mcp-main.js'],
    isNeeded: () => true,
    run: bundleRuntime,
  },
  {
    name: 'molecule-mcp',
    what: 'the package of molecule-mcp',
    inputs: [...SHARED, 'scripts/lib/mcp-package.mjs', ...['contract', 'runtime'].flatMap(compilerInputs)],
    outputs: ['packages/runtime/dist/molecule-mcp.tgz'],
    isNeeded: () => true,
    run: () => packMoleculeMcp({ esbuild: ESBUILD, flags: BUNDLE_FLAGS, banner: BANNER }),
  },
];

export const VITE_FLAGS = ['packages/canvas', '--logLevel', 'warn'];

function compilerInputs(name) {
  return [`packages/${name}/src`, `packages/${name}/package.json`, `packages/${name}/tsconfig.json`];
}

/**
 * The agent, and the tool server for programs it drives, with what adapters import lazily split off: an agent loads only the code of its own adapter, which keeps
 * it small and quick to start. Bundled CommonJS packages still call `require`, which ES modules lack: hence the banner.
 */
async function bundleRuntime() {
  const names = ['--splitting', '--outdir=packages/runtime/dist/bundle', '--chunk-names=chunk-[name]-[hash]'];
  const entry = ['packages/runtime/src/main.ts', 'packages/runtime/src/mcp-main.ts', '--log-level=warning'];
  const result = await run(ESBUILD, [...entry, ...BUNDLE_FLAGS, ...names, `--banner:js=${BANNER}`]);
  if (result.code === 0) removeOldChunks(join(ROOT, 'packages/runtime/dist/bundle'));
  return result;
}

/** Agents outlive a server that is rebuilt and may still load a chunk of the bundle they started from. */
function removeOldChunks(folder) {
  const keepMs = 7 * 24 * 60 * 60 * 1_000;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (name.startsWith('chunk-') && Date.now() - statSync(path).mtimeMs > keepMs) rmSync(path);
  }
}
