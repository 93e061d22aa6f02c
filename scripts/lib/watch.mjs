import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt } from './build.mjs';
import { explain } from './refusal.mjs';
import { ROOT } from './root.mjs';
import { ignoreRepeatedSignals } from './signals.mjs';
import { VITE_FLAGS } from './steps.mjs';

const SERVER_STEPS = ['packages', 'runtime'];
const WATCHED = ['packages/contract/src', 'packages/runtime/src', 'packages/server/src', 'packages/cli/src'];
/** Editors write a file in several steps; one save should be one build. */
const SETTLE_MS = 150;

/** Runs the server and the canvas build until Ctrl-C, and resolves when both have ended. */
export async function watchAndServe({ log }) {
  ignoreRepeatedSignals();
  let server = startServer();
  const canvas = startCanvasBuild();
  const changes = watchSources();
  const stop = (signal) => {
    changes.close();
    server.kill(signal);
    canvas?.kill(signal);
  };
  process.once('SIGINT', () => stop('SIGINT'));
  process.once('SIGTERM', () => stop('SIGTERM'));

  for await (const _change of changes) {
    try {
      const built = await ensureBuilt({ log, only: SERVER_STEPS });
      if (built.length === 0 || changes.isClosed()) continue;
      await end(server);
      server = startServer();
    } catch (error) {
      log(`${explain(error)}\nThe server from before this change still runs.`);
    }
  }
  await Promise.all([hasEnded(server), canvas === null ? null : hasEnded(canvas)]);
}

// Each gets a process group of its own: Ctrl-C reaches them once, through `stop`, and not also from the terminal.
function startServer() {
  return spawn(process.execPath, ['packages/server/dist/main.js'], { cwd: ROOT, stdio: 'inherit', detached: true });
}

function startCanvasBuild() {
  if (!existsSync(join(ROOT, 'packages/canvas/index.html'))) return null;
  const args = ['node_modules/vite/bin/vite.js', 'build', '--watch', ...VITE_FLAGS];
  return spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit', detached: true });
}

async function end(child) {
  child.kill('SIGTERM');
  await hasEnded(child);
}

async function hasEnded(child) {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

function listFolders(path) {
  const root = join(ROOT, path);
  if (!existsSync(root)) return [];
  const below = readdirSync(root, { recursive: true, withFileTypes: true });
  return [root, ...below.filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name))];
}

/** An endless sequence of "something changed"; changes that come close together, or during a build, are one. */
function watchSources() {
  let wake = () => {};
  let timer;
  let isPending = false;
  let isClosed = false;
  const notice = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      watchFolders();
      isPending = true;
      wake();
    }, SETTLE_MS);
  };
  // One watcher per folder: Node 20's recursive watching on Linux loses a file that an editor replaced.
  const watchers = new Map();
  const watchFolders = () => {
    for (const folder of WATCHED.flatMap(listFolders)) {
      if (!watchers.has(folder)) watchers.set(folder, watch(folder, notice));
    }
  };
  watchFolders();
  return {
    isClosed: () => isClosed,
    close() {
      isClosed = true;
      clearTimeout(timer);
      for (const watcher of watchers.values()) watcher.close();
      wake();
    },
    async *[Symbol.asyncIterator]() {
      while (!isClosed) {
        if (!isPending) {
          await new Promise((resolve) => {
            wake = resolve;
          });
        }
        isPending = false;
        if (!isClosed) yield;
      }
    },
  };
}
