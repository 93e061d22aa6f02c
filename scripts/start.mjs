// npm start: check the port, install and build what is missing, then become the server.
// Its flag gives short-lived objects room: a busy server makes and drops some 20 KB a request, and with node's default
// spends a tenth of its time on moving those that live through a batch. The memory is taken only under load.
// Only the version check is imported up front; the rest may use what an old Node does not parse.
import { checkNodeVersion } from './lib/node-version.mjs';

checkNodeVersion();
const { runScript } = await import('./lib/refusal.mjs');

await runScript(async () => {
  const log = (line) => process.stdout.write(`${line}\n`);
  const { checkPort } = await import('./lib/port.mjs');
  const { ensureInstalled } = await import('./lib/install.mjs');
  const { ensureBuilt } = await import('./lib/build.mjs');
  const { ignoreRepeatedSignals } = await import('./lib/signals.mjs');
  await checkPort(process.env);
  await ensureInstalled({ log });
  await ensureBuilt({ log });
  // The server runs in this process: its signals and its exit code are the ones of npm start.
  ignoreRepeatedSignals();
  await import('../packages/server/dist/main.js');
});
