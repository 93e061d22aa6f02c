#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import { RUNTIME_EXIT } from '@molecule/contract/runtime-exit';
import { systemClock } from './clock.js';
import { readEnv } from './env.js';
import { StartupError } from './exit.js';
import { createLog, reasonOf } from './log.js';
import { systemRandom } from './random.js';
import { startRuntime } from './runtime.js';

const log = createLog((line) => process.stdout.write(line), systemClock.now);
const startedAt = new Date(systemClock.now().getTime() - process.uptime() * 1000);

try {
  const env = readEnv();
  const runtime = await startRuntime({
    env,
    clock: systemClock,
    random: systemRandom,
    log,
    toolServer: [process.execPath, fileURLToPath(new URL('./mcp-main.js', import.meta.url))],
    process: { pid: process.pid, startedAt },
  });
  process.on('SIGTERM', () => runtime.stop());
  process.on('SIGINT', () => runtime.stop());
  process.exitCode = await runtime.exited;
  // Explicit, because a long poll or a keep-alive socket may still hold the event loop open.
  process.exit();
} catch (error) {
  const isMisconfigured = error instanceof StartupError;
  log.error(isMisconfigured ? 'cannot_start' : 'crashed', { reason: reasonOf(error) });
  process.stderr.write(`${reasonOf(error)}\n`);
  process.exit(isMisconfigured ? error.exitCode : RUNTIME_EXIT.crashed);
}
