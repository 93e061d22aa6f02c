// npm run dev: the server, rebuilt and restarted when a source changes; the canvas, rebuilt as you save.
import { checkNodeVersion } from './lib/node-version.mjs';

checkNodeVersion();
const { runScript } = await import('./lib/refusal.mjs');

await runScript(async () => {
  const log = (line) => process.stdout.write(`${line}\n`);
  const { ensureInstalled } = await import('./lib/install.mjs');
  const { ensureBuilt } = await import('./lib/build.mjs');
  const { watchAndServe } = await import('./lib/watch.mjs');
  await ensureInstalled({ log });
  await ensureBuilt({ log });
  await watchAndServe({ log });
});
