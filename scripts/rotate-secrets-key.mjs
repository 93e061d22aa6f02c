// npm run rotate-secrets-key: install and build what is missing, then encrypt the stored secrets with another key.
import { checkNodeVersion } from './lib/node-version.mjs';

checkNodeVersion();
const { runScript } = await import('./lib/refusal.mjs');

await runScript(async () => {
  const log = (line) => process.stdout.write(`${line}\n`);
  const { ensureInstalled } = await import('./lib/install.mjs');
  const { ensureBuilt } = await import('./lib/build.mjs');
  await ensureInstalled({ log });
  await ensureBuilt({ log });
  await import('../packages/server/dist/rotate-secrets-key.main.js');
});
