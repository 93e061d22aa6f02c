// npm run bench: measures what the product owes in speed and fails when a figure is missed.
//   node scripts/bench.mjs                 everything
//   node scripts/bench.mjs heartbeat list  the named measurements
//   node scripts/bench.mjs poll-agents 5   fifty polling agents for five minutes, and what they cost
import { spawn } from 'node:child_process';
import { checkNodeVersion } from './lib/node-version.mjs';

checkNodeVersion();
const { runScript } = await import('./lib/refusal.mjs');

await runScript(async () => {
  const log = (line) => process.stderr.write(`${line}\n`);
  const { ensureInstalled } = await import('./lib/install.mjs');
  const { ensureBuilt } = await import('./lib/build.mjs');
  const { ROOT } = await import('./lib/root.mjs');
  await ensureInstalled({ log });
  await ensureBuilt({ log });
  const flags = ['--import', 'tsx', '--conditions=molecule-source'];
  const child = spawn(process.execPath, [...flags, 'bench/main.ts', ...process.argv.slice(2)], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  process.exitCode = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
});
