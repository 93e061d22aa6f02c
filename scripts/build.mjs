// npm run build: install if needed, then build what changed.
import { checkNodeVersion } from './lib/node-version.mjs';

checkNodeVersion();
const { runScript } = await import('./lib/refusal.mjs');

await runScript(async () => {
  const log = (line) => process.stdout.write(`${line}\n`);
  const { ensureInstalled } = await import('./lib/install.mjs');
  const { ensureBuilt } = await import('./lib/build.mjs');
  await ensureInstalled({ log });
  const built = await ensureBuilt({ log });
  log(built.length === 0 ? 'Nothing changed since the last build.' : 'Built.');
});
