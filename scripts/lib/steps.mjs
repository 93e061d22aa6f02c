import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
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
  const flags = ['--bundle', '--platform=node', '--format=esm', '--target=node20', '--splitting'];
  const names = [
    '--outdir=packages/runtime/dist/bundle',
    '--chunk-names=chunk-[name]-[hash]',
    '--conditions=molecule-source',
  ];
  const banner =
    "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";
  // Executed, not run by Node: where install scripts are allowed, esbuild replaces this file by its native program.
  const esbuild = join(ROOT, 'node_modules/esbuild/bin/esbuild');
  const entry = ['packages/runtime/src/main.ts', 'packages/runtime/src/mcp-main.ts', '--log-level=warning'];
  const result = await run(esbuild, [...entry, ...flags, ...names, `--banner:js=${banner}`]);
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
